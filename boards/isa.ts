// Instruction sets that there is a hypervisor of: arch/<isa>/, and what the tools have of each.

export const ISAS = ["aarch64", "riscv64"] as const;
export type Isa = (typeof ISAS)[number];
