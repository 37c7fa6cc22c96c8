// A plan as tables for people: who has which pCPUs, memory, interrupts, and what is copied where.
import { spreadOf } from "../../partitions/plan/cache.ts";
import { ofPlan } from "../../partitions/isas.ts";
import type { Plan, PlannedPartition } from "../../partitions/plan/plan.ts";
import { formatDuration, formatNumbers, formatSize, formatSpan, hex } from "../../partitions/units.ts";
import { layOut } from "../run/columns.ts";
import type { Column } from "../run/columns.ts";
import type { Paint } from "../run/paint.ts";
import {
  bandwidthOf,
  cacheOf,
  cacheShare,
  colourNotes,
  directNotes,
  dmaNote,
  interruptsOf,
  pmuNotes,
  telemetryNotes,
  trustNotes,
  trustOf,
} from "./shares.ts";

type Align = Column<unknown>["align"];

type Columns<Row> = readonly (readonly [title: string, align: Align, cell: (row: Row) => string])[];

const table = <Row>(rows: readonly Row[], columns: Columns<Row>): string[] =>
  layOut(
    columns.map(([title, align, cell]) => ({ title, align, cell })),
    rows,
  );

export function formatPlan(plan: Plan, paint: Paint): string {
  const section = (title: string, lines: readonly string[]): string =>
    [paint("bold", title), ...lines.map((line, index) => (index === 0 ? paint("dim", `  ${line}`) : `  ${line}`))].join(
      "\n",
    );
  return [
    section("Partitions", partitionTable(plan)),
    section("Guests", guestTable(plan)),
    section("Shares", [
      ...shareTable(plan),
      ...directNotes(plan),
      ...trustNotes(plan),
      ...telemetryNotes(plan),
      ...colourNotes(plan),
      ...pmuNotes(plan),
      dmaNote(plan),
    ]),
    section("pCPUs", cpuTable(plan)),
    section("Physical memory", memoryTable(plan)),
    section("Interrupts", interruptTable(plan)),
    section("Channels", channelTable(plan)),
    ...(plan.inits.length > 0 ? [section("Written before any guest starts", initTable(plan))] : []),
    ...(plan.partitions.some(isBuilt) ? [section("Copied at every start", loadTable(plan))] : []),
  ].join("\n\n");
}

/** Of one whose images are not built yet, it is not known what is loaded where. */
const isBuilt = ({ loads }: PlannedPartition): boolean => loads.length > 0;

function seedOf(partition: PlannedPartition): string {
  if (!isBuilt(partition)) return "not known: its image is not built yet";
  return partition.seed === 0 ? "none: no device tree" : "from firmware, TRNG or RNDR, where the board has one";
}

const ram = ({ regions }: PlannedPartition): PlannedPartition["regions"][number] | undefined =>
  regions.find(({ kind }) => kind === "ram");

function partitionTable({ partitions }: Plan): string[] {
  return table<PlannedPartition>(partitions, [
    ["name", "left", ({ name }) => name],
    ["guest", "left", ({ guest, realtime }) => (realtime ? `${guest}, real-time` : guest)],
    ["pCPUs", "left", ({ cpus }) => cpus.join(" ")],
    ["memory", "right", (partition) => formatSize(ram(partition)?.size ?? 0)],
    ["entry (IPA)", "left", (partition) => (isBuilt(partition) ? hex(partition.entry) : "not known")],
    [
      "watchdog",
      "left",
      ({ watchdogMicroseconds }) => (watchdogMicroseconds === 0 ? "none" : formatDuration(watchdogMicroseconds)),
    ],
    ["on failure", "left", ({ onFailure }) => onFailure],
    ["starts", "left", ({ autostart }) => (autostart ? "at boot" : "by command")],
  ]);
}

/** What a guest finds that another hypervisor, or the bare board, may do otherwise. */
function guestTable({ partitions }: Plan): string[] {
  return table(partitions, [
    ["name", "left", ({ name }) => name],
    ["virtual counter", "left", ({ ownClock }) => (ownClock ? "own, from 0 at its start" : "shared by all")],
    ["rng-seed", "left", seedOf],
    [
      "leaves its guest code for",
      "left",
      ({ exits }) => (exits === null ? "not known of its kind" : exits.join("; ") || "nothing, once it runs"),
    ],
  ]);
}

function shareTable(plan: Plan): string[] {
  return table<PlannedPartition>(plan.partitions, [
    ["name", "left", ({ name }) => name],
    ["interrupts", "left", (partition) => [interruptsOf(partition), trustOf(partition)].filter(Boolean).join(", ")],
    [cacheOf(plan), "left", (partition) => cacheShare(plan, partition)],
    ["bandwidth", "left", (partition) => bandwidthOf(partition) ?? "no limit"],
  ]);
}

