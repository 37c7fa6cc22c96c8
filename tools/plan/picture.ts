// Draws a plan: partitions with what they own, the channels between them, the hypervisor under them, the pCPUs they run
// on, and physical memory.
//
// Nothing in it depends on how large built images are: the same system.yaml always gives the same picture.
import { spreadOf } from "../../partitions/plan/cache.ts";
import type { Plan, PlannedPartition } from "../../partitions/plan/plan.ts";
import { formatDuration, formatSize, hex, MIB, PAGE } from "../../partitions/units.ts";
import { bandwidthOf, cacheInBrief, interruptsOf, reachInBrief, trustOf } from "./shares.ts";
import { drawing, hue, path, rectangle, text } from "./svg.ts";
import type { Box } from "./svg.ts";

const MARGIN = 20;
const LABELS = 92; // column with the names of the rows
const GAP = 14;
const PCPU_WIDTH = 118;
const PARTITION_WIDTH_MIN = 250;
const SPARE_WIDTH_MIN = 150;
const TITLE_HEIGHT = 30;
const TEXT_LEFT = 14;
const TEXT_LINE = 20;
const PARTITION_LINES = 8;
const CHANNEL_HEIGHT = 44;
const BAR_HEIGHT = 46;
const MEMORY_HEIGHT = 50;
const MEMORY_ADDRESS = 20;
const SEGMENT_MIN = 96;
/** The width of a stretch of memory grows with the logarithm of its size: 4 KiB and 1 GiB fit one picture. */
const SEGMENT_PER_DOUBLING = 5;
const IMAGE_DRAWN_AS = MIB;
const LETTER_WIDTH = 8; // of a label's, at most

/** A partition, or spare pCPUs: they share a column of the picture. */
interface Group {
  readonly partition: number | null;
  readonly cpus: readonly number[];
  readonly x: number;
  readonly width: number;
}

export function drawPlan(plan: Plan): string {
  const segments = memorySegments(plan);
  const memoryWidth = segments.reduce((sum, { width }) => sum + width, 0);
  const groups = arrange(plan, memoryWidth);
  const inner = Math.max(...groups.map(({ x, width }) => x + width)) - LABELS - MARGIN;
  const partitionsTop = MARGIN + TITLE_HEIGHT;
  const partitionsHeight = PARTITION_LINES * TEXT_LINE + 2 * GAP;
  const channels = drawChannels(plan, groups, partitionsTop + partitionsHeight);
  const coreTop = partitionsTop + partitionsHeight + channels.height + GAP;
  const cpusTop = coreTop + BAR_HEIGHT + GAP;
  const memoryTop = cpusTop + BAR_HEIGHT + 2 * GAP;
  const row = (y: number, label: string, detail: string): string[] => [
    text(MARGIN, y + 18, label),
    text(MARGIN, y + 34, detail, "dim"),
  ];
  const left = MARGIN + LABELS;
  const title = `${plan.partitions.map(({ name }) => name).join(" + ")} on ${plan.board}`;
  return drawing(left + inner + MARGIN, memoryTop + MEMORY_HEIGHT + MEMORY_ADDRESS + MARGIN, title, [
    text(MARGIN, MARGIN + 14, title, "title"),
    ...row(partitionsTop, "partitions", "EL1 and EL0"),
    ...groups.flatMap((group) =>
      drawPartition(plan, group, { x: group.x, y: partitionsTop, width: group.width, height: partitionsHeight }),
    ),
    ...channels.elements,
    ...row(coreTop, "hypervisor", "EL2"),
    ...drawCore({ x: left, y: coreTop, width: inner, height: BAR_HEIGHT }),
    ...row(cpusTop, "pCPUs", ""),
    ...groups.flatMap((group) => drawCpus(plan, group, cpusTop)),
    ...row(memoryTop, "memory", "not to scale"),
    ...drawMemory(segments, left, memoryTop, inner / memoryWidth),
    text(left + inner, memoryTop + MEMORY_HEIGHT + 15, memoryEnd(plan), "mono end"),
  ]);
}

