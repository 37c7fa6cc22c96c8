// A plan as tables for people: who has which pCPUs, memory, interrupts, and what is copied where.
import type { Plan, PlannedPartition } from "../../partitions/plan/plan.ts";
import { formatDuration, formatSize, formatSpan, hex } from "../../partitions/units.ts";
import { layOut } from "../run/columns.ts";
import type { Column } from "../run/columns.ts";
import type { Paint } from "../run/paint.ts";

const left = <Row>(title: string, cell: (row: Row) => string): Column<Row> => ({ title, align: "left", cell });
const right = <Row>(title: string, cell: (row: Row) => string): Column<Row> => ({ title, align: "right", cell });

export function formatPlan(plan: Plan, paint: Paint): string {
  const section = (title: string, lines: readonly string[]): string =>
    [paint("bold", title), ...lines.map((line, index) => (index === 0 ? paint("dim", `  ${line}`) : `  ${line}`))].join("\n");
  return [
    section("Partitions", partitionTable(plan)),
    section("pCPUs", cpuTable(plan)),
    section("Physical memory", memoryTable(plan)),
    section("Interrupts", interruptTable(plan)),
    section("Channels", channelTable(plan)),
    section("Copied at every start", loadTable(plan)),
  ].join("\n\n");
}

const ram = ({ regions }: PlannedPartition): PlannedPartition["regions"][number] | undefined => regions.find(({ kind }) => kind === "ram");

function partitionTable({ partitions }: Plan): string[] {
  return layOut<PlannedPartition>(
    [
      left("name", ({ name }) => name),
      left("guest", ({ guest, realtime }) => (realtime ? `${guest}, real-time` : guest)),
      left("pCPUs", ({ cpus }) => cpus.join(" ")),
      right("memory", (partition) => formatSize(ram(partition)?.size ?? 0)),
      left("entry (IPA)", ({ entry }) => hex(entry)),
      left("watchdog", ({ watchdogMicroseconds }) => (watchdogMicroseconds === 0 ? "none" : formatDuration(watchdogMicroseconds))),
      left("on failure", ({ onFailure }) => onFailure),
      left("starts", ({ autostart }) => (autostart ? "at boot" : "by command")),
    ],
    partitions,
  );
}

function cpuTable({ cpus, partitions, housekeeper }: Plan): string[] {
  return layOut(
    [
      right("pCPU", ({ index }) => String(index)),
      left("MPIDR", ({ cpu }) => `0x${cpu.mpidr.toString(16)}`),
      left("runs", ({ cpu }) => (cpu.partition === null ? "spare" : `${partitions[cpu.partition]?.name ?? ""}, vCPU ${cpu.vcpu}`)),
      left("", ({ index }) => (index === housekeeper ? "housekeeping" : "")),
    ],
    cpus.map((cpu, index) => ({ cpu, index })),
  );
}

interface Stretch {
  readonly base: number;
  readonly size: number;
  readonly what: string;
  readonly seenAt: string;
}

function memoryTable(plan: Plan): string[] {
  const image: Stretch = { ...plan.image, what: "hypervisor image", seenAt: "" };
  const regions = plan.partitions.flatMap(({ name, regions: owned }) =>
    owned.map(({ pa, ipa, size, name: region, access }) => ({
      base: pa,
      size,
      what: `${name}: ${region}`,
      seenAt: ipa === pa ? `same, ${access}` : `${hex(ipa)}, ${access}`,
    })),
  );
  return layOut<Stretch>(
    [
      left("PA", (stretch) => formatSpan(stretch)),
      right("size", ({ size }) => formatSize(size)),
      left("what", ({ what }) => what),
      left("IPA, access", ({ seenAt }) => seenAt),
    ],
    [image, ...regions].sort((a, b) => a.base - b.base),
  );
}

function interruptTable({ partitions }: Plan): string[] {
  const owned = partitions.flatMap(({ name, interrupts }) => interrupts.map((interrupt) => ({ ...interrupt, name })));
  return layOut(
    [
      right("INTID", ({ intid }) => String(intid)),
      left("trigger", ({ trigger }) => trigger),
      left("partition", ({ name }) => name),
      left("use", ({ use }) => use),
    ],
    owned.sort((a, b) => a.intid - b.intid),
  );
}

function channelTable({ partitions }: Plan): string[] {
  const ends = partitions.flatMap((partition) => partition.channels.map((end) => ({ ...end, partition: partition.name })));
  return layOut(
    [
      left("channel", ({ name }) => name),
      left("seen by", ({ partition }) => partition),
      left("IPA", ({ ipa }) => hex(ipa)),
      right("size", ({ size }) => formatSize(size)),
      left("rings", ({ peer, doorbell }) => `${partitions[peer]?.name ?? ""}, INTID ${doorbell}`),
    ],
    ends.sort((a, b) => a.name.localeCompare(b.name)),
  );
}

function loadTable({ partitions }: Plan): string[] {
  const loads = partitions.flatMap(({ name, loads: copied }) => copied.map((load) => ({ ...load, partition: name })));
  return layOut(
    [
      left("partition", ({ partition }) => partition),
      left("what", ({ name }) => name),
      left("IPA", ({ ipa }) => hex(ipa)),
      left("PA", ({ target }) => hex(target)),
      right("bytes", ({ size }) => String(size)),
    ],
    loads,
  );
}
