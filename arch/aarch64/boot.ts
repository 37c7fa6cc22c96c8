// From the first instruction in AssemblyScript to parked pCPUs: the blob is copied, checked and applied. entry.S has the
// MMU on by then. What goes wrong is said in plain text on the UART, and nothing is started.

import {
  clearControls, copyFromPhysical, imageBase, imageSize, isb, mmioWrite32, mrs_CNTFRQ_EL0, mrs_CNTPCT_EL0, mrs_ID_AA64DFR0_EL1, mrs_ID_AA64MMFR0_EL1, mrs_MIDR_EL1,
  mrs_PMCR_EL0, msr_CNTHCTL_EL2, msr_CPTR_EL2, msr_HCR_EL2, msr_HSTR_EL2, msr_MDCR_EL2, msr_VMPIDR_EL2, msr_VPIDR_EL2,
  msr_VTCR_EL2, msr_VTTBR_EL2, physicalRead64, relax, secondaryEntry, smc, tlbiAlle1is, dsbIsh,
} from "../../build/generated/aarch64";
import {
  BLOB_BAD_TABLE, BLOB_HEADER_SIZE, BLOB_MAX_BYTES, BLOB_OK, MAX_CPUS, MAX_PARTITIONS, NONE, PARTITION_AUTOSTART, PARTITION_COUNT_EL2, PARTITION_PMU, PARTITION_TRUSTED_SGI,
} from "../../build/generated/blob";
import { bound, loadAcquire32, storeRelease32 } from "../../build/generated/cpu";
import { EVENT_BOOT, FRAME_HYPERVISOR } from "../../core/abi";
import {
  blobBuffer, blobCpu, blobErrorText, blobInterrupt, blobPartition, blobRemedy, checkHeader, header, isDirect, isGicV2, MAX_INTERRUPTS,
} from "../../core/blob";
import { checkBlob } from "../../core/blobCheck";
import { recordEvent } from "../../core/events";
import { setPriorityBits } from "../../core/interrupts";
import { partitionOf, planPartition } from "../../core/partition";
import { SGIS } from "../../core/sgis";
import { duration, setTimeBase, ticks } from "../../core/time";
import { initUplink } from "../../core/uplink";
import { FACTS_RIGHT, FACTS_UNKNOWN, FACTS_WRONG, housekeeperAt, Vcpu, vcpuOf } from "../../core/vcpu";
import { planBandwidth } from "./bandwidth";
import { isGicAsPlanned, isPcpuAsPlanned, redistributorOf } from "./boardCheck";
import { splitWays } from "./clusterWays";
import { initCpuInterface } from "./cpuInterface";
import { gatherEntropy } from "./entropy";
import { initDistributor, KICK_SGI, SGI_BASE, sgi1rTarget, SGIR_TARGETS_SHIFT } from "./gic";
import { startTick } from "./housekeeper";
import { launch } from "./lifecycle";
import { clearMailbox } from "./mailbox";
import { printBytes, printText, printValue, UARTIMSC } from "./pl011";
import { askWorkarounds, CPU_ON, SMC64 } from "./psci";
import { mapPlanned, mapReadOnly, mapUart } from "./stage1";
import { buildStage2, vttbrOf } from "./stage2";
import { findListRegisters, priorityBits } from "./virtualInterface";
import { CNTHCTL_GUEST, CPTR_GUEST, hasPmu, HCR_GUEST, MPIDR_RES1, mdcr, PARANGE_MASK, vtcr } from "./sysregs";

/** Where the packer writes the PA of the board's UART into the image: behind the arm64 Image header. */
const IMAGE_UART: u64 = 64;
/** Microseconds within which a pCPU that firmware has started says that it is there; a poll takes 25 ns at least. */
const COMES_UP_WITHIN: u32 = 5_000_000;
const COMES_UP_POLLS: u32 = 200_000_000;

let uart: u64 = 0;

@inline export function uartAddress(): u64 { return uart; }

/** First pCPU; `tree`: PA of the firmware's device tree. Gives back its vCPU record, or 0 when there is nothing to run. */
export function bootPrimary(tree: u64): u32 {
  const began = mrs_CNTPCT_EL0();
  setTimeBase(mrs_CNTFRQ_EL0(), began);
  uart = physicalRead64(imageBase() + IMAGE_UART);
  if (uart == 0 || !mapUart(uart)) return 0;
  const error = readBlob();
  if (error != BLOB_OK) return refuse(error, blobRemedy(error));
  const head = header();
  mmioWrite32(uart + UARTIMSC, 0); // polled; its SPI may be a partition's
  printValue(uart, "axv: image at 0x", imageBase());
  printText(uart, "\r\n");

  if (!isGicAsPlanned()) return 0;
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
  gatherEntropy(tree);
  if (!initDistributor()) return 0;
  initUplink(head.partitionCount, head.cpuCount);
  recordEvent(EVENT_BOOT, FRAME_HYPERVISOR, mrs_CNTPCT_EL0(), imageBase(), duration(mrs_CNTPCT_EL0() - began), head.partitionCount);
  if (!initPcpu(vcpuOf(0)) || !startOthers()) return 0;
  setPriorityBits(priorityBits());
  for (let n: u32 = 0; n < head.partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    if ((blobPartition(n).flags & PARTITION_AUTOSTART) != 0) launch(partitionOf(n));
  }
  return changetype<u32>(vcpuOf(0));
}

