// Where the core's wasm runs for the proof: the simulated machine (tools/machine) of the board, with the image in its memory. It
// boots there as on the board, and so builds its tables; what a board would answer with a fault ends it. Guests are entered, and
// execute nothing.
import type { Board } from "../../boards/schema.ts";
import { COMMAND_START, FRAME_COMMAND } from "../../core/abi.ts";
import { numbered } from "../../industrial/link/commands.ts";
import { encodeFrame } from "../../industrial/link/frame.ts";
import { writeFdt } from "../../partitions/devicetree/fdt.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { alignDown, gapsOf, PAGE, pagesOf } from "../../partitions/units.ts";
import type { Span } from "../../partitions/units.ts";
import type { BoardFacts, Contents } from "../machine/board.ts";
import { MachineError } from "../machine/errors.ts";
import type { Machine } from "../machine/machine.ts";
import type { Range } from "../machine/memory.ts";
import type { Core } from "./core.ts";
import { piecesOf } from "./declared.ts";
import type { Declared, RegionKind } from "./declared.ts";

/** What of an image is looked at by whoever boots it. */
export interface Bootable {
  readonly declared: Declared;
  readonly blob: Uint8Array;
  readonly uart: readonly [bigint, bigint];
  /** The bytes behind that. */
  readonly behind: Uint8Array;
}

/** What of a board's facts follows from the core, and from the blob. */
export type Placed = Pick<
  BoardFacts, "imageSize" | "linearOffset" | "secondaryEntryOffset" | "devices" | "deviceTree"
>;

const MILLISECOND = 1_000_000;
/** For a start that has been commanded: a thousand ticks. */
const START_TICKS = 1000;

const range = ({ base, size }: Span): Range => ({ pa: base, size });

/** A string: why nothing runs. `make`: the machine that the board's ISA has. */
export function boot<M extends Machine>(
  board: Board, core: Core, image: Bootable, make: (contents: Contents, placed: Placed) => M,
): M | string {
  const { declared } = image;
  const memory = (kinds: readonly RegionKind[]): Range[] =>
    declared.partitions
      .flatMap(({ regions }) => regions.filter(({ kind }) => kinds.includes(kind)))
      .flatMap((region) => piecesOf(region, declared.colourCount))
      .map(({ pa, size }) => ({ pa, size }));
  try {
    const machine = make({
      ...image,
      loads: [{ source: core.memory + image.blob.length, bytes: image.behind }],
      partitionMemory: memory(["ram", "mailbox"]),
      privateMemory: memory(["ram"]),
      silencers: [...declared.partitions.flatMap(({ silenced }) => silenced), ...declared.inits.map(({ pa }) => pa)],
    }, {
      imageSize: core.memory,
      linearOffset: core.places.linear,
      secondaryEntryOffset: core.places.secondaryEntry,
      devices: devicesOf(declared),
      ...firmwareTree(board, declared),
    });
    machine.boot();
    if (machine.pcpu(0).phase === "halted") return saidBy(machine);
    declared.partitions.forEach((_, n) => start(machine, declared, n));
    return machine;
  } catch (error) {
    if (error instanceof MachineError) return error.message;
    throw error;
  }
}

/** Pages of registers, of which nothing is simulated but that they are there. */
const devicesOf = ({ partitions, inits }: Declared): Range[] => [
  ...partitions.flatMap(({ regions }) => regions.filter(({ kind }) => kind === "device").map(({ pa, size }) => ({ pa, size }))),
  ...inits.map(({ pa }) => range(pagesOf({ base: pa, size: 4 }))),
];

/** pCPU of a partition's first vCPU. */
export const firstCpuOf = ({ cpus }: Declared, n: number): number =>
  cpus.findIndex(({ partition, vcpu }) => partition === n && vcpu === 0);

/** One that does not start by itself. */
function start(machine: Machine, declared: Declared, n: number): void {
  const pcpu = machine.pcpu(firstCpuOf(declared, n));
  const runs = (): boolean => pcpu.phase === "guest";
  if (runs()) return;
  machine.uart.type(encodeFrame({ kind: FRAME_COMMAND, partition: n, payload: numbered(COMMAND_START, n) }));
  for (let tick = 0; tick < START_TICKS && !runs(); tick++) {
    machine.uart.drain();
    machine.elapse(MILLISECOND);
  }
}

/** The lines that it has printed. */
function saidBy({ uart }: Machine): string {
  uart.drain();
  const text = new TextDecoder().decode(Uint8Array.from(uart.sent)).split("\r\n").filter((line) => line.startsWith("axv: "));
  return text.join("; ") || "it says nothing, and starts nothing";
}

/** What firmware would give it: a tree that says of the board what board.yaml's `match:` does. Where nobody's memory is. */
function firmwareTree(board: Board, declared: Declared): { deviceTree?: { pa: number; bytes: Uint8Array } } {
  if (board.boot.dtb === "none") return {};
  const bytes = writeFdt({ root: treeOf(board), reserved: [], bootCpu: 0 });
  const own = { base: declared.imageBase, size: declared.hypervisorSize + MARGIN };
  const taken = declared.partitions.flatMap(({ regions }) => regions.map(({ pa, size }) => ({ base: pa, size })));
  const room = gapsOf(board.ram, [...board.reserved, own, ...taken]).find(({ size }) => size >= bytes.length + PAGE);
  const end = room ?? gapsOf(board.ram, [own])[0];
  return end === undefined ? {} : { deviceTree: { pa: alignDown(end.base + end.size - bytes.length, PAGE), bytes } };
}
/** Behind the image the core maps room for the largest blob. */
const MARGIN = 0x10000;

interface Growing {
  readonly name: string;
  readonly path: string;
  readonly properties: Map<string, Uint8Array>;
  readonly children: Growing[];
}

/** Every node that `match:` names, with the properties that it wants. */
function treeOf({ match }: Board): FdtNode {
  const node = (name: string, path: string): Growing => ({ name, path, properties: new Map(), children: [] });
  const root = node("", "/");
  for (const wanted of match) {
    let at = root;
    for (const name of wanted.path.split("/").filter((part) => part !== "")) {
      const known = at.children.find((child) => child.name === name);
      const next = known ?? node(name, `${at.path === "/" ? "" : at.path}/${name}`);
      if (known === undefined) at.children.push(next);
      at = next;
    }
    if ("absent" in wanted) continue;
    const before = at.properties.get(wanted.property) ?? new Uint8Array();
    const value = "is" in wanted ? wanted.is : wanted.has;
    at.properties.set(wanted.property, Buffer.concat([before, Buffer.from(`${value}\0`)]));
  }
  return root;
}
