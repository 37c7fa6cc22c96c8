// What of the machine may not change, set by set: a copy of each as it was, and what of it may change all the same.
import { Snapshot } from "../../core/property/snapshot.ts";
import type { InterruptBank } from "../../../tools/machine/aarch64/gic/bank.ts";

export interface Watched {
  readonly what: string;
  readonly set: Snapshot<Uint32Array> | Snapshot<Uint8Array>;
  /** By word or byte of the set: bits that may change. */
  readonly allowed: readonly number[];
}

/** Sets of a bank, watched already. */
interface Sets {
  readonly active: Snapshot<Uint32Array>;
  readonly enabled: Snapshot<Uint32Array>;
}

const setsOf = (bank: InterruptBank): Sets => ({ active: new Snapshot(bank.active), enabled: new Snapshot(bank.enabled) });

/** `own`, `pending`: bits that may change of all sets but pending, and of that. */
export function banked(what: string, bank: InterruptBank, own: readonly number[], pending: readonly number[], priorities: readonly number[], { active, enabled } = setsOf(bank)): Watched[] {
  const of = (name: string, set: Uint32Array, allowed: readonly number[]): Watched => ({ what: `${name} of ${what}`, set: new Snapshot(set), allowed });
  return [
    { what: `enable of ${what}`, set: enabled, allowed: own }, { what: `active of ${what}`, set: active, allowed: own }, of("group", bank.group, own), of("trigger", bank.edge, own), of("pending", bank.latch, pending),
    { what: `priority of ${what}`, set: new Snapshot(bank.priority), allowed: priorities },
  ];
}
