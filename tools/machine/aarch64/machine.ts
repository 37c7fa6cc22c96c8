// The simulated machine: pCPUs, GIC, memory, UART, firmware, and the core's own wasm running on it. Everything happens when a
// test says so and in the order it says: a pCPU enters the core, runs to its end, and leaves. Nothing is random, nothing runs
// in the background, so a failing test fails again.
import { aarch64 } from "../../../arch/aarch64/aarch64.table.ts";
import { EXIT_CAUSES } from "../../../core/abi.ts";
import { cpu } from "../../../core/cpu.table.ts";
import type { Board } from "./board.ts";
import { Bus } from "../bus.ts";
import { Cluster } from "./cluster.ts";
import { Clock } from "../clock.ts";
import { hex, MachineError } from "../errors.ts";
import type { CoreExports } from "./coreExports.ts";
import { DataCache } from "../dataCache.ts";
import { Firmware } from "./firmware.ts";
import type { Gic } from "./gic/gic.ts";
import { cpuOf } from "./gic/gic.ts";
import { Gicv2 } from "./gic/gicv2.ts";
import { Gicv3 } from "./gic/gicv3.ts";
import { INTID_SPURIOUS } from "./gic/registers.ts";
import type { Hardware } from "./hardware.ts";
import { aarch64Hooks, cpuHooks } from "./hooks.ts";
import { bindImports } from "../imports.ts";
import { InstructionCaches } from "../instructionCache.ts";
import { PhysicalMemory } from "../memory.ts";
import type { Range } from "../memory.ts";
import { mutantImports } from "../mutant.ts";
import { PCpu } from "./pcpu.ts";
import { Pl011 } from "../pl011.ts";
import { quickTrap } from "./quickTrap.ts";
import { EC_HVC64, HCR_IMO, PSTATE_I, UNKNOWN } from "./registers.ts";
import { Stage1 } from "./stage1.ts";
import { vmidOf } from "./stage2.ts";
import { INSTRUMENTED, memoryImports, StoreBuffer } from "../storeBuffer.ts";
import { Synchronisation } from "./synchronisation.ts";
import { TableWrites } from "../tableWrites.ts";
import { Tlb } from "../tlb.ts";
import { fetchSyndrome, hpfarOf, translate } from "./translation.ts";

/** What trap entries and park() give back. */
const RESUME = 0;
const AGAIN = 2;
/** Steps in which whatever park() has to do is done. */
const STEPS_MAX = 100_000;

const GENERAL_REGISTERS = 31;
/** In a Vcpu, as entry.S has it. */
const VCPU_PARTITION = 284;
const VCPU_MASK_WRITES = 256;
const VCPU_EXITS = 848;
const NO_PARTITION = 0xffff_ffff;
const EC_SHIFT = 26n;

/** What guests have in SP_EL1 as soon as they run. */
const GUEST_STACK = 0x5ac0n;

/** VMPIDR_EL2.Aff0: the vCPU's index in its partition. */
const AFFINITY0 = 0xffn;

/** Where the packer writes the UART's address into the image. */
const IMAGE_UART = 64;

/** Rounds of interrupts after which a machine that still does not rest is taken for one that never will. */
const SETTLE_ROUNDS = 1000;
/** Rounds in which everything has happened that does not wait for a pCPU that is in the core. */
const WAITING_ROUNDS = 20;
/** How long a pCPU waits between two looks for another that does not come. */
const UARTIMSC = 0x38;
const SERROR = 0xbe00_0000n;
const WAIT_NANOSECONDS = 1_000_000;

export interface MachineOptions {
  readonly board: Board;
  /** The image behind the core: the system blob, then what partitions load. */
  readonly blob: Uint8Array;
  /** Bytes at offsets from the image's first byte. */
  readonly loads?: readonly { readonly source: number; readonly bytes: Uint8Array }[];
  /** Where the hypervisor may write, besides its own image. */
  readonly partitionMemory: readonly Range[];
  /** Of that, what a partition shares with nobody: memory that is shared is used with caches on, or not at all. */
  readonly privateMemory: readonly Range[];
  /** Device registers that the plan has it write when a partition stops. */
  readonly silencers: readonly number[];
}