function cpuTable(plan: Plan): string[] {
  const { cpus, partitions, housekeeper } = plan;
  const isa = ofPlan(plan);
  return table(
    cpus.map((cpu, index) => ({ cpu, index })),
    [
      ["pCPU", "right", ({ index }) => String(index)],
      [isa.CPU_TITLE, "left", ({ cpu }) => isa.cpuId(cpu)],
      [
        "runs",
        "left",
        ({ cpu }) => (cpu.partition === null ? "spare" : `${partitions[cpu.partition]?.name ?? ""}, vCPU ${cpu.vcpu}`),
      ],
      ["", "left", ({ index }) => (index === housekeeper ? "housekeeping" : "")],
    ],
  );
}

interface Stretch {
  readonly base: number;
  readonly size: number;
  /** What of it counts: of coloured memory the pages of its colours. */
  readonly shown: string;
  readonly what: string;
  readonly seenAt: string;
}

function memoryTable(plan: Plan): string[] {
  const image: Stretch = { ...plan.image, shown: formatSize(plan.image.size), what: "hypervisor image", seenAt: "" };
  const regions = plan.partitions.flatMap(({ name, regions: owned }) =>
    owned.map(({ pa, ipa, size, name: region, access, colours }) => ({
      base: pa,
      size: colours === undefined ? size : spreadOf(plan.cache, size, colours),
      shown: formatSize(size),
      what: `${name}: ${region}${colours === undefined ? "" : `, colours ${formatNumbers(colours)}`}`,
      seenAt: ipa === pa ? `same, ${access}` : `${hex(ipa)}, ${access}`,
    })),
  );
  const kept = plan.reserved.map(({ what, ...span }) => ({
    ...span,
    shown: formatSize(span.size),
    what: `firmware: ${what}`,
    seenAt: "",
  }));
  return table(
    [image, ...kept, ...regions].sort((a, b) => a.base - b.base),
    [
      ["PA", "left", (stretch) => formatSpan(stretch)],
      ["size", "right", ({ shown }) => shown],
      ["what", "left", ({ what }) => what],
      ["IPA, access", "left", ({ seenAt }) => seenAt],
    ],
  );
}

function interruptTable(plan: Plan): string[] {
  const { partitions } = plan;
  const owned = partitions.flatMap(({ name, interrupts }) => interrupts.map((interrupt) => ({ ...interrupt, name })));
  return table(
    owned.sort((a, b) => a.intid - b.intid),
    [
      [ofPlan(plan).LINE_TITLE, "right", ({ intid }) => String(intid)],
      ["trigger", "left", ({ trigger }) => trigger],
      ["partition", "left", ({ name }) => name],
      ["use", "left", ({ use }) => use],
    ],
  );
}

function channelTable(plan: Plan): string[] {
  const { partitions } = plan;
  const ends = partitions.flatMap((partition) =>
    partition.channels.map((end, index) => ({ ...end, partition: partition.name, index })),
  );
  return table(
    ends.sort((a, b) => a.name.localeCompare(b.name)),
    [
      ["channel", "left", ({ name }) => name],
      ["seen by", "left", ({ partition }) => partition],
      ["number", "right", ({ index }) => String(index)],
      ["IPA", "left", ({ ipa }) => hex(ipa)],
      ["size", "right", ({ size }) => formatSize(size)],
      ["rings", "left", ({ peer, doorbell }) => `${partitions[peer]?.name ?? ""}, ${ofPlan(plan).lineName(doorbell)}`],
      ["", "left", ({ carriesImage, carriesTags }) => (carriesImage ? "process image" : carriesTags ? "tags" : "")],
    ],
  );
}

function initTable({ inits }: Plan): string[] {
  return table(inits, [
    ["register", "left", ({ pa }) => hex(pa)],
    ["bits", "left", ({ mask }) => hex(mask)],
    ["become", "left", ({ value }) => hex(value)],
    ["for", "left", ({ by }) => by],
  ]);
}

function loadTable({ partitions }: Plan): string[] {
  const loads = partitions.flatMap(({ name, loads: copied }) => copied.map((load) => ({ ...load, partition: name })));
  return table(loads, [
    ["partition", "left", ({ partition }) => partition],
    ["what", "left", ({ name }) => name],
    ["IPA", "left", ({ ipa }) => hex(ipa)],
    ["bytes", "right", ({ size }) => String(size)],
  ]);
}
