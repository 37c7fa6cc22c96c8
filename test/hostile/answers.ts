// What a step is answered with: what becomes of the guest that tries it.

// EC of a syndrome (Arm ARM D17.2.37).
export const EC_UNKNOWN = 0x00;
export const EC_ILLEGAL_STATE = 0x0e;
export const EC_SVC64 = 0x15;
export const EC_INSTRUCTION_ABORT = 0x20;
export const EC_DATA_ABORT = 0x24;
export const EC_DATA_ABORT_SAME = 0x25;
export const EC_BRK64 = 0x3c;
const EC_SHIFT = 26;
const EC_MASK = 0x3f;
const FSC_MASK = 0x3f;
/** Synchronous External abort, not on a table walk: what a bus says of an access that nobody answers. */
const FSC_EXTERNAL = 0x10;

export type Answer =
  /** The instruction is carried out; of x0 after it, the bits in `mask` are `value`. */
  | { readonly kind: "done"; readonly mask: bigint; readonly value: bigint }
  /** The guest takes an exception at EL1; of its syndrome, the bits in `mask` are `syndrome`. */
  | { readonly kind: "exception"; readonly mask: number; readonly syndrome: number }
  /** One of the two: what a board has decides. It changes nothing for anybody else. */
  | { readonly kind: "alive" }
  /** The partition fails: stage 2 fault of that EC, and on_failure restarts it. */
  | { readonly kind: "fails"; readonly ec: number }
  /** As with "fails", or as with "alive": the architecture leaves it open, or QEMU does not do it. */
  | { readonly kind: "fails or lives" }
  /** The partition stops by its own will, and is off, or starts again. */
  | { readonly kind: "stops"; readonly then: "off" | "running" }
  /** It would never end: the host restarts the partition, or its watchdog does. */
  | { readonly kind: "endless"; readonly ended: "by the host" | "by its watchdog" };

const NOTHING = 0n;
const WORD = 0xffff_ffffn;
export const DONE: Answer = { kind: "done", mask: NOTHING, value: NOTHING };
export const ALIVE: Answer = { kind: "alive" };
export const FAILS_DATA: Answer = { kind: "fails", ec: EC_DATA_ABORT };
export const FAILS_FETCH: Answer = { kind: "fails", ec: EC_INSTRUCTION_ABORT };
export const FAILS_OR_LIVES: Answer = { kind: "fails or lives" };

export const returns = (value: bigint, mask = 0xffff_ffff_ffff_ffffn): Answer => ({ kind: "done", mask, value });
/** A negative SMCCC or PSCI result in w0. */
export const refuses = (code: number): Answer => returns(BigInt.asUintN(32, BigInt(code)), WORD);
const exception = (ec: number): Answer => ({ kind: "exception", mask: EC_MASK << EC_SHIFT, syndrome: ec << EC_SHIFT });
/** What the architecture says of an instruction that is not there. */
export const UNDEFINED: Answer = exception(EC_UNKNOWN);
export const ILLEGAL_STATE: Answer = exception(EC_ILLEGAL_STATE);
export const SUPERVISOR_CALL: Answer = exception(EC_SVC64);
export const BREAKPOINT: Answer = exception(EC_BRK64);
/** The bus does not answer. */
export const EXTERNAL_ABORT: Answer = { kind: "exception", mask: (EC_MASK << EC_SHIFT) | FSC_MASK, syndrome: (EC_DATA_ABORT_SAME << EC_SHIFT) | FSC_EXTERNAL };

/** The guest's life goes on behind the step. */
export const survives = (answer: Answer): boolean => answer.kind === "done" || answer.kind === "exception" || answer.kind === "alive";

/** What became of a guest that came back from a step. */
export interface Came {
  readonly x0: bigint;
  /** Of the last exception that it took at EL1 in the step; undefined: it took none. */
  readonly syndrome: bigint | undefined;
}

/** Why that is not the answer; undefined: it is. For answers that `survives` says yes to. */
export function objection(answer: Answer, { x0, syndrome }: Came): string | undefined {
  const took = syndrome === undefined ? "no exception" : `an exception with ESR_EL1 0x${syndrome.toString(16)}`;
  switch (answer.kind) {
    case "alive": case "fails or lives": return undefined;
    case "done":
      if (syndrome !== undefined) return `took ${took}`;
      return (x0 & answer.mask) === answer.value ? undefined : `x0 is 0x${x0.toString(16)}, not 0x${answer.value.toString(16)} (mask 0x${answer.mask.toString(16)})`;
    case "exception":
      return syndrome !== undefined && (Number(syndrome & 0xffff_ffffn) & answer.mask) >>> 0 === answer.syndrome >>> 0 ? undefined : `took ${took}`;
    default: return `came back (${took})`;
  }
}
