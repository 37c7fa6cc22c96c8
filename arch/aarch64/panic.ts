// The hypervisor's own fault: an exception at EL2. It is reported in plain text, and the pCPU stops; its partition is given
// up, the others go on. A wasm trap (`unreachable`) comes here as a BRK, an access outside linear memory as a data abort.

import { mrs_CNTPCT_EL0, mrs_MPIDR_EL1 } from "../../build/generated/aarch64";
import { MAX_CPUS, NONE } from "../../build/generated/blob";
import { EVENT_PANIC, STOP_FAULT } from "../../core/abi";
import { recordEvent } from "../../core/events";
import { partitionOf } from "../../core/partition";
import { vcpuOf, VCPU_SIZE } from "../../core/vcpu";
import { uartAddress } from "./boot";
import { stop } from "./lifecycle";
import { printByte, printHex, printText } from "./pl011";

/** `record`: the pCPU's vCPU record as TPIDR_EL2 had it, or anything. */
export function reportPanic(esr: u64, elr: u64, far: u64, record: u32): void {
  const uart = uartAddress();
  if (uart == 0) return;
  printByte(uart, 0); // ends a frame that is half out: what follows is text
  printText(uart, "\r\naxv: PANIC in the hypervisor on pCPU 0x");
  printHex(uart, mrs_MPIDR_EL1());
  printText(uart, "\r\naxv:   ESR_EL2 0x");
  printHex(uart, esr);
  printText(uart, " ELR_EL2 0x");
  printHex(uart, elr);
  printText(uart, " FAR_EL2 0x");
  printHex(uart, far);
  printText(uart, "\r\naxv:   this pCPU and its partition stop; the others go on\r\n");
  printByte(uart, 0);

  const first = changetype<u32>(vcpuOf(0));
  const pcpu = (record - first) / VCPU_SIZE;
  if (record < first || pcpu >= MAX_CPUS || record != changetype<u32>(vcpuOf(pcpu))) return;
  const vcpu = vcpuOf(pcpu);
  if (vcpu.partition == NONE) return;
  recordEvent(EVENT_PANIC, vcpu.partition, mrs_CNTPCT_EL0(), esr, far, elr);
  const partition = partitionOf(vcpu.partition);
  stop(partition, STOP_FAULT, false, (<u32>1) << pcpu);
}
