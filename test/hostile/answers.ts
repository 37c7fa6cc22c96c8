// What a step is answered with: what becomes of the guest that tries it.

export type Answer =
  /** The instruction is carried out; of its result, the bits in `mask` are `value`. */
  | { readonly kind: "done"; readonly mask: bigint; readonly value: bigint }
  /** The guest takes an exception of its own; of its syndrome, the bits in `mask` are `syndrome`. */
  | { readonly kind: "exception"; readonly mask: number; readonly syndrome: number }
  /** One of the two: what a board has decides. It changes nothing for anybody else. */
  | { readonly kind: "alive" }
  /** The partition fails: a fault of the second stage of translation, of that cause, and on_failure restarts it. */
  | { readonly kind: "fails"; readonly ec: number }
  /** As with "fails", or as with "alive": the architecture leaves it open, or QEMU does not do it. */
  | { readonly kind: "fails or lives" }
  /** The partition stops by its own will, and is off, or starts again. */
  | { readonly kind: "stops"; readonly then: "off" | "running" }
  /** It would never end: the host restarts the partition, or its watchdog does. */
  | { readonly kind: "endless"; readonly ended: "by the host" | "by its watchdog" };

export const ALIVE: Answer = { kind: "alive" };

/** The guest's life goes on behind the step. */
export const survives = (answer: Answer): boolean =>
  answer.kind === "done" || answer.kind === "exception" || answer.kind === "alive";

/** What became of a guest that came back from a step. */
export interface Came {
  readonly result: bigint;
  /** Of the last exception that it took itself in the step; undefined: it took none. */
  readonly syndrome: bigint | undefined;
}

/** Why that is not the answer; undefined: it is. For answers that `survives` says yes to. */
export function objection(answer: Answer, { result, syndrome }: Came): string | undefined {
  const took = syndrome === undefined ? "no exception" : `an exception with syndrome 0x${syndrome.toString(16)}`;
  switch (answer.kind) {
    case "alive": case "fails or lives": return undefined;
    case "done":
      if (syndrome !== undefined) return `took ${took}`;
      return (result & answer.mask) === answer.value
        ? undefined
        : `the result is 0x${result.toString(16)}, not 0x${answer.value.toString(16)} (mask 0x${answer.mask.toString(16)})`;
    case "exception":
      return syndrome !== undefined && (Number(syndrome & 0xffff_ffffn) & answer.mask) >>> 0 === answer.syndrome >>> 0
        ? undefined
        : `took ${took}`;
    default: return `came back (${took})`;
  }
}

/** What became of a guest that tried a step. */
export type Became =
  /** It goes on behind the operation. */
  | Came
  /** It does not run any more, or it runs from its entry. */
  | "gone"
  /** The hypervisor, and the second stage of translation, have had nothing to do with it. */
  | "out of reach";
