// What is proven of an image: the one list. Each row is a sentence that holds or does not, tried by itself in
// test/prove/tampered.test.ts. What a row is about is what the core really did with the blob on the simulated board (reach.ts),
// never what the blob says alone.
import type { Board } from "../../boards/schema.ts";
import { GICC_SIZE } from "../../partitions/plan/aarch64/sizes.ts";
import { GUEST_FILE } from "../../partitions/plan/riscv64/sizes.ts";
import { BLOB_MAX_BYTES } from "../../partitions/blob/layout.table.ts";
import { isaOf } from "../../partitions/isas.ts";
import { common, contains, formatNumbers, formatSpan, gapsOf, hex, overlaps, PAGE } from "../../partitions/units.ts";
import type { Span } from "../../partitions/units.ts";
import { piecesOf } from "./declared.ts";
import type { Declared, Partition, Region } from "./declared.ts";
import type { KnownDevice } from "./devices.ts";
import { blobFindings, coreFindings, headerFindings, layoutFindings } from "./image.ts";
import type { Image, ReadImage } from "./image.ts";
import type { Reach, Stretch } from "./reach.ts";
import type { Shared } from "./shared.ts";

/** What is known once the core has set the machine up. */
export interface Running {
  readonly board: Board;
  readonly devices: readonly KnownDevice[];
  /** The board's own device tree was at hand, or the board has none. */
  readonly hasTree: boolean;
  readonly declared: Declared;
  /** In the order of the partitions. */
  readonly reaches: readonly Reach[];
  readonly shared: readonly Shared[];
}

export interface Row<Facts> {
  readonly sentence: string;
  /** What is against it: nothing, or a line each. */
  readonly find: (facts: Facts) => string[];
}
type Rows<Facts> = Readonly<Record<string, Row<Facts>>>;

const row = <Facts>(sentence: string, find: Row<Facts>["find"]): Row<Facts> => ({ sentence, find });

// What is an image is looked at first; if it is not what this tool makes, there is nothing to run.
export const CORE_CHECKS = {
  core: row("the core is, byte for byte, what this tool builds of its wasm", coreFindings),
} as const satisfies Rows<Image>;

export const FILE_CHECKS = {
  header: row("size and UART in the header are those of the file and of the blob", headerFindings),
  blob: row("each byte of the blob follows from what it says", blobFindings),
  layout: row("core, blob and loads lie where the packer puts them, and nothing else is in the file", layoutFindings),
} as const satisfies Rows<ReadImage>;

// Sentences of the two steps that are no tables of their own: the board is found (board.ts), and the core has run (host.ts).
export const BOARD_SENTENCE = "all that the blob says of the board is what its board.yaml says";
export const BOOT_SENTENCE = "the core takes the blob, and starts on the simulated board without doing what the board forbids";

/** Of a register that the hypervisor writes for a partition. */
const WORD = 4;
const NO_TREE = "without the board's device tree, which `axv-part plan` fetches, nothing";

const lineName = ({ board }: Running, line: number): string => isaOf(board).lineName(line);
const lineTitle = ({ board }: Running): string => isaOf(board).LINE_TITLE;
const nameOf = ({ partitions }: Declared, n: number): string => partitions[n]?.name ?? `partition ${n}`;
const span = ({ pa, size }: { readonly pa: number; readonly size: number }): Span => ({ base: pa, size });

/** For each partition. */
function each(running: Running, find: (partition: Partition, reach: Reach, n: number) => string[]): string[] {
  return running.declared.partitions.flatMap((partition, n) => {
    const reach = running.reaches[n];
    return reach === undefined ? [] : find(partition, reach, n).map((what) => `${nameOf(running.declared, n)}: ${what}`);
  });
}

interface Named extends Span {
  readonly what: string;
}

/** What partitions reach of some stretches that nobody may have; `allowed`: of these, what one may all the same. */
const within = (running: Running, forbidden: readonly Named[], allowed: (partition: Partition) => Span[] = () => []): string[] =>
  each(running, (partition, { memory }) =>
    gapsOf(memory.map(span), allowed(partition)).flatMap((part) => forbidden.flatMap((one) =>
      common(part, one).map((found) => `reaches ${formatSpan(found)}: ${one.what}`))));

/** As the walk has it: ascending, neighbours that continue each other joined. */
function expected(regions: readonly Region[], colourCount: number): Stretch[] {
  const pieces = regions.flatMap((region) => piecesOf(region, colourCount).map((piece): Stretch => ({
    ...piece, access: region.access, memory: region.kind === "device" ? "Device" : "Normal",
  })));
  const joined: Stretch[] = [];
  for (const piece of pieces.sort((a, b) => a.ipa - b.ipa)) {
    const last = joined.at(-1);
    const continues = last !== undefined && last.ipa + last.size === piece.ipa && last.pa + last.size === piece.pa
      && last.access === piece.access && last.memory === piece.memory;
    if (continues) joined[joined.length - 1] = { ...last, size: last.size + piece.size };
    else joined.push(piece);
  }
  return joined;
}

