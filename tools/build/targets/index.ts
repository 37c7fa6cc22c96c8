// All targets, by their ISA.
import { AARCH64 } from "./aarch64.ts";
import { RISCV64 } from "./riscv64.ts";
import type { Isa, Target } from "./target.ts";

export const TARGETS: Readonly<Record<Isa, Target>> = { aarch64: AARCH64, riscv64: RISCV64 };
