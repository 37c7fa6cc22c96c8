// The PLC guest's wasm on a simulated CPU: its timers, GIC registers, channel, mailbox and hypercalls, as far as a guest with one
// interrupt can tell them from real ones. Time stands still but for what a test lets pass.
import { readFileSync } from "node:fs";
import { MAILBOX_MAGIC, MAILBOX_SIZE, MAILBOX_TAG_BYTES, MAILBOX_VERSION } from "../../core/abi.ts";
import {
  HYPERCALL_CONSOLE_WRITE, HYPERCALL_DOORBELL, HYPERCALL_MAILBOX, HYPERCALL_VERSION, HYPERCALL_WATCHDOG_FEED,
  SMCCC_INVALID_PARAMETER, SMCCC_NOT_SUPPORTED,
} from "../../arch/aarch64/calls.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { PLC } from "../../tools/build/programs.ts";
import type { Hooks } from "../../tools/machine/imports.ts";
import { ChannelMemory } from "./channelMemory.ts";
import { instantiate } from "./instantiate.ts";

export const CHANNEL_IPA = 0x5000_0000n;
/** Where a plan puts the mailbox of a partition with one channel. */
export const MAILBOX_IPA = 0x5000_1000n;
export const FREQUENCY = 62_500_000n;
/** Ticks in a scan period of 1 ms. */
export const PERIOD = FREQUENCY / 1000n;
export const TICK_NS = 16n;

export const INTID_VIRTUAL_TIMER = 27;
export const INTID_PHYSICAL_TIMER = 30;
/** CNTVCT_EL0 is behind CNTPCT_EL0 by so much, as if CNTVOFF_EL2 were set. */
const VIRTUAL_OFFSET = 500_000n;
const PFR0_GICV3 = 1n << 24n;
const GICC_IAR = 0x0801_000cn;
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

/** CVAL and CTL of a timer. */
export interface Timer {
  deadline: bigint;
  control: bigint;
}

/** As the hypervisor leaves it to a partition that starts. */
function emptyMailbox(tagBytes: number): ChannelMemory {
  const mailbox = new ChannelMemory(MAILBOX_IPA, MAILBOX_SIZE + tagBytes);
  mailbox.store(MAILBOX_TAG_BYTES, 32, BigInt(tagBytes));
  mailbox.store(0, 32, BigInt(MAILBOX_MAGIC));
  mailbox.store(MAILBOX_VERSION, 32, 1n);
  return mailbox;
}

export class SimulatedCpu {
  readonly channel: ChannelMemory;
  readonly hypervisor: boolean;
  mailbox: ChannelMemory | undefined;
  /** Else a GICv3. */
  isGicV2 = false;
  /** The interrupt whose timer the guest is built for. */
  timerIntid = INTID_VIRTUAL_TIMER;
  /** CNTVCT_EL0. */
  time = 1_000_000n;
  readonly virtual: Timer = { deadline: 0n, control: 0n };
  readonly physical: Timer = { deadline: 0n, control: 0n };
  /** Ticks that a scan's logic takes, passed when its image has been published. */
  logicTicks = 0n;
  /** Whether the partition was planned with a channel. */
  hasChannel = true;
  /** Bytes that the console takes in one call; a full ring takes none. */
  consoleTakes = 48;
  /** What ICC_IAR1_EL1 or GICC_IAR gives instead of the timer's INTID. */
  intid: number | undefined;
  /** Writes in order: `ICC_PMR_EL1=255`, `mmio 0x8000000=19`, `eoi 27`. */
  readonly log: string[] = [];
  readonly hypercalls: Hypercall[] = [];
  readonly cleaned: bigint[] = [];
  console = "";
  #mailboxIpa = NOT_SUPPORTED;
  readonly #devices = new Map<bigint, number>();

  constructor(channel: ChannelMemory, hypervisor = true) {
    this.channel = channel;
    this.hypervisor = hypervisor;
  }