const shown = ({ ipa, pa, size, access, memory }: Stretch): string =>
  `${hex(ipa)} → ${formatSpan({ base: pa, size })} ${access} ${memory}`;

function asDeclared({ regions }: Partition, { memory }: Reach, colourCount: number): string[] {
  const wanted = new Set(expected(regions, colourCount).map(shown));
  const found = new Set(memory.map(shown));
  return [
    ...[...found].filter((one) => !wanted.has(one)).map((one) => `reaches ${one}, which the blob does not say`),
    ...[...wanted].filter((one) => !found.has(one)).map((one) => `does not reach ${one}, which the blob says`),
  ];
}

/** What it is that the hypervisor drives; a CPU interface in memory, or an interrupt file, is its guests' own. */
function hypervisorDevices({ board, devices }: Running): Named[] {
  const driven = isaOf(board).framesOf(board).map(({ what, span: { base, size } }) => ({ base, size, what }));
  const ruling = devices.filter(({ rules }) => rules);
  return [
    ...driven,
    ...ruling.flatMap(({ name, pages }) => pages.map((page) => ({ ...page, what: name }))),
    { base: board.uart.reg, size: PAGE, what: "the hypervisor's UART" },
    ...(board.watchdog === undefined ? [] : [{ base: board.watchdog.reg, size: PAGE, what: "the board's watchdog" }]),
  ];
}

/**
 * Of a GICv2: GICV of an injected partition, GICC without its second page (GICC_DIR) of a direct one. Of AIA: of a direct one's
 * own harts the guest's interrupt file, which is a page.
 */
function ownInterface(board: Board, { direct, cpus }: Partition): Span[] {
  if (board.isa === "riscv64") {
    const { imsic, cpus: { harts } } = board;
    return (direct ? cpus : []).map((cpu) =>
      ({ base: imsic.base + (harts[cpu] ?? 0) * imsic.stride + GUEST_FILE * PAGE, size: PAGE }));
  }
  if (board.gic.version !== 2) return [];
  const { gic } = board;
  return direct ? [{ base: gic.gicc, size: PAGE }] : [{ base: gic.gicv, size: GICC_SIZE }];
}

/** IPAs of its RAM. */
const ownRam = ({ regions }: Partition): Span[] =>
  regions.flatMap(({ kind, ipa, size }) => (kind === "ram" ? [{ base: ipa, size }] : []));

function lineOwners({ reaches }: Running): Map<number, number[]> {
  const owners = new Map<number, number[]>();
  reaches.forEach(({ lines }, n) => lines.forEach((line) => owners.set(line, [...(owners.get(line) ?? []), n])));
  return owners;
}

/** A device's registers and its interrupts are in one partition. */
function deviceFindings(running: Running): string[] {
  const { board, devices, reaches, declared } = running;
  const { of: lineOf } = isaOf(board).linesOf(board);
  const owners = lineOwners(running);
  return devices.flatMap(({ name, pages, spis }) => {
    const drive = reaches.flatMap(({ memory }, n) =>
      memory.some((stretch) => pages.some((page) => overlaps(page, span(stretch)))) ? [n] : []);
    const hear = spis.flatMap((spi) => owners.get(lineOf(spi)) ?? []);
    const all = [...new Set([...drive, ...(drive.length > 0 ? hear : [])])];
    return all.length > 1 ? [`${name} is in ${all.map((n) => nameOf(declared, n)).join(" and in ")}`] : [];
  });
}

function channelFindings({ declared, reaches }: Running): string[] {
  const endOf = (n: number, ipa: number): string => {
    const found = reaches[n]?.memory.find((stretch) => stretch.ipa <= ipa && ipa < stretch.ipa + stretch.size);
    return found === undefined ? "" : hex(found.pa + ipa - found.ipa);
  };
  return declared.partitions.flatMap(({ channels }, n) => channels.flatMap(({ ipa, size, peer }, at) => {
    const ends = (declared.partitions[peer]?.channels ?? []).filter((other) =>
      other.peer === n && other.size === size && endOf(peer, other.ipa) === endOf(n, ipa));
    const isJoined = peer !== n && ends.length === 1;
    return isJoined ? [] : [`channel ${at} of ${nameOf(declared, n)} has ${ends.length} ends in ${nameOf(declared, peer)}`];
  }));
}

