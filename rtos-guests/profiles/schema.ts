// What a guest profile holds, by its ISA, which `isa` says.
import type * as z from "zod";
import { BOARD_ISAS, DEFAULT_ISA } from "../../boards/isa.ts";
import type { BoardIsa } from "../../boards/isa.ts";
import { Aarch64Profile as Aarch64File } from "./aarch64.ts";
import { Riscv64Profile as Riscv64File } from "./riscv64.ts";

/** By ISA. A new one is a file beside aarch64.ts, and a line here. */
export const PROFILES = { aarch64: Aarch64File, riscv64: Riscv64File } as const satisfies Readonly<Record<BoardIsa, z.ZodType>>;

export type Aarch64Profile = z.output<typeof Aarch64File>;
export type Riscv64Profile = z.output<typeof Riscv64File>;
/** `isa` tells them apart. */
export type Profile = Aarch64Profile | Riscv64Profile;

/** By which a profile is read: its ISA's. Where `isa` is none of ours that is said, and all else as of the default one. */
export const profileSchema = (isa: unknown): (typeof PROFILES)[BoardIsa] =>
  PROFILES[BOARD_ISAS.find((each) => each === isa) ?? DEFAULT_ISA];
