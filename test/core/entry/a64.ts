// Executes entry.S: the few A64 instructions that it is made of, with a memory that is cached or not, and registers that
// take effect when they are synchronised. What the architecture leaves open until a barrier is an error here.
import type { Assembled, Instruction } from "./program.ts";

/** Where the image was loaded. */
export const BASE = 0x4_4720_0000;
const LINE = 64;
const WORD = 4;
const MASK64 = (1n << 64n) - 1n;
const SCTLR_M = 1n;
const STEPS_MAX = 200_000;
const LEFT = 0x5a5a_5a5b;

/** What decides how addresses are translated: in force by an ISB, and the MMU is switched on behind it. */
const TRANSLATION = new Set(["HCR_EL2", "MAIR_EL2", "TCR_EL2", "TTBR0_EL2"]);

export class Entry {
  readonly x: bigint[] = Array.from({ length: 31 }, () => 0n);
  sp = 0n;
  pc: number;
  readonly registers = new Map<string, bigint>();
  /** PSTATE.{D,A,I,F} as DAIFSet and DAIFClr leave it, SPSel. */
  daif = 0n;
  spsel = 0n;
  private flags = { n: false, z: false, c: false, v: false };
  private readonly memory = new Map<number, number>();
  /** Table lines that memory alone holds. */
  private readonly dropped = new Set<number>();
  private dropping: number[] = [];
  /** Lines that a cache may have had and memory not: are both alike now. */
  private readonly cleaned = new Set<number>();
  private cleaning: number[] = [];
  /** Stores, since the last DSB. */
  private storing = true;
  private readonly unsynchronised = new Set<string>();
  /** TLB and instruction cache: 0 what was there before, 1 invalidated, 2 and waited for, 3 and synchronised. */
  private readonly clean = { tlbi: 0, ic: 0 };
  /** Of calls of C: by name. */
  readonly calls: Record<string, (machine: Entry) => void> = {};
  private readonly program: Assembled;
  private readonly header: number;
  private readonly tables: { readonly first: number; readonly end: number };

  constructor(program: Assembled, start: string) {
    this.program = program;
    this.pc = this.place(start);
    this.header = this.place("axv_image_header");
    this.tables = { first: this.place("axv_stage1_tables"), end: this.place("axv_stage1_tables_end") };
  }

  /** Where a symbol is, as the image was loaded. */
  place(symbol: string): number {
    const found = this.program.symbols.get(symbol);
    if (found === undefined) throw new Error(`there is no symbol ${symbol}`);
    return BASE + found;
  }

  get mmuOn(): boolean {
    return ((this.registers.get("SCTLR_EL2") ?? 0n) & SCTLR_M) !== 0n;
  }

  read(at: number, bytes: number): bigint {
    let value = 0n;
    for (let n = 0; n < bytes / WORD; n++) value |= BigInt(this.memory.get(at / WORD + n) ?? this.left(at)) << BigInt(32 * n);
    return value;
  }

  /** What is there before anybody writes: in front of the image what somebody has left. */
  private left(at: number): number {
    return at >= BASE && at < this.header ? LEFT : 0;
  }

  write(at: number, bytes: number, value: bigint): void {
    for (let n = 0; n < bytes / WORD; n++) this.memory.set(at / WORD + n, Number((value >> BigInt(32 * n)) & 0xffff_ffffn));
  }

  /** Runs until an instruction of one of these kinds, or a symbol, is reached: what that is. */
  run(...until: string[]): string {
    for (let step = 0; step < STEPS_MAX; step++) {
      const name = this.program.names.get(this.pc - BASE);
      if (name !== undefined && step > 0 && until.includes(name)) return name;
      const instruction = this.program.instructions.get(this.pc - BASE);
      if (instruction === undefined) throw new Error(`nothing is at 0x${this.pc.toString(16)}`);
      if (until.includes(instruction.operation)) return instruction.operation;
      this.step(instruction);
    }
    throw new Error("it does not come to an end");
  }

