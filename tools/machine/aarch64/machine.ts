// The simulated machine of AArch64: what ../machine.ts leaves to the ISA, with a GIC, PSCI firmware, and EL2's registers and
// vectors.
import { aarch64 } from "../../../arch/aarch64/aarch64.table.ts";
import { EXIT_CAUSES } from "../../../core/abi.ts";
import { cpu } from "../../../core/cpu.table.ts";
import { cpuHooks } from "../atomics.ts";
import type { Contents } from "../board.ts";
import type { Bus } from "../bus.ts";
import { hex } from "../errors.ts";
import type { PrivateLines } from "../lines.ts";
import { load } from "../load.ts";
import type { Loaded } from "../load.ts";
import { Machine } from "../machine.ts";
import type { StartRequest } from "../machine.ts";
import { Pl011 } from "../pl011.ts";
import { PL011_UART } from "../uart.ts";
import type { Uart } from "../uart.ts";
import { uartOf } from "../uarts.ts";
import { Synchronisation } from "../synchronisation.ts";
import type { Board } from "./board.ts";
import { Cluster } from "./cluster.ts";
import { NO_PARTITION } from "./coreExports.ts";
import type { CoreExports } from "./coreExports.ts";
import { Firmware } from "./firmware.ts";
import type { Gic } from "./gic/gic.ts";
import { cpuOf } from "./gic/gic.ts";
import { Gicv2 } from "./gic/gicv2.ts";
import { Gicv3 } from "./gic/gicv3.ts";
import { INTID_SPURIOUS } from "./gic/registers.ts";
import type { Hardware } from "./hardware.ts";
import { aarch64Hooks, synchronised } from "./hooks/index.ts";
import { bitsOf, entriesOf, GicLines } from "./lines.ts";
import { PCpu } from "./pcpu.ts";
import { quickTrap } from "./quickTrap.ts";
import { EC_HVC64, HCR_IMO, PSTATE_I, UNKNOWN } from "./registers.ts";
import { Stage1 } from "./stage1.ts";
import { Stage2, vmidOf } from "./stage2.ts";
import type { Mapping } from "./stage2.ts";
import { RULES } from "./synchronisation.ts";
import { COUNTER_FREQUENCY } from "./timers.ts";
import { fetchSyndrome, hpfarOf, translate } from "./translation.ts";

/** A loop's bound, a table's entry that is looked at, a register that never changes. */
const UNNOTICED = /^(bound|crc32Byte|crc32Double|physicalRead64|mrs_ID_.*)$/;
/** An SGI, a device write, a table's entry, an invalidation. */
const SHOWN = /^(msr_ICC_SGI1R_EL1|mmioWrite|physicalWrite|tlbi)/;

const GENERAL_REGISTERS = 31;
const EC_SHIFT = 26n;
/** What guests have in SP_EL1 as soon as they run. */
const GUEST_STACK = 0x5ac0n;
/** VMPIDR_EL2.Aff0: the vCPU's index in its partition. */
const AFFINITY0 = 0xffn;
const UARTIMSC = 0x38;
const SERROR = 0xbe00_0000n;

export interface MachineOptions extends Contents {
  readonly board: Board;
}

export class Aarch64Machine extends Machine<PCpu, CoreExports, Mapping> implements Hardware {
  readonly board: Board;
  readonly gic: Gic;
  readonly lines: GicLines;
  readonly uart: Uart;
  readonly bus: Bus;
  readonly firmware: Firmware;
  readonly synchronisation = new Synchronisation(RULES);
  readonly cluster: Cluster;
  readonly stage1: Stage1;
  readonly pcpus: readonly PCpu[];
  current: PCpu;
  protected readonly loaded: Loaded<CoreExports>;

  constructor(module: WebAssembly.Module, options: MachineOptions) {
    const { board } = options;
    super(board, options, { counterFrequency: COUNTER_FREQUENCY, repeatsInvalidation: board.repeatsTlbi });
    this.board = board;
    this.uart = uartOf(board.uartFacts ?? PL011_UART);
    if (this.uart instanceof Pl011) this.uart.write(UARTIMSC, board.uartMask ?? 0);
    const refresh = (n: number): void => {
      this.pcpu(n).refreshLines();
      const spi = board.pmuSpis?.[n];
      if (spi !== undefined) this.setLine(spi, this.pcpu(n).pmu.interrupt);
    };
    this.gic = board.gicVersion === 2 ? new Gicv2(board, refresh) : new Gicv3(board, refresh);
    this.lines = new GicLines(this.gic);
    const walked = (descriptor: number): void => this.tableWrites.walk(this.current.index, descriptor, true);
    this.stage1 = new Stage1(this.memory, board.imageBase + board.stage1RootOffset, board.imageBase, board.imageSize, walked);
    this.bus = this.busOf(this.gic, options.silencers);
    this.cluster = new Cluster(board.cluster, board.cpus.length);
    this.firmware = new Firmware(board.cpus, 0, board.trng, board.workarounds, board.resets);
    this.pcpus = board.cpus.map(({ mpidr }, n) => new PCpu(n, mpidr, cpuOf(this.gic, n), this.clock, board));
    this.current = this.pcpu(0);
    this.loaded = load<CoreExports>(
      module,
      { cpu: { table: cpu, hooks: synchronised(this, cpuHooks(this)) }, aarch64: { table: aarch64, hooks: aarch64Hooks(this) } },
      {
        unnoticed: UNNOTICED, shown: SHOWN, current: () => this.current.index,
        before: (name, first) => this.betweenIntrinsics(name, first),
      },
    );
    this.fill(options);
  }

  protected get started(): StartRequest[] {
    return this.firmware.started;
  }

  deadline(pcpu: PCpu): number {
    return pcpu.hypervisorTimer.deadline;
  }

