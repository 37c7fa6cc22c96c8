// A RISC-V board's device tree, with what all that is asked of it begins with: its harts, and their AIA (Linux' bindings
// riscv/cpus, riscv/extensions, interrupt-controller/riscv,imsics and riscv,aplic).
import { MAX_CPUS } from "../../../boards/limits.ts";
import type { Fdt, FdtNode } from "../../../partitions/devicetree/fdt.ts";
import { Places } from "../../../partitions/devicetree/places.ts";
import { cellOf, cellsOf, isCompatible, isOn, numberOf, stringsOf } from "../../../partitions/devicetree/properties.ts";
import { NEEDED_EXTENSIONS } from "../../../partitions/check/riscv64/facts.ts";
import type { Span } from "../../../partitions/units.ts";
import { PAGE } from "../../../partitions/units.ts";
import { BoardError } from "../errors.ts";
import { APLIC_LINES, Interrupts } from "../interrupts.ts";

export interface Harts {
  readonly nodes: readonly FdtNode[];
  readonly ids: readonly number[];
  readonly compatible: readonly string[];
  /** That each of them has. */
  readonly extensions: readonly string[];
  /** The widest that each of them has. */
  readonly mmu: "sv39" | "sv48" | "sv57";
  readonly counterHz: number;
  /** How many more there are, for which the hypervisor has no room. */
  readonly more: number;
}

export interface Aia {
  readonly imsic: { readonly base: number; readonly stride: number; readonly identities: number };
  readonly aplic: { readonly base: number; readonly sources: number };
  /** Guest files that a hart has room for: how many of them there are no tree says. */
  readonly guestFiles: number;
  readonly aplicNode: FdtNode;
  /** All that steers interrupts, machine level's too: nobody may have it. */
  readonly nodes: readonly FdtNode[];
}

export interface RiscvTree {
  readonly isa: "riscv64";
  readonly fdt: Fdt;
  readonly places: Places;
  readonly harts: Harts;
  readonly aia: Aia;
  readonly interrupts: Interrupts;
}

const cpuNodes = (places: Places): FdtNode[] =>
  (places.byPath("/cpus")?.children ?? []).filter((node) => stringsOf(node, "device_type")[0] === "cpu");

export const isRiscv = (places: Places): boolean =>
  cpuNodes(places).some(({ properties }) => properties.has("riscv,isa") || properties.has("riscv,isa-extensions"));

/** Throws BoardError where it is no tree of a board that the hypervisor runs on. */
export function openRiscv(fdt: Fdt, places: Places): RiscvTree {
  const harts = hartsOf(places);
  const aia = aiaOf(places, harts);
  return { isa: "riscv64", fdt, places, harts, aia, interrupts: new Interrupts(places, aia.aplicNode, APLIC_LINES) };
}

const MMUS = ["sv39", "sv48", "sv57"] as const;
const byNumber = (a: number, b: number): number => a - b;

function hartsOf(places: Places): Harts {
  const all = cpuNodes(places).filter(isOn);
  const sorted = all.toSorted((a, b) => byNumber(cellOf(a, "reg") ?? 0, cellOf(b, "reg") ?? 0)).slice(0, MAX_CPUS);
  const [first] = sorted;
  if (first === undefined) throw new BoardError("AXV_BOARD_HARTS", "none in /cpus is on");
  for (const node of sorted) {
    const own = extensionsOf(node);
    for (const [extension, what] of Object.entries(NEEDED_EXTENSIONS)) {
      // What an IMSIC brings is looked at by itself, so that a tree without one is not called a hart's fault.
      if (extension !== "ssaia" && !own.includes(extension))
        throw new BoardError("AXV_BOARD_HARTS", `${node.path} has no "${extension}", ${what}`);
    }
  }
  const extensions = extensionsOf(first).filter((each) => sorted.every((node) => extensionsOf(node).includes(each)));
  const widths = sorted.map((node) => MMUS.findIndex((mmu) => stringsOf(node, "mmu-type")[0] === `riscv,${mmu}`));
  const mmu = MMUS[Math.min(...widths)];
  if (mmu === undefined) throw silent("how wide their virtual addresses are (mmu-type)");
  const cpus = places.byPath("/cpus");
  const counterHz = numberOf(first, "timebase-frequency") ?? (cpus && numberOf(cpus, "timebase-frequency"));
  if (counterHz === undefined) throw silent("how fast their `time` counts (timebase-frequency)");
  return {
    nodes: sorted,
    ids: sorted.map((node) => cellOf(node, "reg") ?? 0),
    compatible: sorted.map((node) => stringsOf(node, "compatible")[0] ?? ""),
    extensions, mmu, counterHz,
    more: all.length - sorted.length,
  };
}

