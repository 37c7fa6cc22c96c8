// A program that uses what the hypervisor uses: intrinsics, loops, records, data segments. Built by toolchain.test.ts.
import { atomicOr32, bound } from "../../../build/generated/cpu";
import { imageBase, mrs_ESR_EL2, restoreListRegisters } from "../../../build/generated/aarch64";
import { BlobPartition } from "../../../build/generated/blob";

const TABLE: usize = memory.data<u32>([3, 1, 4, 1, 5, 9, 2, 6]);
const TABLE_WORDS: u32 = 8;
const LIST_REGISTERS: u32 = 4;
const PENDING: usize = 1024;
const LISTED: usize = memory.data(8 * LIST_REGISTERS, 8);
const ESR_EC_SHIFT: u64 = 26;
const EC_HVC64: u32 = 0x16;
const EC_DATA_ABORT: u32 = 0x24;

let exits: u64 = 0;

function total(): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < TABLE_WORDS; i++) {
    bound(i, TABLE_WORDS);
    sum += load<u32>(TABLE + i * 4);
  }
  return sum;
}

function inject(intid: u32): void {
  for (let n: u32 = 0; n < LIST_REGISTERS; n++) {
    bound(n, LIST_REGISTERS);
    if ((atomicOr32(<u32>PENDING, 1 << n) & (1 << n)) == 0) {
      store<u64>(LISTED + n * 8, (1 << 62) | <u64>intid);
      restoreListRegisters(<u32>LISTED, 1 << n);
      return;
    }
  }
}

export function boot(blob: u32): u32 {
  const partition = changetype<BlobPartition>(blob);
  return partition.cpus + partition.regionCount + <u32>imageBase();
}

export function trapSync(vcpu: u32): u32 {
  exits++;
  switch (<u32>(mrs_ESR_EL2() >> ESR_EC_SHIFT)) {
    case EC_HVC64:
      store<u64>(vcpu, total());
      return 0;
    case EC_DATA_ABORT:
      inject(<u32>load<u64>(vcpu, 8));
      return 0;
    default:
      memory.fill(vcpu, 0, 248);
      return 1;
  }
}
