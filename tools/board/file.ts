// A board.yaml as it is written, before its schema has made a board of it.
import type * as z from "zod";
import type { BOARD_FILES } from "../../boards/schema.ts";

export type BoardFile = z.input<(typeof BOARD_FILES)["aarch64"]>;
export type RiscvFile = z.input<(typeof BOARD_FILES)["riscv64"]>;
export type AnyFile = BoardFile | RiscvFile;
