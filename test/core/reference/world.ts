// The core on the simulated machine and the reference, side by side: what guests and devices do to the one is done to the
// other, and what guests see of it is compared.
import { GUEST_GICC } from "../../../tools/machine/aarch64/gicDriver.ts";
import type { Board } from "../../../tools/machine/aarch64/board.ts";
import type { Guest } from "../../../tools/machine/aarch64/guest.ts";
import { edge, GUEST_GICD, GUEST_GICR, level, ram, STANDARD } from "../../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../../tools/machine/aarch64/system.ts";
import { Bench, GICR_STRIDE, SGI_BASE, value } from "../bench.ts";
import { CPU_ON_64 } from "../functions.ts";
import { FIRST_SPI, ReferenceGic } from "./gic.ts";
import type { Interrupt } from "./gic.ts";
import type { Step } from "./steps.ts";

const ENTRY = 0x6000_0000;
const MIB = 0x10_0000;
const [ISENABLER, ICENABLER, ISPENDR, ICPENDR, ISACTIVER, ICACTIVER, IPRIORITYR, ITARGETSR, SGIR, CPENDSGIR, SPENDSGIR, IROUTER] =
  [0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400, 0x800, 0xf00, 0xf10, 0xf20, 0x6000];
const [IAR, EOIR, DIR] = [0xc, 0x10, 0x1000];
const SPURIOUS = 1023;
const FIRST_PPI = 16;
const WORD_BITS = 32;
const INTID_BITS = 10;
const EVERYONE = [0, 1, 2];
const FIRST_PRIORITY = 0x80;
/** To the CPU interface nothing is urgent enough. */
const MASK_ALL = 0;

export const CPUS = EVERYONE.length;
/**
 * The first and the last of each kind, or of its word of INTIDs, among them: the PMU's and both
 * timers', and SPIs with both triggers.
 */
const [PMU, VIRTUAL_TIMER, PHYSICAL_TIMER] = [16, 27, 31];
export const PPIS = [PMU, VIRTUAL_TIMER, PHYSICAL_TIMER];
export const SPIS = [level(32), level(41), edge(42), edge(63), level(64), edge(72), edge(1019)];
export const SGIS = [0, 1, 15];
const SPI_LIMIT = 1020;
export const ALL_INTIDS = [...SGIS, ...PPIS, ...SPIS.map(({ intid }) => intid)];
const wordOf = (intid: number): number => Math.floor(intid / WORD_BITS);
const WORDS = [...new Set(ALL_INTIDS.map(wordOf))].map(
  (word) => [word, ALL_INTIDS.filter((intid) => wordOf(intid) === word)] as const,
);

const specOf = (board: Board): SystemSpec => ({
  ...STANDARD,
  board: { ...board, spiLimit: SPI_LIMIT, pmuInterrupt: PMU, virtualTimer: VIRTUAL_TIMER, physicalTimer: PHYSICAL_TIMER },
  housekeeper: 3,
  partitions: [
    {
      name: "all",
      cpus: [0, 1, 2],
      regions: [ram(ENTRY, ENTRY, 2 * MIB)],
      interrupts: SPIS,
      consoleInterrupt: 0,
      onFailure: "stop",
      pmu: true,
    },
  ],
});

export class Comparison {
  readonly bench: Bench;
  readonly reference: ReferenceGic;
  private readonly version: 2 | 3;
  /** EOIR and DIR apart (EOImode 1). */
  private readonly split: boolean;
  /** With that: ended and not deactivated, by CPU. */
  private readonly dropped: Interrupt[][] = Array.from({ length: CPUS }, () => []);

  constructor(board: Board, split: boolean) {
    this.bench = new Bench(specOf(board));
    this.version = board.gicVersion;
    this.split = split;
    this.reference = new ReferenceGic({ version: board.gicVersion, cpus: CPUS, ppis: PPIS, spis: SPIS });
    this.bench.openInterrupts(0);
    for (let cpu = 1; cpu < CPUS; cpu++) {
      value(this.guest(0).hvc(CPU_ON_64, cpu, ENTRY, 0));
      this.settle();
      this.bench.openInterrupts(cpu);
    }
    for (const by of EVERYONE) {
      if (split) this.guest(by).driver.splitEnd(true);
      for (const intid of ALL_INTIDS.filter((one) => one < FIRST_SPI || by === 0)) {
        this.perform({ kind: "set", by, of: by, intid, what: "enabled", on: true });
        this.perform({ kind: "priority", by, of: by, intid, priority: FIRST_PRIORITY });
      }
    }
  }

  private guest(cpu: number): Guest {
    return this.bench.guest(cpu);
  }

  private settle(): void {
    this.bench.machine.settle();
  }

