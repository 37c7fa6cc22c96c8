// What a guest of AArch64 has built in of the GIC, and what it is trusted with of it.
import type { Aarch64Board as Board } from "../../../boards/schema.ts";
import type { Aarch64Profile as Profile } from "../../../rtos-guests/profiles/schema.ts";
import { gicNotForGuest, trustAffinity, trustOnGicv2 } from "../../diagnostics/catalogue.ts";
import type { Problem } from "../../diagnostics/diagnostic.ts";
import { hex } from "../../units.ts";

/** Why this board's GIC is none for such guests. */
export const controllerProblem = ({ name, gic }: Board, profile: Profile): Problem | undefined =>
  profile.gic.some((version) => version === gic.version)
    ? undefined
    : gicNotForGuest(profile.name, profile.gic, name, gic.version);

/** Why a guest with these pCPUs cannot be trusted with its SGIs, or would send them elsewhere. */
export function trustProblems({ name, gic, cpus: { mpidr } }: Board, cpus: readonly number[]): Problem[] {
  // ICC_SGI1R_EL1 is the physical one, and the guest's MPIDR_EL1 is not: it has its vCPU's index.
  const affinities = cpus.map((cpu) => mpidr[cpu] ?? 0);
  const isMoved = affinities.length > 1 && affinities.some((affinity, vcpu) => affinity !== vcpu);
  return [
    ...(gic.version === 2 ? [trustOnGicv2(name)] : []),
    ...(isMoved ? [trustAffinity(affinities.map((affinity) => hex(affinity)))] : []),
  ];
}

export const directProblems = (): Problem[] => [];
