// The lines of a GIC: SPIs, by their INTIDs.
import type { LineBits, LineEntries, Lines } from "../lines.ts";
import type { InterruptBank } from "./gic/bank.ts";
import type { Gic } from "./gic/gic.ts";

/** What a bank of interrupts keeps by bits. */
export const bitsOf = (bank: InterruptBank): LineBits[] => [
  { name: "enable", set: bank.enabled, role: "enabled" }, { name: "active", set: bank.active, role: "active" },
  { name: "group", set: bank.group, role: "setting" }, { name: "trigger", set: bank.edge, role: "setting" },
  { name: "pending", set: bank.latch, role: "pending" },
];

/** And by entries. */
export const entriesOf = (bank: InterruptBank): LineEntries[] => [{ name: "priority", set: bank.priority }];

export class GicLines implements Lines {
  readonly bits: readonly LineBits[];
  readonly entries: readonly LineEntries[];
  readonly routes: readonly LineEntries[];
  private readonly gic: Gic;
  private readonly bank: InterruptBank;

  constructor(gic: Gic) {
    this.gic = gic;
    this.bank = gic.distributor.bank;
    this.bits = bitsOf(this.bank);
    this.routes = gic.distributor.routes.map((set, n) => ({ name: `routes of SPIs (${n})`, set }));
    this.entries = [...entriesOf(this.bank), ...this.routes];
  }

  set onPend(hears: Lines["onPend"]) {
    this.bank.onPend = hears;
  }

  get onPend(): Lines["onPend"] {
    return this.bank.onPend;
  }

  get forwards(): boolean {
    return this.gic.distributor.forwards;
  }

  isEdge(line: number): boolean {
    return this.bank.has(this.bank.edge, line);
  }

  isHigh(line: number): boolean {
    return this.bank.has(this.bank.line, line);
  }

  targets(line: number): number[] {
    return this.gic.targets(line);
  }
}
