// What a board.yaml holds, by its ISA, which `isa` says; and the board that is made of it.
import { z } from "zod";
import { Aarch64File } from "./aarch64.ts";
import type { DeviceKind, Trigger } from "./devices.ts";
import { BOARD_ISAS, DEFAULT_ISA } from "./isa.ts";
import type { BoardIsa } from "./isa.ts";

/** By ISA. A new one is a file beside aarch64.ts, and a line here. */
export const BOARD_FILES = { aarch64: Aarch64File } as const satisfies Readonly<Record<BoardIsa, z.ZodType>>;

export interface Window {
  readonly base: number;
  readonly size: number;
}

type Place = z.output<(typeof BOARD_FILES)[BoardIsa]>["devices"][string];
/** SPIs are numbered as in device trees. */
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

/** The file, with one model for each pCPU, and the facts of its kind in every device. */
const Aarch64Board = BOARD_FILES.aarch64.transform(({ device_kinds: kinds, devices: places, cpus, ...board }, context) => {
  const refuse = (path: string[], input: unknown, message: string): number =>
    context.issues.push({ code: "custom", input, path, message });
  // Without a prototype: names that people write are looked up in it, and `constructor` is no device.
  const devices: Record<string, Device> = Object.create(null) as Record<string, Device>;
  for (const [name, { kind, reg, spi, ...place }] of Object.entries(places)) {
    const common = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (common === undefined) {
      refuse(["devices", name, "kind"], kind, `one of device_kinds: ${Object.keys(kinds).join(", ")}`);
      continue;
    }
    const { size, trigger, ...facts } = common;
    const [bases, sizes, spis] = [listOf(reg), listOf(size), listOf(spi)];
    if (bases.length !== sizes.length)
      refuse(["devices", name, "reg"], reg, `as many addresses as "${kind}" has sizes: ${sizes.length}`);
    if (Array.isArray(trigger) && spis.length !== trigger.length)
      refuse(["devices", name, "spi"], spi, `as many SPIs as "${kind}" has triggers: ${trigger.length}`);
    const triggerOf = (n: number): Trigger => (typeof trigger === "string" ? trigger : (trigger[n] ?? "level"));
    const windowAt = (n: number): Window => ({ base: bases[n] ?? 0, size: sizes[n] ?? 0 });
    devices[name] = {
      ...facts,
      ...place,
      dma_coherent: place.dma_coherent ?? facts.dma_coherent,
      windows: [windowAt(0), ...bases.slice(1).map((_, n) => windowAt(n + 1))],
      spis: spis.map((each, n) => ({ spi: each, trigger: triggerOf(n) })),
    };
  }
  const compatible = typeof cpus.compatible === "string" ? cpus.mpidr.map(() => cpus.compatible as string) : cpus.compatible;
  return { ...board, cpus: { ...cpus, compatible }, devices };
});
const BOARDS = { aarch64: Aarch64Board } as const satisfies Readonly<Record<BoardIsa, z.ZodType>>;
/** `isa` tells them apart. */
export type Board = z.output<(typeof BOARDS)[BoardIsa]>;

/** By which a board.yaml is read: its ISA's. Where `isa` is none of ours that is said, and all else as of the default one. */
export const boardSchema = (isa: unknown): (typeof BOARDS)[BoardIsa] =>
  BOARDS[BOARD_ISAS.find((each) => each === isa) ?? DEFAULT_ISA];
