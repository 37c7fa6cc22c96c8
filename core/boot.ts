// From the first instruction in AssemblyScript to parked pCPUs: the blob is copied, checked and applied. The MMU is on by then.
// What goes wrong is said in plain text on the UART, and nothing is started.

import {
  clock, copyFromPhysical, counterFrequency, fence, imageBase, imageSize, initController, initPcpu, isControllerAsPlanned,
  isPcpuAsPlanned, mmioRead32, mmioWrite32, planIsaVcpu, prepareCrc32, relax, startPcpu,
} from "../build/generated/isa";
import {
  BLOB_BAD_TABLE, BLOB_HEADER_SIZE, BLOB_MAX_BYTES, BLOB_OK, blobBuffer, blobCpu, blobInit, blobInterrupt, blobPartition, header,
  MAX_CPUS, MAX_INITS, MAX_INTERRUPTS, MAX_PARTITIONS, NONE, PARTITION_AUTOSTART,
} from "../build/generated/blob";
import { bound, loadAcquire32, storeRelease32 } from "../build/generated/cpu";
import { EVENT_BOOT, FRAME_HYPERVISOR } from "./abi";
import { blobErrorText, blobRemedy, checkHeader, isDirect } from "./blob";
import { checkBlob } from "./blobCheck";
import { gatherEntropy } from "./entropy";
import { recordEvent } from "./events";
import { isTreeAsPlanned } from "./firmwareTree";
import { startTick } from "./housekeeper";
import { launch } from "./lifecycle";
import { clearMailbox } from "./mailbox";
import { isUartAsPlanned, openUart } from "./devices/uart";
import { armBoardWatchdog } from "./devices/watchdog";
import { mapPlanned, mapReadOnly } from "./ownMemory";
import { partitionOf, planPartition } from "./partition";
import { printBytes, printText, printValue } from "./print";
import { buildStage2 } from "./stage2";
import { nanoseconds, setFrequency, setOrigin, ticks } from "./time";
import { giveUpTrial } from "./trial";
import { initUplink } from "./uplink";
import { FACTS_RIGHT, FACTS_UNKNOWN, FACTS_WRONG, housekeeperAt, Vcpu, vcpuOf } from "./vcpu";

/** Microseconds within which a pCPU that firmware has started says that it is there; a poll takes 25 ns at least. */
const COMES_UP_WITHIN: u32 = 5_000_000;
const COMES_UP_POLLS: u32 = 200_000_000;

/** First pCPU; `tree`: PA of the firmware's device tree. Gives back its vCPU record, or 0 when there is nothing to run. */
export function bootPrimary(tree: u64): u32 {
  const vcpu = bootSystem(tree);
  if (vcpu == 0) giveUpTrial();
  return vcpu;
}

function bootSystem(tree: u64): u32 {
  setOrigin(clock());
  if (!openUart()) return 0;
  if (!prepareCrc32()) return refuse(BLOB_OK, "the CPU has no CRC32 instructions");
  const error = readBlob();
  if (error != BLOB_OK) return refuse(error, blobRemedy(error));
  setFrequency(counterFrequency());
  const head = header();
  printValue("axv: image at 0x", imageBase());
  printText("\r\n");

  if (!isTreeAsPlanned(tree) || !isControllerAsPlanned()) return 0;
  storeRelease32(housekeeperAt, head.housekeeper);
  for (let n: u32 = 0; n < head.cpuCount; n++) {
    bound(n, MAX_CPUS);
    planVcpu(n);
  }
  if (!isPcpuAsPlanned(vcpuOf(0))) return 0;
  for (let n: u32 = 0; n < head.partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    const plan = blobPartition(n);
    planPartition(n, plan, ticks(plan.watchdogMicroseconds));
    clearMailbox(partitionOf(n));
    const wrong = buildStage2(n, plan);
    if (wrong !== null) return refuse(BLOB_OK, wrong);
  }
  writeInits();
  gatherEntropy();
  if (!initController()) return 0;
  initUplink(head.partitionCount, head.cpuCount);
  recordEvent(EVENT_BOOT, FRAME_HYPERVISOR, clock(), imageBase(), nanoseconds(clock()), head.partitionCount);
  if (!bringUp(vcpuOf(0)) || !startOthers()) return 0;
  armBoardWatchdog();
  for (let n: u32 = 0; n < head.partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    if ((blobPartition(n).flags & PARTITION_AUTOSTART) != 0) launch(partitionOf(n));
  }
  return changetype<u32>(vcpuOf(0));
}

