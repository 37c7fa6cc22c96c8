// Imports as C functions. Each must be an intrinsic of a table, with the table's own type. On the target they are inline
// functions with the table's C bodies; in host tests the harness defines them.
import { BuildError } from "../errors.ts";
import type { Intrinsic, IntrinsicType } from "../intrinsic.ts";
import type { Isa } from "../targets/target.ts";
import { C_TYPE } from "./pending.ts";
import type { Import } from "./module.ts";
import type { ValueType } from "./instructions.ts";

/** wasm import module → its intrinsics. */
export type Tables = Readonly<Record<string, readonly Intrinsic[]>>;

export const BOUND = { module: "cpu", name: "bound" } as const;

const WASM_TYPE: Readonly<Record<IntrinsicType, ValueType>> = { u32: "i32", u64: "i64" };

export function findIntrinsic(tables: Tables, one: Import): Intrinsic {
  const intrinsic = tables[one.module]?.find(({ name }) => name === one.name);
  if (intrinsic === undefined) throw new BuildError("unknown-import", `import ${one.module}.${one.name}`);
  const params = Object.values(intrinsic.params).map((type) => WASM_TYPE[type]);
  const result = intrinsic.result === "void" ? undefined : WASM_TYPE[intrinsic.result];
  if (params.join() !== one.params.join() || result !== one.result) {
    throw new BuildError("import-type", `import ${one.module}.${one.name} (${one.params.join()}) → ${one.result ?? "void"}`);
  }
  return intrinsic;
}

/** A function with the table's body: inline, but for those that are too long for it. */
export function inlineImport(cName: string, intrinsic: Intrinsic, isa: Isa | undefined): string {
  const body = bodyOf(intrinsic, isa);
  const params = Object.entries(intrinsic.params).map(([name, type]) => `${type} ${name}`);
  const linkage = intrinsic.outOfLine === true ? "AXV_OUT_OF_LINE" : "AXV_INLINE";
  return `${linkage} ${intrinsic.result} ${cName}(${params.join(", ") || "void"}) {\n  ${body}\n}`;
}

function bodyOf({ name, c }: Intrinsic, isa: Isa | undefined): string {
  const body = typeof c === "string" ? c : isa === undefined ? undefined : c[isa];
  if (body === undefined) throw new BuildError("unknown-import", `${name} has no code for ${isa ?? "the host"}`);
  return body;
}

/** A function that is defined elsewhere. */
export function externImport(cName: string, one: Import): string {
  const result = one.result === undefined ? "void" : C_TYPE[one.result];
  return `extern ${result} ${cName}(${one.params.map((type) => C_TYPE[type]).join(", ") || "void"});`;
}
