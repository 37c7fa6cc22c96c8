// Records all that passes between a wasm instance and its host, so that translated C can be put through the same (replay.c).
import { BOUND } from "../../tools/build/translate/imports.ts";
import type { Module } from "../../tools/build/translate/module.ts";
import { hashMemory } from "./hash.ts";

type Value = number | bigint | undefined;
type WasmFunction = (...values: Value[]) => Value;

const END = 0n;
const ENTER = 1n;
const LEAVE = 2n;
const IMPORT = 3n;
const ANSWER = 4n;
const PATCH = 5n;
const NOT_HASHED = 0xffff_ffff_ffff_ffffn;
/** All of memory is hashed at every so many calls from outside, for it takes time. */
const HASH_EVERY = 16;
const WORD = 8;
const PAGE = 4096;

/** What an intrinsic may write: an offset in linear memory, or a PA, which can lie in it too; and how many bytes. */
interface Written {
  readonly offset?: Value;
  readonly pa?: Value;
  readonly bytes: number;
}
const WRITTEN: Readonly<Record<string, (values: readonly Value[]) => Written>> = {
  copyFromPhysical: ([offset, , bytes]) => ({ offset, bytes: Number(bytes) }),
  physicalWrite64: ([pa]) => ({ pa, bytes: 8 }),
  copyPhysical: ([pa, , bytes]) => ({ pa, bytes: Number(bytes) }),
};
const atomic = ([offset]: readonly Value[]): Written => ({ offset, bytes: 4 });

const unsigned = (value: Value): bigint => (typeof value === "bigint" ? BigInt.asUintN(64, value) : BigInt((value ?? 0) >>> 0));

export class Recording {
  readonly #module: Module;
  readonly #linear: number;
  readonly #words: bigint[] = [];
  #memory = new BigUint64Array();
  /** Memory as the core left it, to find what the host changes in it. */
  #left = new BigUint64Array();
  #depth = 0;
  #calls = 0;

  /** `linear`: PA of linear memory on the machine. */
  constructor(module: Module, linear: number) {
    this.#module = module;
    this.#linear = linear;
  }

  /** How many calls from outside there were. */
  get calls(): number {
    return this.#calls;
  }

  /** Runs an action; the instances that it makes are recorded (one, for there is one memory). */
  run(action: () => void): void {
    const { Instance } = WebAssembly;
    const record = (module: WebAssembly.Module, imports: WebAssembly.Imports): { exports: WebAssembly.Exports } =>
      this.#instantiate((wrapped) => new Instance(module, wrapped), imports);
    function Recorded(module: WebAssembly.Module, imports: WebAssembly.Imports) {
      // The machine's own, which has no memory, is none of them (tools/machine/quickBound.ts).
      const isCore = WebAssembly.Module.imports(module).some((one) => one.module === BOUND.module);
      return isCore ? record(module, imports) : new Instance(module, imports);
    }
    WebAssembly.Instance = Recorded as unknown as typeof Instance;
    try {
      action();
    } finally {
      WebAssembly.Instance = Instance;
    }
  }

  bytes(): Uint8Array {
    return new Uint8Array(BigUint64Array.from([...this.#words, END]).buffer);
  }

  #instantiate(
    make: (imports: WebAssembly.Imports) => WebAssembly.Instance,
    imports: WebAssembly.Imports,
  ): { exports: WebAssembly.Exports } {
    const wrapped: Record<string, Record<string, WasmFunction>> = {};
    [...this.#module.imports.values()].forEach(({ module, name, params }, index) => {
      const original = imports[module]?.[name] as WasmFunction;
      const bound = module === BOUND.module && name === BOUND.name;
      const written = module === BOUND.module ? atomic : WRITTEN[name];
      (wrapped[module] ??= {})[name] = bound ? original : this.#import(original, index, params.length, written);
    });
    const { exports } = make(wrapped as WebAssembly.Imports);
    const memory = exports["memory"] as WebAssembly.Memory;
    this.#memory = new BigUint64Array(memory.buffer);
    this.#left = this.#memory.slice();
    const names = [...this.#module.exports.keys()];
    const entries = names.map((name, index) => [name, this.#export(exports[name] as WasmFunction, index)]);
    const constants = Object.entries(exports).filter(([, exported]) => exported instanceof WebAssembly.Global);
    return { exports: { ...Object.fromEntries([...constants, ...entries]), memory } };
  }

  #export(original: WasmFunction, index: number): WasmFunction {
    return (...values) => {
      if (this.#depth === 0) this.#recordChanges();
      this.#words.push(ENTER, BigInt(index), BigInt(values.length), ...values.map(unsigned));
      this.#depth++;
      const result = original(...values);
      this.#depth--;
      const hashed = this.#depth === 0 && this.#calls++ % HASH_EVERY === 0;
      this.#words.push(LEAVE, unsigned(result), hashed ? BigInt(hashMemory(new Uint32Array(this.#memory.buffer))) : NOT_HASHED);
      if (this.#depth === 0) this.#left.set(this.#memory);
      return result;
    };
  }

  #import(
    original: WasmFunction,
    index: number,
    parameters: number,
    written: ((values: readonly Value[]) => Written) | undefined,
  ): WasmFunction {
    return (...values) => {
      this.#words.push(IMPORT, BigInt(index), ...values.slice(0, parameters).map(unsigned));
      const result = original(...values);
      if (written !== undefined) this.#recordWritten(written(values));
      this.#words.push(ANSWER, unsigned(result));
      return result;
    };
  }

  #recordWritten({ offset, pa, bytes }: Written): void {
    const at = pa === undefined ? Number(unsigned(offset)) : Number(unsigned(pa)) - this.#linear;
    if (at >= 0 && at + bytes <= this.#memory.byteLength) this.#patch(at, bytes);
  }

  #patch(offset: number, bytes: number): void {
    const padded = new Uint8Array(Math.ceil(bytes / WORD) * WORD);
    padded.set(new Uint8Array(this.#memory.buffer, offset, bytes));
    this.#words.push(PATCH, BigInt(offset), BigInt(bytes), ...new BigUint64Array(padded.buffer));
  }

  /** What tests wrote into linear memory since the core was last left: guests' registers, for example. */
  #recordChanges(): void {
    const [now, left] = [this.#memory, this.#left].map((words) => Buffer.from(words.buffer));
    for (let page = 0; now !== undefined && left !== undefined && page < now.length; page += PAGE) {
      if (now.compare(left, page, page + PAGE, page, page + PAGE) === 0) continue;
      for (let at = page; at < page + PAGE; at += WORD) {
        if (this.#memory[at / WORD] !== this.#left[at / WORD]) this.#patch(at, WORD);
      }
    }
  }
}