export class Machine implements Hardware {
  readonly board: Board;
  readonly clock = new Clock();
  readonly memory: PhysicalMemory;
  readonly gic: Gic;
  readonly uart = new Pl011();
  readonly bus: Bus;
  readonly firmware: Firmware;
  readonly tlb: Tlb;
  readonly instructionCaches: InstructionCaches;
  readonly dataCache: DataCache;
  readonly tableWrites = new TableWrites();
  readonly synchronisation = new Synchronisation();
  readonly cluster: Cluster;
  readonly stage1: Stage1;
  readonly pcpus: readonly PCpu[];
  readonly core: CoreExports;
  /** Linear memory, as the core sees it. */
  readonly linear: DataView;
  /** The pCPU that is executing the core now, or did so last. */
  current: PCpu;
  /** What the hypervisor wrote outside linear memory, since a test last emptied it. */
  readonly writes: Range[] = [];
  private readonly writable: readonly Range[];
  /** Lives of partitions begun so far, and the one that each VMID is in. */
  private livesBegun = 0;
  private readonly partitionLives = new Map<number, number>();
  /** Hears of each intrinsic that others could notice, just before it. */
  onIntrinsic: ((name: string, pcpu: PCpu) => void) | undefined = undefined;
  /** Stores that others see late: only of a core that says when it stores (instrumented.ts). */
  readonly storeBuffer: StoreBuffer | undefined;
  private intruder: { after: number; readonly run: () => void; readonly every: number; times: number } | undefined;

  constructor(module: WebAssembly.Module, options: MachineOptions) {
    const { board } = options;
    this.board = board;
    this.clock.forward(board.bootTicks ?? 0);
    this.memory = new PhysicalMemory(board.ram);
    this.uart.write(UARTIMSC, board.uartMask ?? 0);
    const refresh = (n: number): void => this.pcpu(n).refreshLines();
    this.gic = board.gicVersion === 2 ? new Gicv2(board, refresh) : new Gicv3(board, refresh);
    this.tlb = new Tlb(board.cpus.length, board.repeatsTlbi);
    this.dataCache = new DataCache(options.privateMemory);
    this.instructionCaches = new InstructionCaches(board.cpus.length);
    const walked = (descriptor: number): void => this.tableWrites.walk(this.current.index, descriptor, true);
    this.stage1 = new Stage1(this.memory, board.imageBase + board.stage1RootOffset, board.imageBase, board.imageSize, walked);
    this.bus = new Bus(this.gic, this.uart, board.uart, this.memory, board.devices, options.silencers);
    this.cluster = new Cluster(board.cluster, board.cpus.length);
    this.firmware = new Firmware(board.cpus, 0, board.trng, board.workarounds);
    this.pcpus = board.cpus.map(({ mpidr }, n) => new PCpu(n, mpidr, cpuOf(this.gic, n), this.clock, board));
    this.current = this.pcpu(0);
    this.writable = [{ pa: board.imageBase, size: board.imageSize }, ...options.partitionMemory];
    const instance = new WebAssembly.Instance(module, {
      ...mutantImports(),
      [INSTRUMENTED]: memoryImports(module, (at, bytes) => this.storeBuffer?.store(this.current.index, at, bytes)),
      cpu: bindImports("cpu", cpu, cpuHooks(this), (name) => this.betweenIntrinsics(name)),
      aarch64: bindImports("aarch64", aarch64, aarch64Hooks(this), (name, first) => this.betweenIntrinsics(name, first)),
    });
    this.core = instance.exports as unknown as CoreExports;
    this.memory.placeLinear(board.imageBase + board.linearOffset, this.core.memory.buffer as ArrayBuffer);
    this.linear = new DataView(this.core.memory.buffer);
    const tells = WebAssembly.Module.imports(module).some((wanted) => wanted.module === INSTRUMENTED);
    this.storeBuffer = tells ? new StoreBuffer(this.core.memory.buffer as ArrayBuffer) : undefined;
    this.memory.write64(board.imageBase + IMAGE_UART, BigInt(board.uart));
    this.memory.writeBytes(board.imageBase + board.imageSize, options.blob);
    if (board.deviceTree !== undefined) this.memory.writeBytes(board.deviceTree.pa, board.deviceTree.bytes);
    for (const { source, bytes } of options.loads ?? []) this.memory.writeBytes(board.imageBase + source, bytes);
  }

