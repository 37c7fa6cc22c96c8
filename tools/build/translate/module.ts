// The parts of a module around its functions' bodies: imports, globals, memory, data, exports.
import { BuildError, type Location } from "../errors.ts";
import { nearestOwnFunction } from "./callers.ts";
import { parseBody, valueType, type Expression } from "./expression.ts";
import type { ValueType } from "./instructions.ts";
import { sourceName } from "./names.ts";
import { atoms, decodeString, head, isList, lists, parseText, type List } from "./text.ts";

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
}

export interface Global {
  readonly type: ValueType;
  readonly mutable: boolean;
  readonly value: bigint;
}

export interface Function {
  readonly id: string;
  /** As the source has it: `core/vgic/inject`. */
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
  /** Parameters first. */
  readonly locals: readonly ValueType[];
  readonly localIds: readonly string[];
  readonly body: readonly Expression[];
}

export interface Segment {
  readonly offset: number;
  readonly data: Uint8Array;
}

export interface Module {
  /** By wasm id, as are the others. */
  readonly imports: ReadonlyMap<string, Import>;
  readonly globals: ReadonlyMap<string, Global>;
  readonly functions: readonly Function[];
  readonly memoryPages: number;
  readonly segments: readonly Segment[];
  /** Name → function id. */
  readonly exports: ReadonlyMap<string, string>;
  readonly start: string | undefined;
}

interface Signature {
  readonly params: readonly { readonly id: string; readonly type: ValueType }[];
  readonly result: ValueType | undefined;
}

/** What was read last: verify asks for the very module that the build has just translated. */
let last: { readonly text: string; readonly module: Module } | undefined;

/** `text`: binaryen's. */
export function readModule(text: string): Module {
  if (last?.text !== text) last = { text, module: moduleOf(parseText(text)) };
  return last.module;
}

function moduleOf(module: List): Module {
  for (const part of lists(module, "tag")) throw new BuildError("unsupported-module", `exception tag ${atoms(part)[0] ?? ""}`);

  const imports = new Map(lists(module, "import").map(readImport));
  const globals = new Map(lists(module, "global").map(readGlobal));
  const definitions = lists(module, "func").map((list) => ({ list, id: atoms(list)[0] ?? "", signature: readSignature(list) }));
  const results = new Map<string, ValueType | undefined>([
    ...[...imports].map(([id, one]) => [id, one.result] as const),
    ...definitions.map(({ id, signature }) => [id, signature.result] as const),
  ]);
  const globalTypes = new Map([...globals].map(([id, global]) => [id, global.type] as const));
  const byId = new Map(definitions.map(({ list, id }) => [id, list] as const));
  const functions = definitions.map(({ list, id, signature }) => {
    const owner = nearestOwnFunction(byId, id);
    const name = owner === id ? sourceName(id) : `${sourceName(id)} (needed by ${sourceName(owner)})`;
    return readFunction(list, id, name, signature, globalTypes, results);
  });
  // After the functions: what they do with a table has a source line.
  for (const part of ["table", "elem"]) {
    const found = lists(module, part)[0];
    if (found !== undefined) throw new BuildError("indirect-call", `the module has a function table (${part})`);
  }
  return {
    imports,
    globals,
    functions,
    memoryPages: Number(lists(module, "memory").flatMap(atoms)[1] ?? 0),
    segments: lists(module, "data").map(readSegment),
    exports: new Map(lists(module, "export").flatMap(readExport)),
    start: lists(module, "start").flatMap(atoms)[0],
  };
}

/** (import "module" "name" (func $id (param i32 i64) (result i32))) */
function readImport(list: List): [string, Import] {
  const [module = "", name = ""] = atoms(list).map(unquote);
  const [what] = lists(list);
  if (what === undefined || head(what) !== "func") {
    throw new BuildError("unsupported-module", `import ${module}.${name} is not a function`);
  }
  const { params, result } = readSignature(what);
  return [atoms(what)[0] ?? "", { module, name, params: params.map(({ type }) => type), result }];
}

