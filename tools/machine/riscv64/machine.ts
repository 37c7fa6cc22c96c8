// The simulated machine of RISC-V: what ../machine.ts leaves to the ISA, with IMSICs, an APLIC, SBI firmware, and HS mode's
// registers.
import { cpu } from "../../../core/cpu.table.ts";
import { cpuHooks } from "../atomics.ts";
import type { Contents } from "../board.ts";
import type { Bus } from "../bus.ts";
import { hex, MachineError } from "../errors.ts";
import type { PrivateLines } from "../lines.ts";
import { load } from "../load.ts";
import type { Intrinsics, Loaded } from "../load.ts";
import { Machine } from "../machine.ts";
import type { StartRequest } from "../machine.ts";
import { Rules, Synchronisation } from "../synchronisation.ts";
import { NS16550_UART } from "../uart.ts";
import type { Uart } from "../uart.ts";
import { uartOf } from "../uarts.ts";
import { Aplic } from "./aplic.ts";
import { TIMEBASE } from "./board.ts";
import type { Board } from "./board.ts";
import { Controllers } from "./controllers.ts";
import { NO_PARTITION } from "./coreExports.ts";
import type { CoreExports } from "./coreExports.ts";
import { UNKNOWN } from "./csrFile.ts";
import { PPN_MASK, SSI } from "./csrs.ts";
import { Fences } from "./fences.ts";
import { Hart } from "./hart.ts";
import { Imsic, ImsicPages } from "./imsic.ts";
import { OwnStage } from "./ownStage.ts";
import { Sbi } from "./sbi.ts";
import type { Fenced } from "./sbi.ts";
import { Sv39 } from "./sv39.ts";
import type { Mapping } from "./sv39.ts";
import { translate, vmidOf } from "./translation.ts";
import { ECALL_VS, LOAD_GUEST_PAGE, STORE_GUEST_PAGE } from "./traps.ts";
import type { Trap } from "./traps.ts";

/** A loop's bound, a table's entry that is looked at. */
const UNNOTICED = /^(bound|physicalRead64)$/;
/** An MSI or another device write, a table's entry, a fence, a call of firmware. */
const SHOWN = /^(mmioWrite|physicalWrite|hfence|sfence|sbi)/;
/** CSRs are written in order (unprivileged architecture, "Zicsr"): nobody has to wait for one. */
const RULES = new Rules([]);

const STACK_POINTER = 2;
const [A0, A1, A6, A7] = [10, 11, 16, 17];
const REGISTERS = 32;
const ECALL_BYTES = 4n;
/** core/lifecycle.ts. */
const RESUME = 0;
const SATP_SV39 = 8n << 60n;
const PAGE = 0x1000;
/** What guests have in x2 as soon as they run. */
const GUEST_STACK = 0x5ac0n;

export interface MachineOptions extends Contents {
  readonly board: Board;
  /** The module "riscv64" of intrinsics, for this machine. */
  readonly intrinsics: (machine: Riscv64Machine) => Intrinsics;
}

export class Riscv64Machine extends Machine<Hart, CoreExports, Mapping> {
  readonly board: Board;
  readonly uart: Uart;
  readonly aplic: Aplic;
  readonly imsicPages: ImsicPages;
  readonly bus: Bus;
  readonly sbi: Sbi;
  readonly fences: Fences;
  readonly ownStage: OwnStage;
  readonly synchronisation = new Synchronisation(RULES);
  readonly pcpus: readonly Hart[];
  current: Hart;
  protected readonly loaded: Loaded<CoreExports>;

