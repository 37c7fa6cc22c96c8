// What a partition sees of interrupt controllers on RISC-V: with direct interrupts an interrupt file for each of its vCPUs, which
// is a guest file of its hart. They are one behind the other, as those of harts without guests are: vCPU n is its hart n.
//
//   IPA:   imsic ┌───────────────┬───────────────┬─────┐      PA:   imsic + hart × stride ┌────────────┬──────────────┬─────┐
//                │ file of vCPU 0│ file of vCPU 1│ …   │ 4 KiB each                       │ hart's own │ guest file 1 │ …   │
//                └───────────────┴───────────────┴─────┘                                  └────────────┴──────────────┴─────┘
import type { Riscv64Board } from "../../../boards/schema.ts";
import type { Riscv64Profile } from "../../../rtos-guests/profiles/schema.ts";
import { PAGE } from "../../units.ts";
import type { Emulated } from "../emulated.ts";
import type { PlannedRegion } from "../plan.ts";
import { GUEST_FILE } from "./sizes.ts";

export const planWindows = (): Record<never, never> => ({});
export const windowsOf = (): Emulated[] => [];

export const planInterface = (
  { imsic, cpus: { harts } }: Riscv64Board, _: Riscv64Profile | undefined, isDirect: boolean, cpus: readonly number[],
): PlannedRegion[] =>
  (isDirect ? cpus : []).map((cpu, vcpu) => ({
    name: `IMSIC of vCPU ${vcpu}`,
    ipa: imsic.base + vcpu * PAGE,
    pa: imsic.base + (harts[cpu] ?? 0) * imsic.stride + GUEST_FILE * PAGE,
    size: PAGE,
    kind: "interface",
    access: "rw",
  }));

/** None is emulated: a guest prints by its mailbox, or by call. */
export const planConsole = (): number => 0;
