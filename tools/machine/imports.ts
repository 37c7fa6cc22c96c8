// The wasm's imports, answered by hooks: checks that every intrinsic of the tables has one and that no other is there, and
// turns wasm's signed numbers into the unsigned ones that the tables speak of.
import type { Intrinsic } from "../build/intrinsic.ts";
import { MachineError } from "./errors.ts";
import { quickBound } from "./quickBound.ts";

export type Value = number | bigint;
/** Parameters: a number for each u32, a bigint for each u64. */
export type Hook = (...values: never[]) => Value | void;
export type Hooks = Readonly<Record<string, Hook>>;

type WasmFunction = (...values: Value[]) => Value | void;

/** No intrinsic's name. */
const NONE = /^$/;

/**
 * What `WebAssembly.instantiate` wants, for one module of imports. `before` is called ahead of every hook that others could
 * notice, with its first value: not of those that are called as `unnoticed` says.
 */
export function bindImports(
  module: string, table: readonly Intrinsic[], hooks: Hooks, unnoticed = NONE, before: (name: string, first?: Value) =>
    void = () => undefined,
): Record<string, WasmFunction> {
  const imports: Record<string, WasmFunction> = {};
  for (const intrinsic of table) {
    const hook = hooks[intrinsic.name];
    if (hook === undefined) {
      throw new MachineError(
        "MACHINE_IMPORT", `the machine has no hook for ${module}.${intrinsic.name}: add one to tools/machine`,
      );
    }
    imports[intrinsic.name] = convert(
      intrinsic, hook as WasmFunction,
      unnoticed.test(intrinsic.name) ? () => undefined : (value) => before(intrinsic.name, value),
    );
  }
  const { bound } = imports;
  if (bound !== undefined) imports["bound"] = quickBound(bound) as WasmFunction;
  for (const name of Object.keys(hooks)) {
    if (imports[name] === undefined) {
      throw new MachineError(
        "MACHINE_IMPORT", `the machine has a hook ${name}, but no table names an intrinsic ${module}.${name}`,
      );
    }
  }
  return imports;
}

type Convert = (value: Value) => Value;
const u32: Convert = (value) => (value as number) >>> 0;
const u64: Convert = (value) => BigInt.asUintN(64, value as bigint);
const CONVERT: Readonly<Record<"u32" | "u64", Convert>> = { u32, u64 };

/** With no list of values where there are few: these are called some hundred million times in a run of all tests. */
function convert(intrinsic: Intrinsic, hook: WasmFunction, before: (first?: Value) => void): WasmFunction {
  const types = Object.values(intrinsic.params);
  switch (types.join()) {
    case "": return () => {
      before();
      return hook();
    };
    case "u32": return (a) => {
      before(a);
      return hook(u32(a as Value));
    };
    case "u64": return (a) => {
      before(a);
      return hook(u64(a as Value));
    };
    case "u32,u32": return (a, b) => {
      before(a);
      return hook(u32(a as Value), u32(b as Value));
    };
    case "u64,u32": return (a, b) => {
      before(a);
      return hook(u64(a as Value), u32(b as Value));
    };
    case "u64,u64": return (a, b) => {
      before(a);
      return hook(u64(a as Value), u64(b as Value));
    };
    default: return (...values) => {
      before(values[0]);
      return hook(...values.map((value, n) => CONVERT[types[n] ?? "u32"](value)));
    };
  }
}