  pcpu(n: number): PCpu {
    const found = this.pcpus[n];
    if (found === undefined) throw new MachineError("MACHINE_STATE", `there is no pCPU ${n}`);
    return found;
  }

  /** Reset of the board: pCPU 0 runs boot(), firmware starts the others, all of them go as far as they can. */
  boot(): void {
    this.start(this.pcpu(0), () => this.core.boot(BigInt(this.board.deviceTree?.pa ?? 0)));
    this.settle();
  }

  /** Lets time pass: whatever a timer of the hypervisor's is set for happens when it is due. */
  elapse(nanoseconds: number): void {
    const { clock } = this;
    const end = clock.now + clock.ticksOf(nanoseconds);
    for (let step = 0; step < STEPS_MAX; step++) {
      const due = this.pcpus.map(({ hypervisorTimer }) => hypervisorTimer.deadline).filter((deadline) => deadline > clock.now && deadline < end);
      clock.forward(Math.min(end, ...due) - clock.now);
      this.settle();
      if (clock.now >= end) return;
    }
    throw new MachineError("MACHINE_LIVELOCK", `the hypervisor's timers have gone off ${STEPS_MAX} times`);
  }

  /**
   * Takes every physical interrupt that is signalled to a pCPU, until none is. In the middle of what a pCPU does in the core
   * others may have to wait for it: that comes to no rest, and is cut short.
   */
  settle(): void {
    const waiting = this.pcpus.some(({ busy }) => busy);
    for (let round = 0; round < SETTLE_ROUNDS; round++) {
      let moved = false;
      for (const pcpu of this.pcpus) moved = this.step(pcpu) || moved;
      if (!moved || (waiting && round > WAITING_ROUNDS)) return;
    }
    const states = this.pcpus.map((pcpu) => `pCPU ${pcpu.index} ${pcpu.phase}, INTID ${pcpu.gic.physical.highestPending()}`);
    throw new MachineError("MACHINE_LIVELOCK", `interrupts still come after ${SETTLE_ROUNDS} rounds: ${states.join("; ")}`);
  }

  /**
   * Concurrency: lets other pCPUs do something in the middle of what this one does in the core from now on, just before the
   * intrinsic number `after` that anybody could notice: of a core that says when it stores, those alone ahead of which it has stored
   * something that others do not see yet. `times`: and again, when this one has come as far as `every` says behind each time.
   */
  intrude(after: number, run: () => void, { every = 0, times = 1 } = {}): void {
    this.intruder = { after, run, every, times };
  }

  /** True: it came to that, as often as it was to. In any case nobody intrudes any more. */
  endIntrusion(): boolean {
    const pending = this.intruder !== undefined;
    this.intruder = undefined;
    return !pending;
  }

  private betweenIntrinsics(name: string, first?: number | bigint): void {
    this.onIntrinsic?.(name, this.current);
    if (this.intruder === undefined) return;
    // What the housekeeper reads and writes of its UART is nobody else's business: whoever came now would find everything as ahead of it.
    if (typeof first === "bigint" && name.startsWith("mmio") && this.bus.inUart(Number(first))) return;
    const { index } = this.current;
    if (this.storeBuffer?.isSame(index, name) === true || this.intruder.after-- > 0) return;
    const { run, every, times } = this.intruder;
    this.intruder = undefined;
    if (this.storeBuffer === undefined) run();
    else this.storeBuffer.hidden(index, run);
    // Unless it has called in somebody else.
    if (times > 1) this.intruder ??= { after: every, run, every, times: times - 1 };
  }