function pcpuFindings({ declared, reaches }: Running): string[] {
  const vmids = reaches.map(({ pcpus }) => [...new Set(pcpus.map(({ vmid }) => vmid))]);
  const runsOn = (cpu: number): number[] =>
    reaches.flatMap(({ pcpus }, n) => (pcpus.some(({ pcpu }) => pcpu === cpu) ? [n] : []));
  const owners = declared.cpus.map((_, cpu) => runsOn(cpu));
  const names = (all: readonly number[]): string => all.map((n) => nameOf(declared, n)).join(" and ");
  return [
    ...owners.flatMap((all, cpu) => (all.length > 1 ? [`pCPU ${cpu} runs ${names(all)}`] : [])),
    ...declared.cpus.flatMap(({ partition = 0 }, cpu) =>
      (partition < Math.max(1, reaches.length) ? [] : [`pCPU ${cpu} runs partition ${partition}, which there is not`])),
    ...(reaches.length === 0 ? ["there is no partition"] : []),
    ...declared.partitions.flatMap(({ name, cpus }, n) => {
      const own = reaches[n]?.pcpus.map(({ pcpu }) => pcpu) ?? [];
      return String(own) === String(cpus) ? [] : [`${name} says that it has the pCPUs ${cpus.join()}, and runs on ${own.join()}`];
    }),
    ...vmids.flatMap((own, n) =>
      (own.length === 1 && own[0] !== 0 ? [] : [`${nameOf(declared, n)} has the VMIDs ${own.join()}`])),
    ...vmids.flatMap(([own], n) => {
      const twin = vmids.findIndex(([other]) => other === own);
      return twin < n ? [`${nameOf(declared, twin)} and ${nameOf(declared, n)} have one VMID`] : [];
    }),
  ];
}

