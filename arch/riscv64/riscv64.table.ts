// Intrinsics of RISC-V: the machine as AssemblyScript sees it, one instruction each or a few. Names are the architecture's (The
// RISC-V Instruction Set Manual, volume II: supervisor level and hypervisor extension; AIA 1.0; Sstc). `csrr_x()` reads CSR x,
// `csrw_x(v)` writes it, `csrs_x(v)` and `csrc_x(v)` set and clear bits.
import { mmio, physical, symbol } from "../../core/physical.table.ts";
import type { Intrinsic } from "../../tools/build/intrinsic.ts";

/** Numbers of the registers that are not in every supervisor: those of extensions, which the assembler has not been told of. */
const NUMBER: Readonly<Record<string, number>> = {
  // Sstc
  stimecmp: 0x14d, vstimecmp: 0x24d,
  // Hypervisor extension
  hstatus: 0x600, hedeleg: 0x602, hideleg: 0x603, hie: 0x604, hcounteren: 0x606, hgeie: 0x607, htval: 0x643, htinst: 0x64a,
  hvip: 0x645, henvcfg: 0x60a, hgatp: 0x680, htimedelta: 0x605,
  vsstatus: 0x200, vstvec: 0x205, vsscratch: 0x240, vsepc: 0x241, vscause: 0x242, vstval: 0x243, vsatp: 0x280,
  // AIA
  siselect: 0x150, sireg: 0x151, stopei: 0x15c, vsiselect: 0x250, vsireg: 0x251,
  hvien: 0x608, hvictl: 0x609, hviprio1: 0x646, hviprio2: 0x647,
  // Their contents are a guest's, and there is one of each for both.
  scounteren: 0x106, senvcfg: 0x10a, fcsr: 0x003,
  hpmcounter3: 0xc03,
};
const numbered = (name: string): string => NUMBER[name]?.toString() ?? name;

const csrr = (name: string): Intrinsic => ({
  name: `csrr_${name}`,
  params: {},
  result: "u64",
  doc: `Reads ${name}.`,
  c: `unsigned long value; __asm__ volatile("csrr %0, ${numbered(name)}" : "=r"(value) : : "memory"); return value;`,
});

const WRITES = { w: "Writes", s: "Sets bits of", c: "Clears bits of" } as const;
const change = (kind: keyof typeof WRITES, name: string): Intrinsic => ({
  name: `csr${kind}_${name}`,
  params: { value: "u64" },
  result: "void",
  doc: `${WRITES[kind]} ${name}.`,
  c: `__asm__ volatile("csr${kind} ${numbered(name)}, %0" : : "rK"(value) : "memory");`,
});
const csrw = (name: string): Intrinsic => change("w", name);

const instruction = (name: string, asm: string, doc: string): Intrinsic => ({
  name,
  params: {},
  result: "void",
  doc,
  c: `__asm__ volatile("${asm}" : : : "memory");`,
});

/** Instructions of an extension. */
const having = (extension: string, asm: string): string =>
  `.option push\\n\\t.option arch, +${extension}\\n\\t${asm}\\n\\t.option pop`;

/** What a new life of a guest finds as 0. vsstatus, vstimecmp and the interrupt file: reset.ts. */
const GUESTS_OWN = [
  "vstvec", "vsscratch", "vsepc", "vscause", "vstval", "vsatp", "vsiselect", "hvip", "hie", "senvcfg",
] as const;
/** scounteren, as firmware leaves it: user mode reads cycle, time, instret, as far as hcounteren lets a guest. */
const USER_COUNTERS = 7;
const zero = (names: readonly string[]): string =>
  `__asm__ volatile("${names.map((name) => `csrw ${numbered(name)}, zero`).join("\\n\\t")}" : : : "memory");`;

const FLOATS = Array.from({ length: 32 }, (_, n) => `fmv.d.x f${n}, zero`);

/** What is copied at once, at most: so long a guest waits for it. */
const PIECE_BYTES = 65536;
const WORDS = Array.from({ length: 8 }, (_, n) => n);

