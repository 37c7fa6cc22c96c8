// The hostile guest, as it is built: bare metal at EL1, on every machine the same binary.
import type { Program } from "../../tools/build/programs.ts";
import * as layout from "./layout.ts";

const hex = (value: number): string => `0x${value.toString(16)}`;

export const HOSTILE: Program = {
  name: "hostile",
  isa: "aarch64",
  entry: "test/hostile/assembly/index.ts",
  tables: { cpu: "core/cpu.table.ts", hostile: "test/hostile/hostile.table.ts" },
  memoryPages: 1,
  assembly: ["test/hostile/assembly/start.S", "test/hostile/assembly/vectors.S"],
  linkerScript: "test/hostile/assembly/hostile.ld",
  positionIndependent: false,
  defines: {
    IMAGE_IPA: hex(layout.IMAGE_IPA),
    LINEAR_BASE: hex(layout.LINEAR_IPA),
    STAGE1_IPA: hex(layout.STAGE1_IPA),
    STAGE1_BYTES: hex(layout.STAGE1_BYTES),
    STEPS_IPA: hex(layout.STEPS_IPA),
    STEPS_BYTES: hex(layout.STEPS_BYTES),
    STEP_X: String(layout.STEP.x),
  },
};
