// What guests and devices do to an interrupt controller, as plain data: so that fast-check makes sequences of it, and
// shrinks them.
import fc from "fast-check";
import { ALL_INTIDS, CPUS, SGIS, SPIS } from "./world.ts";

export type Step =
  /** Enabled, pending or active, set or cleared by one vCPU; of a private interrupt, another one's. */
  | {
      readonly kind: "set";
      readonly by: number;
      readonly of: number;
      readonly intid: number;
      readonly what: "enabled" | "pending" | "active";
      readonly on: boolean;
    }
  | { readonly kind: "priority"; readonly by: number; readonly of: number; readonly intid: number; readonly priority: number }
  | { readonly kind: "route"; readonly by: number; readonly intid: number; readonly to: number }
  | { readonly kind: "wire"; readonly intid: number; readonly high: boolean }
  | { readonly kind: "send"; readonly by: number; readonly intid: number; readonly targets: number }
  /** GICv2: SPENDSGIR, CPENDSGIR. */
  | { readonly kind: "senders"; readonly by: number; readonly intid: number; readonly senders: number; readonly on: boolean }
  | { readonly kind: "forward"; readonly by: number; readonly on: boolean }
  /** The priority mask lets all through, or nothing. */
  | { readonly kind: "mask"; readonly by: number; readonly open: boolean }
  | { readonly kind: "acknowledge"; readonly by: number }
  | { readonly kind: "end"; readonly by: number }
  | { readonly kind: "deactivate"; readonly by: number; readonly which: number };

const cpu = fc.nat({ max: CPUS - 1 });
const some = <Kind extends Step>(
  kind: Kind["kind"],
  rest: { [Key in keyof Omit<Kind, "kind">]: fc.Arbitrary<Kind[Key]> },
): fc.Arbitrary<Step> => fc.record({ kind: fc.constant(kind), ...rest }) as unknown as fc.Arbitrary<Step>;
type Of<Name extends Step["kind"]> = Extract<Step, { kind: Name }>;

const intid = fc.constantFrom(...ALL_INTIDS);
const spi = fc.constantFrom(...SPIS.map((one) => one.intid));
const sgi = fc.constantFrom(...SGIS);
const mask = fc.integer({ min: 1, max: 2 ** CPUS - 1 });

/** Mostly so that something comes: what switches things off is rare. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: some<Of<"set">>("set", {
      by: cpu,
      of: cpu,
      intid,
      what: fc.constantFrom("enabled", "pending", "pending", "active"),
      on: fc.oneof(fc.constant(true), fc.boolean()),
    }),
  },
  {
    weight: 4,
    arbitrary: some<Of<"priority">>("priority", {
      by: cpu,
      of: cpu,
      intid,
      priority: fc.constantFrom(0x20, 0x40, 0x80, 0x88, 0xa0),
    }),
  },
  { weight: 3, arbitrary: some<Of<"route">>("route", { by: cpu, intid: spi, to: cpu }) },
  { weight: 8, arbitrary: some<Of<"wire">>("wire", { intid: spi, high: fc.boolean() }) },
  { weight: 5, arbitrary: some<Of<"send">>("send", { by: cpu, intid: sgi, targets: mask }) },
  { weight: 2, arbitrary: some<Of<"senders">>("senders", { by: cpu, intid: sgi, senders: mask, on: fc.boolean() }) },
  { weight: 1, arbitrary: some<Of<"forward">>("forward", { by: cpu, on: fc.oneof(fc.constant(true), fc.boolean()) }) },
  { weight: 1, arbitrary: some<Of<"mask">>("mask", { by: cpu, open: fc.oneof(fc.constant(true), fc.boolean()) }) },
  { weight: 10, arbitrary: some<Of<"acknowledge">>("acknowledge", { by: cpu }) },
  { weight: 8, arbitrary: some<Of<"end">>("end", { by: cpu }) },
  { weight: 6, arbitrary: some<Of<"deactivate">>("deactivate", { by: cpu, which: fc.nat({ max: 7 }) }) },
);
