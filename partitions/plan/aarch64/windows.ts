// A partition's emulated GIC, and what it has of the physical one.
import { redistributorsOf } from "../../../boards/aarch64.ts";
import type { Aarch64Board as Board } from "../../../boards/schema.ts";
import type { Aarch64Profile as Profile } from "../../../rtos-guests/profiles/schema.ts";
import { PAGE } from "../../units.ts";
import type { Emulated } from "../emulated.ts";
import type { PlannedRegion } from "../plan.ts";
import type { Aarch64Windows } from "./plan.ts";
import { GICC_SIZE, GICD_SIZE, GICR_SIZE, GICV2_GICD_SIZE } from "./sizes.ts";

/** Where its guest has them built in, or the board has its own. */
export const planWindows = ({ gic }: Board, profile: Profile | undefined): Aarch64Windows => ({
  gicd: profile?.machine?.gicd ?? gic.gicd,
  gicr: gic.version === 2 ? null : (profile?.machine?.gicr ?? Math.min(...redistributorsOf(gic, 1))),
});

export const windowsOf = ({ gicd, gicr }: Aarch64Windows, vcpus: number): Emulated[] => [
  { what: "the emulated GICD", base: gicd, size: gicr === null ? GICV2_GICD_SIZE : GICD_SIZE },
  ...(gicr === null ? [] : [{ what: "the emulated GICR", base: gicr, size: GICR_SIZE * vcpus }]),
];

/** Where its guest has it built in, or the hypervisor has its own. */
export const planConsole = ({ uart }: Board, profile: Profile | undefined): number =>
  profile?.machine?.console ?? uart.reg;

/** GICC of a GICv2's guest: the virtual interface of the pCPU that it runs on, or with direct interrupts the physical one. */
export function planInterface({ gic }: Board, profile: Profile | undefined, isDirect: boolean): PlannedRegion[] {
  if (gic.version !== 2) return [];
  const ipa = profile?.machine?.gicc ?? gic.gicc;
  const pa = isDirect ? gic.gicc : gic.gicv;
  // GICC's second page is GICC_DIR, by which a guest could deactivate anybody's interrupt.
  const size = isDirect ? PAGE : GICC_SIZE;
  return [{ name: "GICC", ipa, pa, size, kind: "interface", access: "rw" }];
}
