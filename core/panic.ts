// The hypervisor's own fault. It is reported in plain text, and the pCPU stops; its partition is given up, the others go on. A
// wasm trap (`unreachable`) comes here, and an access outside linear memory.

import { clock, DIRECT_KEEPS_HOUSE, fence, kick, ownId, printFault } from "../build/generated/isa";
import { header, MAX_CPUS, NONE } from "../build/generated/blob";
import { atomicOr32, bound, compareExchange32, loadAcquire32, storeRelease32 } from "../build/generated/cpu";
import { EVENT_PANIC, STOP_FAULT } from "./abi";
import { recordEvent } from "./events";
import { partitionOf } from "./partition";
import { housekeeperAt, REQUEST_HOUSEKEEP, vcpuOf, VCPU_SIZE } from "./vcpu";
import { isUartOpen, uartPut } from "./devices/uart";
import { stop } from "./lifecycle";
import { printText, printValue } from "./print";
import { giveUpTrial } from "./trial";

/** What the ISA says of the fault: its cause, the instruction, the address. `record`: the pCPU's vCPU record, or anything. */
export function reportPanic(cause: u64, instruction: u64, address: u64, record: u32): void {
  if (!isUartOpen()) return;
  uartPut(0); // ends a frame that is half out: what follows is text
  printValue("\r\naxv: PANIC in the hypervisor on pCPU 0x", ownId());
  printFault(cause, instruction, address);
  printText("\r\naxv:   its partition stops; the others go on\r\n");
  uartPut(0);
  giveUpTrial();

  const first = changetype<u32>(vcpuOf(0));
  const pcpu = (record - first) / VCPU_SIZE;
  if (record < first || pcpu >= MAX_CPUS || record != changetype<u32>(vcpuOf(pcpu))) return;
  const vcpu = vcpuOf(pcpu);
  storeRelease32(vcpu.deadAt(), 1);
  fence(); // whoever hands us the housekeeping from here on sees it, or we see that it has been
  handOver(pcpu);
  if (vcpu.partition == NONE) return;
  recordEvent(EVENT_PANIC, vcpu.partition, clock(), cause, address, instruction);
  stop(partitionOf(vcpu.partition), STOP_FAULT, false, (<u32>1) << pcpu);
}

/** Housekeeping goes on without a dead pCPU, if it was there. One word says whose it is, and changes by compare-exchange: so one
 *  hands it on, to one. That one may die meanwhile, too: then whichever of the two notices hands it on again. */
function handOver(from: u32): void {
  let dead = from;
  for (let i: u32 = 0; i < MAX_CPUS; i++) {
    bound(i, MAX_CPUS);
    const next = successor();
    if (compareExchange32(housekeeperAt, dead, next) != dead) return;
    if (next == NONE) return printText("axv:   none is left to keep house: no watchdogs, no commands\r\n");
    fence();
    const vcpu = vcpuOf(next);
    if (loadAcquire32(vcpu.deadAt()) == 0) {
      atomicOr32(vcpu.requestAt(), REQUEST_HOUSEKEEP);
      return kick(vcpu);
    }
    dead = next;
  }
}

/** Who keeps house next: a spare pCPU, else one whose timer and interrupts are the hypervisor's; NONE: there is none. */
function successor(): u32 {
  let found: u32 = NONE;
  for (let n: u32 = 0; n < header().cpuCount; n++) {
    bound(n, MAX_CPUS);
    const vcpu = vcpuOf(n);
    if (loadAcquire32(vcpu.deadAt()) != 0) continue;
    if (vcpu.partition == NONE) return n;
    if (((DIRECT_KEEPS_HOUSE ? 0 : vcpu.direct) | vcpu.refills) == 0) found = n;
  }
  return found;
}
