// The APLIC that it sees: sources, harts and registers that are not its (AIA, chapter 4). A word of foreign sources reads 0.
import type { Attempt, Step } from "../attempt.ts";
import { attempt, DONE, fails, LOAD_GUEST_PAGE, returns, step, STORE_GUEST_PAGE } from "../attempt.ts";
import { A0, A1, load, mv, S4, store, T0 } from "../rv64.ts";
import type { Target } from "../target.ts";

const [DOMAINCFG, MMSIADDRCFG, SMSIADDRCFGH, SETIP, SETIPNUM, CLRIP, CLRIPNUM] = [
  0x0000, 0x1bc0, 0x1bcc, 0x1c00, 0x1cdc, 0x1d00, 0x1ddc,
];
const [SETIE, SETIENUM, CLRIE, CLRIENUM, SETIPNUM_LE, SETIPNUM_BE, GENMSI] = [
  0x1e00, 0x1edc, 0x1f00, 0x1fdc, 0x2000, 0x2004, 0x3000,
];
const sourcecfg = (source: number): number => 4 * source;
const target = (source: number): number => 0x3000 + 4 * source;
const WORDS = 32;
const ONES = 0xffff_ffffn;
const READS_DOMAINCFG = 0xffff_ffff_8000_0004n;
const APLIC_BYTES = 0x4000;
/** Whether its domain is on is what it was before. */
const DOMAINCFG_IE = 0x100n;
const HART_SHIFT = 18;
const GUEST_SHIFT = 12;
const RISING = 4;

const write = ({ aplic }: Target, offset: number, value: number | bigint): Step =>
  step([store(4, A0, A1)], [value, aplic + offset], DONE);
const reads = ({ aplic }: Target, offset: number, value: number | bigint): Step =>
  step([load(4, A0, A1)], [0, aplic + offset], returns(value));
const ownBits = ({ sources }: Target, word: number): number =>
  sources.reduce((bits, source) => (source >> 5 === word ? bits | (1 << (source & 31)) : bits), 0);

const made = (name: string, does: string, steps: Attempt["steps"]): Attempt =>
  attempt("APLIC", name, does, steps, ({ direct }) => direct);

export const CONTROLLER: readonly Attempt[] = [
  made("its neighbour's sources, configured", "sourcecfg: each mode, and to a child domain; they read 0", (seen) =>
    seen.foreignSources.flatMap((source) => [0, 1, 4, 5, 6, 7, 0x400].flatMap((mode) =>
      [write(seen, sourcecfg(source), mode), reads(seen, sourcecfg(source), 0)]))),
  made("its neighbour's sources, taken", "target: to its own hart, and to others; they read 0", (seen) =>
    seen.foreignSources.flatMap((source) => [0, 1, 3].flatMap((hart) =>
      [write(seen, target(source), (hart << HART_SHIFT) | 1), reads(seen, target(source), 0)]))),
  made("its neighbour's sources, raised", "setipnum, setipnum_le and _be, and by bits", (seen) => [
    ...seen.foreignSources.flatMap((source) => [SETIPNUM, SETIPNUM_LE, SETIPNUM_BE].map((offset) => write(seen, offset, source))),
    ...Array.from({ length: WORDS }, (_, word) => write(seen, SETIP + 4 * word, BigInt((~ownBits(seen, word)) >>> 0))),
    ...Array.from({ length: WORDS }, (_, word) => reads(seen, SETIP + 4 * word, 0)),
  ]),
  made("its neighbour's sources, lost", "clripnum, and by bits", (seen) => [
    ...seen.foreignSources.map((source) => write(seen, CLRIPNUM, source)),
    ...Array.from({ length: WORDS }, (_, word) => write(seen, CLRIP + 4 * word, ONES)),
  ]),
  made("its neighbour's sources, enabled", "setienum, and by bits: of what it reads back, its own are all", (seen) => [
    ...seen.foreignSources.map((source) => write(seen, SETIENUM, source)),
    ...Array.from({ length: WORDS }, (_, word) => write(seen, SETIE + 4 * word, ONES)),
    ...Array.from({ length: WORDS }, (_, word) => reads(seen, SETIE + 4 * word, ownBits(seen, word))),
  ]),
  made("its neighbour's sources, disabled", "clrienum, and by bits", (seen) => [
    ...seen.foreignSources.map((source) => write(seen, CLRIENUM, source)),
    ...Array.from({ length: WORDS }, (_, word) => write(seen, CLRIE + 4 * word, ONES)),
    ...Array.from({ length: WORDS }, (_, word) => reads(seen, SETIE + 4 * word, 0)),
  ]),
  made("sources that there are not", "0, 97, 1023, 1024, all ones, in each register that takes a number", (seen) =>
    [0, 97, 1023, 1024, ONES].flatMap((source) =>
      [SETIPNUM, CLRIPNUM, SETIENUM, CLRIENUM, SETIPNUM_LE, SETIPNUM_BE].map((offset) => write(seen, offset, source)))),
  made("messages made up", "genmsi, to each hart and as each guest's: reads 0", (seen) =>
    [0, 1, 2, 3, 0x3fff].flatMap((hart) => [0, 1].flatMap((guest) => [
      write(seen, GENMSI, BigInt(hart) << BigInt(HART_SHIFT) | BigInt(guest << GUEST_SHIFT) | 1n), reads(seen, GENMSI, 0),
    ]))),
  made("where messages go", "mmsiaddrcfg to smsiaddrcfgh: read 0", (seen) =>
    Array.from({ length: (SMSIADDRCFGH - MMSIADDRCFG) / 4 + 1 }, (_, n) => MMSIADDRCFG + 4 * n).flatMap((offset) =>
      [write(seen, offset, ONES), reads(seen, offset, 0)])),
  made("its own source to harts that are not its", "target: it stays as it was; a guest's number is ignored", (seen) => {
    const [source = 0] = seen.sources;
    return [
      write(seen, sourcecfg(source), RISING), write(seen, target(source), 7), reads(seen, target(source), 7),
      ...[seen.vcpus, 3, 0x3fff].map((hart) => write(seen, target(source), (BigInt(hart) << BigInt(HART_SHIFT)) | 9n)),
      reads(seen, target(source), 7), write(seen, target(source), (1 << GUEST_SHIFT) | 8), reads(seen, target(source), 8),
      write(seen, sourcecfg(source), 0),
    ];
  }),
  made("a domain of another kind", "domaincfg: big-endian, delivering directly", (seen) => [
    ...[ONES, 1, 4, 0x100].map((value) => write(seen, DOMAINCFG, value)), write(seen, DOMAINCFG, 0),
    reads(seen, DOMAINCFG, READS_DOMAINCFG),
  ]),
  made("its APLIC, read into a register that functions keep", "s4, and nothing else has changed", ({ aplic }) => [
    step([mv(T0, S4), load(4, S4, A1), mv(A0, S4), mv(S4, T0)], [0, aplic], returns(READS_DOMAINCFG, ~DOMAINCFG_IE)),
  ]),
  made("behind its APLIC's end", "where the board's own goes on", ({ aplic }) => [
    fails([load(4, A0, A1)], [0, aplic + APLIC_BYTES], LOAD_GUEST_PAGE, aplic + APLIC_BYTES),
    fails([store(4, A0, A1)], [0, aplic + 2 * APLIC_BYTES - 4], STORE_GUEST_PAGE, aplic + 2 * APLIC_BYTES - 4),
  ]),
];
