// A board.yaml beside a device tree: whatever both say, and say differently. What a tree says nothing of is not compared, nor is
// what a board.yaml leaves out.
import { redistributorsOf } from "../../boards/aarch64.ts";
import type { Aarch64Board, Board, Device, Spi } from "../../boards/schema.ts";
import { boardDiffers } from "../../partitions/diagnostics/catalogue.ts";
import type { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { isCompatible, stringsOf } from "../../partitions/devicetree/properties.ts";
import { GICR_SIZE } from "../../partitions/plan/aarch64/sizes.ts";
import type { Path } from "../../partitions/source/path.ts";
import type { Span } from "../../partitions/units.ts";
import { common, contains, formatSpan, gapsOf, hex } from "../../partitions/units.ts";
import { pmuOf, timersOf } from "./clocks.ts";
import { cachesOf, conduitOf, psciOf } from "./cpus.ts";
import { devicesOf } from "./devices.ts";
import type { DeviceFacts } from "./devices.ts";
import { gicOf, STRIDE } from "./gic.ts";
import { ramOf, reservedOf } from "./memory.ts";
import type { RiscvTree } from "./riscv64/tree.ts";
import type { Tree } from "./tree.ts";
import { uartAt } from "./uart.ts";
import { WATCHDOGS } from "./watchdog.ts";

/** `file`, `tree`: what each says. */
export type Differ = (at: Path, what: string, file: string, tree: string, remedy?: string) => void;

export const differing = (findings: Findings): Differ =>
  (at, what, file, says, remedy = `write ${says}, or compare with the board's own tree`) => {
    if (file !== says) findings.report(at, boardDiffers(what, file, says, remedy));
  };

/** How the ISA's files have lines: their key, and what they are called. */
export interface LineWords {
  readonly key: "spi" | "source";
  readonly one: string;
}
const SPI: LineWords = { key: "spi", one: "SPI" };

export function compareBoard(board: Aarch64Board, tree: Tree, findings: Findings): void {
  const differ = differing(findings);
  comparePcpus(board, tree, differ);
  compareGic(board, tree, differ);
  comparePrivate(board, tree, differ);
  compareShared(board, tree, [tree.gicNode], SPI, differ);
}

type AnyTree = Pick<Tree | RiscvTree, "isa" | "fdt" | "places" | "interrupts">;

/** What boards of all ISAs have. `own`: nodes that the hypervisor drives. */
export function compareShared(board: Board, tree: AnyTree, own: readonly FdtNode[], words: LineWords, differ: Differ): void {
  const uart = tree.places.all.find((node) => tree.places.windowsOf(node)?.[0]?.base === board.uart.reg);
  compareUart(board, tree, uart, words, differ);
  compareMemory(board, tree, differ);
  compareMatches(board, tree, differ);
  compareDevices(board, devicesOf(tree, [...own, ...ownWatchdog(board, tree, differ)], uart), words, differ);
}

/** The node that the hypervisor's is in the tree. */
function ownWatchdog({ watchdog }: Board, { places }: AnyTree, differ: Differ): FdtNode[] {
  if (watchdog === undefined) return [];
  const found = places.all.find(
    (node) => places.windowsOf(node)?.[0]?.base === watchdog.reg && isCompatible(node, WATCHDOGS[watchdog.kind]),
  );
  const none = `no ${WATCHDOGS[watchdog.kind]} there`;
  if (found === undefined) differ(["watchdog", "reg"], "the watchdog", hex(watchdog.reg), none, LEAVE_OUT);
  return found === undefined ? [] : [found];
}

export const NOTHING = "nothing";
export const LEAVE_OUT = "leave it out, or compare with the board's own tree";
export const listed = (numbers: readonly number[]): string => `[${numbers.join(", ")}]`;

function comparePcpus({ cpus: { mpidr, compatible, caches }, boot }: Aarch64Board, tree: Tree, differ: Differ): void {
  const { cpus, places } = tree;
  for (const [cpu, affinity] of mpidr.entries()) {
    const at = cpus.mpidr.indexOf(affinity);
    if (at < 0) differ(["cpus", "mpidr", cpu], `pCPU ${cpu}`, hex(affinity), "no such pCPU", LEAVE_OUT);
    else differ(["cpus", "compatible"], `the model of pCPU ${cpu}`, compatible[cpu] ?? NOTHING, cpus.compatible[at] ?? NOTHING);
  }
  for (const affinity of cpus.mpidr.filter((each) => !mpidr.includes(each)))
    differ(["cpus", "mpidr"], "a pCPU", "no such pCPU", hex(affinity), `list ${hex(affinity)}, too`);
  compareCaches(caches, cachesOf(places, cpus), differ);
  if (psciOf(places) !== undefined) differ(["boot", "conduit"], "the conduit of PSCI", boot.conduit, conduitOf(places, cpus));
}

export function compareCaches(caches: Board["cpus"]["caches"], known: ReturnType<typeof cachesOf>, differ: Differ): void {
  if (!Array.isArray(known)) return;
  const written = Array.isArray(caches) ? caches : [];
  for (const { level, kind, sets, ways, line } of known) {
    const mine = written.find((each) => each.level === level && each.kind === kind);
    const shape = mine === undefined ? NOTHING : `${mine.sets} sets, ${mine.ways} ways, lines of ${mine.line}`;
    differ(["cpus", "caches"], `the ${kind} cache of level ${level}`, shape, `${sets} sets, ${ways} ways, lines of ${line}`);
  }
}

function compareGic({ gic, cpus: { mpidr }, spare_spis: [first, last] }: Aarch64Board, tree: Tree, differ: Differ): void {
  const { places, gicNode, interrupts, cpus } = tree;
  const { gic: theirs, regions } = gicOf(places, gicNode, interrupts, cpus.nodes.length);
  differ(["gic", "version"], "the GIC's version", String(gic.version), String(theirs.version));
  if (gic.version === theirs.version) {
    const mine = new Map<string, unknown>(Object.entries(gic));
    const said = (value: unknown): string => (typeof value === "number" ? hex(value) : NOTHING);
    for (const [key, value] of Object.entries(theirs))
      if (!["spis", "gicr"].includes(key) && (key !== "gicr_stride" || gicNode.properties.has(STRIDE)))
        differ(["gic", key], key.toUpperCase(), said(mine.get(key)), said(value));
    // Their order, and what lies between them, no tree tells.
    for (const gicr of redistributorsOf(gic, mpidr.length)) {
      const isThere = regions.some((region) => contains(region, { base: gicr, size: GICR_SIZE }));
      if (!isThere) differ(["gic", "gicr"], "a GICR", hex(gicr), regions.map(formatSpan).join(", "));
    }
  }
  if (gic.spis < theirs.spis)
    differ(["gic", "spis"], "SPIs", String(gic.spis), `${theirs.spis} at least`, `write ${theirs.spis}`);
  const used = [...interrupts.used()].filter((spi) => spi >= first && spi <= last).sort((a, b) => a - b);
  if (used.length > 0)
    differ(["spare_spis"], "spare SPIs", `${first} to ${last}`, `${listed(used)} have a use`, "give others as `spare_spis`");
}

function comparePrivate(board: Aarch64Board, { places, interrupts, cpus }: Tree, differ: Differ): void {
  const { timer, counterHz } = timersOf(places, interrupts);
  const mine = new Map<string, number>(Object.entries(board.timer));
  for (const [key, ppi] of Object.entries(timer))
    differ(["timer", key], `the PPI of the ${key} timer`, String(mine.get(key)), String(ppi));
  if (counterHz !== undefined && board.counter_hz !== undefined)
    differ(["counter_hz"], "CNTFRQ_EL0", String(board.counter_hz), String(counterHz));
  // In the order of the file's pCPUs.
  const nodes = board.cpus.mpidr.flatMap((affinity) => cpus.nodes[cpus.mpidr.indexOf(affinity)] ?? []);
  const pmu = nodes.length === board.cpus.mpidr.length ? pmuOf(places, interrupts, { ...cpus, nodes }) : undefined;
  if (pmu !== undefined) differ(["pmu"], "the PMU's interrupt", wired(board.pmu), wired(pmu));
}

const wired = (pmu: Aarch64Board["pmu"]): string =>
  pmu === undefined ? NOTHING : typeof pmu === "number" ? `PPI ${pmu}` : `SPIs ${listed(pmu.spis)}`;

function compareUart(
  { uart }: Board, { places, interrupts }: AnyTree, node: FdtNode | undefined, { key: line }: LineWords, differ: Differ,
): void {
  if (node === undefined) {
    differ(
      ["uart", "reg"],
      "the UART",
      hex(uart.reg),
      "no node is there",
      "look for /chosen/stdout-path in the board's own tree",
    );
    return;
  }
  const { uart: theirs, clockUnknown } = uartAt(places, interrupts, node);
  const mine = new Map<string, string | number | undefined>(Object.entries(uart));
  for (const [name, value] of Object.entries(theirs)) {
    const key = name === "spi" ? line : name;
    const isUnsaid = key === "baud" || (key === "clock_hz" && clockUnknown);
    if (!isUnsaid) differ(["uart", key], `the UART's ${key}`, String(mine.get(key) ?? NOTHING), String(value));
  }
}

function compareMemory({ ram, reserved }: Board, { places, fdt }: AnyTree, differ: Differ): void {
  const theirs = ramOf(places);
  for (const [bank, span] of ram.entries()) {
    const isThere = theirs.length === 0 || theirs.some((each) => contains(each, span));
    if (!isThere) differ(["ram", bank], "RAM", formatSpan(span), theirs.map(formatSpan).join(", "), "write what both have");
  }
  for (const { what, ...span } of reservedOf(places, fdt)) {
    // What of it is RAM, and is not kept.
    const open = gapsOf(ram, reserved).flatMap((free) => common(free, span));
    for (const piece of open)
      differ(
        ["reserved"],
        `memory of firmware's (${what})`,
        "nothing",
        formatSpan(piece),
        `add ${formatSpan(piece)} to \`reserved\``,
      );
  }
}

function compareMatches({ match }: Board, { places }: AnyTree, differ: Differ): void {
  for (const [index, row] of match.entries()) {
    const node = places.byPath(row.path);
    const strings = node?.properties.has(row.property) === true ? stringsOf(node, row.property) : undefined;
    const says = strings === undefined ? NOTHING : strings.map((each) => JSON.stringify(each)).join(", ");
    const wanted = "absent" in row ? NOTHING : JSON.stringify("has" in row ? row.has : row.is);
    const holds = "absent" in row ? strings === undefined : "has" in row ? strings?.includes(row.has) === true : says === wanted;
    if (!holds)
      differ(
        ["match", index],
        `\`${row.property}\` of ${row.path}`,
        wanted,
        says,
        "this is another board's tree, or another firmware's",
      );
  }
}

function compareDevices({ devices }: Board, theirs: readonly DeviceFacts[], words: LineWords, differ: Differ): void {
  const byPath = new Map(theirs.map((device) => [device.path, device]));
  const byPlace = new Map(theirs.map((device) => [device.windows[0]?.base, device]));
  for (const [name, device] of Object.entries(devices)) {
    const at = ["devices", name];
    const found = device.path === undefined ? byPlace.get(device.windows[0].base) : byPath.get(device.path);
    if (found === undefined) differ(at, `"${name}"`, device.path ?? hex(device.windows[0].base), "no such device", LEAVE_OUT);
    else compareDevice(at, name, device, found, words, differ);
  }
}

function compareDevice(
  at: Path, name: string, mine: Device, theirs: DeviceFacts, { key, one }: LineWords, differ: Differ,
): void {
  const windows = (spans: readonly Span[]): string => spans.map(formatSpan).join(", ");
  differ([...at, "reg"], `the registers of "${name}"`, windows(mine.windows), windows(theirs.windows));
  const lines = (spis: readonly Spi[]): string => listed(spis.map(({ spi }) => spi));
  differ([...at, key], `the ${one}s of "${name}"`, lines(mine.spis), lines(theirs.spis));
  for (const { spi, trigger } of theirs.spis) {
    const known = mine.spis.find((each) => each.spi === spi);
    if (known !== undefined && !(known.trigger === "edge" && mine.compatible.some((model) => RAISED_ANEW.includes(model))))
      differ(at, `the trigger of ${one} ${spi} of "${name}"`, known.trigger, trigger);
  }
  differ(at, `the node of "${name}"`, mine.node, theirs.node);
  differ(at, `"${name}" is compatible`, mine.compatible.join(", "), theirs.compatible.join(", "));
  differ(at, `the coherence of "${name}"`, coherence(mine.dma_coherent), coherence(theirs.coherent));
  differ(at, `clocks of "${name}" that are the UART's`, mine.clock_names.join(", "), theirs.clockNames.join(", "));
}

/** They raise their line anew for each notification that has been acknowledged: whatever a tree says, edges are enough. */
const RAISED_ANEW = ["virtio,mmio"];
const coherence = (isCoherent: boolean): string => (isCoherent ? "dma-coherent" : "not dma-coherent");