  private step(instruction: Instruction): void {
    const { operation, operands } = instruction;
    const error = (what: string): never => { throw new Error(`${instruction.text}: ${what}`); };
    if (this.unsynchronised.has("SCTLR_EL2") && operation !== "isb") error("the MMU is being switched on: ISB");
    const [first = "", second = "", third = "", fourth = ""] = operands;
    let next = this.pc + 4;
    const target = (text: string): number => BASE + parseInt(text, 16);
    switch (operation) {
      case "nop":
      case "sevl":
      case "wfe":
      case "wfi":
        break;
      case "mov":
      case "movz":
        this.set(first, this.value(second) << shiftOf(third));
        break;
      case "movk": {
        const shift = shiftOf(third);
        this.set(first, (this.get(first) & ~(0xffffn << shift)) | (this.value(second) << shift));
        break;
      }
      case "add":
        this.set(first, this.get(second) + this.operand(third, fourth));
        break;
      case "sub":
        this.set(first, this.get(second) - this.operand(third, fourth));
        break;
      case "orr":
        this.set(first, this.get(second) | this.operand(third, fourth));
        break;
      case "eor":
        this.set(first, this.get(second) ^ this.operand(third, fourth));
        break;
      case "and":
        this.set(first, this.get(second) & this.operand(third, fourth));
        break;
      case "lsl":
        this.set(first, this.get(second) << this.value(third));
        break;
      case "lsr":
        this.set(first, this.get(second) >> this.value(third));
        break;
      case "ubfx":
        this.set(first, (this.get(second) >> this.value(third)) & ((1n << this.value(fourth)) - 1n));
        break;
      case "cmp":
        this.compare(first, this.get(first), this.operand(second, third));
        break;
      case "cmn":
        this.compare(first, this.get(first), -this.operand(second, third));
        break;
      case "tst":
        this.flags = { n: false, z: (this.get(first) & this.operand(second, third)) === 0n, c: false, v: false };
        break;
      case "csel":
        this.set(first, this.holds(fourth) ? this.get(second) : this.get(third));
        break;
      case "adr":
      case "adrp":
        this.set(first, BigInt(target(second)));
        break;
      case "b":
        next = target(first);
        break;
      case "cbz":
        if (this.get(first) === 0n) next = target(second);
        break;
      case "cbnz":
        if (this.get(first) !== 0n) next = target(second);
        break;
      case "tbz":
        if (((this.get(first) >> this.value(second)) & 1n) === 0n) next = target(third);
        break;
      case "tbnz":
        if (((this.get(first) >> this.value(second)) & 1n) !== 0n) next = target(third);
        break;
      case "bl": {
        this.x[30] = BigInt(next);
        const name = this.program.names.get(target(first) - BASE) ?? "";
        if (OWN.has(name)) next = target(first);
        else (this.calls[name] ?? error(`nobody expects ${name}`))(this);
        break;
      }
      case "ret":
        next = Number(this.get("x30"));
        break;
      case "ldr":
        this.load([first], second, third, error);
        break;
      case "ldp":
        this.load([first, second], third, fourth, error);
        break;
      case "str":
        this.store([first], second, third, error);
        break;
      case "stp":
        this.store([first, second], third, fourth, error);
        break;
      case "movi":
        this.mayUseVectors(error);
        if (second !== "#0000000000000000") error("is not zero");
        this.zeros.add(first);
        break;
      case "st1": {
        this.mayUseVectors(error);
        const vectors = operands.slice(0, 4).map((operand) => operand.replace(/[{}\s]/g, ""));
        if (!vectors.every((vector) => this.zeros.has(vector))) error("a vector that is not known to be zero");
        for (let n = 0; n < LINE / 8; n++) this.store(["xzr"], operands[4] ?? "", "#8", error);
        break;
      }
      case "mrs":
        this.set(first, this.registers.get(second) ?? 0n);
        break;
      case "msr":
        this.system(first, second, error);
        break;
      case "dsb":
        this.barrier();
        break;
      case "isb":
        this.synchronise();
        break;
      case "dc": {
        if (this.storing) error("what was stored before may come into a line after it: DSB");
        if (first === "civac") this.cleaning.push(Math.floor(Number(this.get(second)) / LINE));
        if (first === "ivac") this.dropping.push(Math.floor(Number(this.get(second)) / LINE));
        break;
      }
      case "tlbi":
        if (first === "alle2") this.clean.tlbi = 1;
        break;
      case "ic":
        if (first === "iallu") this.clean.ic = 1;
        break;
      default:
        if (!operation.startsWith("b.")) error("is no instruction that is expected here");
        if (this.holds(operation.slice(2))) next = target(first);
    }
    this.pc = next;
  }

