// What a hostile guest can do in one go: one instruction, or the few that belong together. Plain data, so that the very same
// operation is assembled for the guest in QEMU (encode.ts) and carried out on the simulated machine (simulator/performer.ts),
// and can be printed when a test fails. Addresses are IPAs: the guest sees all of its IPA space (assembly/start.S).
import type { Encoding } from "../../../tools/machine/aarch64/systemRegisters.ts";

export type Width = 1 | 2 | 4 | 8;

/**
 * The form of a load or store. plain, signed (loads only) and acquire (LDAR, STLR): the syndrome tells register and width, so it
 * can be emulated; all others do not (Arm ARM D17.2.37, ISV).
 */
export type Access = "plain" | "signed" | "acquire" | "pair" | "exclusive" | "simd" | "writeback";

/** How the guest's own stage 1 maps what it reaches for. */
export type MemoryType = "normal" | "device";

export type CacheLine = "dc ivac" | "dc cvac" | "dc cvau" | "dc civac" | "dc zva" | "ic ivau";

/** Exceptions and returns that go nowhere near the hypervisor, or should not. */
export type Odd = "svc" | "brk" | "hlt" | "udf" | "dcps2" | "eret to el2" | "eret to el3";

export type Operation =
  | { readonly kind: "load"; readonly at: number; readonly bytes: Width; readonly access: Access; readonly memory: MemoryType }
  | {
    readonly kind: "store";
    readonly at: number;
    readonly bytes: Width;
    readonly access: Access;
    readonly memory: MemoryType;
    readonly data: bigint
  }
  /** LDXR from memory of its own, STXR to an address. */
  | { readonly kind: "conditional store"; readonly own: number; readonly at: number }
  | { readonly kind: "prefetch"; readonly at: number }
  /** Goes on at that address. */
  | { readonly kind: "fetch"; readonly at: number }
  /** Cache maintenance by address. */
  | { readonly kind: "line"; readonly what: CacheLine; readonly at: number }
  /** Has a translation table at an IPA walked: by a load, or by AT S1E1R. */
  | { readonly kind: "walk"; readonly table: number; readonly by: "load" | "translation" }
  | { readonly kind: "mrs"; readonly register: Encoding }
  /** Also SYS (op0 = 1): TLBI, IC, AT, DC by set/way. */
  | { readonly kind: "msr"; readonly register: Encoding; readonly data: bigint }
  | { readonly kind: "call"; readonly conduit: "hvc" | "smc"; readonly immediate: number; readonly x: readonly bigint[] }
  | { readonly kind: "hint"; readonly what: "wfi" | "wfe" | "sev" | "yield" }
  | { readonly kind: "odd"; readonly what: Odd }
  /**
   * Opens its interrupts, and acknowledges and ends so many; what raises them goes on raising them. Then it closes them again.
   */
  | { readonly kind: "interrupts"; readonly count: number }
  /** Fills memory with random words, again and again; `at` and `bytes` are multiples of 8. */
  | { readonly kind: "scribble"; readonly at: number; readonly bytes: number; readonly seed: number; readonly rounds: number }
  /** Never ends: all exceptions masked, an endless loop. */
  | { readonly kind: "spin" };

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
const named = ({ op0, op1, crn, crm, op2 }: Encoding): string => `S${op0}_${op1}_C${crn}_C${crm}_${op2}`;

/** For people who read a failed test. */
export function describe(operation: Operation): string {
  switch (operation.kind) {
    case "load":
      return `load ${operation.bytes} bytes (${operation.access}, ${operation.memory}) at ${hex(operation.at)}`;
    case "store":
      return `store ${operation.bytes} bytes (${operation.access}, ${operation.memory}) ${hex(operation.data)} at ` +
        `${hex(operation.at)}`;
    case "conditional store":
      return `ldxr at ${hex(operation.own)}, stxr at ${hex(operation.at)}`;
    case "prefetch":
    case "fetch":
      return `${operation.kind} at ${hex(operation.at)}`;
    case "line":
      return `${operation.what} at ${hex(operation.at)}`;
    case "walk":
      return `walk a table at ${hex(operation.table)} by ${operation.by}`;
    case "mrs":
      return `mrs ${named(operation.register)}`;
    case "msr":
      return `${operation.register.op0 === 1 ? "sys" : "msr"} ${named(operation.register)}, ${hex(operation.data)}`;
    case "call":
      return `${operation.conduit} #${operation.immediate}, ${operation.x.map(hex).join(" ")}`;
    case "hint":
    case "odd":
      return operation.what;
    case "interrupts":
      return `take ${operation.count} interrupts`;
    case "scribble":
      return `scribble over ${operation.bytes} bytes at ${hex(operation.at)}, ${operation.rounds} times, seed ${operation.seed}`;
    case "spin":
      return "spin for ever";
  }
}
