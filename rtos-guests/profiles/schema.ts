// What a guest profile holds, by its ISA, which `isa` says.
import type { z } from "zod";
import { BOARD_ISAS, DEFAULT_ISA } from "../../boards/isa.ts";
import type { BoardIsa } from "../../boards/isa.ts";
import { Aarch64Profile } from "./aarch64.ts";

/** By ISA. A new one is a file beside aarch64.ts, and a line here. */
export const PROFILES = { aarch64: Aarch64Profile } as const satisfies Readonly<Record<BoardIsa, z.ZodType>>;

/** `isa` tells them apart. */
export type Profile = z.output<(typeof PROFILES)[BoardIsa]>;

/** By which a profile is read: its ISA's. Where `isa` is none of ours that is said, and all else as of the default one. */
export const profileSchema = (isa: unknown): (typeof PROFILES)[BoardIsa] =>
  PROFILES[BOARD_ISAS.find((each) => each === isa) ?? DEFAULT_ISA];
