// A physical interrupt, on a pCPU that runs a guest or is parked. An interrupt of the partition's own goes into a list register,
// straight away; the others are the hypervisor's: kick, maintenance, tick.

import { mrs_ICC_IAR1_EL1, msr_ICC_EOIR1_EL1 } from "../../build/generated/aarch64";
import { atomicExchange32, bound } from "../../build/generated/cpu";
import { EXIT_INTERRUPT, EXIT_MAINTENANCE, EXIT_SGI, EXIT_TICK, EXIT_TIMER, STATE_STOPPING, VCPU_ON_PENDING } from "../../core/abi";
import { NONE } from "../../build/generated/blob";
import { header } from "../../core/blob";
import { FIRST_SPECIAL, FIRST_SPI, spiPriority } from "../../core/interrupts";
import { partitionOf, stateOf } from "../../core/partition";
import { REQUEST_START, Vcpu } from "../../core/vcpu";
import { PARK, RESUME } from "./exit";
import { endInterrupt, KICK_SGI } from "./gicv3";
import { tick } from "./housekeeper";
import { enterPending, leave, start } from "./lifecycle";
import { deliver, refill } from "./listRegisters";

/** Interrupts that a parked pCPU takes before it looks at its requests: more than the hypervisor has of its own. */
const PARKED_INTERRUPTS: u32 = 8;

/** An interrupt has come while the guest ran. */
@inline export function handleIrq(vcpu: Vcpu): u32 {
  const iar = mrs_ICC_IAR1_EL1();
  if (iar < FIRST_SPI) {
    if (((vcpu.owned(0) >> <u32>iar) & 1) != 0) {
      msr_ICC_EOIR1_EL1(iar);
      vcpu.countExit(EXIT_TIMER);
      return deliver(vcpu, <u32>iar, vcpu.privatePriority(<u32>iar));
    }
  } else if (iar < FIRST_SPECIAL && vcpu.owns(<u32>iar)) {
    msr_ICC_EOIR1_EL1(iar);
    vcpu.countExit(EXIT_INTERRUPT);
    return deliver(vcpu, <u32>iar, spiPriority(<u32>iar));
  }
  return handleOwnIrq(vcpu, iar);
}

/** The hypervisor's own. */
function handleOwnIrq(vcpu: Vcpu, iar: u64): u32 {
  if (iar >= FIRST_SPECIAL) return RESUME;
  if (iar == header().hypervisorTimer) {
    vcpu.countExit(EXIT_TICK);
    tick();
    endInterrupt(iar);
    return RESUME;
  }
  endInterrupt(iar);
  if (iar == header().maintenance) {
    vcpu.countExit(EXIT_MAINTENANCE);
    refill(vcpu);
    return RESUME;
  }
  if (iar != KICK_SGI) return RESUME;
  vcpu.countExit(EXIT_SGI);
  const partition = partitionOf(vcpu.partition);
  if (atomicExchange32(vcpu.requestAt(), 0) != 0 && stateOf(partition) == STATE_STOPPING) {
    leave(vcpu, partition);
    return PARK;
  }
  refill(vcpu);
  return RESUME;
}

/** The pCPU has no guest to run: takes what is pending, then looks whether there is one now. */
export function handleParked(vcpu: Vcpu): u32 {
  for (let i: u32 = 0; i < PARKED_INTERRUPTS; i++) {
    bound(i, PARKED_INTERRUPTS);
    const iar = mrs_ICC_IAR1_EL1();
    if (iar >= FIRST_SPECIAL) break;
    if (iar == header().hypervisorTimer) tick();
    endInterrupt(iar);
  }
  if (vcpu.partition == NONE) return PARK;
  const partition = partitionOf(vcpu.partition);
  const request = atomicExchange32(vcpu.requestAt(), 0);
  if ((request & REQUEST_START) != 0) {
    if (stateOf(partition) != STATE_STOPPING) return start(vcpu, partition);
    leave(vcpu, partition);
    return PARK;
  }
  return vcpu.state == VCPU_ON_PENDING ? enterPending(vcpu, partition) : PARK;
}
