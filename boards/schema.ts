// What a board.yaml holds, by its ISA, which `isa` says; and the board that is made of it.
import { z } from "zod";
import { Aarch64File } from "./aarch64.ts";
import type { DeviceKind } from "./common.ts";
import { BOARD_ISAS, DEFAULT_ISA } from "./isa.ts";
import type { BoardIsa } from "./isa.ts";

/** By ISA. A new one is a file beside aarch64.ts, and a line here. */
export const BOARD_FILES = { aarch64: Aarch64File } as const satisfies Readonly<Record<BoardIsa, z.ZodType>>;

type Place = z.output<(typeof BOARD_FILES)[BoardIsa]>["devices"][string];
export type Device = z.output<typeof DeviceKind> & Omit<Place, "kind">;

/** The file, with the facts of its kind in every device. */
const Aarch64Board = BOARD_FILES.aarch64.transform(({ device_kinds: kinds, devices: places, ...board }, context) => {
  // Without a prototype: names that people write are looked up in it, and `constructor` is no device.
  const devices: Record<string, Device> = Object.create(null) as Record<string, Device>;
  for (const [name, { kind, ...place }] of Object.entries(places)) {
    const common = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (common === undefined) {
      const path = ["devices", name, "kind"];
      context.issues.push({
        code: "custom",
        input: kind,
        path,
        message: `one of device_kinds: ${Object.keys(kinds).join(", ")}`,
      });
    } else {
      devices[name] = { ...common, ...place };
    }
  }
  return { ...board, devices };
});
const BOARDS = { aarch64: Aarch64Board } as const satisfies Readonly<Record<BoardIsa, z.ZodType>>;
/** `isa` tells them apart. */
export type Board = z.output<(typeof BOARDS)[BoardIsa]>;

/** By which a board.yaml is read: its ISA's. Where `isa` is none of ours that is said, and all else as of the default one. */
export const boardSchema = (isa: unknown): (typeof BOARDS)[BoardIsa] =>
  BOARDS[BOARD_ISAS.find((each) => each === isa) ?? DEFAULT_ISA];