  /** Where a CPU finds another one's registers of an INTID; undefined: it does not (GICv2 banks them by reader). */
  private base(by: number, of: number, intid: number): number | undefined {
    if (intid >= FIRST_SPI) return GUEST_GICD;
    if (this.version === 2) return by === of ? GUEST_GICD : undefined;
    return GUEST_GICR + of * GICR_STRIDE + SGI_BASE;
  }

  private write(by: number, of: number, intid: number, register: number): boolean {
    const base = this.base(by, of, intid);
    if (base === undefined) return false;
    value(this.guest(by).store(base + register + 4 * wordOf(intid), 4, 1n << BigInt(intid % WORD_BITS)));
    return true;
  }

  /** One step on both. False: it is none here. */
  perform(step: Step): boolean {
    const done = this.act(step);
    this.settle();
    return done;
  }

  private act(step: Step): boolean {
    const { reference } = this;
    switch (step.kind) {
      case "set": {
        const { by, of, intid, what, on } = step;
        // GICv2: its SGIs are enabled always, and made pending by registers of their own.
        if (this.version === 2 && intid < FIRST_PPI && what !== "active") return false;
        // SGIs cannot be made active by hand.
        if (what === "active" && on && intid < FIRST_PPI) return false;
        const register =
          { enabled: [ICENABLER, ISENABLER], pending: [ICPENDR, ISPENDR], active: [ICACTIVER, ISACTIVER] }[what][on ? 1 : 0] ?? 0;
        if (!this.write(by, of, intid, register)) return false;
        if (what === "enabled") reference.enable(of, intid, on);
        else if (what === "pending") reference.pend(of, intid, on);
        else reference.activate(of, intid, on);
        return true;
      }
      case "priority": {
        const base = this.base(step.by, step.of, step.intid);
        if (base === undefined) return false;
        value(this.guest(step.by).store(base + IPRIORITYR + step.intid, 1, BigInt(step.priority)));
        reference.setPriority(step.of, step.intid, step.priority);
        return true;
      }
      case "route":
        if (step.intid < FIRST_SPI) return false;
        value(
          this.version === 2
            ? this.guest(step.by).store(GUEST_GICD + ITARGETSR + step.intid, 1, 1n << BigInt(step.to))
            : this.guest(step.by).store(GUEST_GICD + IROUTER + 8 * step.intid, 8, BigInt(step.to)),
        );
        reference.route(step.intid, step.to);
        return true;
      case "wire":
        if (step.intid < FIRST_SPI) return false;
        return this.wire(step.intid, step.high);
      case "send":
        if (this.version === 2) value(this.guest(step.by).store(GUEST_GICD + SGIR, 4, BigInt((step.targets << 16) | step.intid)));
        else value(this.guest(step.by).msr("ICC_SGI1R_EL1", (BigInt(step.intid) << 24n) | BigInt(step.targets)));
        reference.send(this.version === 2 ? step.by : 0, step.intid, step.targets);
        return true;
      case "senders":
        if (this.version !== 2) return false;
        value(this.guest(step.by).store(GUEST_GICD + (step.on ? SPENDSGIR : CPENDSGIR) + step.intid, 1, BigInt(step.senders)));
        reference.pendSgi(step.by, step.intid, step.senders, step.on);
        return true;
      case "forward":
        this.bench.forward(step.by, step.on);
        reference.forwards = step.on;
        return true;
      case "mask":
        this.guest(step.by).driver.mask(step.open ? 0xf0 : MASK_ALL);
        reference.masks[step.by] = step.open ? 0xf0 : MASK_ALL;
        return true;
      case "acknowledge": return this.acknowledge(step.by);
      case "end": return this.end(step.by);
      case "deactivate": return this.deactivate(step.by, step.which);
      default: return false;
    }
  }

  /**
   * A wire. Of one that is low again no list register hears: guests write GICD_CTLR, as which it is
   * (README.md, what is not there yet).
   */
  private wire(intid: number, high: boolean): boolean {
    const { reference } = this;
    const isEdge = SPIS.some((one) => one.intid === intid && one.trigger === "edge");
    // A second edge ahead of the acknowledge may come as a second interrupt.
    if (isEdge && reference.pending(0, intid)) return false;
    this.bench.machine.setLine(intid, high);
    reference.wire(intid, high);
    this.settle();
    if (!isEdge && !high) for (let cpu = 0; cpu < CPUS; cpu++) this.bench.forward(cpu, reference.forwards);
    return true;
  }