  /** When the timer that the guest uses is due, by CNTVCT_EL0. */
  get deadline(): bigint {
    return this.timerIntid === INTID_VIRTUAL_TIMER ? this.virtual.deadline : this.physical.deadline - VIRTUAL_OFFSET;
  }

  /** What the channel's and the mailbox's memory answer, by address. */
  channelHooks(): Hooks {
    const channel = this.channel.hooks();
    const mailbox = this.mailbox?.hooks();
    type Access = (...values: (bigint | number)[]) => bigint | number | void;
    const answer = (name: string): Access => (...values) => {
      const [address = 0n] = values;
      if (name === "cleanLine") this.#clean(BigInt(address));
      const memory = mailbox !== undefined && address >= MAILBOX_IPA ? mailbox : channel;
      return (memory[name] as Access)(...values);
    };
    return Object.fromEntries(Object.keys(channel).map((name) => [name, answer(name)])) as Hooks;
  }

  #clean(address: bigint): void {
    this.cleaned.push(address);
    if (address === CHANNEL_IPA) this.time += this.logicTicks;
  }

  /** The hypervisor has a mailbox for this partition, at `ipa`. */
  giveMailbox(ipa = MAILBOX_IPA, tagBytes = 0): ChannelMemory {
    this.mailbox = emptyMailbox(tagBytes);
    this.#mailboxIpa = ipa;
    return this.mailbox;
  }

  guestHooks(): Hooks {
    const logged = Object.fromEntries(
      LOGGED.map((name) => [`msr_${name}`, (value: bigint) => void this.log.push(`${name}=${value}`)]),
    );
    return {
      ...logged,
      isb: () => undefined,
      mrs_CNTFRQ_EL0: () => FREQUENCY,
      mrs_CNTVCT_EL0: () => this.time,
      msr_CNTV_CTL_EL0: (value: bigint) => void (this.virtual.control = value),
      msr_CNTV_CVAL_EL0: (value: bigint) => void (this.virtual.deadline = value),
      mrs_CNTPCT_EL0: () => this.time + VIRTUAL_OFFSET,
      msr_CNTP_CTL_EL0: (value: bigint) => void (this.physical.control = value),
      msr_CNTP_CVAL_EL0: (value: bigint) => void (this.physical.deadline = value),
      mrs_ID_AA64PFR0_EL1: () => (this.isGicV2 ? 0n : PFR0_GICV3),
      mrs_ICC_IAR1_EL1: () => BigInt(this.intid ?? this.timerIntid),
      msr_ICC_EOIR1_EL1: (intid: bigint) => void this.log.push(`eoi ${intid}`),
      mmioRead32: (address: bigint) =>
        this.isGicV2 && address === GICC_IAR ? (this.intid ?? this.timerIntid) : (this.#devices.get(address) ?? 0),
      mmioWrite32: (address: bigint, value: number) => {
        this.#devices.set(address, value);
        this.log.push(`mmio 0x${address.toString(16)}=0x${value.toString(16)}`);
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
    if (id === HYPERCALL_MAILBOX) return this.#mailboxIpa;
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
  readonly start: (intid: number) => void;
  readonly irq: () => void;
  readonly panic: (esr: bigint, elr: bigint, far: bigint) => void;
}

export class SimulatedGuest {
  readonly cpu: SimulatedCpu;
  readonly #exports: GuestExports;

  /** As start.S leaves it to AssemblyScript; `start` has run. */
  static async boot(cpu: SimulatedCpu): Promise<SimulatedGuest> {
    const { wasm } = await buildProgram(PLC);
    const exports = await instantiate(PLC, Uint8Array.from(readFileSync(wasm)), {
      channel: cpu.channelHooks(),
      guest: cpu.guestHooks(),
    });
    const guest = new SimulatedGuest(cpu, exports);
    guest.#exports.start(cpu.timerIntid);
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
    this.cpu.intid = intid;
    this.#exports.irq();
    this.cpu.intid = undefined;
  }

  panic(esr: bigint, elr: bigint, far: bigint): void {
    this.#exports.panic(esr, elr, far);
  }
}
