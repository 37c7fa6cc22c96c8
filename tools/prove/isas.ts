// What the proof takes of an image's ISA: the machine that its core runs on, and what a partition reaches there.
import type { Board } from "../../boards/schema.ts";
import { AARCH64 } from "./aarch64/reach.ts";
import type { Core } from "./core.ts";
import type { Bootable } from "./host.ts";
import { reachesOn } from "./reach.ts";
import type { Reach } from "./reach.ts";
import { RISCV64 } from "./riscv64/reach.ts";

/** In the order of the partitions. A string: why nothing runs. */
export function reachesOf(board: Board, core: Core, image: Bootable): readonly Reach[] | string {
  switch (board.isa) {
    case "aarch64": return reachesOn(AARCH64, board, core, image);
    case "riscv64": return reachesOn(RISCV64, board, core, image);
  }
}
