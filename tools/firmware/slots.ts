// Which of two slots starts, and what is remembered of it: boot-script.ts says the same to U-Boot.
//
// The slot state is one environment in two copies. The one with the larger generation holds; a new one is written over the other,
// so that what is cut off in the middle leaves the old one. A copy is one sector: of several, a write that is cut off could
// complete an earlier one that was. A slot is `good`, or `pending` for as many tries as are left; what is anything else is not
// started.
import { SECTOR, STATE_SECTORS } from "../../partitions/plan/disk.ts";
import { isValue, readEnvironment, writeEnvironment } from "./environment.ts";
import type { Environment } from "./environment.ts";

export const SLOTS = ["a", "b"] as const;
export type Slot = (typeof SLOTS)[number];

/** Of one copy. */
export const STATE_BYTES = SECTOR;
/** Where the copies begin, in sectors from the state's first one: in blocks of flash that are erased apart. */
export const COPIES = [0, STATE_SECTORS / 2] as const;
export type Copy = 0 | 1;
/** How often a new system is tried. */
export const TRIES = 3;
/** All that boot.scr takes from a copy, and writes again. */
export const STATE_NAMES = [
  "axv_a", "axv_a_version", "axv_b", "axv_b_version", "axv_booted", "axv_gen", "axv_order", "axv_tries",
] as const;

export interface SlotState {
  readonly generation: bigint;
  /** The one that is to start, first. */
  readonly order: readonly [Slot, Slot];
  /** "good", "pending", or anything else. */
  readonly status: Readonly<Record<Slot, string>>;
  readonly version: Readonly<Record<Slot, string>>;
  /** Of the pending one. */
  readonly tries: number;
  /** The one that was started last. */
  readonly booted: Slot | undefined;
}

/** Where neither copy can be read: both are tried. */
export const UNKNOWN: SlotState = {
  generation: 0n,
  order: ["a", "b"],
  status: { a: "good", b: "good" },
  version: { a: "", b: "" },
  tries: 0,
  booted: undefined,
};

export const otherSlot = (slot: Slot): Slot => (slot === "a" ? "b" : "a");

export function variablesOf(state: SlotState): Record<(typeof STATE_NAMES)[number], string> {
  const { generation, order, status, version, tries, booted } = state;
  return {
    axv_a: status.a,
    axv_a_version: version.a,
    axv_b: status.b,
    axv_b_version: version.b,
    axv_booted: booted ?? "",
    axv_gen: generation.toString(16),
    axv_order: order.join(" "),
    axv_tries: tries === 0 ? "" : String(tries),
  };
}

export const writeState = (state: SlotState): Uint8Array =>
  writeEnvironment(new Map(Object.entries(variablesOf(state))), STATE_BYTES);

/** As U-Boot reads a number behind "0x": as far as it is one. */
const hexadecimal = (text: string): bigint => BigInt.asUintN(64, BigInt(`0x${/^[0-9a-f]*/i.exec(text)?.[0] || "0"}`));

/** Undefined: it is none. */
export function stateOf(found: Environment): SlotState | undefined {
  const text = (name: (typeof STATE_NAMES)[number]): string => {
    const value = found.get(name) ?? "";
    return isValue(value) ? value : "";
  };
  if (text("axv_gen") === "") return undefined;
  const booted = SLOTS.find((slot) => slot === text("axv_booted"));
  return {
    generation: hexadecimal(text("axv_gen")),
    order: text("axv_order") === "b a" ? ["b", "a"] : ["a", "b"],
    status: { a: text("axv_a"), b: text("axv_b") },
    version: { a: text("axv_a_version"), b: text("axv_b_version") },
    tries: /^[1-3]$/.test(text("axv_tries")) ? Number(text("axv_tries")) : 0,
    booted,
  };
}

export interface ReadState {
  readonly state: SlotState;
  /** Undefined: neither can be read. */
  readonly from: Copy | undefined;
  /** What is written next goes here. */
  readonly next: Copy;
}

export function readState(copies: readonly [Uint8Array, Uint8Array]): ReadState {
  const [first, second] = copies.map((bytes) => {
    const found = readEnvironment(bytes);
    return found && stateOf(found);
  });
  const signed = (state: SlotState): bigint => BigInt.asIntN(64, state.generation);
  if (first !== undefined && (second === undefined || signed(second) <= signed(first))) return { state: first, from: 0, next: 1 };
  return second === undefined ? { state: UNKNOWN, from: undefined, next: 0 } : { state: second, from: 1, next: 0 };
}

/** One thing that boot.scr does. */
export type BootStep =
  | { readonly kind: "write"; readonly copy: Copy; readonly bytes: Uint8Array; readonly needed: boolean }
  | { readonly kind: "start"; readonly slot: Slot; readonly status: "good" | "pending" };

/**
 * What boot.scr does, step by step, as far as the last one fails: a start that does not come back is the end. A write that is
 * needed and fails leaves out the start behind it: a system that is on trial does not start uncounted.
 */
export function bootSteps(copies: readonly [Uint8Array, Uint8Array]): BootStep[] {
  const read = readState(copies);
  let { state, next } = read;
  const steps: BootStep[] = [];
  for (const slot of state.order) {
    const status = state.status[slot];
    const isTried = status === "pending" && state.tries > 0;
    if (status !== "good" && !isTried) continue;
    if (isTried || state.booted !== slot) {
      const generation = BigInt.asUintN(64, state.generation + 1n);
      state = { ...state, generation, tries: isTried ? state.tries - 1 : state.tries, booted: slot };
      steps.push({ kind: "write", copy: next, bytes: writeState(state), needed: isTried });
      next = next === 0 ? 1 : 0;
    }
    steps.push({ kind: "start", slot, status: isTried ? "pending" : "good" });
  }
  return steps;
}