const silent = (what: string): BoardError => new BoardError("AXV_BOARD_HARTS", `this tree does not say ${what}`);

/** "rv64imac_zicsr_sstc"; or a list of names, beside riscv,isa-base. */
function extensionsOf(node: FdtNode): string[] {
  const listed = stringsOf(node, "riscv,isa-extensions");
  if (listed.length > 0) return listed;
  const [letters = "", ...longer] = (stringsOf(node, "riscv,isa")[0] ?? "").toLowerCase().replace(/^rv64/, "").split("_");
  return [...letters.replace("g", "imafd"), ...longer];
}

/** Interrupts of a hart (mie): of supervisor level, external. */
const SUPERVISOR_EXTERNAL = 9;
const [APLIC, IMSICS] = ["riscv,aplic", "riscv,imsics"];
const STEERING = [
  APLIC, IMSICS, "riscv,plic0", "sifive,plic-1.0.0", "riscv,clint0", "sifive,clint0", "riscv,aclint-mswi", "riscv,aclint-mtimer",
  "riscv,aclint-sswi",
];

function aiaOf(places: Places, { ids, nodes }: Harts): Aia {
  const steering = places.all.filter((node) => isCompatible(node, ...STEERING));
  const on = (model: string): FdtNode[] => steering.filter((node) => isCompatible(node, model) && isOn(node));
  const files = on(IMSICS).find((node) => levelOf(node) === SUPERVISOR_EXTERNAL);
  const [window] = files === undefined ? [] : (places.windowsOf(files) ?? []);
  if (files === undefined || window === undefined)
    throw new BoardError("AXV_BOARD_AIA", "this tree has no IMSIC of supervisor level");
  const aplicNode = on(APLIC).find((node) => places.byPhandle(cellOf(node, "msi-parent") ?? 0) === files);
  const base = aplicNode === undefined ? undefined : places.windowsOf(aplicNode)?.[0]?.base;
  if (aplicNode === undefined || base === undefined)
    throw new BoardError("AXV_BOARD_AIA", `no APLIC sends its messages to ${files.path}`);
  const guestBits = cellOf(files, "riscv,guest-index-bits") ?? 0;
  const stride = PAGE * 2 ** guestBits;
  holdRow(places, files, window, stride, ids, nodes);
  const identities = Math.min(...["riscv,num-ids", "riscv,num-guest-ids"].flatMap((name) => cellOf(files, name) ?? []));
  return {
    imsic: { base: window.base, stride, identities },
    aplic: { base, sources: cellOf(aplicNode, "riscv,num-sources") ?? 0 },
    guestFiles: 2 ** guestBits - 1,
    aplicNode,
    nodes: steering,
  };
}

/** A hart's interrupt controller has one cell. */
const levelOf = (node: FdtNode): number | undefined => cellsOf(node, "interrupts-extended")[1];

/** The files of hart n are n strides from the first one: in the order in which the node lists their harts. */
function holdRow(
  places: Places, files: FdtNode, window: Span, stride: number, ids: readonly number[], nodes: readonly FdtNode[],
): void {
  const owners = cellsOf(files, "interrupts-extended").flatMap((cell, n) => (n % 2 === 0 ? [places.byPhandle(cell)] : []));
  for (const [at, node] of nodes.entries()) {
    const id = ids[at] ?? 0;
    const owner = owners[id];
    const isOwn = owner !== undefined && node.children.includes(owner);
    if (isOwn && window.size >= (id + 1) * stride) continue;
    const what = `the interrupt file of ${node.path} is not where its number says: they are no single row`;
    throw new BoardError("AXV_BOARD_AIA", what);
  }
}