/** Says why the image cannot be run: what is wrong with the blob, if anything is, and more. */
function refuse(error: u32, more: string): u32 {
  printText(uart, "axv: ");
  printBytes(uart, blobErrorText(error));
  printText(uart, more);
  printText(uart, "\r\n");
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
  return header().uart == uart && mapPlanned(offset + BLOB_MAX_BYTES) ? BLOB_OK : BLOB_BAD_TABLE;
}

/** Fills pCPU n's record, which is all zeros, from the blob: off (VCPU_OFF is 0). */
function planVcpu(n: u32): void {
  const vcpu = vcpuOf(n);
  const plan = blobCpu(n);
  vcpu.pcpu = n;
  vcpu.mpidr = plan.mpidr;
  vcpu.gicr = isGicV2() ? 0 : redistributorOf(plan.mpidr);
  vcpu.gicv2 = isGicV2() ? 1 : 0;
  vcpu.interface = <u32>1 << plan.interface;
  vcpu.bank = isGicV2() ? header().gicd : vcpu.gicr + SGI_BASE;
  vcpu.sgiTarget = isGicV2() ? vcpu.interface << SGIR_TARGETS_SHIFT : sgi1rTarget(plan.mpidr);
  vcpu.housekeeper = n == header().housekeeper ? 1 : 0;
  vcpu.partition = plan.partition;
  vcpu.index = plan.vcpu;
  if (plan.partition == NONE) return;
  const partition = blobPartition(plan.partition);
  vcpu.direct = isDirect(partition) ? 1 : 0;
  vcpu.gicdIpa = partition.gicd;
  vcpu.trusted = partition.flags & PARTITION_TRUSTED_SGI;
  vcpu.setOwned(0, partition.ppis | (vcpu.direct != 0 ? SGIS & ~((<u32>1) << KICK_SGI) : 0));
  for (let i: u32 = 0; i < partition.interruptCount; i++) {
    bound(i, MAX_INTERRUPTS);
    const intid = blobInterrupt(partition.interruptFirst + i).intid;
    vcpu.setOwned(intid >> 5, vcpu.owned(intid >> 5) | <u32>1 << (intid & 31));
  }
}

/** The pCPU's own registers, that stay as they are from now on. False: it cannot be used, and that is said. */
function initPcpu(vcpu: Vcpu): bool {
  if (vcpu.partition != NONE) {
    const flags = blobPartition(vcpu.partition).flags;
    const dfr0 = mrs_ID_AA64DFR0_EL1();
    msr_VTCR_EL2(vtcr(mrs_ID_AA64MMFR0_EL1() & PARANGE_MASK));
    msr_VTTBR_EL2(vttbrOf(vcpu.partition));
    msr_HCR_EL2(HCR_GUEST);
    msr_MDCR_EL2(mdcr((flags & PARTITION_PMU) != 0, (flags & PARTITION_COUNT_EL2) != 0, dfr0, hasPmu(dfr0) ? mrs_PMCR_EL0() : 0));
    msr_VPIDR_EL2(mrs_MIDR_EL1());
    msr_VMPIDR_EL2(MPIDR_RES1 | vcpu.index);
    planBandwidth(vcpu);
  }
  splitWays(vcpu);
  clearControls();
  askWorkarounds(vcpu);
  msr_CPTR_EL2(CPTR_GUEST);
  msr_HSTR_EL2(0);
  msr_CNTHCTL_EL2(CNTHCTL_GUEST);
  isb();
  tlbiAlle1is();
  dsbIsh();
  tlbiAlle1is(); // twice: stage2.ts says why
  dsbIsh();
  if (!initCpuInterface(vcpu)) return false;
  isb(); // it may wait for interrupts next
  findListRegisters(vcpu);
  if (vcpu.housekeeper != 0) startTick();
  return true;
}

/** The others, one after the other, the housekeeper last: it may do its work. False: one is not as planned, and nothing starts. */
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
  if (<i64>smc(CPU_ON | SMC64, vcpu.mpidr, secondaryEntry(), vcpu.pcpu) == 0) {
    const late = mrs_CNTPCT_EL0() + ticks(COMES_UP_WITHIN);
    for (let i: u32 = 0; mrs_CNTPCT_EL0() < late; i++) {
      bound(i, COMES_UP_POLLS);
      const facts = loadAcquire32(vcpu.factsAt());
      if (facts != FACTS_UNKNOWN) return facts == FACTS_RIGHT;
      relax();
    }
    printValue(uart, "axv: no sign of life of pCPU 0x", vcpu.mpidr);
    printText(uart, "\r\n");
    return false;
  }
  vcpu.dead = 1;
  if (vcpu.partition != NONE) partitionOf(vcpu.partition).unavailable = 1;
  printValue(uart, "axv: firmware does not start pCPU 0x", vcpu.mpidr);
  printText(uart, ": its partition stays off\r\n");
  return true;
}

/** Every other pCPU, started with its index. 0: it is not as planned. */
export function bootOther(index: u32): u32 {
  const vcpu = vcpuOf(index);
  const right = isPcpuAsPlanned(vcpu) && initPcpu(vcpu);
  storeRelease32(vcpu.factsAt(), right ? FACTS_RIGHT : FACTS_WRONG);
  return right ? changetype<u32>(vcpu) : 0;
}