/** Columns in the order of their first pCPU, together at least that wide. */
function arrange(plan: Plan, least: number): Group[] {
  const spare = [...plan.cpus.keys()].filter((cpu) => plan.cpus[cpu]?.partition === null);
  const columns: { partition: number | null; cpus: readonly number[] }[] = plan.partitions.map(
    ({ cpus }, partition) => ({ partition, cpus }),
  );
  if (spare.length > 0) columns.push({ partition: null, cpus: spare });
  columns.sort((a, b) => Math.min(...a.cpus) - Math.min(...b.cpus));
  const widths = columns.map(({ partition, cpus }) =>
    Math.max(partition === null ? SPARE_WIDTH_MIN : PARTITION_WIDTH_MIN, cpus.length * (PCPU_WIDTH + GAP) - GAP),
  );
  const gaps = GAP * (columns.length - 1);
  const scale = Math.max(1, (least - gaps) / widths.reduce((sum, width) => sum + width, 0));
  let x = MARGIN + LABELS;
  return columns.map((column, index) => {
    const group = { ...column, x, width: Math.round((widths[index] ?? 0) * scale) };
    x += group.width + GAP;
    return group;
  });
}

function drawPartition(plan: Plan, { partition: index }: Group, box: Box): string[] {
  const partition = index === null ? undefined : plan.partitions[index];
  if (partition === undefined || index === null) return [];
  const lines = describe(plan, partition);
  return [
    rectangle(box, hue(index)),
    text(box.x + TEXT_LEFT, box.y + 26, partition.name, "name"),
    ...lines.map((line, at) => text(box.x + TEXT_LEFT, box.y + 26 + TEXT_LINE * (at + 1), line, at === 0 ? "" : "dim")),
  ];
}

const ON_FAILURE = {
  stop: "stopped on failure",
  restart: "restarted on failure",
  inspect: "left for inspection on failure",
} as const;

export function describe(plan: Plan, partition: PlannedPartition): string[] {
  const { guest, realtime, cpus, regions, watchdogMicroseconds, onFailure, devices, autostart } = partition;
  const ram = regions.find(({ kind }) => kind === "ram");
  const place = ram === undefined ? "" : ram.ipa === ram.pa ? "IPA = PA" : `IPA ${hex(ram.ipa)}`;
  const vcpus = `${cpus.length} vCPU${cpus.length === 1 ? "" : "s"}`;
  return [
    listed([`${guest} guest`, realtime && "real-time", !autostart && "started by command"]),
    `${vcpus} · ${formatSize(ram?.size ?? 0)} at ${place}`,
    listed([`${interruptsOf(partition)} interrupts`, trustOf(partition), bandwidthOf(partition)]),
    cacheInBrief(plan, partition),
    devices.length === 0 ? "no devices" : devices.map(({ name }) => name).join(", ") + reachInBrief(partition),
    watchdogMicroseconds === 0 ? "no watchdog" : `watchdog ${formatDuration(watchdogMicroseconds)}`,
    ON_FAILURE[onFailure],
  ];
}

