// Proves of a finished plan who owns which interrupt, and that consoles and doorbells ring where they belong.
import { ofPlan } from "../isas.ts";
import type { Plan, PlannedPartition } from "./plan.ts";
import { breaks } from "./violation.ts";
import type { Violation } from "./violation.ts";

/** Each line has one owner; some are each pCPU's own, and so its partition's. */
export function proveInterrupts(plan: Plan): Violation[] {
  const wrong: Violation[] = [];
  const owner = new Map<number, string>();
  const isa = ofPlan(plan);
  for (const partition of plan.partitions) {
    const { name, interrupts, console, consoleInterrupt } = partition;
    for (const { intid } of interrupts) {
      const other = owner.get(intid);
      const line = `${isa.lineName(intid)} of ${name}`;
      if (other === name) wrong.push(breaks("lineOnce", `${line} is there twice`));
      else if (other !== undefined) wrong.push(breaks("lineOwner", `${isa.lineName(intid)} belongs to ${other} and to ${name}`));
      if (!isa.isLine(plan, intid)) wrong.push(breaks("lineOwner", `${line} is no ${isa.LINE} of the board`));
      owner.set(intid, name);
    }
    if (console !== 0 && !interrupts.some(({ intid, trigger }) => intid === consoleInterrupt && trigger === "edge"))
      wrong.push(breaks("console", `${name} does not own its console's interrupt`));
    wrong.push(...isa.provePrivate(plan, partition));
  }
  return [...wrong, ...plan.partitions.flatMap((partition) => proveChannels(plan, partition)), ...proveDoorbells(plan)];
}

/** Each end lies on its memory, which the partner has too, and is answered by the partner's. */
function proveChannels(plan: Plan, { name, channels, regions }: PlannedPartition): Violation[] {
  const unnamed = regions.filter((region) => region.kind === "channel" && !channels.some(({ ipa }) => ipa === region.ipa));
  return [
    ...unnamed.map((region) => breaks("channelEnds", `"${region.name}" of ${name} is no end of a channel`)),
    ...channels.flatMap((end) => {
      const peer = plan.partitions[end.peer];
      const back = peer?.channels.find((each) => each.name === end.name);
      const memory = (of: PlannedPartition | undefined, ipa: number | undefined): number | undefined =>
        of?.regions.find((region) => region.kind === "channel" && region.ipa === ipa)?.pa;
      const here = regions.find((region) => region.kind === "channel" && region.ipa === end.ipa);
      const joined = here !== undefined && here.size === end.size && here.pa === memory(peer, back?.ipa);
      const answered = back !== undefined && plan.partitions[back.peer]?.name === name && peer?.name !== name;
      return joined && answered ? [] : [breaks("channelEnds", `channel ${end.name} at ${name} has no partner`)];
    }),
  ];
}

/** A doorbell rings at the partner, where it is for nothing else. */
function proveDoorbells({ partitions }: Plan): Violation[] {
  const rung = partitions.flatMap(({ channels }) => channels.map(({ doorbell }) => doorbell));
  return partitions.flatMap(({ name, channels }) =>
    channels.flatMap((end) => {
      const peer = partitions[end.peer];
      const back = peer?.channels.find((each) => each.name === end.name);
      const owned = peer?.interrupts.some(({ intid, trigger }) => intid === end.doorbell && trigger === "edge") === true;
      const alone =
        peer?.consoleInterrupt !== end.doorbell && rung.filter((intid) => intid === end.doorbell).length === 1;
      return owned && alone && back?.interrupt === end.doorbell
        ? []
        : [breaks("doorbell", `the doorbell of channel ${end.name} at ${name} does not ring at its peer`)];
    }),
  );
}
