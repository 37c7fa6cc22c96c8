// The decoder of loads and stores (arch/riscv64/loadStore.ts) against LLVM's: what it takes it reads as LLVM does, and it takes
// nothing else. Of 16 bits every word, of 32 bits a sample of each opcode.
import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import { mutantImports } from "../../../tools/machine/mutant.ts";
import { compile } from "../../../tools/build/compile.ts";

interface Decoder {
  readonly decode: (word: number) => number;
  readonly decodeTransformed: (word: number) => number;
  readonly shiftOf: (form: number) => number;
  readonly bytesOf: (form: number) => bigint;
  readonly asLoaded: (value: bigint, form: number) => bigint;
  readonly [flag: `FORM_${string}`]: WebAssembly.Global<"i32">;
}

let decoder: Decoder;
beforeAll(async () => {
  const { wasm } = await compile({ entry: "arch/riscv64/loadStore.ts", memoryPages: 1 });
  decoder = (await WebAssembly.instantiate(wasm as BufferSource, mutantImports())).instance.exports as unknown as Decoder;
});

interface Form {
  readonly register: number;
  readonly bytes: number;
  readonly store: boolean;
  /** Loads: 8 bytes have none above. */
  readonly signed: boolean;
  readonly length: number;
}

const LOADS_AND_STORES = /^(c\.)?(l|s)([bhwd])(u?)(sp)?\s+x(\d+), -?\d+\(x\d+\)$/;
const BYTES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, d: 8 };

/** What LLVM says that each word is; those that it does not know are left out. */
function disassemble(words: readonly number[], bytes: number): Map<number, string> {
  const byte = (word: number, n: number): string => `0x${((word >>> (8 * n)) & 0xff).toString(16)}`;
  const input = words.map((word) => Array.from({ length: bytes }, (_, n) => byte(word, n)).join(" "));
  const { stdout, error } = spawnSync(
    "llvm-mc-19",
    ["--triple=riscv64", "-mattr=+m,+a,+f,+d,+c,+h", "-M", "no-aliases", "-M", "numeric", "--show-encoding", "--disassemble"],
    { input: input.join("\n"), encoding: "utf8", maxBuffer: 1 << 28 },
  );
  if (error !== undefined) throw error;
  return new Map([...stdout.matchAll(/^\t(.*?)\s*# encoding: \[(.*)\]$/gm)].map(([, text = "", encoding = ""]) => [
    encoding.split(",").reduce((word, byte, n) => word + Number(byte) * 2 ** (8 * n), 0), text.replace(/\s+/g, " "),
  ]));
}

function referenceOf(text: string, length: number): Form | undefined {
  const [, , kind = "", size = "", unsigned = "", , register = ""] = LOADS_AND_STORES.exec(text) ?? [];
  const bytes = BYTES[size];
  if (bytes === undefined) return undefined;
  return { register: Number(register), bytes, store: kind === "s", signed: kind === "l" && unsigned === "", length };
}

const has = (form: number, flag: string): boolean => (form & (decoder[`FORM_${flag}`]?.value as number)) !== 0;
const described = (form: number): Form => ({
  register: form & (decoder["FORM_REGISTER"]?.value as number), bytes: 1 << decoder.shiftOf(form), store: has(form, "STORE"),
  signed: has(form, "SIGNED"), length: Number(decoder.bytesOf(form)),
});

/** How many of each mnemonic were taken. */
function compare(words: readonly number[], length: number): Map<string, number> {
  const texts = disassemble(words, length);
  const taken = new Map<string, number>();
  const wrong: string[] = [];
  for (const word of words) {
    const text = texts.get(word);
    const reference = text === undefined ? undefined : referenceOf(text, length);
    const form = decoder.decode(word);
    const said = form === 0 ? undefined : described(form);
    if (JSON.stringify(said) !== JSON.stringify(reference)) {
      wrong.push(`0x${word.toString(16)} ${text ?? "(no instruction)"}: ${JSON.stringify(said)}`);
    } else if (text !== undefined && reference !== undefined) {
      const [mnemonic = ""] = text.split(" ");
      taken.set(mnemonic, (taken.get(mnemonic) ?? 0) + 1);
    }
  }
  expect(wrong).toEqual([]);
  return taken;
}

describe("every load and store that LLVM knows, and what it does not know", () => {
  test("of 16 bits", () => {
    const words = Array.from({ length: 0x1_0000 }, (_, word) => word).filter((word) => (word & 3) !== 3);
    const taken = compare(words, 2);
    expect([...taken.keys()].sort()).toEqual(["c.ld", "c.ldsp", "c.lw", "c.lwsp", "c.sd", "c.sdsp", "c.sw", "c.swsp"]);
    expect(taken.get("c.lwsp")).toBe(31 * 64); // x0 is reserved
    expect(taken.get("c.sdsp")).toBe(32 * 64);
  });

  test("of 32 bits", () => {
    // Multiplicative congruential generator (Park and Miller): the same words every time.
    let seed = 20_261;
    const random = (): number => (seed = (seed * 48_271) % 0x7fff_ffff);
    const words = Array.from({ length: 32 * 600 }, (_, n) => (((random() * 128) >>> 0) | ((n % 32) << 2) | 3) >>> 0);
    const isLonger = (word: number): boolean => (word & 0x1f) === 0x1f;
    const taken = compare(words.filter((word) => !isLonger(word)), 4);
    expect(words.filter((word) => isLonger(word) && decoder.decode(word) !== 0)).toEqual([]);
    expect([...taken.keys()].sort()).toEqual(["lb", "lbu", "ld", "lh", "lhu", "lw", "lwu", "sb", "sd", "sh", "sw"]);
  });
});

test("as htinst has them: with neither base nor offset, and with bit 1 clear where the instruction had 16 bits", () => {
  const [LOAD, STORE, OTHERS] = [0x03, 0x23, [0x07, 0x27, 0x2f, 0x13]];
  const every = [LOAD, STORE, ...OTHERS].flatMap((opcode) =>
    Array.from({ length: 8 * 32 }, (_, n) => {
      const register = (n & 31) << (opcode === STORE ? 20 : 7);
      return opcode | ((n >> 5) << 12) | register;
    }));
  for (const word of every) {
    const form = decoder.decode(word);
    expect(decoder.decodeTransformed(word)).toBe(form);
    const short = decoder.decodeTransformed(word & ~2);
    expect(short === 0 ? short : described(short)).toEqual(form === 0 ? 0 : { ...described(form), length: 2 });
  }
  expect(every.filter((word) => decoder.decode(word) !== 0)).toHaveLength((7 + 4) * 32);
});

test("what a load puts into its register: of its size, the sign above it or zeros", () => {
  const READ = 0x1234_5678_9abc_def0n;
  const loaded = (word: number): bigint => BigInt.asUintN(64, decoder.asLoaded(READ, decoder.decode(word)));
  const LOAD = 0x503; // into x10
  expect([0, 1, 2, 3, 4, 5, 6].map((funct3) => loaded(LOAD | (funct3 << 12)))).toEqual([
    0xffff_ffff_ffff_fff0n, 0xffff_ffff_ffff_def0n, 0xffff_ffff_9abc_def0n, READ, 0xf0n, 0xdef0n, 0x9abc_def0n,
  ]);
});