  constructor(module: WebAssembly.Module, options: MachineOptions) {
    const { board } = options;
    super(board, options, { counterFrequency: TIMEBASE });
    this.board = board;
    this.uart = uartOf(board.uartFacts ?? NS16550_UART);
    const imsics = board.cpus.map(() => new Imsic(board.guestFiles));
    this.imsicPages = new ImsicPages(board.imsic, board.guestFiles, imsics);
    this.aplic = new Aplic(board.aplic, (...msi) => this.imsicPages.send(...msi), board.model.resendsLow);
    this.bus = this.busOf(new Controllers([this.imsicPages, this.aplic]), options.silencers);
    this.fences = new Fences(this.tlb, this.tableWrites);
    this.pcpus = imsics.map((imsic, n) => new Hart(n, board.model, imsic, this.clock));
    this.current = this.pcpu(0);
    this.sbi = new Sbi(board.cpus.length, 0, {
      interrupt: (hart) => this.pcpu(hart).csrs.write("sip", SSI),
      fence: (by, harts, what, vmid) => this.fence(by, harts, what, vmid),
    }, this.pcpus.map(({ csrs }) => csrs.pmu));
    const walked = (entry: number): void => this.tableWrites.walk(this.current.index, entry, true);
    this.ownStage = new OwnStage(this.memory, () => this.current.csrs.read("satp"), walked);
    this.loaded = load<CoreExports>(module, { cpu: { table: cpu, hooks: cpuHooks(this) }, riscv64: options.intrinsics(this) }, {
      unnoticed: UNNOTICED, shown: SHOWN, current: () => this.current.index,
      before: (name, first) => this.betweenIntrinsics(name, first),
    });
    this.fill(options);
    this.ownStage.begin(board);
  }

  private fence(by: number, harts: readonly number[], what: Fenced, vmid?: number): void {
    if (what === "virtual") {
      for (const hart of harts) this.fences.hfenceVvma(hart, this.vmid(this.pcpu(by)));
      return;
    }
    if (what === "guests") return this.fences.remote(by, harts, vmid);
    if (what === "own") return this.fences.sfenceVma(by);
    this.instructionCaches.invalidate(by, [...harts]);
    this.instructionCaches.complete(by);
  }

  get lines(): Aplic {
    return this.aplic;
  }

  /** The supervisor's file: what kicks come by. A guest's own file is the guest's. */
  privates({ csrs }: Hart): PrivateLines {
    const { pending, enabled } = csrs.imsic.supervisor;
    return {
      bits: [{ name: "eip", set: pending, role: "pending" }, { name: "eie", set: enabled, role: "enabled" }], entries: [],
    };
  }

  mappings({ csrs }: Hart, table?: (pa: number, bytes: number) => void): Mapping[] {
    return new Sv39(csrs.read("hgatp") & PPN_MASK, true, (pa) => this.memory.read64(pa)).list(table);
  }

  setLine(source: number, high: boolean): void {
    this.aplic.setLine(source, high);
  }

  protected get started(): StartRequest[] {
    return this.sbi.started;
  }

  deadline(hart: Hart): number {
    return hart.deadline;
  }

  protected interruptsParked(hart: Hart): boolean {
    return hart.forHypervisor !== 0n;
  }

  protected interruptsGuest(hart: Hart): boolean {
    return hart.interruptsHypervisor;
  }

  protected takeInterrupt(hart: Hart): void {
    this.leaveGuest(hart);
    hart.takeInterrupt();
    this.finish(hart, this.enter(hart, () => this.core.trap(hart.vcpu)));
  }

  protected describeInterrupt(hart: Hart): string {
    return `interrupts ${hex(hart.forHypervisor)}`;
  }

  protected wakes(hart: Hart): boolean {
    return hart.wakes;
  }

  /** What a hart finds in its instruction cache is of this life of its vCPU: another one may have changed the code meanwhile. */
  fetch(hart: Hart): boolean {
    const walk = translate(this, hart, hart.code, "execute");
    if ("mapping" in walk) {
      this.instructionCaches.fetch(hart.index, walk.mapping.pa + (hart.code - walk.mapping.ipa), hart.lives);
      return true;
    }
    this.trap(hart, walk.trap);
    return false;
  }

  /** A synchronous trap of a guest: its own, or the hypervisor's. */
  trap(hart: Hart, { cause, ...about }: Trap): void {
    if (hart.delegates(cause)) {
      hart.trap(cause, about);
      return;
    }
    this.leaveGuest(hart);
    hart.trap(cause, about);
    if (cause === ECALL_VS && this.quickCall(hart)) return this.resume(hart);
    hart.fullTraps++;
    const isAccess = cause === LOAD_GUEST_PAGE || cause === STORE_GUEST_PAGE;
    this.finish(hart, this.enter(hart, () => (isAccess ? this.access(hart, cause) : this.core.trap(hart.vcpu))));
  }