  /** A pCPU in the core waits for another: those that firmware has just started run, or time passes. */
  runOthers(): void {
    const { started } = this.firmware;
    if (started.length === 0) this.clock.advance(WAIT_NANOSECONDS);
    for (const { pcpu } of [...started]) this.step(this.pcpu(pcpu));
  }

  /** Lets one pCPU do what hardware makes it do now; false: nothing. */
  step(pcpu: PCpu): boolean {
    const request = this.firmware.started.find((started) => started.pcpu === pcpu.index);
    if (request !== undefined) {
      this.firmware.started.splice(this.firmware.started.indexOf(request), 1);
      const entry = this.board.imageBase + this.board.secondaryEntryOffset;
      if (request.entry !== entry) throw new MachineError("MACHINE_FIRMWARE", `CPU_ON with entry ${hex(request.entry)}: the image's secondary entry is ${hex(entry)}`);
      this.start(pcpu, () => this.core.bootSecondary(Number(request.context)));
      return true;
    }
    if (pcpu.busy || (pcpu.phase !== "guest" && pcpu.phase !== "parked")) return false;
    const interrupted = pcpu.gic.physical.highestPending() !== INTID_SPURIOUS;
    if (pcpu.phase === "parked") {
      if (interrupted) this.park(pcpu);
      return interrupted;
    }
    if (interrupted && (pcpu.registers.HCR_EL2 & HCR_IMO) !== 0n) {
      this.leaveGuest(pcpu);
      this.finish(pcpu, this.withoutRegisters(pcpu, () => this.enter(pcpu, () => this.core.trapIrq(pcpu.vcpu))));
      return true;
    }
    // Physical interrupts that are not the hypervisor's are for the guest to take, when a test lets it.
    return this.awake(pcpu) && !this.fetch(pcpu);
  }

  /** The guest of a pCPU does not sleep, or not any more. */
  awake(pcpu: PCpu): boolean {
    if (pcpu.asleep === undefined) return true;
    if (pcpu.asleep === "wfe" && pcpu.event) pcpu.event = false;
    else if (!this.signalled(pcpu) || (pcpu.asleep === "wfe" && (pcpu.pstate & PSTATE_I) !== 0n)) return false;
    pcpu.asleep = undefined;
    return true;
  }

  /** An interrupt is signalled to the guest of a pCPU, or to the hypervisor. */
  private signalled(pcpu: PCpu): boolean {
    const direct = (pcpu.registers.HCR_EL2 & HCR_IMO) === 0n;
    return pcpu.gic.physical.highestPending() !== INTID_SPURIOUS || (!direct && pcpu.gic.virtual.interruptPending);
  }

  /** The guest of a pCPU fetches its next instruction. False: it could not, and is at EL2, or back from there. */
  fetch(pcpu: PCpu): boolean {
    const walk = translate(this, pcpu, pcpu.code, (mapping) => mapping.execute);
    if ("mapping" in walk) {
      this.instructionCaches.fetch(pcpu.index, walk.mapping.pa + (pcpu.code - walk.mapping.ipa), pcpu.lives);
      return true;
    }
    this.trap(pcpu, fetchSyndrome(walk.fault), BigInt(pcpu.code), hpfarOf(pcpu.code, walk.fault));
    return false;
  }

  /** An interrupt's vector keeps the guest's registers to itself: what the vCPU's record holds meanwhile is of an earlier exit. */
  withoutRegisters<Result>(pcpu: PCpu, run: () => Result): Result {
    const record = new BigUint64Array(this.linear.buffer, pcpu.vcpu, GENERAL_REGISTERS);
    const registers = record.slice();
    record.fill(UNKNOWN);
    const result = run();
    record.set(registers);
    return result;
  }

