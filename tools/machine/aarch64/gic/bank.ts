// State of a bank of interrupts: group, enable, pending, active, priority, configuration. The distributor keeps one for
// all SPIs, and there is one for each pCPU's SGIs and PPIs (IHI 0069 §4.1.2 the state machine, §12.9 the registers; GICv2's
// are the same, IHI 0048B §4.3). Bits are kept in words as the registers show them, so that finding the next interrupt looks
// at words, not at INTIDs.
import {
  BANK_END, ICACTIVER, ICENABLER, ICFGR, ICPENDR, IGROUPR, IGRPMODR, IPRIORITYR, ISACTIVER, ISENABLER, ISPENDR, ITARGETSR,
  NSACR, UNMODELLED,
} from "./registers.ts";
import type { SecurityView } from "./securityView.ts";

const WORD_MASK = 0xffff_ffff;

/** The group that the machine's CPU interfaces take: 1 with GICv3's system registers, 0 with GICv2. */
export type Group = 0 | 1;

export class InterruptBank {
  readonly words: number;
  readonly group: Uint32Array;
  readonly enabled: Uint32Array;
  /** Pending by an edge or by a write to ISPENDR; acknowledging clears it. */
  readonly latch: Uint32Array;
  /** The wire. Level-sensitive interrupts are pending while it is high. */
  readonly line: Uint32Array;
  readonly active: Uint32Array;
  /** Disabled, and hardware has not followed yet (RWP): each may still come, once. */
  private readonly lingering: Uint32Array;
  /** Whether software has to wait for that: a GICv2 follows at once. */
  lingers = false;
  readonly edge: Uint32Array;
  readonly priority: Uint8Array;
  /** Hears of every edge and every bit written to ISPENDR, and whether it found the interrupt latched already. */
  onPend: ((intid: number, already: boolean) => void) | undefined = undefined;
  /** Bits that exist; the others read as zero and ignore writes. */
  private readonly implemented: Uint32Array;
  /** INTIDs whose configuration cannot be changed (SGIs are always edge-triggered). */
  private readonly fixedEdge: Uint32Array;
  private readonly taken: Group;
  private readonly view: SecurityView;

  /** `implemented` and `fixedEdge`: one word of bits for every 32 INTIDs. `taken`: the group whose interrupts can be taken. */
  constructor(implemented: readonly number[], fixedEdge: readonly number[], taken: Group, view: SecurityView) {
    this.taken = taken;
    this.view = view;
    this.words = implemented.length;
    this.implemented = Uint32Array.from(implemented);
    this.fixedEdge = Uint32Array.from(fixedEdge);
    this.group = new Uint32Array(this.words);
    this.enabled = new Uint32Array(this.words);
    this.latch = new Uint32Array(this.words);
    this.lingering = new Uint32Array(this.words);
    this.line = new Uint32Array(this.words);
    this.active = new Uint32Array(this.words);
    this.edge = Uint32Array.from(fixedEdge);
    this.priority = new Uint8Array(this.words * 32);
  }

  pending(word: number): number {
    return this.at(this.latch, word) | (this.at(this.line, word) & ~this.at(this.edge, word));
  }

  /** Interrupts that may be taken: of the group, pending, enabled, not active (§4.1.2). */
  candidates(word: number): number {
    const group = this.at(this.group, word);
    const ours = this.view.twoStates ? WORD_MASK : this.taken === 1 ? group : ~group;
    return this.pending(word) & (this.at(this.enabled, word) | this.at(this.lingering, word)) & ours
      & ~this.at(this.active, word);
  }

  has(set: Uint32Array, intid: number): boolean {
    return (this.at(set, intid >>> 5) & (1 << (intid & 31))) !== 0;
  }

  isPending(intid: number): boolean {
    return (this.pending(intid >>> 5) & (1 << (intid & 31))) !== 0;
  }

  setLine(intid: number, high: boolean): void {
    const word = intid >>> 5;
    const bit = 1 << (intid & 31);
    const before = this.at(this.line, word);
    if (high && (before & bit) === 0 && (this.at(this.edge, word) & bit) !== 0) this.pend(word, bit);
    if (high) this.set(this.line, word, bit);
    else this.clear(this.line, word, bit);
  }

  latchPending(intid: number): void {
    this.set(this.latch, intid >>> 5, 1 << (intid & 31));
  }

  /** Acknowledged by a CPU: pending → active; a high level keeps it pending as well. */
  activate(intid: number): void {
    this.clear(this.latch, intid >>> 5, 1 << (intid & 31));
    this.clear(this.lingering, intid >>> 5, 1 << (intid & 31));
    this.set(this.active, intid >>> 5, 1 << (intid & 31));
  }

  deactivate(intid: number): void {
    this.clear(this.active, intid >>> 5, 1 << (intid & 31));
  }

  /** Software has seen RWP clear: nothing that is disabled comes any more. */
  settle(): void {
    this.lingering.fill(0);
  }

