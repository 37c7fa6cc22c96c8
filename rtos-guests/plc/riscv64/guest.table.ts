// Intrinsics of a bare-metal RISC-V guest in supervisor mode: its timer (Sstc), its interrupt enables, device registers, calls
// of whoever is below. Imported from "guestRiscv64". Names are the architecture's (RISC-V Privileged Architecture; Sstc).
// Nothing here reaches a hypervisor's state, so a guest written with it runs the same in VS-mode and bare.
import type { Intrinsic } from "../../../tools/build/intrinsic.ts";

/** The number, where a name belongs to an extension that the assembler has not been told of. */
const NUMBER: Readonly<Record<string, string>> = { stimecmp: "0x14d" };
const numbered = (name: string): string => NUMBER[name] ?? name;

const csrr = (name: string): Intrinsic => ({
  name: `csrr_${name}`,
  params: {},
  result: "u64",
  doc: `Reads ${name}.`,
  c: `unsigned long value; __asm__ volatile("csrr %0, ${numbered(name)}" : "=r"(value) : : "memory"); return value;`,
});

const csrw = (name: string): Intrinsic => ({
  name: `csrw_${name}`,
  params: { value: "u64" },
  result: "void",
  doc: `Writes ${name}.`,
  c: `__asm__ volatile("csrw ${numbered(name)}, %0" : : "r"(value) : "memory");`,
});

const load = (bits: 8 | 32): Intrinsic => ({
  name: `mmioRead${bits}`,
  params: { address: "u64" },
  result: "u32",
  doc: `One ${bits}-bit load from a device register, or from a device tree.`,
  c: `unsigned int value;
    __asm__ volatile("${bits === 8 ? "lbu" : "lw"} %0, 0(%1)" : "=r"(value) : "r"(address) : "memory"); return value;`,
});

export const guestRiscv64: readonly Intrinsic[] = [
  csrr("time"), csrw("stimecmp"), csrw("sie"),
  load(8), load(32),
  {
    name: "mmioWrite8",
    params: { address: "u64", value: "u32" },
    result: "void",
    doc: "One 8-bit store to a device register.",
    c: `__asm__ volatile("sb %0, 0(%1)" : : "r"(value), "r"(address) : "memory");`,
  },
  {
    name: "ecall",
    params: { extension: "u64", function: "u64", a0: "u64", a1: "u64", a2: "u64", a3: "u64", a4: "u64", a5: "u64", t0: "u64" },
    result: "u64",
    doc: "A call by SBI's convention, with one argument more in t0. Gives back its value, or its error, which is negative.",
    c: `register unsigned long r0 __asm__("a0") = a0, r1 __asm__("a1") = a1, r2 __asm__("a2") = a2, r3 __asm__("a3") = a3,
      r4 __asm__("a4") = a4, r5 __asm__("a5") = a5, r6 __asm__("a6") = function, r7 __asm__("a7") = extension,
      r8 __asm__("t0") = t0;
    __asm__ volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r6), "r"(r7), "r"(r8) : "memory");
    return r0 != 0 ? r0 : r1;`,
  },
];
