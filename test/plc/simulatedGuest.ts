// The PLC guest's wasm on a simulated CPU: its timer, GIC registers, channel and hypercalls, as far as a guest with one
// interrupt can tell them from real ones. Time stands still but for what a test lets pass.
import { readFileSync } from "node:fs";
import { HYPERCALL_CONSOLE_WRITE, HYPERCALL_DOORBELL, HYPERCALL_VERSION, HYPERCALL_WATCHDOG_FEED, SMCCC_INVALID_PARAMETER, SMCCC_NOT_SUPPORTED } from "../../core/abi.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { PLC } from "../../tools/build/programs.ts";
import type { Hooks } from "../machine/imports.ts";
import { ChannelMemory } from "./channelMemory.ts";
import { instantiate } from "./instantiate.ts";

export const CHANNEL_IPA = 0x5000_0000n;
export const FREQUENCY = 62_500_000n;
/** Ticks in a scan period of 1 ms. */
export const PERIOD = FREQUENCY / 1000n;
export const TICK_NS = 16n;

const INTID_VIRTUAL_TIMER = 27;
const VERSION_1_0 = 0x1_0000n;
const NOT_SUPPORTED = BigInt.asUintN(64, BigInt(SMCCC_NOT_SUPPORTED));
const INVALID_PARAMETER = BigInt.asUintN(64, BigInt(SMCCC_INVALID_PARAMETER));

/** System registers whose writes are only logged. */
const LOGGED = ["ICC_SRE_EL1", "ICC_PMR_EL1", "ICC_BPR1_EL1", "ICC_CTLR_EL1", "ICC_IGRPEN1_EL1"] as const;

export interface Hypercall {
  readonly id: number;
  /** x1 … x7 */
  readonly x: readonly bigint[];
}

export class SimulatedCpu {
  readonly channel: ChannelMemory;
  readonly hypervisor: boolean;
  /** CNTVCT_EL0. */
  time = 1_000_000n;
  /** CNTV_CVAL_EL0 and CNTV_CTL_EL0. */
  deadline = 0n;
  control = 0n;
  /** Ticks that a scan's logic takes, passed when its image has been published. */
  logicTicks = 0n;
  /** Whether the partition was planned with a channel. */
  hasChannel = true;
  /** Bytes that the console takes in one call; a full ring takes none. */
  consoleTakes = 48;
  /** What ICC_IAR1_EL1 gives, once, instead of the timer's INTID. */
  intid = INTID_VIRTUAL_TIMER;
  /** Writes in order: `ICC_PMR_EL1=255`, `mmio 0x8000000=19`, `eoi 27`. */
  readonly log: string[] = [];
  readonly hypercalls: Hypercall[] = [];
  readonly cleaned: bigint[] = [];
  console = "";
  readonly #devices = new Map<bigint, number>();

  constructor(channel: ChannelMemory, hypervisor = true) {
    this.channel = channel;
    this.hypervisor = hypervisor;
  }

  guestHooks(): Hooks {
    const logged = Object.fromEntries(LOGGED.map((name) => [`msr_${name}`, (value: bigint) => void this.log.push(`${name}=${value}`)]));
    return {
      ...logged,
      isb: () => undefined,
      mrs_CNTFRQ_EL0: () => FREQUENCY,
      mrs_CNTVCT_EL0: () => this.time,
      msr_CNTV_CTL_EL0: (value: bigint) => void (this.control = value),
      msr_CNTV_CVAL_EL0: (value: bigint) => void (this.deadline = value),
      mrs_ICC_IAR1_EL1: () => BigInt(this.intid),
      msr_ICC_EOIR1_EL1: (intid: bigint) => void this.log.push(`eoi ${intid}`),
      mmioRead32: (address: bigint) => this.#devices.get(address) ?? 0,
      mmioWrite32: (address: bigint, value: number) => {
        this.#devices.set(address, value);
        this.log.push(`mmio 0x${address.toString(16)}=0x${value.toString(16)}`);
      },
      cleanLine: (address: bigint) => {
        this.cleaned.push(address);
        if (address === CHANNEL_IPA) this.time += this.logicTicks;
      },
      hvc: (id: bigint, ...x: bigint[]) => this.#hypercall(Number(id), x),
    };
  }

  /** What a device register holds before the guest first writes it. */
  setDevice(address: bigint, value: number): void {
    this.#devices.set(address, value);
  }

  #hypercall(id: number, x: readonly bigint[]): bigint {
    this.hypercalls.push({ id, x });
    if (!this.hypervisor) return NOT_SUPPORTED;
    if (id === HYPERCALL_VERSION) return VERSION_1_0;
    if (id === HYPERCALL_DOORBELL) return this.hasChannel && x[0] === 0n ? 0n : INVALID_PARAMETER;
    if (id !== HYPERCALL_CONSOLE_WRITE) return 0n;
    const bytes = Buffer.alloc(48);
    x.slice(1).forEach((word, n) => bytes.writeBigUInt64LE(word, 8 * n));
    const taken = Math.min(Number(x[0]), this.consoleTakes);
    this.console += bytes.toString("latin1", 0, taken);
    return BigInt(taken);
  }

  /** Hypercalls since the last call of this, the watchdog's feed apart. */
  takeHypercalls(): { fed: number; others: Hypercall[] } {
    const taken = this.hypercalls.splice(0);
    const others = taken.filter(({ id }) => id !== HYPERCALL_WATCHDOG_FEED);
    return { fed: taken.length - others.length, others };
  }
}

/** What rtos-guests/plc/index.ts exports for start.S and vectors.S. */
interface GuestExports {
  readonly start: () => void;
  readonly irq: () => void;
  readonly panic: (esr: bigint, elr: bigint, far: bigint) => void;
}

export class SimulatedGuest {
  readonly cpu: SimulatedCpu;
  readonly #exports: GuestExports;

  /** As start.S leaves it to AssemblyScript; `start` has run. */
  static async boot(cpu: SimulatedCpu): Promise<SimulatedGuest> {
    const { wasm } = await buildProgram(PLC);
    const exports = await instantiate(PLC, Uint8Array.from(readFileSync(wasm)), { channel: cpu.channel.hooks(), guest: cpu.guestHooks() });
    const guest = new SimulatedGuest(cpu, exports);
    guest.#exports.start();
    return guest;
  }

  private constructor(cpu: SimulatedCpu, exports: WebAssembly.Exports) {
    this.cpu = cpu;
    this.#exports = exports as unknown as GuestExports;
  }

  /** The timer fires at its deadline, and the guest gets to run `late` ticks after it. */
  scan(late = 0n): void {
    this.cpu.time = this.cpu.deadline + late;
    this.#exports.irq();
  }

  scans(count: number, late = 0n): void {
    for (let i = 0; i < count; i++) this.scan(late);
  }

  /** An interrupt with an INTID of its own, now. */
  interrupt(intid: number): void {
    const before = this.cpu.intid;
    this.cpu.intid = intid;
    this.#exports.irq();
    this.cpu.intid = before;
  }

  panic(esr: bigint, elr: bigint, far: bigint): void {
    this.#exports.panic(esr, elr, far);
  }
}