  protected interruptsParked(pcpu: PCpu): boolean {
    return pcpu.gic.physical.highestPending() !== INTID_SPURIOUS;
  }

  protected interruptsGuest(pcpu: PCpu): boolean {
    return this.interruptsParked(pcpu) && (pcpu.registers.HCR_EL2 & HCR_IMO) !== 0n;
  }

  protected takeInterrupt(pcpu: PCpu): void {
    this.leaveGuest(pcpu);
    this.finish(pcpu, this.withoutRegisters(pcpu, () => this.enter(pcpu, () => this.core.trapIrq(pcpu.vcpu))));
  }

  protected describeInterrupt(pcpu: PCpu): string {
    return `INTID ${pcpu.gic.physical.highestPending()}`;
  }

  protected wakes(pcpu: PCpu): boolean {
    if (pcpu.asleep === "wfe" && pcpu.event) {
      pcpu.event = false;
      return true;
    }
    return this.signalled(pcpu) && !(pcpu.asleep === "wfe" && (pcpu.pstate & PSTATE_I) !== 0n);
  }

  /** An interrupt is signalled to the guest of a pCPU, or to the hypervisor. */
  private signalled(pcpu: PCpu): boolean {
    const direct = (pcpu.registers.HCR_EL2 & HCR_IMO) === 0n;
    return pcpu.gic.physical.highestPending() !== INTID_SPURIOUS || (!direct && pcpu.gic.virtual.interruptPending);
  }

  fetch(pcpu: PCpu): boolean {
    const walk = translate(this, pcpu, pcpu.code, (mapping) => mapping.execute);
    if ("mapping" in walk) {
      this.instructionCaches.fetch(pcpu.index, walk.mapping.pa + (pcpu.code - walk.mapping.ipa), pcpu.lives);
      return true;
    }
    this.trap(pcpu, fetchSyndrome(walk.fault), BigInt(pcpu.code), hpfarOf(pcpu.code, walk.fault));
    return false;
  }

  /**
   * An interrupt's vector keeps the guest's registers to itself: what the vCPU's record holds meanwhile is of an earlier exit.
   */
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
    const isCall = Number(esr >> EC_SHIFT) === EC_HVC64;
    this.finish(pcpu, this.enter(pcpu, () => (isCall ? this.core.trapCall(vcpu) : this.core.trapSync(vcpu))));
  }

  /** A physical SError while the guest of a pCPU runs. */
  serror(pcpu: PCpu, esr: bigint): void {
    this.leaveGuest(pcpu);
    pcpu.registers.ESR_EL2 = esr;
    this.finish(pcpu, this.enter(pcpu, () => this.core.trapSerror(pcpu.vcpu)));
  }

  protected leave(pcpu: PCpu): void {
    pcpu.registers.ELR_EL2 = pcpu.pc;
    pcpu.registers.SPSR_EL2 = pcpu.pstate;
  }

  protected enterGuest(pcpu: PCpu): boolean {
    pcpu.pc = pcpu.registers.ELR_EL2;
    pcpu.pstate = pcpu.registers.SPSR_EL2;
    if (!pcpu.serrorPending) return true;
    pcpu.serrorPending = false;
    this.serror(pcpu, SERROR);
    return false;
  }

  /** A guest sets up its stack first of all: where there is none, it has just begun. */
  protected begins(pcpu: PCpu): boolean {
    if (pcpu.registers.SP_EL1 !== 0n) return false;
    pcpu.registers.SP_EL1 = GUEST_STACK;
    return true;
  }

  vmid(pcpu: PCpu): number {
    return vmidOf(pcpu.registers.VTTBR_EL2);
  }

  protected isFirst(pcpu: PCpu): boolean {
    return (pcpu.registers.VMPIDR_EL2 & AFFINITY0) === 0n;
  }

  protected isSpare(pcpu: PCpu): boolean {
    return this.linear.getUint32(pcpu.vcpu + this.core.VCPU_PARTITION.value, true) === NO_PARTITION;
  }

  /** Its tables are there (stage1.ts), and nothing else is looked at. */
  protected prepare(): void {
    return;
  }

  protected hold(pcpu: PCpu): void {
    pcpu.registers.TPIDR_EL2 = BigInt(pcpu.vcpu);
  }

  protected describe(pcpu: PCpu): string {
    return `ESR_EL2 = ${hex(pcpu.registers.ESR_EL2)}`;
  }

  /** How many exits of its guest the core has counted, of whatever cause (core/vcpu.ts) */
  countedExits({ vcpu }: PCpu): number {
    const causes = Array.from(
      { length: EXIT_CAUSES }, (_, cause) => this.linear.getBigUint64(vcpu + this.core.VCPU_EXITS.value + 8 * cause, true),
    );
    return Number(causes.reduce((sum, count) => sum + count, 0n));
  }

  /** An exception in the hypervisor itself: the vector reports it, and the pCPU stops for good. */
  panic(pcpu: PCpu, esr = 0n): void {
    this.enter(pcpu, () => (this.core.panic(esr, 0n, 0n, pcpu.vcpu), 0));
    pcpu.phase = "halted";
  }

  /** SGIs and PPIs. */
  privates({ gic: { bank } }: PCpu): PrivateLines {
    return { bits: bitsOf(bank), entries: entriesOf(bank) };
  }

  mappings({ registers }: PCpu, table?: (pa: number, bytes: number) => void): Mapping[] {
    return new Stage2(registers.VTTBR_EL2, registers.VTCR_EL2, (pa) => this.memory.read64(pa)).list(table);
  }

  /** An SPI's wire. */
  setLine(intid: number, high: boolean): void {
    this.gic.distributor.bank.setLine(intid, high);
  }
}