/** (param i32 i32) or (param $x i32), and (result i32) */
function readSignature(func: List): Signature {
  const name = sourceName(atoms(func)[0] ?? "");
  const at = firstLocation(func);
  const types = (list: List): string[] => atoms(list).filter((word) => !word.startsWith("$"));
  const results = lists(func, "result").flatMap(types);
  if (results.length > 1) throw new BuildError("unsupported-instruction", `function ${name} gives back several values`, at);
  return {
    params: variables(func, "param").map(({ id, type }) => ({ id, type: valueType(type, name, at) })),
    result: results[0] === undefined ? undefined : valueType(results[0], name, at),
  };
}

function variables(func: List, kind: "param" | "local"): { id: string; type: string }[] {
  return lists(func, kind).flatMap((list) => {
    const words = atoms(list);
    const [first = "", second = ""] = words;
    return first.startsWith("$") ? [{ id: first, type: second }] : words.map((type) => ({ id: "", type }));
  });
}

const HEADER = new Set(["type", "param", "result", "local", "import", "export"]);

/** `name`: for messages. */
function readFunction(
  list: List,
  id: string,
  name: string,
  signature: Signature,
  globals: ReadonlyMap<string, ValueType>,
  results: ReadonlyMap<string, ValueType | undefined>,
): Function {
  const at = firstLocation(list);
  const locals = variables(list, "local").map((local) => ({ id: local.id, type: valueType(local.type, name, at) }));
  const all = [...signature.params, ...locals];
  const localTypes = all.map(({ type }) => type);
  const scope = { name, locals: new Map(all.map((local, index) => [local.id, index])), localTypes, globals, results };
  const body = list.items.filter(isList).filter((item) => !HEADER.has(head(item)));
  return {
    id,
    name: sourceName(id),
    params: signature.params.map(({ type }) => type),
    result: signature.result,
    locals: localTypes,
    localIds: all.map((local) => local.id),
    body: parseBody(body, scope),
  };
}

/** (global $id (mut i32) (i32.const 5)) */
function readGlobal(list: List): [string, Global] {
  const [id = "", plainType] = atoms(list);
  const [first, second] = lists(list);
  const mutable = first !== undefined && head(first) === "mut";
  const type = valueType(mutable ? String(first.items[1]) : (plainType ?? ""), `global ${sourceName(id)}`, list.at);
  return [id, { type, mutable, value: readConstant(mutable ? second : first, `global ${sourceName(id)}`) }];
}

/** (data $id (i32.const 16) "bytes") */
function readSegment(list: List): Segment {
  const literal = list.items.filter((item) => typeof item === "string").filter((item) => item.startsWith('"'));
  const data = Buffer.concat(literal.map(decodeString));
  return { offset: Number(BigInt.asUintN(32, readConstant(lists(list)[0], "a data segment"))), data };
}

function readConstant(list: List | undefined, owner: string): bigint {
  const name = list === undefined ? "" : head(list);
  if (list === undefined || (name !== "i32.const" && name !== "i64.const")) {
    throw new BuildError("unsupported-module", `${owner} does not start with a constant`);
  }
  return BigInt(String(list.items[1]));
}

/** (export "name" (func $id)); exported memory and globals are for the simulator. */
function readExport(list: List): [string, string][] {
  const [what] = lists(list, "func");
  return what === undefined ? [] : [[unquote(atoms(list)[0] ?? ""), atoms(what)[0] ?? ""]];
}

const unquote = (literal: string): string => new TextDecoder().decode(decodeString(literal));

function firstLocation(list: List): Location | undefined {
  for (const item of list.items.filter(isList)) {
    const at = HEADER.has(head(item)) ? undefined : (item.at ?? firstLocation(item));
    if (at !== undefined) return at;
  }
  return undefined;
}
