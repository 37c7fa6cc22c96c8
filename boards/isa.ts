// Instruction sets that there is a hypervisor of: arch/<isa>/, and what the tools have of each.

export const ISAS = ["aarch64", "riscv64"] as const;
export type Isa = (typeof ISAS)[number];

/** As sentences have them. */
export const ISA_TITLES: Readonly<Record<Isa, string>> = { aarch64: "AArch64", riscv64: "RISC-V" };

/** Of these there are boards (schema.ts), and guests for them (rtos-guests/profiles). */
export const BOARD_ISAS = ["aarch64", "riscv64"] as const satisfies readonly Isa[];
export type BoardIsa = (typeof BOARD_ISAS)[number];
/** Of a description that does not say: all were of this one once. */
export const DEFAULT_ISA: BoardIsa = "aarch64";
export const ISA_EXPECTED = BOARD_ISAS.join(" or ");
