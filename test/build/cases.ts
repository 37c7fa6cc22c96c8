// Differential testing: the same wasm in V8 and as translated C on the host, case by case, with the same answers to its
// imports. Compared after every call: how it ended, its result, and every import call with its arguments; after every case:
// all of memory.
import type { Tables } from "../../tools/build/translate/imports.ts";
import type { Translation } from "../../tools/build/translate/index.ts";
import { runHarness } from "./host.ts";
import { runV8 } from "./v8.ts";
import { translateWasm } from "./wasm.ts";

export interface Call {
  readonly function: string;
  readonly arguments: readonly bigint[];
}

export interface Case {
  readonly calls: readonly Call[];
  /** What is zero in memory is filled from it; 0: nothing is. */
  readonly memorySeed: number;
  readonly traceSeed: number;
}

export type End = "returned" | "trapped" | "out of bounds" | "past bound";
const ENDS: readonly End[] = ["returned", "trapped", "out of bounds", "past bound"];

export interface Outcome {
  readonly end: End;
  readonly result: bigint;
  /** A hash of it, at a case's last call. */
  readonly memory: number;
  readonly trace: number;
}

const MAX_ARGUMENTS = 8;
const CALL_BYTES = 8 + 8 * MAX_ARGUMENTS;
const CASE_BYTES = 12;
const OUTCOME_BYTES = 24;

/** What differs between V8 and native, in words; nothing, if all is well. `flags` are added to the build's own. */
export function compare(wasm: Uint8Array, tables: Tables, cases: readonly Case[], flags: readonly string[] = []): string[] {
  const translation = translateWasm(wasm, tables);
  const { module } = translation;
  const exports = [...module.exports].map(([name, id]) => [name, module.functions.find((one) => one.id === id)] as const);
  const signatures = {
    exports: new Map(exports.flatMap(([name, one]) => (one === undefined ? [] : [[name, one] as const]))),
    imports: new Map([...module.imports.values()].map((one) => [`${one.module}.${one.name}`, one] as const)),
  };
  const expected = runV8(wasm, signatures, cases);
  const actual = runNative(translation, tables, cases, flags);
  return cases.flatMap(({ calls }, index) => {
    const [v8, native] = [expected[index]?.map(describe) ?? [], actual[index]?.map(describe) ?? []];
    return v8.flatMap((outcome, call) => {
      if (outcome === native[call]) return [];
      const { function: name, arguments: values } = calls[call] ?? { function: "", arguments: [] };
      return [`${name}(${values.join(", ")}): V8 ${outcome}; native ${native[call] ?? "nothing"}`];
    });
  });
}

/** After an access out of bounds only the fact counts: C may have moved stores over it. */
const describe = ({ end, result, memory, trace }: Outcome): string =>
  end === "out of bounds" ? end : `${end} ${result} (memory ${memory.toString(16)}, imports ${trace.toString(16)})`;

const runNative = (translation: Translation, tables: Tables, cases: readonly Case[], flags: readonly string[]): Outcome[][] =>
  decode(runHarness("cases.c", translation, tables, encode(translation, cases), flags), cases);

function encode({ module }: Translation, cases: readonly Case[]): Buffer {
  const numbers = new Map([...module.exports.keys()].map((name, index) => [name, index] as const));
  return Buffer.concat(
    cases.flatMap(({ calls, memorySeed, traceSeed }) => {
      const head = Buffer.alloc(CASE_BYTES);
      [calls.length, memorySeed, traceSeed].forEach((word, index) => head.writeUInt32LE(word >>> 0, index * 4));
      const bodies = calls.map((call) => {
        const body = Buffer.alloc(CALL_BYTES);
        const number = numbers.get(call.function);
        if (number === undefined) throw new Error(`no export ${call.function}`);
        body.writeUInt32LE(number, 0);
        call.arguments.forEach((value, index) => body.writeBigUInt64LE(BigInt.asUintN(64, value), 8 + index * 8));
        return body;
      });
      return [head, ...bodies];
    }),
  );
}

function decode(output: Buffer, cases: readonly Case[]): Outcome[][] {
  let at = 0;
  return cases.map(({ calls }) => {
    const outcomes: Outcome[] = [];
    for (let n = 0; n < calls.length && outcomes.at(-1)?.end !== "out of bounds"; n++, at += OUTCOME_BYTES) {
      outcomes.push({
        end: ENDS[output.readUInt32LE(at)] ?? "returned",
        memory: output.readUInt32LE(at + 4),
        trace: output.readUInt32LE(at + 8),
        result: output.readBigUInt64LE(at + 16),
      });
    }
    return outcomes;
  });
}