  /** As entry.S does it. */
  private access({ vcpu, csrs, instruction: read }: Hart, cause: number): number {
    const instruction = Number(csrs.read("htinst")) || read;
    const isDone = cause === LOAD_GUEST_PAGE && this.core.quickLoad(vcpu, instruction) !== 0;
    return isDone ? RESUME : this.core.access(vcpu, instruction);
  }

  /** What entry.S does with a call that is waited for: of its registers the function sees a0 alone. False: it is none. */
  private quickCall(hart: Hart): boolean {
    const { CALL_EXTENSION, QUICK_CALLS, SBI_BASE, SBI_TIME } = this.core;
    const [extension, call, argument] = [this.x(hart, A7), this.x(hart, A6), this.x(hart, A0)];
    const isOf = (one: { readonly value: number }): boolean => extension === BigInt(one.value >>> 0);
    const isOwn = isOf(CALL_EXTENSION) && call < BigInt(QUICK_CALLS.value);
    if (!isOwn && !isOf(SBI_BASE) && !isOf(SBI_TIME)) return false;
    const answer = (): bigint => (isOwn
      ? this.core.quickCall(hart.vcpu, Number(call))
      : this.core.quickSbi(hart.vcpu, extension, call, argument));
    const registers = new BigUint64Array(this.linear.buffer, hart.vcpu + this.core.VCPU_X0.value, REGISTERS);
    const saved = registers.slice();
    registers.fill(UNKNOWN);
    this.setX(hart, A0, saved[A0] ?? 0n);
    const result = BigInt.asIntN(64, this.within(hart, answer));
    registers.set(saved);
    this.setX(hart, A0, result < 0n ? result : 0n);
    this.setX(hart, A1, result < 0n ? 0n : result);
    hart.csrs.write("sepc", hart.csrs.read("sepc") + ECALL_BYTES);
    return true;
  }

  /** The trap has put PC and mode away (hart.ts). */
  protected leave(): void {
    return;
  }

  protected enterGuest(hart: Hart): boolean {
    hart.sret();
    if (!hart.isVirtual) throw new MachineError("MACHINE_STATE", `hart ${hart.index} enters its guest with hstatus.SPV clear`);
    return true;
  }

  /** A guest sets up its stack first of all: where there is none, it has just begun. */
  protected begins(hart: Hart): boolean {
    if (this.x(hart, STACK_POINTER) !== 0n) return false;
    this.setX(hart, STACK_POINTER, GUEST_STACK);
    return true;
  }

  /** A guest's general registers, in its vCPU's record; x0 is zero. */
  x(hart: Hart, n: number): bigint {
    return n === 0 ? 0n : this.linear.getBigUint64(hart.vcpu + this.core.VCPU_X0.value + 8 * n, true);
  }

  setX(hart: Hart, n: number, value: bigint): void {
    if (n !== 0) this.linear.setBigUint64(hart.vcpu + this.core.VCPU_X0.value + 8 * n, BigInt.asUintN(64, value), true);
  }

  vmid({ csrs }: Hart): number {
    return vmidOf(csrs.read("hgatp"));
  }

  /** A vCPU begins with its number in a0. */
  protected isFirst(hart: Hart): boolean {
    return this.x(hart, A0) === 0n;
  }

  protected isSpare(hart: Hart): boolean {
    return this.linear.getUint32(hart.vcpu + this.core.VCPU_PARTITION.value, true) === NO_PARTITION;
  }

  /** As entry.S does it: its own tables, and no interrupt. */
  protected prepare({ csrs }: Hart): void {
    csrs.write("satp", SATP_SV39 | BigInt((this.board.imageBase + this.board.ownRootOffset) / PAGE));
    csrs.write("sie", 0n);
    csrs.write("stvec", BigInt(this.board.imageBase));
    csrs.write("sscratch", 0n);
  }

  /** The record stands on the hart's stack. */
  protected hold(): void {
    return;
  }

  protected describe({ csrs }: Hart): string {
    return `scause = ${hex(csrs.read("scause"))}`;
  }

  panic(hart: Hart): void {
    const { csrs } = hart;
    this.enter(hart, () => (this.core.panic(csrs.read("scause"), csrs.read("sepc"), csrs.read("stval"), hart.vcpu), 0));
    hart.phase = "halted";
  }
}
