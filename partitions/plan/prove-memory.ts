// Proves of a finished plan that no page of physical memory is in two partitions, but for a channel's, and none the hypervisor's.
import type { Plan, PlannedRegion } from "./plan.ts";
import { isFreeRam, platformClaims } from "./prove-board.ts";
import { stretchesOf } from "./prove-cache.ts";
import { breaks, collisions } from "./violation.ts";
import type { Claim, Violation } from "./violation.ts";

export function proveMemory(plan: Plan): Violation[] {
  const image = { from: plan.image.base, to: plan.image.base + plan.image.size, by: "the hypervisor's image" };
  const own = [image, ...platformClaims(plan)];
  const owned: Claim[] = [];
  const shared = new Map<string, { claims: Claim[]; sharers: string[] }>();
  for (const { name, regions } of plan.partitions) {
    // What a partition has of a GICv2's CPU interfaces is proven with the partition.
    for (const region of regions.filter(({ kind }) => kind !== "interface")) {
      const label = `"${region.name}" of ${name}`;
      const claims = stretchesOf(plan, region).map((stretch) => ({ ...stretch, by: label }));
      if (region.kind !== "channel") {
        owned.push(...claims);
        continue;
      }
      const stretch = `${region.name} ${region.pa} ${region.size}`;
      const before = shared.get(stretch);
      shared.set(stretch, { claims: before?.claims ?? claims, sharers: [...(before?.sharers ?? []), name] });
    }
  }
  const all = [...owned, ...[...shared.values()].flatMap(({ claims }) => claims)];
  const ill = [...shared].filter(([, { sharers }]) => sharers.length !== 2 || sharers[0] === sharers[1]);
  const ofOthers = collisions(all);
  return [
    ...ofOthers.map((reason) => breaks("owner", reason)),
    // With the hypervisor's in between, only what was not there before is about the hypervisor.
    ...collisions([...own, ...all])
      .filter((reason) => !ofOthers.includes(reason))
      .map((reason) => breaks("hypervisor", reason)),
    ...ill.map(([stretch, { sharers }]) => breaks("channelShared", `channel ${stretch} is shared by ${sharers.join(", ")}`)),
    ...proveRam(plan),
  ];
}

/** Memory is RAM, in one bank, and not firmware's; devices are elsewhere. */
function proveRam(plan: Plan): Violation[] {
  const within = (region: PlannedRegion): boolean =>
    stretchesOf(plan, region).every((stretch) => isFreeRam(plan, stretch));
  const touches = ({ pa, size: bytes }: PlannedRegion): boolean =>
    plan.ram.some(({ base, size }) => pa < base + size && base < pa + bytes);
  return plan.partitions.flatMap(({ name, regions }) =>
    regions.flatMap((region) => {
      const isDevice = region.kind === "device" || region.kind === "interface";
      if (isDevice ? !touches(region) : within(region)) return [];
      const wrong = isDevice ? "a device in RAM" : "not RAM that firmware leaves";
      return [breaks("ramOnly", `"${region.name}" of ${name} is ${wrong}`)];
    }),
  );
}
