// What can happen to a machine: everything that a guest, a device, the host or the clock can do, as plain data, so that
// fast-check can make sequences of it, show them, and shrink them. What guests of one ISA can do besides: aarch64/actions.ts.
import fc from "fast-check";
import * as abi from "../../../core/abi.ts";

/** Done by the guest of a pCPU. */
export interface Acting {
  readonly kind: string;
  readonly pcpu: number;
}

/** By any guest. */
export type GuestAction =
  /** The guest acknowledges an interrupt, and lowers the wire that it came from. */
  | { readonly kind: "acknowledge"; readonly pcpu: number }
  /** The guest ends the interrupt it acknowledged last. */
  | { readonly kind: "end"; readonly pcpu: number }
  | { readonly kind: "load"; readonly pcpu: number; readonly ipa: number; readonly bytes: number; readonly valid: boolean }
  | {
    readonly kind: "store";
    readonly pcpu: number;
    readonly ipa: number;
    readonly bytes: number;
    readonly data: bigint;
    readonly valid: boolean
  }
  | { readonly kind: "fetch"; readonly pcpu: number; readonly ipa: number }
  | { readonly kind: "hypercall"; readonly pcpu: number; readonly fn: number; readonly args: readonly bigint[] }
  /** The guest sleeps, if nothing keeps it awake. */
  | { readonly kind: "sleep"; readonly pcpu: number; readonly how?: string }
  /** To vCPUs of its partition: a bit each. */
  | { readonly kind: "ipi"; readonly pcpu: number; readonly number: number; readonly vcpus: number }
  | { readonly kind: "turn on"; readonly pcpu: number; readonly vcpu: number; readonly entry: number; readonly context: bigint }
  | { readonly kind: "turn off" | "shut down" | "reset"; readonly pcpu: number };

export type AnyAction =
  | GuestAction
  /** A device raises or lowers its wire, or pulses it. */
  | { readonly kind: "wire"; readonly line: number; readonly to: "high" | "low" | "pulse" }
  /** One pCPU does what hardware makes it do: takes its pending interrupt. */
  | { readonly kind: "step"; readonly pcpu: number }
  /** Every pCPU does, until none has anything to do. */
  | { readonly kind: "settle" }
  | { readonly kind: "time"; readonly microseconds: number }
  | { readonly kind: "command"; readonly partition: number; readonly command: number }
  | { readonly kind: "typed"; readonly bytes: readonly number[] }
  | { readonly kind: "uart"; readonly stalled: boolean }
  /** The host starts what is off, and every guest opens its interrupt controller again. */
  | { readonly kind: "revive" };

/** `Own`: an ISA's. */
export type Action<Own = never> =
  | AnyAction
  | Own
  /** While the first one is in the core, between two intrinsics, the second one happens. */
  | { readonly kind: "during"; readonly after: number; readonly first: Action<Own>; readonly second: Action<Own> };

export interface Alphabet {
  readonly pcpus: readonly number[];
  /**
   * pCPUs that have a vCPU, with its index, an IPA in its memory, the count of vCPUs of its partition, and the IPA of its mailbox
   * (0: none).
   */
  readonly guests: readonly {
    readonly pcpu: number;
    readonly index: number;
    readonly ram: number;
    readonly vcpus: number;
    readonly mailbox: number
  }[];
  readonly lines: readonly number[];
  readonly partitions: number;
  /** IPAs worth an access, though it may be the last one: foreign memory, devices, the hypervisor. */
  readonly ipas: readonly number[];
}

export interface Weighted<A> {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<A>;
}

export const word = fc.oneof(
  fc.constant(0n), fc.constant(0xffff_ffffn), fc.integer({ min: 0, max: 31 }).map((bit) => 1n << BigInt(bit)),
  fc.bigInt({ min: 0n, max: 0xffff_ffffn }),
);
export const double = fc.oneof(word, fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }));
export const width = fc.constantFrom(1, 2, 4, 4, 4, 8);
/** Mostly so that the hypervisor is told register and width. */
export const valid = fc.integer({ min: 0, max: 15 }).map((n) => n !== 0);

export const guestOf = ({ guests }: Alphabet): fc.Arbitrary<number> => fc.constantFrom(...guests.map(({ pcpu }) => pcpu));

/** Devices ask, pCPUs and guests take what comes, time passes. */
export function taking(alphabet: Alphabet): Weighted<AnyAction>[] {
  const pcpu = fc.constantFrom(...alphabet.pcpus);
  const guest = guestOf(alphabet);
  const line = fc.constantFrom(...alphabet.lines);
  const microseconds = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 2000 }) }, fc.integer({ min: 1, max: 1_500_000 }),
  );
  return [
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("wire" as const), line, to: fc.constantFrom("high" as const, "pulse" as const) }),
    },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("step" as const), pcpu }) },
    { weight: 1, arbitrary: fc.constant<AnyAction>({ kind: "settle" }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("time" as const), microseconds }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("acknowledge" as const), pcpu: guest }) },
    { weight: 7, arbitrary: fc.record({ kind: fc.constant("end" as const), pcpu: guest }) },
  ];
}