/** Pins, clocks and resets that partitions' devices need: nobody's registers, or those of a partition that does not run yet. */
function writeInits(): void {
  for (let n: u32 = 0; n < header().initCount; n++) {
    bound(n, MAX_INITS);
    const init = blobInit(n);
    mmioWrite32(init.pa, init.mask == 0xffffffff ? init.value : mmioRead32(init.pa) & ~init.mask | init.value);
  }
  fence();
}

/** Says why the image cannot be run: what is wrong with the blob, if anything is, and more. */
function refuse(error: u32, more: string): u32 {
  printText("axv: ");
  printBytes(blobErrorText(error));
  printText(more);
  printText("\r\n");
  return 0;
}

/** Copies the blob into linear memory and checks it. */
function readBlob(): u32 {
  const offset = imageSize();
  const blob = imageBase() + offset;
  // The blob's end is not known before its header is read: map what it may have at most.
  if (!mapReadOnly(blob, BLOB_MAX_BYTES)) return BLOB_BAD_TABLE;
  copyFromPhysical(blobBuffer, blob, BLOB_HEADER_SIZE);
  let error = checkHeader();
  if (error != BLOB_OK) return error;
  copyFromPhysical(blobBuffer, blob, header().size);
  error = checkBlob(imageBase(), offset);
  if (error != BLOB_OK) return error;
  return isUartAsPlanned() && mapPlanned(offset + BLOB_MAX_BYTES) ? BLOB_OK : BLOB_BAD_TABLE;
}

/** Fills pCPU n's record, which is all zeros, from the blob: off (VCPU_OFF is 0). */
function planVcpu(n: u32): void {
  const vcpu = vcpuOf(n);
  const plan = blobCpu(n);
  vcpu.pcpu = n;
  vcpu.housekeeper = n == header().housekeeper ? 1 : 0;
  vcpu.partition = plan.partition;
  vcpu.index = plan.vcpu;
  planIsaVcpu(vcpu, plan);
  if (plan.partition == NONE) return;
  const partition = blobPartition(plan.partition);
  vcpu.direct = isDirect(partition) ? 1 : 0;
  for (let i: u32 = 0; i < partition.interruptCount; i++) {
    bound(i, MAX_INTERRUPTS);
    const line = blobInterrupt(partition.interruptFirst + i).line;
    vcpu.setOwned(line >> 5, vcpu.owned(line >> 5) | <u32>1 << (line & 31));
  }
}

/** The pCPU's own registers, that stay as they are from now on; and its tick, if it keeps house. False: it cannot be used, and
 *  that is said. */
function bringUp(vcpu: Vcpu): bool {
  if (!initPcpu(vcpu)) return false;
  if (vcpu.housekeeper != 0) startTick(vcpu);
  return true;
}

/** The others, one after the other, the housekeeper last: it may do its work. False: one is not as planned, and nothing starts.
 *  */
function startOthers(): bool {
  const count = header().cpuCount;
  for (let i: u32 = 1; i <= count; i++) {
    bound(i - 1, MAX_CPUS);
    const n = (header().housekeeper + i) % count;
    if (n != 0 && !startOther(vcpuOf(n))) return false;
  }
  return true;
}

function startOther(vcpu: Vcpu): bool {
  if (startPcpu(vcpu)) {
    const late = clock() + ticks(COMES_UP_WITHIN);
    for (let i: u32 = 0; clock() < late; i++) {
      bound(i, COMES_UP_POLLS);
      const facts = loadAcquire32(vcpu.factsAt());
      if (facts != FACTS_UNKNOWN) return facts == FACTS_RIGHT;
      relax();
    }
    printValue("axv: no sign of life of pCPU 0x", vcpu.id);
    printText("\r\n");
    return false;
  }
  vcpu.dead = 1;
  if (vcpu.partition != NONE) partitionOf(vcpu.partition).unavailable = 1;
  printValue("axv: firmware does not start pCPU 0x", vcpu.id);
  printText(": its partition stays off\r\n");
  return true;
}

/** Every other pCPU, started with its index. 0: it is not as planned. */
export function bootOther(index: u32): u32 {
  const vcpu = vcpuOf(index);
  const right = isPcpuAsPlanned(vcpu) && bringUp(vcpu);
  storeRelease32(vcpu.factsAt(), right ? FACTS_RIGHT : FACTS_WRONG);
  return right ? changetype<u32>(vcpu) : 0;
}