  private disable(word: number, bits: number): void {
    if (this.lingers) this.set(this.lingering, word, bits & this.at(this.enabled, word));
    this.clear(this.enabled, word, bits);
  }

  /** 32-bit read at an offset of the bank's registers; UNMODELLED where there is none. */
  read32(offset: number): number {
    if (offset < IGROUPR || offset >= BANK_END) return UNMODELLED;
    if (offset >= IPRIORITYR && offset < ITARGETSR) {
      const first = offset - IPRIORITYR;
      return (
        this.readPriority(first) | (this.readPriority(first + 1) << 8) | (this.readPriority(first + 2) << 16)
          | (this.readPriority(first + 3) << 24)
      ) >>> 0;
    }
    if (offset >= ICFGR && offset < IGRPMODR) return this.readConfiguration((offset - ICFGR) >> 2);
    if (offset >= ITARGETSR) return 0; // ITARGETSR (its owner's, if there is one), IGRPMODR and NSACR (one Security state)
    const word = (offset & 0x7f) >> 2;
    if (word >= this.words) return 0;
    switch (offset & ~0x7f) {
      case IGROUPR: return this.view.twoStates ? 0 : this.at(this.group, word);
      case ISENABLER: case ICENABLER: return this.at(this.enabled, word);
      case ISPENDR: case ICPENDR: return this.pending(word) >>> 0;
      case ISACTIVER: case ICACTIVER: return this.at(this.active, word);
      default: return UNMODELLED;
    }
  }

  /** 32-bit write; false where there is no register. */
  write32(offset: number, value: number): boolean {
    if (offset < IGROUPR || offset >= BANK_END) return false;
    if (offset >= IPRIORITYR && offset < ITARGETSR) {
      for (let byte = 0; byte < 4; byte++) this.writePriority(offset - IPRIORITYR + byte, value >>> (8 * byte));
      return true;
    }
    if (offset >= ICFGR && offset < IGRPMODR) {
      this.writeConfiguration((offset - ICFGR) >> 2, value);
      return true;
    }
    if ((offset >= ITARGETSR && offset < ICFGR) || (offset >= IGRPMODR && offset < NSACR) || offset >= NSACR) return true;
    const word = (offset & 0x7f) >> 2;
    if (word >= this.words) return true;
    const bits = value & this.at(this.implemented, word);
    switch (offset & ~0x7f) {
      case IGROUPR:
        if (!this.view.twoStates) this.group[word] = bits;
        return true;
      case ISENABLER: this.set(this.enabled, word, bits); return true;
      case ICENABLER: this.disable(word, bits); return true;
      case ISPENDR: this.pend(word, bits); return true;
      case ICPENDR: this.clear(this.latch, word, bits); return true;
      case ISACTIVER: this.set(this.active, word, bits); return true;
      case ICACTIVER: this.clear(this.active, word, bits); return true;
      default: return false;
    }
  }

  /** As it is kept: for comparing. */
  priorityAt(intid: number): number {
    return this.priority[intid] ?? 0;
  }

  readPriority(intid: number): number {
    return this.view.seen(this.priorityAt(intid));
  }

  writePriority(intid: number, value: number): void {
    if (this.has(this.implemented, intid)) this.priority[intid] = this.view.kept(value);
  }

  /** Two bits for each INTID, the upper one: edge-triggered (§12.9.7). */
  private readConfiguration(register: number): number {
    const half = (this.at(this.edge, register >> 1) >>> ((register & 1) * 16)) & 0xffff;
    let value = 0;
    for (let n = 0; n < 16; n++) if ((half & (1 << n)) !== 0) value |= 2 << (2 * n);
    return value >>> 0;
  }

  private writeConfiguration(register: number, value: number): void {
    const word = register >> 1;
    let half = 0;
    for (let n = 0; n < 16; n++) if ((value & (2 << (2 * n))) !== 0) half |= 1 << n;
    const shift = (register & 1) * 16;
    const writable = this.at(this.implemented, word) & ~this.at(this.fixedEdge, word) & (0xffff << shift);
    this.clear(this.edge, word, writable);
    this.set(this.edge, word, (half << shift) & writable);
  }

  private pend(word: number, bits: number): void {
    if (this.onPend !== undefined) {
      for (let rest = bits; rest !== 0; rest &= rest - 1) {
        const bit = rest & -rest;
        this.onPend(word * 32 + 31 - Math.clz32(bit), (this.at(this.latch, word) & bit) !== 0);
      }
    }
    this.set(this.latch, word, bits);
  }

  private at(words: Uint32Array, word: number): number {
    return words[word] ?? 0;
  }

  private set(words: Uint32Array, word: number, bits: number): void {
    words[word] = (words[word] ?? 0) | bits;
  }

  private clear(words: Uint32Array, word: number, bits: number): void {
    words[word] = (words[word] ?? 0) & ~bits & WORD_MASK;
  }
}
