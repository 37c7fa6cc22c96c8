// The board as the plan has it, and as the hardware says it is: what the core relies on is compared on the hart that can see
// it, before anything starts. A mismatch is one line on the UART, and nothing starts.

import { csrr_henvcfg, csrr_hgeie, csrw_henvcfg, csrw_hgeie, ownHart, probeMachine } from "../../build/generated/riscv64";
import { blobCpu, header, machine } from "../../build/generated/blob";
import { isSame } from "../../core/facts";
import { isAplicAsPlanned } from "./aplic";
import { HENVCFG, HENVCFG_STCE } from "./csrs";
import { guestAddressBits } from "./guestStage";
import { hasIdentities } from "./imsic";
import { Vcpu } from "./vcpu";

/** Bit 0 of hgeie is none. */
const ALL_GUEST_FILES: u64 = 0xfffffffffffffffe;

/** On the boot hart, before anything is written to the interrupt controller. */
export function isControllerAsPlanned(): bool { return isMachine() && isAplicAsPlanned(); }

/** Without these, nothing else can be looked at. */
function isMachine(): bool { return isSame("hypervisor extension, AIA and Sstc", 1, probeMachine()); }

/** On each hart, before it does anything else. */
export function isPcpuAsPlanned(vcpu: Vcpu): bool {
  if (!isSame("hart (boot hart first)", vcpu.id, ownHart()) || !isMachine()) return false;
  const identities = machine().identities;
  if (!isSame("interrupt identities", identities, hasIdentities() ? identities : 0)) return false;
  csrw_hgeie(ALL_GUEST_FILES);
  const files = <u64>popcnt(csrr_hgeie());
  csrw_hgeie(0);
  const planned = <u64>blobCpu(vcpu.pcpu).guestFiles;
  if (!isSame("guest interrupt files", planned, min(planned, files))) return false;
  csrw_henvcfg(HENVCFG);
  const bits = header().ipaBits;
  return isSame("henvcfg.STCE", HENVCFG_STCE, csrr_henvcfg() & HENVCFG_STCE) &&
    isSame("guest address bits", bits, min(bits, guestAddressBits()));
}