export const CHECKS = {
  tried: row("every partition runs, and its tables can be walked", (running) =>
    each(running, (_, { failed }) => (failed === undefined ? [] : [failed]))),
  pcpus: row("a pCPU runs the vCPU of one partition, which has a VMID of its own", pcpuFindings),
  "stage-2": row("each pCPU of a partition translates by that one's stage 2, and is under the hypervisor's control", (running) =>
    each(running, (_, { pcpus }) => {
      const roots = new Set(pcpus.map(({ root }) => root));
      const loose = pcpus.filter(({ controlled }) => !controlled).map(({ pcpu }) => `pCPU ${pcpu} is not under control`);
      return [...loose, ...(roots.size === 1 ? [] : [`its pCPUs have ${roots.size} different tables`])];
    })),
  tables: row("translation tables lie in the hypervisor's memory", (running) => {
    const { imageBase, hypervisorSize } = running.declared;
    const own = { base: imageBase, size: hypervisorSize };
    return each(running, (_, { tables }) =>
      tables.flatMap((table) => (contains(own, span(table)) ? [] : [`has a table at ${hex(table.pa)}`])));
  }),
  memory: row("a partition reaches what the blob says of it, and nothing else", (running) =>
    each(running, (partition, reach) => asDeclared(partition, reach, running.declared.colourCount))),
  pages: row("no page is reached by two partitions, but for the ends of a declared channel", ({ shared, declared }) =>
    shared.flatMap(({ between: [a, b], why, ...one }) =>
      (why === undefined ? [`${formatSpan(one)} is reached by ${nameOf(declared, a)} and ${nameOf(declared, b)}`] : []))),
  channels: row("a declared channel joins two partitions, and both have the same pages", channelFindings),
  hypervisor: row("nothing of the hypervisor's memory is reached: code, tables, stacks, data, images", (running) => {
    const { imageBase, hypervisorSize, staging } = running.declared;
    return within(running, [
      { base: imageBase, size: hypervisorSize + BLOB_MAX_BYTES, what: "the hypervisor's memory" },
      ...staging.map((span) => ({ ...span, what: "the memory for new images" })),
    ]);
  }),
  "hypervisor-devices": row(
    "nothing of the interrupt controller, of what steers messages and DMA, nor of the hypervisor's UART is reached",
    (running) => within(running, hypervisorDevices(running), (partition) => ownInterface(running.board, partition)),
  ),
  firmware: row("nothing of the RAM that firmware keeps is reached", (running) =>
    within(running, running.board.reserved)),
  kinds: row("what is mapped as memory is RAM of the board, and what is mapped as a device is none", (running) =>
    each(running, (_, { memory }) => memory.flatMap((stretch) => {
      const isRam = gapsOf([span(stretch)], running.board.ram).length === 0;
      const touches = running.board.ram.some((bank) => overlaps(bank, span(stretch)));
      const isRight = stretch.memory === "Normal" ? isRam : stretch.memory === "Device" && !touches;
      return isRight ? [] : [`${shown(stretch)} is ${touches ? "RAM" : "no RAM"}`];
    }))),
  execute: row("only memory that a partition shares with nobody is executed", (running) =>
    each(running, (partition, { memory }) => memory.filter(({ access }) => access.includes("x"))
      .flatMap(({ ipa, size }) => gapsOf([{ base: ipa, size }], ownRam(partition)))
      .map((gap) => `executes IPA ${formatSpan(gap)}, which is no memory of its own alone`))),
  devices: row("registers that are reached are those of a device that board.yaml or the board's tree tells of", (running) => {
    const known = running.devices.flatMap(({ pages }) => pages);
    return each(running, (partition, { memory }) => memory.filter((stretch) => stretch.memory === "Device")
      .flatMap((stretch) => gapsOf([span(stretch)], [...known, ...ownInterface(running.board, partition)]))
      .map((gap) => `reaches ${formatSpan(gap)}, and ${running.hasTree ? "nothing" : NO_TREE} says what is there`));
  }),
  "device-owner": row("a device's registers and interrupts are in one partition", deviceFindings),
  silences: row("what is written when a partition stops is a register of a device of its own", (running) =>
    each(running, (partition, { memory }) => partition.silenced.flatMap((pa) => {
      const own = gapsOf(memory.filter((one) => one.memory === "Device").map(span), ownInterface(running.board, partition));
      return own.some((part) => contains(part, { base: pa, size: WORD })) ? [] : [`${hex(pa)} is written`];
    }))),
  loads: row("what is copied at a partition's start goes into memory that it shares with nobody", (running) =>
    each(running, (partition) => gapsOf(partition.loaded, ownRam(partition)).map((gap) => `IPA ${formatSpan(gap)} is written`))),
  interrupts: row("no interrupt is reached by two partitions", (running) =>
    [...lineOwners(running)].flatMap(([line, all]) => (all.length > 1
      ? [`${lineName(running, line)} is reached by ${all.map((n) => nameOf(running.declared, n)).join(" and ")}`] : []))),
  lines: row("a partition reaches the interrupts that the blob says of it, and no other", (running) =>
    each(running, ({ lines, hears }, reach) => {
      const more = reach.lines.filter((line) => !lines.includes(line));
      const less = hears ? lines.filter((line) => !reach.lines.includes(line)) : [];
      return [
        ...(more.length > 0 ? [`reaches ${lineTitle(running)}s ${formatNumbers(more)}, which the blob does not say`] : []),
        ...(less.length > 0 ? [`does not reach ${lineTitle(running)}s ${formatNumbers(less)}, which the blob says`] : []),
      ];
    })),
  targets: row("a partition's interrupts go to its own pCPUs, wherever it sends them", (running) =>
    each(running, ({ cpus }, { targets }) => [...targets].flatMap(([line, all]) => {
      const foreign = all.filter((pcpu) => !cpus.includes(pcpu));
      return foreign.length > 0 ? [`sends ${lineName(running, line)} to pCPUs ${foreign.join()}`] : [];
    }))),
  others: row("no vCPU does anything to a pCPU of others, nor by firmware: by its calls, IPIs, private interrupts", (running) =>
    each(running, (_, { disturbs }) => disturbs.map(({ vcpu, by, what }) => `vCPU ${vcpu} reaches ${what} by ${by}`))),
  doorbells: row("a partition rings at the other ends of its channels, and nowhere else", (running) =>
    each(running, ({ channels }, { rings }) => {
      const heard = (peer: number): boolean => running.declared.partitions[peer]?.hears !== false;
      const wanted = channels.map(({ doorbell, peer }, n) => ({ line: `${n} rings ${lineName(running, doorbell)}`, peer }));
      const found = rings.map(({ channel, line }) => `${channel} rings ${lineName(running, line)}`);
      const foreign = channels.filter(({ peer, doorbell }) =>
        heard(peer) && running.reaches[peer]?.lines.includes(doorbell) !== true);
      return [
        ...found.filter((one) => wanted.every(({ line }) => line !== one))
          .map((one) => `channel ${one}, which the blob does not say`),
        ...wanted.filter(({ line, peer }) => heard(peer) && !found.includes(line))
          .map(({ line }) => `channel ${line} by the blob, and does not`),
        ...foreign.map(({ doorbell, peer }) => `${lineName(running, doorbell)} is none of ${nameOf(running.declared, peer)}`),
      ];
    })),
  inits: row("what is written before any guest starts are registers that board.yaml allows", ({ board, declared }) =>
    declared.inits.flatMap(({ pa }) => {
      const register = { base: pa, size: WORD };
      return board.init_registers.some((allowed) => contains(allowed, register)) ? [] : [`${hex(pa)} is written`];
    })),
} as const satisfies Rows<Running>;

