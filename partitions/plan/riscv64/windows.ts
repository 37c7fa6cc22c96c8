// What a partition sees of interrupt controllers on RISC-V: with direct interrupts an interrupt file for each of its vCPUs, which
// is a guest file of its hart, and an emulated APLIC, where the board has its own. Its files are one behind the other, as those
// of harts without guests are: vCPU n is its hart n. Else an emulated PLIC, where its guest has it built in, or there.
//
//   IPA:   imsic ┌───────────────┬───────────────┬─────┐      PA:   imsic + hart × stride ┌────────────┬──────────────┬─────┐
//                │ file of vCPU 0│ file of vCPU 1│ …   │ 4 KiB each                       │ hart's own │ guest file 1 │ …   │
//                └───────────────┴───────────────┴─────┘                                  └────────────┴──────────────┴─────┘
import type { Riscv64Board } from "../../../boards/schema.ts";
import type { Riscv64Profile } from "../../../rtos-guests/profiles/schema.ts";
import { alignDown, overlaps, PAGE, pagesOf } from "../../units.ts";
import type { Emulated } from "../emulated.ts";
import type { PlannedRegion } from "../plan.ts";
import type { Riscv64Windows } from "./plan.ts";
import { APLIC_SIZE, GUEST_FILE, PLIC_SIZE } from "./sizes.ts";

export const planWindows = (
  { aplic: { base } }: Riscv64Board, profile: Riscv64Profile | undefined, isDirect: boolean,
): Riscv64Windows => (isDirect ? { aplic: base, plic: 0 } : { aplic: 0, plic: profile?.machine?.plic ?? base });
export const windowsOf = ({ aplic, plic }: Riscv64Windows): Emulated[] => [
  ...(aplic === 0 ? [] : [{ what: "the emulated APLIC", base: aplic, size: APLIC_SIZE }]),
  ...(plic === 0 ? [] : [{ what: "the emulated PLIC", base: plic, size: PLIC_SIZE }]),
];

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

/**
 * Where its guest has it built in, or the board's UART is; or, where the page behind is a second one, at the first two behind
 * it where no device is.
 */
export function planConsole(
  { uart, devices }: Riscv64Board, profile: Riscv64Profile | undefined, hasTwo: boolean,
): number {
  const base = profile?.machine?.console ?? alignDown(uart.reg, PAGE);
  if (!hasTwo) return base;
  const taken = Object.values(devices).flatMap(({ windows }) => windows.map(pagesOf));
  const isFree = (at: number): boolean => !taken.some((pages) => overlaps(pages, { base: at, size: 2 * PAGE }));
  let at = base;
  while (!isFree(at)) at += PAGE;
  return at;
}