export const doorbells = (alphabet: Alphabet): Weighted<AnyAction> =>
  (
    {
      weight: 1,
      arbitrary: fc.tuple(guestOf(alphabet)).map(
        ([pcpu]): AnyAction => ({ kind: "hypercall", pcpu, fn: abi.CALL_DOORBELL, args: [0n] })
      ),
    }
  );

export const sleeps = (alphabet: Alphabet, ways: readonly string[]): Weighted<AnyAction> =>
  (
    {
      weight: 1,
      arbitrary: fc.tuple(guestOf(alphabet), fc.constantFrom(...ways)).map(
        ([pcpu, how]): AnyAction => ({ kind: "sleep", pcpu, how })
      ),
    }
  );

export function pauses({ partitions }: Alphabet): Weighted<AnyAction> {
  const command = fc.constantFrom(abi.COMMAND_PAUSE, abi.COMMAND_RESUME, abi.COMMAND_RESUME);
  const arbitrary = fc.tuple(fc.integer({ min: 0, max: partitions - 1 }), command).map(
    ([partition, n]): AnyAction => ({ kind: "command", partition, command: n })
  );
  return { weight: 1, arbitrary };
}

/** Doorbells by mailbox, of those guests that have one. */
export const mailboxes = ({ guests }: Alphabet): Weighted<AnyAction>[] =>
  guests.filter(({ mailbox }) => mailbox !== 0).map(({ pcpu, mailbox }) => ({
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: 3 }).map(
      (rung): AnyAction =>
        ({ kind: "store", pcpu, ipa: mailbox + abi.MAILBOX_DOORBELLS, bytes: 4, data: BigInt(rung), valid: true })
    ),
  }));

/** Where a guest may load and store without losing its life. */
export interface Place {
  readonly pcpu: number;
  readonly ipa: number;
}

export const accesses = (place: fc.Arbitrary<Place>): Weighted<AnyAction>[] => [
  {
    weight: 10,
    arbitrary: fc.tuple(place, width, valid).map(
      ([at, bytes, isValid]): AnyAction => ({ kind: "load", ...at, bytes, valid: isValid })
    ),
  },
  {
    weight: 14,
    arbitrary: fc.tuple(place, width, double, valid).map(
      ([at, bytes, data, isValid]): AnyAction => ({ kind: "store", ...at, bytes, data, valid: isValid })
    ),
  },
];

/** Accesses that a guest may not survive. */
export function deadlyAccesses(alphabet: Alphabet): fc.Arbitrary<AnyAction>[] {
  const pcpu = guestOf(alphabet);
  const ipa = fc.oneof(fc.constantFrom(...alphabet.ipas), fc.integer({ min: 0, max: 2 ** 40 - 1 }));
  return [
    fc.record({ kind: fc.constant("load" as const), pcpu, ipa, bytes: width, valid: fc.boolean() }),
    fc.record({ kind: fc.constant("store" as const), pcpu, ipa, bytes: width, data: double, valid: fc.boolean() }),
    fc.record({ kind: fc.constant("fetch" as const), pcpu, ipa }),
  ];
}

export const revivals: Weighted<AnyAction> = { weight: 2, arbitrary: fc.constant<AnyAction>({ kind: "revive" }) };

/** What comes from outside. */
export function hosts({ partitions }: Alphabet): Weighted<AnyAction>[] {
  const command = fc.constantFrom(
    0, abi.COMMAND_START, abi.COMMAND_START, abi.COMMAND_STOP, abi.COMMAND_RESTART, abi.COMMAND_PAUSE, abi.COMMAND_RESUME,
  );
  return [
    {
      weight: 1,
      arbitrary: fc.record(
        { kind: fc.constant("command" as const), partition: fc.integer({ min: 0, max: partitions }), command }
      ),
    },
    {
      weight: 1,
      arbitrary: fc.record(
        { kind: fc.constant("typed" as const), bytes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 16 }) }
      ),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("uart" as const), stalled: fc.boolean() }) },
  ];
}

/** Sequences of actions, some of them one in the middle of another. */
export function sequences<Own extends Acting>(one: fc.Arbitrary<Action<Own>>, length: number): fc.Arbitrary<Action<Own>[]> {
  const after = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 8 }) }, fc.integer({ min: 0, max: 80 }));
  const nested: fc.Arbitrary<Action<Own>> = fc.record({ kind: fc.constant("during" as const), after, first: one, second: one });
  return fc.array(
    fc.oneof({ weight: 5, arbitrary: one }, { weight: 1, arbitrary: nested }), { minLength: 1, maxLength: length, size: "max" },
  );
}
