// What the assembly (entry.S) calls: the doors between the machine and the AssemblyScript. `vcpu` is the linear-memory offset
// of a Vcpu; an exit handler gives back RESUME or PARK (exit.ts).

import { EXIT_FAULT } from "../../core/abi";
import { partitionOf } from "../../core/partition";
import { Vcpu } from "../../core/vcpu";
import { mrs_ESR_EL2 } from "../../build/generated/aarch64";
import { bootOther, bootPrimary } from "./boot";
import { handleIdle, handleIrq, handleParked } from "./irq";
import { reportPanic } from "./panic";
import { quickLoad, quickStore } from "./quickTraps";
import { readRegister, writeRegister } from "./sysregTrap";
import { fault, handleCall, handleSync } from "./trap";

/** The first pCPU, MMU on; `tree`: what the loader gave as its device tree. Its vCPU, or 0 when the image cannot be run. */
export function boot(tree: u64): u32 { return bootPrimary(tree); }

/** A pCPU that firmware has started for us; `index` is its place in the blob. */
export function bootSecondary(index: u32): u32 { return bootOther(index); }

/** Quick traps: a register's value, or DONE or REFUSED (quickTraps.ts, sysregTrap.ts). */
export function trapLoad(vcpu: u32, esr: u64): u64 { return quickLoad(changetype<Vcpu>(vcpu), esr); }
export function trapStore(vcpu: u32, esr: u64, value: u64): u32 { return quickStore(changetype<Vcpu>(vcpu), esr, value); }
export function trapRead(vcpu: u32, esr: u64): u64 { return readRegister(changetype<Vcpu>(vcpu), esr); }
export function trapWrite(vcpu: u32, esr: u64, value: u64): u32 { return writeRegister(changetype<Vcpu>(vcpu), esr, value); }

/** HVC. */
export function trapCall(vcpu: u32): u32 { return handleCall(changetype<Vcpu>(vcpu)); }

/** Any other synchronous exception from a guest. */
export function trapSync(vcpu: u32): u32 { return handleSync(changetype<Vcpu>(vcpu)); }

/** IRQ while a guest ran. */
export function trapIrq(vcpu: u32): u32 { return handleIrq(changetype<Vcpu>(vcpu)); }

/** SError while a guest ran: its own doing, on a pCPU that is its own. */
export function trapSerror(vcpu: u32): u32 {
  const self = changetype<Vcpu>(vcpu);
  self.countExit(EXIT_FAULT);
  return fault(self, partitionOf(self.partition), mrs_ESR_EL2());
}

/** No guest runs here. RESUME: there is one now. */
export function park(vcpu: u32): u32 { return handleParked(changetype<Vcpu>(vcpu)); }

/** An interrupt may be pending on a pCPU without a vCPU. */
export function idle(vcpu: u32): void { handleIdle(changetype<Vcpu>(vcpu)); }

/** An exception in the hypervisor itself. */
export function panic(esr: u64, elr: u64, far: u64, record: u32): void { reportPanic(esr, elr, far, record); }
