// The wasm's imports, answered by hooks: checks that every intrinsic of the tables has one and that no other is there, and
// turns wasm's signed numbers into the unsigned ones that the tables speak of.
import type { Intrinsic } from "../../tools/build/intrinsic.ts";
import { MachineError } from "./errors.ts";

export type Value = number | bigint;
/** Parameters: a number for each u32, a bigint for each u64. */
export type Hook = (...values: never[]) => Value | void;
export type Hooks = Readonly<Record<string, Hook>>;

type WasmFunction = (...values: Value[]) => Value | void;

/** Behind which nothing is different for anybody else: a loop's bound, a table's entry that is looked at, a register that never changes. */
const UNNOTICED = /^(bound|physicalRead64|mrs_ID_.*)$/;

/** What `WebAssembly.instantiate` wants, for one module of imports. `before` is called ahead of every hook that others could notice. */
export function bindImports(module: string, table: readonly Intrinsic[], hooks: Hooks, before: (name: string) => void = () => undefined): Record<string, WasmFunction> {
  const imports: Record<string, WasmFunction> = {};
  for (const intrinsic of table) {
    const hook = hooks[intrinsic.name];
    if (hook === undefined) throw new MachineError("MACHINE_IMPORT", `the machine has no hook for ${module}.${intrinsic.name}: add one to test/machine`);
    imports[intrinsic.name] = convert(intrinsic, hook as WasmFunction, UNNOTICED.test(intrinsic.name) ? () => undefined : () => before(intrinsic.name));
  }
  for (const name of Object.keys(hooks)) {
    if (imports[name] === undefined) throw new MachineError("MACHINE_IMPORT", `the machine has a hook ${name}, but no table names an intrinsic ${module}.${name}`);
  }
  return imports;
}

function convert(intrinsic: Intrinsic, hook: WasmFunction, before: () => void): WasmFunction {
  const unsigned = Object.values(intrinsic.params).map((type) => (type === "u32" ? (value: Value) => Number(value) >>> 0 : (value: Value) => BigInt.asUintN(64, BigInt(value))));
  const [first, second] = unsigned;
  // The two shapes that nearly all intrinsics have, without a list of arguments.
  if (first === undefined) {
    return () => {
      before();
      return hook();
    };
  }
  if (second === undefined) {
    return (a) => {
      before();
      return hook(first(a as Value));
    };
  }
  return (...values) => {
    before();
    return hook(...values.map((value, n) => unsigned[n]?.(value) ?? value));
  };
}
