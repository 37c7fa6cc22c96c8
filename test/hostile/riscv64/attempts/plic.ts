// The PLIC that an injected guest sees: sources, contexts and registers that are not its (RISC-V PLIC Specification 1.0.0).
import type { Attempt, Step } from "../attempt.ts";
import {
  attempt, DONE, fails, LOAD_GUEST_PAGE, LOAD_REFUSED, returns, step, STORE_GUEST_PAGE, STORE_REFUSED,
} from "../attempt.ts";
import { A0, A1, load, store } from "../rv64.ts";
import type { Target } from "../target.ts";

const [PENDING, ENABLED, ENABLED_BYTES, CONTEXTS, CONTEXT_BYTES, CLAIM, BYTES] = [
  0x1000, 0x2000, 0x80, 0x20_0000, 0x1000, 4, 0x21_0000,
];
const WORDS = [0, 1, 2, 3, 31];
const ONES = 0xffff_ffffn;
/** Of more harts than there can be. */
const ALL_CONTEXTS = Array.from({ length: 20 }, (_, context) => context);
const REFUSED_WIDTHS = [1, 2, 8] as const;

const write = ({ plic }: Target, offset: number, value: number | bigint): Step =>
  step([store(4, A0, A1)], [value, plic + offset], DONE);
const reads = ({ plic }: Target, offset: number, value: number | bigint): Step =>
  step([load(4, A0, A1)], [0, plic + offset], returns(value));
const isOwn = ({ vcpus }: Target, context: number): boolean => context % 2 === 1 && context < 2 * vcpus;
const ownBits = ({ sources }: Target, word: number): number =>
  sources.reduce((bits, source) => (source >> 5 === word ? bits | (1 << (source & 31)) : bits), 0);

const made = (name: string, does: string, steps: Attempt["steps"]): Attempt =>
  attempt("PLIC", name, does, steps, ({ plic }) => plic !== 0);

export const PLIC: readonly Attempt[] = [
  made("its neighbour's sources, given a priority", "each; and such that there are not; they read 0", (seen) =>
    [...seen.foreignSources, 0, 97, 1023].flatMap((source) => [write(seen, 4 * source, ONES), reads(seen, 4 * source, 0)])),
  made("all sources, enabled in all contexts", "of what they read back, its own in its own are all", (seen) =>
    ALL_CONTEXTS.filter((context) => ENABLED_BYTES * context < PENDING).flatMap((context) => WORDS.flatMap((word) => {
      const at = ENABLED + ENABLED_BYTES * context + 4 * word;
      return [write(seen, at, ONES), reads(seen, at, isOwn(seen, context) ? ownBits(seen, word) : 0), write(seen, at, 0)];
    }))),
  made("its neighbour's sources, completed", "in each context that could be; and such that there are not", (seen) =>
    ALL_CONTEXTS.filter((context) => CONTEXT_BYTES * context < BYTES - CONTEXTS).flatMap((context) =>
      [...seen.foreignSources, 0, 97, 1023, 1024, ONES].map((source) =>
        write(seen, CONTEXTS + CONTEXT_BYTES * context + CLAIM, source)))),
  made("thresholds and claims of others' contexts", "written, and read: 0", (seen) =>
    ALL_CONTEXTS.filter((context) => CONTEXT_BYTES * context < BYTES - CONTEXTS && !isOwn(seen, context)).flatMap((context) =>
      [0, CLAIM].flatMap((register) => {
        const at = CONTEXTS + CONTEXT_BYTES * context + register;
        return [write(seen, at, 7), reads(seen, at, 0)];
      }))),
  made("what is pending, written", "it is read only", (seen) => WORDS.map((word) => write(seen, PENDING + 4 * word, ONES))),
  made("its PLIC, not by words", "bytes, halves, doublewords, and unaligned", ({ plic }) => [
    ...REFUSED_WIDTHS.flatMap((bytes) => [
      step([load(bytes, A0, A1)], [0, plic], LOAD_REFUSED), step([store(bytes, A0, A1)], [-1n, plic], STORE_REFUSED),
    ]),
    step([load(4, A0, A1)], [0, plic + 2], LOAD_REFUSED), step([store(4, A0, A1)], [-1n, plic + 2], STORE_REFUSED),
  ]),
  made("behind its PLIC's end", "where a real one goes on", ({ plic }) => [
    fails([load(4, A0, A1)], [0, plic + BYTES], LOAD_GUEST_PAGE, plic + BYTES),
    fails([store(4, A0, A1)], [0, plic + BYTES], STORE_GUEST_PAGE, plic + BYTES),
  ]),
];
