// A physical interrupt, on a pCPU that runs a guest or is parked. An interrupt of the partition's own goes into a list register,
// straight away; the others are the hypervisor's: kick, maintenance, tick, bandwidth. With direct interrupts none comes here.

import { bound, mrs_ICC_IAR1_EL1, msr_ICC_EOIR1_EL1, msr_ICH_LR0_EL2 } from "../../build/generated/aarch64";
import { EXIT_BANDWIDTH, EXIT_INTERRUPT, EXIT_KICK, EXIT_MAINTENANCE, EXIT_TICK, EXIT_TIMER } from "../../core/abi";
import { machine } from "../../build/generated/blob";
import { FIRST_SPECIAL, FIRST_SPI } from "./interrupts";
import { spiPriority } from "./priorities";
import { Vcpu } from "./vcpu";
import { budgetUsedUp, periodOver } from "./bandwidth";
import { acknowledge, dropPriority, emptyListRegisters, endInterrupt } from "./cpuInterface";
import { hold, PARK, RESUME } from "../../core/lifecycle";
import { KICK_SGI } from "./gic";
import { acknowledgeV2, dropPriorityV2, IAR_INTID, writeHardwareInterruptV2 } from "./gicv2";
import { tickPiece } from "../../core/housekeeper";
import { kicked } from "../../core/parked";
import { carryOutEnd, deliverBeside, hardwareInterrupt, reload } from "./listRegisters";

/** Interrupts that a parked pCPU takes before it looks at its requests: as many as the hypervisor has of its own. */
const PARKED_INTERRUPTS: u32 = 4;

/** An interrupt has come while the guest ran: its own goes straight into the first list register if all of them are empty. */
export function handleIrq(vcpu: Vcpu): u32 { return vcpu.gicv2 != 0 ? handle(vcpu, true) : handle(vcpu, false); }

@inline function handle(vcpu: Vcpu, v2: bool): u32 {
  const iar = v2 ? acknowledgeV2() : <u32>mrs_ICC_IAR1_EL1();
  const intid = v2 ? iar & IAR_INTID : iar;
  if (emptyListRegisters(v2) == vcpu.idle) {
    if (intid < FIRST_SPI) {
      if (vcpu.ownsPrivate(intid)) return give(vcpu, v2, iar, intid, EXIT_TIMER, vcpu.privatePriority(intid));
    } else if (vcpu.owns(intid)) {
      return give(vcpu, v2, iar, intid, EXIT_INTERRUPT, spiPriority(intid));
    }
  }
  return handleOtherIrq(vcpu, iar, intid);
}

@inline function give(vcpu: Vcpu, v2: bool, iar: u32, intid: u32, cause: u32, priority: u8): u32 {
  if (v2) dropPriorityV2(iar);
  else msr_ICC_EOIR1_EL1(iar);
  vcpu.countExit(cause);
  if (v2) writeHardwareInterruptV2(intid, priority);
  else msr_ICH_LR0_EL2(hardwareInterrupt(intid, priority));
  return RESUME;
}

/** One that finds others there, or the hypervisor's own. `iar` as it was acknowledged. */
function handleOtherIrq(vcpu: Vcpu, iar: u32, intid: u32): u32 {
  if (intid >= FIRST_SPECIAL) return RESUME;
  if (vcpu.owns(intid)) {
    dropPriority(iar);
    vcpu.countExit(intid < FIRST_SPI ? EXIT_TIMER : EXIT_INTERRUPT);
    deliverBeside(vcpu, intid);
    return RESUME;
  }
  if (intid == machine().hypervisorTimer && vcpu.housekeeper != 0) {
    vcpu.countExit(EXIT_TICK);
    tickPiece();
    endInterrupt(iar);
    return RESUME;
  }
  if (intid == vcpu.pmuInterrupt || intid == machine().hypervisorTimer) {
    vcpu.countExit(EXIT_BANDWIDTH);
    const holds = intid == vcpu.pmuInterrupt && budgetUsedUp(vcpu);
    if (intid == machine().hypervisorTimer) periodOver(vcpu);
    endInterrupt(iar);
    if (!holds) return RESUME;
    hold(vcpu);
    return PARK;
  }
  endInterrupt(iar);
  if (intid == machine().maintenance) {
    vcpu.countExit(EXIT_MAINTENANCE);
    carryOutEnd(vcpu);
    reload(vcpu);
    return RESUME;
  }
  if (intid != KICK_SGI) return RESUME;
  vcpu.countExit(EXIT_KICK);
  return kicked(vcpu);
}

/** No guest runs: takes what is pending. True: the timer is among it, and not ended yet (endTimer), so that it comes once. */
export function takeOwn(vcpu: Vcpu): bool {
  for (let i: u32 = 0; i < PARKED_INTERRUPTS; i++) {
    bound(i, PARKED_INTERRUPTS);
    const iar = acknowledge();
    const intid = iar & IAR_INTID;
    if (intid >= FIRST_SPECIAL) break;
    if (intid == machine().hypervisorTimer) return true;
    if (intid == vcpu.pmuInterrupt) budgetUsedUp(vcpu);
    endInterrupt(iar);
  }
  return false;
}

export function endTimer(): void { endInterrupt(machine().hypervisorTimer); }