export const riscv64: readonly Intrinsic[] = [
  // Supervisor level
  ...["time", "scause", "sepc", "stval", "sstatus", "sip", "stimecmp", "hpmcounter3"].map(csrr),
  ...["sepc", "stimecmp", "siselect", "sireg"].map(csrw),
  {
    name: "claimTop",
    params: {},
    result: "u64",
    doc: "What is most urgent in the hart's own interrupt file, as stopei has it, which is not pending any more; 0: nothing.",
    c: `unsigned long value; __asm__ volatile("csrrw %0, ${numbered("stopei")}, zero" : "=r"(value) : : "memory"); return value;`,
  },
  csrw("sie"), change("c", "sip"), change("s", "sstatus"), change("s", "hvip"), change("c", "hvip"),
  // Hypervisor extension
  ...["hstatus", "hie", "hcounteren", "hgeie", "htval", "htinst", "henvcfg", "vsstatus", "vstvec"].map(csrr),
  ...["hstatus", "hedeleg", "hideleg", "hie", "hcounteren", "hgeie", "hvip", "henvcfg", "hgatp", "htimedelta"].map(csrw),
  ...["vsstatus", "vsepc", "vscause", "vstval", "vstimecmp", "vsiselect", "vsireg"].map(csrw),
  {
    name: "clearGuest",
    params: {},
    result: "void",
    doc: "Writes 0 to the guest's own registers; scounteren is as OpenSBI leaves it.",
    c: `${zero(GUESTS_OWN)} __asm__ volatile("csrw ${numbered("scounteren")}, %0" : : "rK"(${USER_COUNTERS}ul) : "memory");`,
  },
  {
    name: "clearVirtualInterrupts",
    params: {},
    result: "void",
    doc: "Writes 0 to hvien, hvictl, hviprio1, hviprio2: no interrupt of a guest's is made up, none has a priority of ours.",
    c: zero(["hvien", "hvictl", "hviprio1", "hviprio2"]),
  },
  {
    name: "clearFloats",
    outOfLine: true,
    params: {},
    result: "void",
    doc: "Writes 0 to f0 to f31, and fcsr; sstatus.FS is not Off.",
    c: `__asm__ volatile("${having("d", FLOATS.join("\\n\\t"))}\\n\\tcsrw ${numbered("fcsr")}, zero" : : : "memory");`,
  },
  {
    name: "clearVectors",
    params: {},
    result: "void",
    doc: "Writes 0 to v0 to v31, vcsr, vstart, vl, and vill to vtype, where there are such (entry.S); sstatus.VS is not Off.",
    c: "extern void axv_clear_vectors(void); axv_clear_vectors();",
  },
  {
    name: "probeMachine",
    params: {},
    result: "u32",
    doc: "1: registers of the hypervisor extension, of AIA and of Sstc can be read on the hart; 0: they cannot (entry.S).",
    c: "extern unsigned int axv_probe_machine(void); return axv_probe_machine();",
  },
  {
    name: "probeFile",
    params: { select: "u64" },
    result: "u32",
    doc: "1: the hart's interrupt file has the register that siselect calls so; 0: it has not (entry.S).",
    c: "extern unsigned int axv_probe_file(unsigned long); return axv_probe_file(select);",
  },
  {
    name: "limitState",
    params: { hstateen0: "u64" },
    result: "void",
    doc: "Writes hstateen0, and 0 to hstateen1 to hstateen3, where there are such (entry.S).",
    c: "extern void axv_limit_state(unsigned long); axv_limit_state(hstateen0);",
  },
  {
    name: "ownHart",
    params: {},
    result: "u64",
    doc: "The hart's ID: it stands on its stack, for there is no register for it (entry.S).",
    c: `unsigned long value; __asm__ volatile("ld %0, 16(tp)" : "=r"(value) : : "memory"); return value;`,
  },

  // Barriers, translations
  instruction("fence", "fence iorw, iorw", "All accesses before, devices' too, are complete."),
  instruction("readBarrier", "fence ir, iorw", "Loads before are complete."),
  instruction("fenceI", "fence.i", "This hart's instruction fetches see what has been stored."),
  instruction("sfenceVma", "sfence.vma", "This hart forgets its own translations."),
  instruction("hfenceGvma", having("h", "hfence.gvma"), "This hart forgets all guests' second stage."),
  instruction("hfenceVvma", having("h", "hfence.vvma"), "This hart forgets the first stage of the guest that hgatp names."),
  instruction("wfi", "wfi", "Sleeps until an interrupt is pending that sie has, masked or not."),

  // Firmware
  {
    name: "sbi",
    outOfLine: true,
    params: { extension: "u64", function: "u64", a0: "u64", a1: "u64", a2: "u64", a3: "u64", a4: "u64" },
    result: "u64",
    doc: "A call of firmware (SBI, Binary Encoding); gives back its error, which is negative, or its value.",
    c: `register unsigned long r0 __asm__("a0") = a0, r1 __asm__("a1") = a1, r2 __asm__("a2") = a2, r3 __asm__("a3") = a3,
      r4 __asm__("a4") = a4, r6 __asm__("a6") = function, r7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r2), "r"(r3), "r"(r4), "r"(r6), "r"(r7) : "memory");
    return (long)r0 < 0 ? r0 : r1;`,
  },

  // Physical memory
  ...mmio(8), ...mmio(16), ...mmio(32), ...physical,
  {
    name: "physicalWrite8",
    params: { pa: "u64", value: "u32" },
    result: "void",
    doc: "One byte stored to memory.",
    c: "*(volatile unsigned char *)pa = value;",
  },
  symbol("secondaryEntry", "axv_secondary_entry", "PA where another hart starts (SBI hart_start)."),
  symbol("ownRoot", "axv_own_root", "PA of the hypervisor's own root table."),
  {
    name: "copyPhysical",
    params: { to: "u64", from: "u64", bytes: "u64" },
    result: "void",
    doc: "Copies memory, 64 KiB at most. All three are multiples of 64.",
    c: `if (bytes > ${PIECE_BYTES}) bytes = ${PIECE_BYTES};
    for (unsigned long i = 0; i < bytes; i += 64) { PIECE_LOOP(${PIECE_BYTES / 64});
      const unsigned long *f = (const unsigned long *)(from + i); unsigned long *t = (unsigned long *)(to + i);
      unsigned long ${WORDS.map((n) => `w${n} = f[${n}]`).join(", ")}; ${WORDS.map((n) => `t[${n}] = w${n};`).join(" ")} }`,
  },
];
