// The V8 side of differential tests: runs cases in fresh instances, with imports answered as cases.c does.
import { hashMemory, mix } from "./hash.ts";
import { BOUND } from "../../tools/build/translate/imports.ts";
import type { Case, End, Outcome } from "./cases.ts";

/** The intrinsics of core/cpu.table.ts on the words of linear memory; V8 runs one thread, so nothing else is needed. */
const ON_MEMORY: Readonly<Record<string, (words: DataView, pointer: number, a: number, b: number) => number>> = {
  atomicOr32: (words, pointer, bits) => exchange(words, pointer, (old) => old | bits),
  atomicAnd32: (words, pointer, bits) => exchange(words, pointer, (old) => old & bits),
  atomicAdd32: (words, pointer, value) => exchange(words, pointer, (old) => old + value),
  atomicExchange32: (words, pointer, value) => exchange(words, pointer, () => value),
  compareExchange32: (words, pointer, expected, value) =>
    exchange(words, pointer, (old) => (old === (expected | 0) ? value : old)),
  loadAcquire32: (words, pointer) => exchange(words, pointer, (old) => old),
  storeRelease32: (words, pointer, value) => exchange(words, pointer, () => value),
};

function exchange(words: DataView, pointer: number, next: (old: number) => number): number {
  if (pointer >>> 0 > words.byteLength - 4) throw new WebAssembly.RuntimeError("memory access out of bounds");
  const old = words.getInt32(pointer >>> 0, true);
  words.setInt32(pointer >>> 0, next(old), true);
  return old;
}

class PastBound extends Error {}

interface Signature {
  readonly params: readonly ("i32" | "i64")[];
  readonly result: "i32" | "i64" | undefined;
}

/** Exported functions and imports by name; V8 itself does not tell their types. */
export interface Signatures {
  readonly exports: ReadonlyMap<string, Signature>;
  readonly imports: ReadonlyMap<string, Signature>;
}

export function runV8(wasm: Uint8Array, signatures: Signatures, cases: readonly Case[]): Outcome[][] {
  const module = new WebAssembly.Module(wasm as BufferSource);
  return cases.map((one) => runCase(module, signatures, one));
}

function runCase(module: WebAssembly.Module, signatures: Signatures, one: Case): Outcome[] {
  let trace = one.traceSeed | 0;
  const answer = (index: number, values: readonly (number | bigint)[]): bigint => {
    trace = mix(trace, index);
    for (const value of values) {
      const wide = typeof value === "bigint" ? BigInt.asUintN(64, value) : BigInt(value >>> 0);
      trace = mix(mix(trace, Number(wide & 0xffffffffn) | 0), Number(wide >> 32n) | 0);
    }
    const [low, high, shape] = [mix(trace, 1), mix(trace, 2), mix(trace, 3) & 7];
    if (shape < 3) return BigInt(low & 0xf);
    if (shape < 5) return BigInt(low & 0xffff);
    return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  };
  const imports: Record<string, Record<string, (...values: (number | bigint)[]) => number | bigint | undefined>> = {};
  WebAssembly.Module.imports(module).forEach(({ module: from, name }, index) => {
    const result = signatures.imports.get(`${from}.${name}`)?.result;
    (imports[from] ??= {})[name] = (...values) => {
      if (from === BOUND.module && name === BOUND.name) {
        if (Number(values[0]) >>> 0 >= Number(values[1]) >>> 0) throw new PastBound();
        return undefined;
      }
      const onMemory = from === BOUND.module ? ON_MEMORY[name] : undefined;
      if (onMemory !== undefined) {
        const [pointer = 0, a = 0, b = 0] = values.map(Number);
        return onMemory(new DataView(words.buffer), pointer, a, b);
      }
      const value = answer(index, values);
      return result === undefined ? undefined : result === "i32" ? Number(BigInt.asIntN(32, value)) : BigInt.asIntN(64, value);
    };
  });

  const instance = new WebAssembly.Instance(module, imports as WebAssembly.Imports);
  const memory = instance.exports["memory"];
  const words = memory instanceof WebAssembly.Memory ? new Uint32Array(memory.buffer) : new Uint32Array();
  if (one.memorySeed !== 0) fill(words, one.memorySeed);

  const outcomes: Outcome[] = [];
  for (const [index, call] of one.calls.entries()) {
    const target = instance.exports[call.function] as (...values: (number | bigint)[]) => number | bigint | undefined;
    const params = signatures.exports.get(call.function)?.params ?? [];
    const values = params.map((type, index) => {
      const value = call.arguments[index] ?? 0n;
      return type === "i32" ? Number(BigInt.asIntN(32, value)) : BigInt.asIntN(64, value);
    });
    let [end, result]: [End, bigint] = ["returned", 0n];
    try {
      const value = target(...values);
      result = typeof value === "bigint" ? BigInt.asUintN(64, value) : BigInt((value ?? 0) >>> 0);
    } catch (error) {
      end = classify(error);
    }
    outcomes.push({ end, result, memory: index + 1 === one.calls.length ? hashMemory(words) : 0, trace: trace >>> 0 });
    if (end === "out of bounds") break;
  }
  return outcomes;
}

/** What is zero: data segments stay. Small numbers, mostly: they are indices. */
function fill(words: Uint32Array, memorySeed: number): void {
  let seed = memorySeed | 0;
  words.forEach((word, index) => {
    seed = mix(seed, index * 4);
    if (word === 0) words[index] = (seed & 0x70000) === 0 ? seed : seed & 0x1f;
  });
}

function classify(error: unknown): End {
  if (error instanceof PastBound) return "past bound";
  if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  return error.message.includes("out of bounds") ? "out of bounds" : "trapped";
}
