// The decoder of loads and stores (arch/aarch64/loadStore.ts) against LLVM's: what it takes it reads as LLVM does, and it takes
// nothing else.
import { beforeAll, describe, expect, test } from "vitest";
import { startApart } from "./apart.ts";
import { disassemble } from "./llvmMc.ts";
import { offsetOf, parseLoadStore } from "./loadStoreText.ts";
import type { LoadStore } from "./loadStoreText.ts";

interface Decoder {
  readonly decode: (word: number) => bigint;
  readonly indexOf: (word: number, value: bigint) => bigint;
  readonly asLoaded: (value: bigint, shift: number, signed: number, to64: number) => bigint;
  readonly rtOf: (word: number) => number;
  readonly rt2Of: (word: number) => number;
  readonly rnOf: (word: number) => number;
  readonly rsOf: (word: number) => number;
  readonly [flag: `FORM_${string}`]: WebAssembly.Global;
}

/** Multiplicative congruential generator (Park and Miller): the same words every time. */
let seed = 20_261;
const random = (below: number): number => {
  seed = (seed * 48_271) % 0x7fff_ffff;
  return seed % below;
};
const bits = (): number => ((random(0x1_0000) << 16) | random(0x1_0000)) >>> 0;

let decoder: Decoder;
beforeAll(async () => {
  decoder = (await startApart("decoder")) as unknown as Decoder;
});

const has = (form: bigint, flag: string): boolean => (form & (decoder[`FORM_${flag}`]?.value as bigint)) !== 0n;

/** What the decoder says of a word, in the reference's words. */
function described(word: number, form: bigint): LoadStore {
  const index = has(form, "INDEX");
  const pair = has(form, "PAIR");
  const register = (n: number): bigint => REGISTERS[n] ?? 0n;
  return {
    store: has(form, "STORE"),
    bytes: 1 << Number(form & 3n),
    vector: has(form, "VECTOR"),
    signedTo: has(form, "SIGNED") ? (has(form, "TO_64") ? 64 : 32) : undefined,
    rt: decoder.rtOf(word),
    rt2: pair ? decoder.rt2Of(word) : undefined,
    rn: decoder.rnOf(word),
    rs: has(form, "STATUS") ? decoder.rsOf(word) : undefined,
    writeBack: has(form, "WRITE_BACK") ? (has(form, "POST") ? "post" : "pre") : "none",
    offset: Number(index ? BigInt.asIntN(64, decoder.indexOf(word, register(decoder.rsOf(word)))) & 0xffff_ffffn : form >> 32n),
    index: undefined,
  };
}

/** Index registers: large, and negative in either half. */
const REGISTERS = Array.from({ length: 31 }, (_, n) => BigInt.asIntN(64, (BigInt(n) * 0x9e37_79b9_7f4a_7c15n) ^ 0x8000_0000n));

const referenceOf = (form: LoadStore): LoadStore => ({
  ...form,
  offset: form.index === undefined ? form.offset : Number(offsetOf(form, (n) => REGISTERS[n] ?? 0n) & 0xffff_ffffn),
  index: undefined,
});

/** Every word: as LLVM reads it, or refused if LLVM reads no load or store that we take. Gives back how many were taken. */
function compare(words: readonly number[]): Map<string, number> {
  const texts = disassemble(words);
  const taken = new Map<string, number>();
  for (const word of words) {
    const text = texts.get(word);
    const reference = text === undefined ? undefined : parseLoadStore(text);
    const form = decoder.decode(word);
    const what = `0x${word.toString(16)} ${text ?? "(no instruction)"}`;
    if (reference === undefined) {
      expect(form, what).toBe(0n);
      continue;
    }
    expect(form, what).not.toBe(0n);
    expect(described(word, form), what).toEqual(referenceOf(reference));
    if (reference.index !== undefined) {
      const index = decoder.indexOf(word, REGISTERS[decoder.rsOf(word)] ?? 0n);
      expect(BigInt.asUintN(64, index), `${what}: all 64 bits of the offset`).toBe(
        BigInt.asUintN(
          64,
          offsetOf(reference, (n) => REGISTERS[n] ?? 0n),
        ),
      );
    }
    const mnemonic = text?.split(" ")[0] ?? "";
    taken.set(mnemonic, (taken.get(mnemonic) ?? 0) + 1);
  }
  return taken;
}