  /** V0 to V31 that are zero, by what clears them. */
  private readonly zeros = new Set<string>();

  private mayUseVectors(error: (what: string) => never): void {
    const trapped = !this.registers.has("CPTR_EL2") || this.unsynchronised.has("CPTR_EL2");
    if (trapped) error("EL2 may trap its own vectors: CPTR_EL2, ISB");
  }

  private system(name: string, from: string, error: (what: string) => never): void {
    const value = from.startsWith("#") ? this.value(from) : this.get(from);
    if (name === "DAIFSet") this.daif |= value;
    else if (name === "DAIFClr") this.daif &= ~value;
    else if (name === "SPSel") this.spsel = value;
    else {
      if (name !== "HCR_EL2" && this.unsynchronised.has("HCR_EL2")) error("HCR_EL2.E2H says what that register is: ISB");
      if (name === "SCTLR_EL2" && (value & SCTLR_M) !== 0n && !this.mmuOn) this.mayTranslate(error);
      if (name === "SCTLR_EL2" && (value & SCTLR_M) === 0n && this.mmuOn) this.mayStopTranslating(error);
      if (TRANSLATION.has(name) || name === "SCTLR_EL2" || name === "CPTR_EL2") this.unsynchronised.add(name);
      this.registers.set(name, value | (this.fixed.get(name) ?? 0n));
    }
  }

  /** Bits of registers that are RES1. */
  readonly fixed = new Map<string, bigint>();

  /** What firmware has written of the image with its caches on is fetched from memory next. */
  private mayStopTranslating(error: (what: string) => never): void {
    for (let at = BASE; at < this.place("axv_image_end"); at += LINE)
      if (!this.cleaned.has(at / LINE)) error(`a cache may hold what memory at 0x${at.toString(16)} is to be`);
  }

  private mayTranslate(error: (what: string) => never): void {
    for (const name of TRANSLATION) if (!this.registers.has(name)) error(`${name} is not written`);
    if (this.unsynchronised.size > 0) error(`${[...this.unsynchronised].join(", ")} may not be in force: ISB`);
    if (this.clean.tlbi < 3) error("the TLB still holds what was there before");
    if (this.clean.ic < 3) error("the instruction cache still holds what was there before");
    for (let at = this.tables.first; at < this.tables.end; at += LINE) {
      if (!this.dropped.has(at / LINE) && !this.written)
        error(`a cache may hold another line at 0x${at.toString(16)} of the tables`);
    }
  }

  /** Another pCPU has made the tables. */
  written = false;

  private barrier(): void {
    for (const line of this.dropping) this.dropped.add(line);
    this.dropping = [];
    for (const line of this.cleaning) this.cleaned.add(line);
    this.cleaning = [];
    this.storing = false;
    if (this.clean.tlbi === 1) this.clean.tlbi = 2;
    if (this.clean.ic === 1) this.clean.ic = 2;
  }

  private synchronise(): void {
    this.unsynchronised.clear();
    if (this.clean.tlbi === 2) this.clean.tlbi = 3;
    if (this.clean.ic === 2) this.clean.ic = 3;
  }