const listed = (parts: readonly (string | false | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== false).join(" · ");

/** Where a partition's channel leaves its box: side by side, in the order of the partition's list. */
function exit(plan: Plan, groups: readonly Group[], partition: number, channel: string): number {
  const group = groups.find((each) => each.partition === partition);
  const channels = plan.partitions[partition]?.channels ?? [];
  const place = channels.findIndex(({ name }) => name === channel) + 1;
  return group === undefined ? 0 : Math.round(group.x + (group.width * place) / (channels.length + 1));
}

/** One row each: from one partition to the other, with an arrow at both ends. */
function drawChannels(plan: Plan, groups: readonly Group[], top: number): { elements: string[]; height: number } {
  const lines: string[] = [];
  const labels: string[] = []; // above all lines
  let height = 0;
  plan.partitions.forEach((partition, index) => {
    for (const channel of partition.channels) {
      if (channel.peer < index) continue;
      const [x1 = 0, x2 = 0] = [index, channel.peer]
        .map((end) => exit(plan, groups, end, channel.name))
        .sort((a, b) => a - b);
      const y = top + height + CHANNEL_HEIGHT - GAP;
      const tip = (x: number): string =>
        `M${x} ${top + 4} V${y} M${x - 5} ${top + 11} L${x} ${top + 4} L${x + 5} ${top + 11}`;
      lines.push(path(`${tip(x1)} M${x1} ${y} H${x2} ${tip(x2)}`, "line neutral"));
      labels.push(
        text(
          (x1 + x2) / 2,
          y - 7,
          `${channel.name} · ${formatSize(channel.size)} shared, a doorbell each way`,
          "middle dim halo",
        ),
      );
      height += CHANNEL_HEIGHT;
    }
  });
  return { elements: [...lines, ...labels], height };
}

function drawCore(box: Box): string[] {
  return [
    rectangle(box, "core"),
    text(box.x + TEXT_LEFT, box.y + 28, "axv-part", "name"),
    text(
      box.x + box.width - TEXT_LEFT,
      box.y + 28,
      "stage 2 · interrupts · consoles and telemetry on the board's UART",
      "end dim",
    ),
  ];
}

function drawCpus(plan: Plan, { partition, cpus, x, width }: Group, top: number): string[] {
  const each = (width - GAP * (cpus.length - 1)) / cpus.length;
  return cpus.flatMap((cpu, at) => {
    const box = { x: x + at * (each + GAP), y: top, width: each, height: BAR_HEIGHT };
    const middle = box.x + each / 2;
    const job = [partition === null ? "spare" : `vCPU ${at}`, cpu === plan.housekeeper ? "housekeeping" : ""]
      .filter((part) => part !== "")
      .join(" · ");
    return [
      rectangle(box, partition === null ? "neutral" : hue(partition)),
      text(middle, top + 20, `pCPU ${cpu}`, "middle"),
      text(middle, top + 36, job, "middle dim"),
    ];
  });
}

interface Segment {
  readonly style: string;
  readonly label: string;
  readonly detail: string;
  /** Empty: not shown. */
  readonly address: string;
  readonly width: number;
}

interface Stretch {
  readonly pa: number;
  readonly end: number;
  readonly style: string;
  readonly label: string;
  readonly detail: string;
}

const FREE: Segment = { style: "free", label: "free", detail: "", address: "", width: SEGMENT_MIN };

function memorySegments(plan: Plan): Segment[] {
  const segments: Segment[] = [];
  const stretches = ownedStretches(plan);
  let at = stretches[0]?.pa;
  for (const { pa, end, style, label, detail } of stretches) {
    if (pa !== at) segments.push(FREE);
    const width = SEGMENT_MIN + SEGMENT_PER_DOUBLING * Math.log2((end - pa) / PAGE);
    segments.push({
      style,
      label,
      detail,
      address: hex(pa),
      width: Math.max(width, label.length * LETTER_WIDTH + TEXT_LEFT),
    });
    at = end;
  }
  return segments;
}

/** By PA. The image's real size is left out; see above. */
export function ownedStretches(plan: Plan): Stretch[] {
  const owned = new Map<number, Stretch>();
  plan.partitions.forEach(({ name, regions }, index) => {
    for (const { kind, pa, size, name: region, colours } of regions) {
      const stretch = { pa, end: pa + size, detail: formatSize(size) };
      if (kind === "ram" && colours !== undefined) {
        // All coloured partitions are in the same stretch.
        const before = owned.get(pa);
        const end = Math.max(before?.end ?? 0, pa + spreadOf(plan.cache, size, colours));
        const label = before === undefined ? name : `${before.label} + ${name}`;
        owned.set(pa, { pa, end, style: before === undefined ? hue(index) : "neutral", label, detail: "coloured" });
      } else if (kind === "ram") owned.set(pa, { ...stretch, style: hue(index), label: name });
      if (kind === "channel") owned.set(pa, { ...stretch, style: "neutral", label: region });
      if (kind === "mailbox") owned.set(pa, { ...stretch, style: hue(index), label: region });
    }
  });
  for (const { base, size, what } of plan.reserved)
    owned.set(base, { pa: base, end: base + size, style: "free", label: what, detail: formatSize(size) });
  const { base } = plan.image;
  const image = { pa: base, end: base + IMAGE_DRAWN_AS, style: "core", label: "hypervisor", detail: "with all images" };
  return [image, ...owned.values()].sort((a, b) => a.pa - b.pa);
}

const memoryEnd = (plan: Plan): string => hex(Math.max(...ownedStretches(plan).map(({ end }) => end)));

function drawMemory(segments: readonly Segment[], left: number, top: number, scale: number): string[] {
  let x = left;
  return segments.flatMap(({ style, label, detail, address, width }) => {
    const box = { x, y: top, width: Math.round(width * scale) - 3, height: MEMORY_HEIGHT };
    x += Math.round(width * scale);
    const middle = box.x + box.width / 2;
    return [
      rectangle(box, style, 3),
      text(middle, top + (detail === "" ? 30 : 21), label, detail === "" ? "middle dim" : "middle"),
      ...(detail === "" ? [] : [text(middle, top + 38, detail, "middle dim")]),
      ...(address === "" ? [] : [text(box.x, top + MEMORY_HEIGHT + 15, address, "mono")]),
    ];
  });
}
