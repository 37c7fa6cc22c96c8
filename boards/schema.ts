// What a board.yaml holds, by its ISA, which `isa` says; and the board that is made of it.
import * as z from "zod";
import { Aarch64File } from "./aarch64.ts";
import type { DeviceKind, Trigger } from "./devices.ts";
import { BOARD_ISAS, DEFAULT_ISA } from "./isa.ts";
import type { BoardIsa } from "./isa.ts";
import { Riscv64File } from "./riscv64.ts";

/** By ISA. A new one is a file beside aarch64.ts, and a line here. */
export const BOARD_FILES = {
  aarch64: Aarch64File,
  riscv64: Riscv64File,
} as const satisfies Readonly<Record<BoardIsa, z.ZodType>>;

export interface Window {
  readonly base: number;
  readonly size: number;
}

type Place = z.output<typeof Aarch64File>["devices"][string];
/** A line of the interrupt controller, numbered as in device trees: an SPI of a GIC, a source of an APLIC. */
export interface Spi {
  readonly spi: number;
  readonly trigger: Trigger;
}

/** With the facts of its kind. */
export interface Device
  extends Omit<z.output<typeof DeviceKind>, "size" | "trigger">, Omit<Place, "kind" | "reg" | "spi" | "dma_coherent"> {
  /** Of its registers, in the order of its device tree node. */
  readonly windows: readonly [Window, ...Window[]];
  /** Likewise. */
  readonly spis: readonly Spi[];
}

const listOf = <T>(written: T | readonly T[]): readonly T[] => (Array.isArray(written) ? written : [written as T]);
/** Of each pCPU. */
const ofEach = <T>(written: T | readonly T[], count: number): readonly T[] =>
  Array.isArray(written) ? written : Array.from({ length: count }, () => written as T);

interface Written {
  readonly device_kinds: Readonly<Record<string, z.output<typeof DeviceKind>>>;
  readonly devices: Readonly<Record<string, Omit<Place, "spi">>>;
}
/** How an ISA's file says which interrupts a device has. */
interface Numbering {
  readonly key: string;
  readonly many: string;
  of(device: string): number | readonly number[];
}

/** The facts of its kind in every device. */
function completeDevices(
  { device_kinds: kinds, devices: places }: Written, { key, many, of }: Numbering, context: z.RefinementCtx,
): Record<string, Device> {
  const refuse = (path: string[], input: unknown, message: string): number =>
    context.issues.push({ code: "custom", input, path, message });
  // Without a prototype: names that people write are looked up in it, and `constructor` is no device.
  const devices: Record<string, Device> = Object.create(null) as Record<string, Device>;
  for (const [name, { kind, reg, ...written }] of Object.entries(places)) {
    const common = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (common === undefined) {
      refuse(["devices", name, "kind"], kind, `one of device_kinds: ${Object.keys(kinds).join(", ")}`);
      continue;
    }
    const { size, trigger, ...facts } = common;
    const [bases, sizes, lines] = [listOf(reg), listOf(size), listOf(of(name))];
    if (bases.length !== sizes.length)
      refuse(["devices", name, "reg"], reg, `as many addresses as "${kind}" has sizes: ${sizes.length}`);
    if (Array.isArray(trigger) && lines.length !== trigger.length)
      refuse(["devices", name, key], of(name), `as many ${many} as "${kind}" has triggers: ${trigger.length}`);
    const triggerOf = (n: number): Trigger => (typeof trigger === "string" ? trigger : (trigger[n] ?? "level"));
    const windowAt = (n: number): Window => ({ base: bases[n] ?? 0, size: sizes[n] ?? 0 });
    const { path, dma_coherent: coherent, qemu_bus: bus } = written;
    devices[name] = {
      ...facts,
      ...(path === undefined ? {} : { path }),
      ...(bus === undefined ? {} : { qemu_bus: bus }),
      dma_coherent: coherent ?? facts.dma_coherent,
      windows: [windowAt(0), ...bases.slice(1).map((_, n) => windowAt(n + 1))],
      spis: lines.map((each, n) => ({ spi: each, trigger: triggerOf(n) })),
    };
  }
  return devices;
}

/** The file, with one model for each pCPU. */
const Aarch64Board = BOARD_FILES.aarch64.transform(({ device_kinds, devices: places, cpus, ...board }, context) => {
  const numbering: Numbering = { key: "spi", many: "SPIs", of: (device) => places[device]?.spi ?? [] };
  const devices = completeDevices({ device_kinds, devices: places }, numbering, context);
  return { ...board, cpus: { ...cpus, compatible: ofEach(cpus.compatible, cpus.mpidr.length) }, devices };
});
export type Aarch64Board = z.output<typeof Aarch64Board>;

/** Likewise, and with the guest files of each. */
const Riscv64Board = BOARD_FILES.riscv64.transform(({ device_kinds, devices: places, cpus, ...board }, context) => {
  const numbering: Numbering = { key: "source", many: "sources", of: (device) => places[device]?.source ?? [] };
  const devices = completeDevices({ device_kinds, devices: places }, numbering, context);
  const { compatible, guest_files: files, harts } = cpus;
  const each = { compatible: ofEach(compatible, harts.length), guest_files: ofEach(files, harts.length) };
  return { ...board, cpus: { ...cpus, ...each }, devices };
});
export type Riscv64Board = z.output<typeof Riscv64Board>;

const BOARDS = { aarch64: Aarch64Board, riscv64: Riscv64Board } as const satisfies Readonly<Record<BoardIsa, z.ZodType>>;
/** `isa` tells them apart. */
export type Board = Aarch64Board | Riscv64Board;

/** By which a board.yaml is read: its ISA's. Where `isa` is none of ours that is said, and all else as of the default one. */
export const boardSchema = (isa: unknown): (typeof BOARDS)[BoardIsa] =>
  BOARDS[BOARD_ISAS.find((each) => each === isa) ?? DEFAULT_ISA];