  /** `[x0, #16]`, `[x0, x3, lsl #3]`, `[sp, #-112]!`, `[x4], #8`: where, and what becomes of the base. */
  private address(text: string, behind: string): { at: number; then: () => void } {
    const [base = "", offset = "", shift = ""] = text.replace(/[[\]!]/g, "").split(/,\s*/);
    const at = this.get(base) + (offset === "" ? 0n : this.operand(offset, shift));
    const then = text.endsWith("!") ? at : behind === "" ? undefined : this.get(base) + this.value(behind);
    return { at: Number(at & MASK64), then: () => { if (then !== undefined) this.set(base, then); } };
  }

  private load(into: readonly string[], text: string, behind: string, error: (what: string) => never): void {
    const { at, then } = this.address(text, behind);
    this.mustBeAligned(into, at, error);
    into.forEach((register, n) => this.set(register, this.read(at + n * sizeOf(register), sizeOf(register))));
    then();
  }

  private store(from: readonly string[], text: string, behind: string, error: (what: string) => never): void {
    const { at, then } = this.address(text, behind);
    this.mustBeAligned(from, at, error);
    from.forEach((register, n) => {
      const to = at + n * sizeOf(register);
      if (!this.mmuOn && to >= this.tables.first && to < this.tables.end) {
        if (!this.dropped.has(Math.floor(to / LINE)) && !this.stored.has(Math.floor(to / LINE)))
          error("a line from before may be written back over it: DC IVAC, DSB");
        this.stored.add(Math.floor(to / LINE));
        this.dropped.delete(Math.floor(to / LINE));
      }
      this.write(to, sizeOf(register), this.get(register));
    });
    this.storing = true;
    then();
  }

  /** Lines that it has itself written since they were dropped. */
  private readonly stored = new Set<number>();

  private mustBeAligned(registers: readonly string[], at: number, error: (what: string) => never): void {
    if (at % sizeOf(registers[0] ?? "") !== 0) error(`0x${at.toString(16)} is not aligned`);
  }

  private get(name: string): bigint {
    if (name === "sp") return this.sp;
    if (/^[xw]zr$/.test(name)) return 0n;
    const value = this.x[Number(name.slice(1))];
    if (value === undefined) throw new Error(`${name} is no register`);
    return name.startsWith("w") ? value & 0xffff_ffffn : value;
  }

  private set(name: string, value: bigint): void {
    if (name === "sp") this.sp = value & MASK64;
    else if (!/^[xw]zr$/.test(name)) this.x[Number(name.slice(1))] = value & (name.startsWith("w") ? 0xffff_ffffn : MASK64);
  }

  private value(text: string): bigint {
    return /^#?-?(0x)?[0-9a-f]+$/.test(text) ? numberOf(text) : this.get(text);
  }

  /** The last operand, with its shift or extension. */
  private operand(text: string, modifier: string): bigint {
    if (text.startsWith("#")) return numberOf(text) << shiftOf(modifier);
    return this.get(text) << shiftOf(modifier);
  }

  private compare(register: string, a: bigint, b: bigint): void {
    const bits = BigInt(8 * sizeOf(register));
    const [left, right] = [BigInt.asUintN(Number(bits), a), BigInt.asUintN(Number(bits), b)];
    this.flags = { n: false, z: left === right, c: left >= right, v: false };
  }

  private holds(condition: string): boolean {
    const { z, c } = this.flags;
    const found = ({ eq: z, ne: !z, hs: c, lo: !c, hi: c && !z, ls: !c || z } as Readonly<Record<string, boolean>>)[condition];
    if (found === undefined) throw new Error(`condition ${condition}`);
    return found;
  }
}

/** What is called in entry.S itself. */
const OWN = new Set(["axv_leave_firmware", "axv_make_tables", "axv_mmu_on"]);
const sizeOf = (register: string): number => (register.startsWith("w") ? 4 : 8);
const shiftOf = (modifier: string): bigint => BigInt(/lsl #(0x[0-9a-f]+|\d+)/.exec(modifier)?.[1] ?? 0);
function numberOf(text: string): bigint {
  const digits = text.replace("#", "");
  return digits.startsWith("-") ? -BigInt(digits.slice(1)) & MASK64 : BigInt(digits);
}