  /** A synchronous exception from the guest of a pCPU, with the PC already where the architecture says it returns to. */
  trap(pcpu: PCpu, esr: bigint, far = 0n, hpfar = 0n): void {
    this.leaveGuest(pcpu);
    pcpu.registers.ESR_EL2 = esr;
    pcpu.registers.FAR_EL2 = far;
    pcpu.registers.HPFAR_EL2 = hpfar;
    const { vcpu } = pcpu;
    if (this.board.fullTraps !== true && quickTrap(this, pcpu, esr)) return this.resume(pcpu);
    pcpu.fullTraps++;
    this.finish(pcpu, this.enter(pcpu, () => (Number(esr >> EC_SHIFT) === EC_HVC64 ? this.core.trapCall(vcpu) : this.core.trapSync(vcpu))));
  }

  /** A physical SError while the guest of a pCPU runs. */
  serror(pcpu: PCpu, esr: bigint): void {
    this.leaveGuest(pcpu);
    pcpu.registers.ESR_EL2 = esr;
    this.finish(pcpu, this.enter(pcpu, () => this.core.trapSerror(pcpu.vcpu)));
  }

  /** DSB of the pCPU that is in the core: whatever it has begun is done. */
  dataBarrier(): void {
    const { index } = this.current;
    this.tlb.complete(index);
    this.instructionCaches.complete(index);
    this.dataCache.complete(index);
    this.tableWrites.complete(index);
    this.synchronisation.complete(index);
    this.storeBuffer?.drain(index);
  }

  /** ISB, exception entry, exception return. */
  synchronise(pcpu: PCpu): void {
    this.synchronisation.synchronise(pcpu.index);
    this.tableWrites.synchronise(pcpu.index);
  }

  /** The life that the partition of a pCPU is in: another one after each of its starts. */
  lifeOf(pcpu: PCpu): number {
    return this.partitionLives.get(vmidOf(pcpu.registers.VTTBR_EL2)) ?? 0;
  }

  /** A vCPU begins. Its partition begins with its first vCPU, none of the others being on. */
  private beginLife(pcpu: PCpu): void {
    pcpu.lives++;
    const vmid = vmidOf(pcpu.registers.VTTBR_EL2);
    const others = this.pcpus.some((other) => other !== pcpu && (other.busy || other.phase === "guest") && vmidOf(other.registers.VTTBR_EL2) === vmid);
    if ((pcpu.registers.VMPIDR_EL2 & AFFINITY0) === 0n && !others) this.partitionLives.set(vmid, ++this.livesBegun);
  }

  /** How many exits of its guest the core has counted, of whatever cause (core/vcpu.ts), those among them that the vectors count themselves. */
  countedExits({ vcpu }: PCpu): number {
    const causes = Array.from({ length: EXIT_CAUSES }, (_, cause) => this.linear.getBigUint64(vcpu + VCPU_EXITS + 8 * cause, true));
    return Number(causes.reduce((sum, count) => sum + count, this.linear.getBigUint64(vcpu + VCPU_MASK_WRITES, true)));
  }

  /** An exception in the hypervisor itself: the vector reports it, and the pCPU stops for good. */
  panic(pcpu: PCpu, esr = 0n): void {
    this.enter(pcpu, () => (this.core.panic(esr, 0n, 0n, pcpu.vcpu), 0));
    pcpu.phase = "halted";
  }

  /** An SPI's wire. */
  setLine(intid: number, high: boolean): void {
    this.gic.distributor.bank.setLine(intid, high);
  }

  /** Fails the test if the hypervisor may not write there; keeps account otherwise. */
  allowWrite(pa: number, bytes: number): void {
    const allowed = this.writable.some((range) => pa >= range.pa && pa + bytes <= range.pa + range.size);
    if (!allowed) throw new MachineError("MACHINE_FORBIDDEN_WRITE", `the hypervisor writes ${bytes} bytes at ${hex(pa)}: neither its own nor a partition's memory`);
    this.writes.push({ pa, size: bytes });
  }

