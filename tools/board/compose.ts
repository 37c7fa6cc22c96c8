// A board.yaml of a device tree: what the tree says, and where it says nothing what is likely, with a remark.
import { matched } from "../../boards/firmware.ts";
import { boardSchema } from "../../boards/schema.ts";
import { FRAME } from "../../boards/limits.ts";
import { gicFrames } from "../../partitions/check/aarch64/facts.ts";
import { checkBoard } from "../../partitions/check/board.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { Source } from "../../partitions/diagnostics/diagnostic.ts";
import { stringsOf } from "../../partitions/devicetree/properties.ts";
import { readWhole } from "../../partitions/source/fields.ts";
import type { Span } from "../../partitions/units.ts";
import { formatSize } from "../../partitions/units.ts";
import { pmuOf, timersOf } from "./clocks.ts";
import { cachesOf, conduitOf } from "./cpus.ts";
import { devicesOf, usable } from "./devices.ts";
import type { DeviceFacts, LeftOut } from "./devices.ts";
import { BoardError } from "./errors.ts";
import type { AnyFile, BoardFile } from "./file.ts";
import { gicOf } from "./gic.ts";
import { memoryOf, ramOf, reservedOf } from "./memory.ts";
import type { MemoryFacts } from "./memory.ts";
import type { Tree } from "./tree.ts";
import { uartOf } from "./uart.ts";
import { watchdogOf } from "./watchdog.ts";

export interface Composed<File extends AnyFile = BoardFile> {
  readonly board: File;
  /** By the key that it is about: what was judged. */
  readonly remarks: ReadonlyMap<string, string>;
  readonly leftOut: readonly LeftOut[];
  /** Names of those that are on in the tree. */
  readonly inUse: ReadonlySet<string>;
}

/** PMU events that count refills of the last cache (DDI 0487, D12.11): L3D_CACHE_REFILL, L2D_CACHE_REFILL. */
const REFILLS_L3 = 0x2a;
const REFILLS_L2 = 0x17;

/** `ram`: goes before the tree's. */
export function compose(tree: Tree, ram: readonly Span[]): Composed {
  const { fdt, places, interrupts, gicNode } = tree;
  const conduit = conduitOf(places, tree.cpus);
  const { gic, spares, repeated, reached } = gicOf(places, gicNode, interrupts, tree.cpus.nodes.length);
  const count = Math.min(tree.cpus.nodes.length, reached);
  const cpus = { ...tree.cpus, nodes: tree.cpus.nodes.slice(0, count), mpidr: tree.cpus.mpidr.slice(0, count) };
  const models = tree.cpus.compatible.slice(0, count);
  const [model = ""] = models;
  const { timer, counterHz } = timersOf(places, interrupts);
  const pmu = pmuOf(places, interrupts, cpus);
  const { uart, node: uartNode, clockUnknown } = uartOf(places, interrupts);
  const found = watchdogOf(places);
  const memory = memoryOf(ram.length > 0 ? ram : ramOf(places), reservedOf(places, fdt));
  const caches = cachesOf(places, cpus);
  const last = Array.isArray(caches) ? Math.max(...caches.map(({ level }) => level)) : 0;
  const [compatible] = stringsOf(places.root, "compatible");

  const unfilled: BoardFile = {
    name: nameOf(compatible),
    description: describe(tree, models, `GICv${gic.version}`, memory.ram),
    isa: "aarch64",
    cpus: {
      compatible: models.every((each) => each === model) ? model : models,
      mpidr: [...cpus.mpidr],
      caches,
      refill_event: last === 3 ? REFILLS_L3 : REFILLS_L2,
    },
    ...banksOf(memory),
    gic,
    timer,
    ...(counterHz === undefined ? {} : { counter_hz: counterHz }),
    ...(pmu === undefined ? {} : { pmu }),
    uart,
    ...(found === undefined ? {} : { watchdog: found.watchdog }),
    spare_spis: [...spares],
    boot: { image: memory.image, conduit },
    ...matchOf(compatible),
    device_kinds: {},
    devices: {},
  };
  const { devices, leftOut } = usable(
    devicesOf(tree, [gicNode, uartNode, ...(found === undefined ? [] : [found.node])], uartNode),
    [
      ...[...memory.ram, ...gicFrames({ gic, cpus }).map(({ span }) => span), { base: uart.reg, size: FRAME }],
      ...(found === undefined ? [] : [{ base: found.watchdog.reg, size: FRAME }]),
    ],
    new Set([uart.spi, ...(typeof pmu === "object" ? pmu.spis : [])]),
  );
  const board = { ...unfilled, ...kindsOf(devices, (spi) => ({ spi })) };
  holdSound(board);
  return {
    board,
    remarks: new Map([
      ...remark("cpus", tree.cpus.more > 0, `the first 8 of ${tree.cpus.more + tree.cpus.nodes.length}`),
      ...remark("cpus", count < tree.cpus.nodes.length, "those that there are redistributors for"),
      ...remark("ram", memory.more > 0, `without ${memory.more} smaller banks`),
      ...remark("reserved", memory.given > 0, `with ${memory.given} stretches between others, which are too many`),
      ...remark(
        "gic",
        repeated,
        "each page of GICC and GICV is repeated 16 times: from the last repetition on the next one follows",
      ),
      ...remark("uart", clockUnknown, "the tree does not say how fast its clock is; baud: is left as firmware has set it"),
      ...remark("watchdog", found?.clockUnknown === true, "the tree does not say how fast its clock is"),
      ...remark("pmu", pmu === undefined, "pmu: the tree does not say how each pCPU's is wired"),
      ["spare_spis", "that no node of the tree has"],
      ["image", "near the begin of the largest stretch of RAM: firmware has to load it there"],
    ]),
    leftOut,
    inUse: new Set(devices.filter(({ isOn }) => isOn).map(({ name }) => name)),
  };
}

