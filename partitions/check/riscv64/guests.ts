// What a guest of RISC-V knows of interrupts, and whether its harts can give it that.
import type { Riscv64Board } from "../../../boards/schema.ts";
import type { Riscv64Profile } from "../../../rtos-guests/profiles/schema.ts";
import { notOnRiscv, notDirect } from "../../diagnostics/catalogue.ts";
import type { Problem } from "../../diagnostics/diagnostic.ts";
import { GUEST_FILE } from "../../plan/riscv64/sizes.ts";

const knows = ({ controllers }: Riscv64Profile, what: "imsic" | "plic"): boolean =>
  controllers.length === 0 || controllers.includes(what);

/** Why such a guest would hear of no device. */
export const controllerProblem = (_: Riscv64Board, profile: Riscv64Profile, isDirect: boolean): Problem | undefined =>
  isDirect || knows(profile, "plic")
    ? undefined
    : notOnRiscv(
        `interrupts for guest profile "${profile.name}" but direct ones: it knows no PLIC`,
        "write `interrupts: direct`: they go to its harts' interrupt files",
      );

export const trustProblems = (): Problem[] => [
  notOnRiscv("SGIs that a guest could be trusted with", "remove it: messages to its own harts leave no guest code anyway"),
];

/** Why interrupts cannot be direct on these pCPUs, or for such guests. */
export function directProblems(
  { name, cpus: { harts, guest_files: files } }: Riscv64Board, cpus: readonly number[], profile: Riscv64Profile | undefined,
): Problem[] {
  const without = cpus.filter((cpu) => cpu < harts.length && (files[cpu] ?? 0) < GUEST_FILE).map((cpu) => harts[cpu] ?? cpu);
  return [
    ...(without.length === 0
      ? []
      : [
          notDirect(
            `hart ${without.join(", ")} of ${name} has no interrupt file for guests`,
            "leave interrupts injected, or use harts that have one (QEMU: aia-guests=1)",
          ),
        ]),
    ...(profile !== undefined && !knows(profile, "imsic")
      ? [
          notDirect(
            `guest profile "${profile.name}" knows no interrupt controller but a PLIC, which is emulated`,
            "leave its interrupts injected",
          ),
        ]
      : []),
  ];
}

/** Why nobody can have counters of its own here. */
export const refillsProblem = (): Problem =>
  notOnRiscv("counter whose interrupt could end a budget (Sscofpmf)", "remove it: nobody's memory traffic is limited there");