  private acknowledge(cpu: number): boolean {
    const iar = this.iar(cpu);
    const taken = { intid: iar & ((1 << INTID_BITS) - 1), sender: this.version === 2 ? (iar >> INTID_BITS) & 7 : 0 };
    const candidates = this.reference.candidates(cpu);
    if (
      taken.intid === SPURIOUS
        ? candidates.length > 0
        : !candidates.some(({ intid, sender }) => intid === taken.intid && sender === taken.sender)
    ) {
      throw new Error(
        `vCPU ${cpu} acknowledges INTID ${taken.intid} of ${taken.sender}, and there is ${JSON.stringify(candidates)}`,
      );
    }
    if (taken.intid !== SPURIOUS) this.reference.acknowledge(cpu, taken);
    return taken.intid !== SPURIOUS;
  }

  private iar(cpu: number): number {
    return Number(value(this.version === 2 ? this.guest(cpu).load(GUEST_GICC + IAR, 4) : this.guest(cpu).mrs("ICC_IAR1_EL1")));
  }

  private end(cpu: number): boolean {
    const last = this.reference.last(cpu);
    if (last === undefined) return false;
    this.write3(cpu, "ICC_EOIR1_EL1", EOIR, last);
    this.reference.end(cpu, !this.split);
    if (this.split) this.dropped[cpu]?.push(last);
    return true;
  }

  private deactivate(cpu: number, which: number): boolean {
    const dropped = this.dropped[cpu] ?? [];
    // Or one that somebody has made active by hand: whoever has it ends it like others.
    const byHand = this.split && dropped.length === 0 ? this.reference.activeByHand(cpu)[which] : undefined;
    const [one] = byHand === undefined ? dropped.splice(which % Math.max(dropped.length, 1), 1) : [byHand];
    if (one === undefined) return false;
    this.write3(cpu, "ICC_DIR_EL1", DIR, one);
    this.reference.deactivate(cpu, one);
    return true;
  }

  private write3(cpu: number, name: "ICC_EOIR1_EL1" | "ICC_DIR_EL1", register: number, { intid, sender }: Interrupt): void {
    if (this.version === 2) value(this.guest(cpu).store(GUEST_GICC + register, 4, BigInt(intid | (sender << INTID_BITS))));
    else value(this.guest(cpu).msr(name, BigInt(intid)));
  }

  /** What each vCPU sees of everything. */
  compare(): void {
    const { reference } = this;
    for (const { pcpu } of EVERYONE.map((cpu) => this.guest(cpu))) {
      if (this.bench.machine.countedExits(pcpu) !== pcpu.exits)
        throw new Error(`pCPU ${pcpu.index}: of ${pcpu.exits} exits ${this.bench.machine.countedExits(pcpu)} are counted`);
    }
    const differ = (what: string, core: number | boolean, wanted: number | boolean): void => {
      if (core !== wanted) throw new Error(`${what}: ${JSON.stringify(core)}, and by the manual ${JSON.stringify(wanted)}`);
    };
    for (let cpu = 0; cpu < CPUS; cpu++)
      differ(`an interrupt is signalled to vCPU ${cpu}`, this.guest(cpu).interruptPending, reference.candidates(cpu).length > 0);
    for (let by = 0; by < CPUS; by++) {
      for (const [word, intids] of WORDS) {
        for (const of of word > 0 ? [0] : this.version === 2 ? [by] : EVERYONE) {
          const whose = `word ${word}${word > 0 ? "" : ` of vCPU ${of}`}, read by vCPU ${by}`;
          const bits = (has: (cpu: number, intid: number) => boolean, some = intids): number =>
            some.reduce((mask, intid) => (mask | (has(of, intid) ? 1 << (intid % WORD_BITS) : 0)) >>> 0, 0);
          // GICv2's SGIs are enabled always, and shown so or not.
          const shown = this.version === 2 ? intids.filter((intid) => intid >= FIRST_PPI) : intids;
          differ(
            `ISENABLER, ${whose}`,
            (this.word(by, of, word, ISENABLER) & bits(() => true, shown)) >>> 0,
            bits(reference.isEnabled, shown),
          );
          differ(`ISPENDR, ${whose}`, this.word(by, of, word, ISPENDR), bits(reference.pending));
          differ(`ISACTIVER, ${whose}`, this.word(by, of, word, ISACTIVER), bits(reference.active));
        }
      }
      if (this.version === 2)
        for (const intid of SGIS)
          differ(
            `CPENDSGIR ${intid} of vCPU ${by}`,
            Number(value(this.guest(by).load(GUEST_GICD + CPENDSGIR + intid, 1))),
            reference.senders(by, intid),
          );
    }
    this.settle();
  }

  private word(by: number, of: number, word: number, register: number): number {
    return Number(value(this.guest(by).load((this.base(by, of, word * WORD_BITS) ?? 0) + register + 4 * word, 4)));
  }
}