  /** Runs an export on a pCPU: also for tests that call one by hand. */
  enter(pcpu: PCpu, run: () => number): number {
    return this.within(pcpu, run) >>> 0;
  }

  /** The same of an export that gives back something else. */
  within<Result>(pcpu: PCpu, run: () => Result): Result {
    const interrupted = this.current;
    this.current = pcpu;
    pcpu.busy = true;
    try {
      return run();
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      throw new MachineError("MACHINE_CORE_TRAP", `the core trapped on pCPU ${pcpu.index}, ESR_EL2 = ${hex(pcpu.registers.ESR_EL2)}: ${error.message}\n${error.stack ?? ""}`, error);
    } finally {
      pcpu.busy = false;
      this.tlb.leave(pcpu.index);
      this.storeBuffer?.drain(pcpu.index);
      // Only an intruded core goes on after this; otherwise `current` is the pCPU that was in the core last.
      if (interrupted.busy) this.current = interrupted;
    }
  }

  private start(pcpu: PCpu, run: () => number): void {
    this.tlb.start(pcpu.index);
    const vcpu = this.enter(pcpu, run);
    if (vcpu === 0) {
      pcpu.phase = "halted";
      return;
    }
    pcpu.vcpu = vcpu;
    pcpu.registers.TPIDR_EL2 = BigInt(vcpu);
    this.park(pcpu);
  }

  /** As the assembly does it: park(), and WFI only if that finds no guest to run. */
  private park(pcpu: PCpu): void {
    pcpu.phase = "parked";
    if (this.isSpare(pcpu)) {
      this.enter(pcpu, () => (this.core.idle(pcpu.vcpu), 0));
      return this.synchronisation.execute(pcpu.index, "wfi");
    }
    for (let step = 0; step < STEPS_MAX; step++) {
      const result = this.enter(pcpu, () => this.core.park(pcpu.vcpu));
      if (result === RESUME) this.resume(pcpu);
      else if (result !== AGAIN) this.synchronisation.execute(pcpu.index, "wfi");
      if (result !== AGAIN) return;
    }
    throw new MachineError("MACHINE_LIVELOCK", `pCPU ${pcpu.index} has still something to do after ${STEPS_MAX} steps`);
  }

  private isSpare(pcpu: PCpu): boolean {
    return this.linear.getUint32(pcpu.vcpu + VCPU_PARTITION, true) === NO_PARTITION;
  }

  private leaveGuest(pcpu: PCpu): void {
    if (pcpu.phase !== "guest") throw new MachineError("MACHINE_STATE", `pCPU ${pcpu.index} is ${pcpu.phase}: no guest runs on it`);
    pcpu.exits++;
    pcpu.registers.ELR_EL2 = pcpu.pc;
    pcpu.registers.SPSR_EL2 = pcpu.pstate;
    pcpu.asleep = undefined;
    this.synchronise(pcpu);
  }

  private finish(pcpu: PCpu, result: number): void {
    if (result === RESUME) this.resume(pcpu);
    else this.park(pcpu);
  }

  private resume(pcpu: PCpu): void {
    if (this.tlb.isInvalidating(pcpu.index)) throw new MachineError("MACHINE_TLB", `pCPU ${pcpu.index} enters its guest while a TLB invalidation is under way: DSB after TLBI`);
    this.synchronise(pcpu);
    pcpu.phase = "guest";
    pcpu.pc = pcpu.registers.ELR_EL2;
    pcpu.pstate = pcpu.registers.SPSR_EL2;
    if (pcpu.serrorPending) {
      pcpu.serrorPending = false;
      return this.serror(pcpu, SERROR);
    }
    // A guest sets up its stack first of all: where there is none, it has just begun.
    if (pcpu.registers.SP_EL1 !== 0n) return;
    pcpu.registers.SP_EL1 = GUEST_STACK;
    pcpu.code = Number(pcpu.pc);
    this.beginLife(pcpu);
  }
}