/** Where nothing is of what is found: nothing of it is written yet. */
const UNWRITTEN: Source = { file: "", locate: () => ({ line: 1, column: 1 }) };

/** Throws BoardError where the file would be refused. */
export function holdSound(file: AnyFile): void {
  const mistakes = new Findings(UNWRITTEN);
  const board = readWhole(boardSchema(file.isa), file, mistakes);
  if (board !== undefined) checkBoard(board, mistakes);
  const [first] = mistakes.sorted;
  if (board === undefined || first !== undefined) throw new BoardError("AXV_BOARD_FACTS", first?.message ?? "");
}

export const remark = (key: string, holds: boolean, text: string): [string, string][] => (holds ? [[key, text]] : []);

/** Whose board it is, as board.yaml's `match:` has it; nothing where the tree's own word for it is none. */
export const matchOf = (compatible: string | undefined) =>
  compatible === undefined || !matched.safeParse(compatible).success
    ? {}
    : { match: [{ path: "/", property: "compatible", has: compatible }] };

/** RAM, and what of it firmware keeps, if it keeps some; copies, for they are written to a file. */
export const banksOf = ({ ram, reserved }: MemoryFacts) => ({
  ram: ram.map((bank) => ({ ...bank })),
  ...(reserved.length > 0 ? { reserved: reserved.map((span) => ({ ...span })) } : {}),
});

const NAME_MAX = 63;
export const nameOf = (compatible = ""): string => {
  const plain = compatible
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, NAME_MAX)
    .replace(/-$/, "");
  return plain === "" ? "board" : plain;
};

/** "Firefly Station P2, 4 × cortex-a55, GICv3, 4G" */
export function describe(
  { places }: Pick<Tree, "places">, models: readonly string[], controller: string, ram: readonly Span[],
): string {
  const kinds = new Map<string, number>();
  for (const model of models) kinds.set(model, (kinds.get(model) ?? 0) + 1);
  const cpus = [...kinds].map(([model, count]) => `${count} × ${model.replace(/^[^,]*,/, "")}`).join(" + ");
  const total = ram.reduce((sum, { size }) => sum + size, 0);
  const [board = "a board"] = stringsOf(places.root, "model");
  return `${board.replace(/[\0-\x1f\x7f]/g, " ")}, ${cpus}, ${controller}, ${formatSize(total)}`;
}

interface Place {
  readonly kind: string;
  readonly reg: number | number[];
  readonly path: string;
}

/** Devices that have all but their place in common are of one kind. `lines`: as the ISA's files have their interrupts. */
export function kindsOf<Lines>(
  devices: readonly DeviceFacts[], lines: (numbers: number | number[]) => Lines,
): { device_kinds: BoardFile["device_kinds"]; devices: Record<string, Place & Lines> } {
  const names = new Map<string, string>();
  const kinds: BoardFile["device_kinds"] = {};
  const places: Record<string, Place & Lines> = {};
  for (const { name, path, node, compatible, windows, spis, dma, coherent, clockNames } of devices) {
    const sizes = windows.map(({ size }) => size);
    const triggers = spis.map(({ trigger }) => trigger);
    const [first = "level"] = triggers;
    const kind = {
      size: oneOrAll(sizes),
      trigger: triggers.every((each) => each === first) ? first : triggers,
      dma,
      node,
      compatible: [...compatible],
      dma_coherent: coherent,
      ...(clockNames.length > 0 ? { clock_names: [...clockNames] } : {}),
    };
    const key = JSON.stringify(kind);
    const known = names.get(key) ?? freeName(kinds, nameOf(compatible[0]?.replace(/^[^,]*,/, "")));
    names.set(key, known);
    kinds[known] = kind;
    const reg = oneOrAll(windows.map(({ base }) => base));
    places[name] = { kind: known, reg, ...lines(oneOrAll(spis.map(({ spi }) => spi))), path };
  }
  return { device_kinds: kinds, devices: places };
}

const oneOrAll = (all: readonly number[]): number | number[] => {
  const [one] = all;
  return one !== undefined && all.length === 1 ? one : [...all];
};

function freeName(taken: Readonly<Record<string, unknown>>, wanted: string): string {
  if (!Object.hasOwn(taken, wanted)) return wanted;
  for (let n = 2; ; n++) {
    const name = `${wanted.slice(0, NAME_MAX - 5)}-${n}`;
    if (!Object.hasOwn(taken, name)) return name;
  }
}