describe("every load and store that LLVM knows, and what it does not know", () => {
  test("single registers: all sizes, opcs and ways of addressing", () => {
    const words: number[] = [];
    for (let top = 0; top < 64; top++) {
      // size, V, bit 24, opc
      const fixed = ((top >> 4) << 30) | (7 << 27) | (((top >> 3) & 1) << 26) | (((top >> 2) & 1) << 24) | ((top & 3) << 22);
      for (let n = 0; n < 150; n++) words.push((fixed | (bits() & 0x3f_ffff)) >>> 0);
    }
    const taken = compare(words);
    const mnemonics =
      "ldr ldrb ldrh ldrsb ldrsh ldrsw str strb strh ldur ldurb ldurh ldursb ldursh ldursw stur sturb sturh " +
      "ldtr ldtrb ldtrh ldtrsb ldtrsh ldtrsw sttr sttrb sttrh";
    for (const mnemonic of mnemonics.split(" ")) {
      expect(taken.get(mnemonic) ?? 0, mnemonic).toBeGreaterThan(0);
    }
  });

  test("pairs", () => {
    const words: number[] = [];
    for (let top = 0; top < 64; top++) {
      // opc, V, mode, L
      const fixed = ((top >> 4) << 30) | (5 << 27) | (((top >> 3) & 1) << 26) | ((top & 7) << 22);
      for (let n = 0; n < 100; n++) words.push((fixed | (bits() & 0x3f_ffff)) >>> 0);
    }
    const taken = compare(words);
    for (const mnemonic of "ldp ldpsw ldnp stp stnp".split(" ")) expect(taken.get(mnemonic) ?? 0, mnemonic).toBeGreaterThan(0);
  });

  test("exclusives, acquire and release: with the fields that should be ones, and without", () => {
    const words: number[] = [];
    for (let top = 0; top < 32; top++) {
      // size, o2, L, o1
      const fixed = ((top >> 3) << 30) | (1 << 27) | ((top & 7) << 21);
      for (let n = 0; n < 160; n++)
        words.push((fixed | (bits() & 0x1f_ffff) | ((n & 1) !== 0 ? 31 << 10 : 0) | ((n & 2) !== 0 ? 31 << 16 : 0)) >>> 0);
    }
    const taken = compare(words);
    const mnemonics =
      "ldxr ldxrb ldxrh ldaxr ldaxrb ldaxrh stxr stxrb stxrh stlxr stlxrb stlxrh ldar ldarb ldarh stlr stlrb stlrh";
    for (const mnemonic of mnemonics.split(" ")) {
      expect(taken.get(mnemonic) ?? 0, mnemonic).toBeGreaterThan(0);
    }
  });

  test("write-back with a base that is transferred, pairs into one register, status among the operands: refused", () => {
    for (let n = 0; n < 31; n++) {
      const same = (n << 5) | n;
      for (const word of [
        0xb840_0400 | same,
        0xb800_0c00 | same,
        0x2980_0000 | same | (30 << 10),
        0xa8c0_0000 | (n << 5) | (n << 10) | ((n + 1) % 31),
        0x2940_0000 | n | (n << 10) | (((n + 1) % 31) << 5),
        0x8800_7c00 | n | (n << 16),
        0x8800_7c00 | (n << 5) | (n << 16) | ((n + 1) % 31),
      ]) {
        expect(decoder.decode(word), `0x${(word >>> 0).toString(16)}`).toBe(0n);
      }
    }
  });

  test("any other word: 20,000 of the loads' and stores' quarter, 10,000 of all", () => {
    const words = Array.from({ length: 20_000 }, () => ((bits() & ~0x0a00_0000) | 0x0800_0000) >>> 0);
    compare([...words, ...Array.from({ length: 10_000 }, bits)]);
  });
});

test("loads extend: by zeros, or by their sign to 32 or 64 bits", () => {
  const { asLoaded } = decoder;
  expect(BigInt.asUintN(64, asLoaded(0x80n, 0, 1, 1))).toBe(0xffff_ffff_ffff_ff80n);
  expect(BigInt.asUintN(64, asLoaded(0x8000n, 1, 1, 0))).toBe(0xffff_8000n);
  expect(BigInt.asUintN(64, asLoaded(0x8000_0000n, 2, 1, 1))).toBe(0xffff_ffff_8000_0000n);
  expect(BigInt.asUintN(64, asLoaded(0x8000_0000n, 2, 0, 0))).toBe(0x8000_0000n);
  expect(BigInt.asUintN(64, asLoaded(0x8000_0000_0000_0000n, 3, 0, 0))).toBe(0x8000_0000_0000_0000n);
});
