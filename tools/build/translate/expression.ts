// Expressions of one function as a typed tree, read from binaryen's text. What the translator has no C for is refused
// here, with the function's name and the source line.
import { BuildError, type BuildErrorCode, type Location } from "../errors.ts";
import { INSTRUCTIONS, parseAccess, type Access, type Instruction, type ValueType } from "./instructions.ts";
import { head, isList, type List } from "./text.ts";

interface Node {
  readonly at: Location | undefined;
  /** undefined: no value, or never reached. */
  readonly type: ValueType | undefined;
}

export type Expression = Node &
  (
    | { readonly kind: "const"; readonly value: bigint }
    | { readonly kind: "value"; readonly instruction: Instruction; readonly operands: readonly Expression[] }
    | { readonly kind: "load"; readonly access: Access; readonly offset: number; readonly pointer: Expression }
    | {
        readonly kind: "store";
        readonly access: Access;
        readonly offset: number;
        readonly pointer: Expression;
        readonly value: Expression;
      }
    | { readonly kind: "local.get"; readonly index: number }
    | { readonly kind: "local.set"; readonly index: number; readonly value: Expression }
    | { readonly kind: "global.get"; readonly name: string }
    | { readonly kind: "global.set"; readonly name: string; readonly value: Expression }
    | { readonly kind: "call"; readonly target: string; readonly operands: readonly Expression[] }
    | { readonly kind: "block" | "loop"; readonly label: string | undefined; readonly body: readonly Expression[] }
    | {
        readonly kind: "if";
        readonly condition: Expression;
        readonly then: readonly Expression[];
        readonly otherwise: readonly Expression[];
      }
    | {
        readonly kind: "br";
        readonly label: string;
        readonly value: Expression | undefined;
        readonly condition: Expression | undefined;
      }
    | {
        readonly kind: "br_table";
        readonly labels: readonly string[];
        readonly value: Expression | undefined;
        readonly index: Expression;
      }
    | { readonly kind: "select"; readonly yes: Expression; readonly no: Expression; readonly condition: Expression }
    | { readonly kind: "bulk"; readonly name: "memory.copy" | "memory.fill"; readonly operands: readonly Expression[] }
    | { readonly kind: "return"; readonly value: Expression | undefined }
    | { readonly kind: "drop"; readonly value: Expression }
    | { readonly kind: "memory.size" }
    | { readonly kind: "unreachable" | "nop" }
  );

/** What an expression's meaning depends on outside itself. */
export interface FunctionScope {
  /** As the source has it, for messages. */
  readonly name: string;
  readonly locals: ReadonlyMap<string, number>;
  readonly localTypes: readonly ValueType[];
  readonly globals: ReadonlyMap<string, ValueType>;
  readonly results: ReadonlyMap<string, ValueType | undefined>;
}

export function parseBody(lists: readonly List[], scope: FunctionScope): Expression[] {
  return lists.map((list) => parse(list, scope));
}

function parse(list: List, scope: FunctionScope): Expression {
  const name = head(list);
  const at = list.at;
  const words = list.items.slice(1).filter((item) => typeof item === "string");
  const word = words[0] ?? "";
  const children = list.items.filter(isList).filter((item) => head(item) !== "result" && head(item) !== "type");
  const operand = (index: number): Expression => {
    const child = children[index];
    if (child === undefined) throw new SyntaxError(`${name} lacks operand ${index} in ${scope.name}`);
    return parse(child, scope);
  };
  const operands = (): Expression[] => parseBody(children, scope);
  const optional = (present: boolean): Expression | undefined => (present ? operand(0) : undefined);

  const instruction = INSTRUCTIONS.get(name);
  if (instruction !== undefined) return { kind: "value", at, type: instruction.result, instruction, operands: operands() };
  const load = parseAccess(name, "load");
  if (load !== undefined)
    return { kind: "load", at, type: load.type, access: load, offset: offsetOf(words), pointer: operand(0) };
  const store = parseAccess(name, "store");
  if (store !== undefined) {
    return { kind: "store", at, type: undefined, access: store, offset: offsetOf(words), pointer: operand(0), value: operand(1) };
  }

  switch (name) {
    case "i32.const":
    case "i64.const":
      return { kind: "const", at, type: name === "i32.const" ? "i32" : "i64", value: BigInt(word) };
    case "local.get": {
      const index = localIndex(word, scope);
      return { kind: "local.get", at, type: scope.localTypes[index], index };
    }
    case "local.set":
    case "local.tee": {
      const index = localIndex(word, scope);
      return {
        kind: "local.set",
        at,
        type: name === "local.tee" ? scope.localTypes[index] : undefined,
        index,
        value: operand(0),
      };
    }
    case "global.get":
      return { kind: "global.get", at, type: scope.globals.get(word), name: word };
    case "global.set":
      return { kind: "global.set", at, type: undefined, name: word, value: operand(0) };
    case "call":
      return { kind: "call", at, type: scope.results.get(word), target: word, operands: operands() };
    case "block":
    case "loop":
      return { kind: name, at, type: resultType(list, scope), label: words[0], body: operands() };
    case "if": {
      const arm = (arm: "then" | "else"): Expression[] => {
        const found = children.find((child) => head(child) === arm);
        return found === undefined ? [] : parseBody(found.items.filter(isList), scope);
      };
      return { kind: "if", at, type: resultType(list, scope), condition: operand(0), then: arm("then"), otherwise: arm("else") };
    }
    case "br":
      return { kind: "br", at, type: undefined, label: word, value: optional(children.length > 0), condition: undefined };
    case "br_if": {
      const value = optional(children.length > 1);
      return { kind: "br", at, type: value?.type, label: word, value, condition: operand(children.length - 1) };
    }
    case "br_table":
      return {
        kind: "br_table",
        at,
        type: undefined,
        labels: words,
        value: optional(children.length > 1),
        index: operand(children.length - 1),
      };
    case "select": {
      if (children.length > 3) break;
      const yes = operand(0);
      const no = operand(1);
      return { kind: "select", at, type: yes.type ?? no.type, yes, no, condition: operand(2) };
    }
    case "memory.copy":
    case "memory.fill":
      return { kind: "bulk", at, type: undefined, name, operands: operands() };
    case "return":
      return { kind: "return", at, type: undefined, value: optional(children.length > 0) };
    case "drop":
      return { kind: "drop", at, type: undefined, value: operand(0) };
    case "memory.size":
      return { kind: "memory.size", at, type: "i32" };
    case "unreachable":
    case "nop":
      return { kind: name, at, type: undefined };
  }
  throw refusal(name, scope.name, at);
}

function offsetOf(words: readonly string[]): number {
  const word = words.find((candidate) => candidate.startsWith("offset="));
  return word === undefined ? 0 : Number(word.slice("offset=".length));
}

function localIndex(name: string, scope: FunctionScope): number {
  const index = scope.locals.get(name);
  if (index === undefined) throw new SyntaxError(`unknown local ${name} in ${scope.name}`);
  return index;
}

function resultType(list: List, scope: FunctionScope): ValueType | undefined {
  const result = list.items.filter(isList).find((item) => head(item) === "result");
  return result === undefined ? undefined : valueType(String(result.items[1]), scope.name, list.at);
}

/** The type if it is an integer; anything else is refused. */
export function valueType(name: string, functionName: string, at: Location | undefined): ValueType {
  if (name === "i32" || name === "i64") return name;
  throw refusal(name, functionName, at);
}

const INDIRECT = /^(return_)?call_(indirect|ref)$|^ref\.func$|^table\.|^elem\.|^funcref$/;

function refusal(name: string, functionName: string, at: Location | undefined): BuildError {
  let code: BuildErrorCode = "unsupported-instruction";
  if (/f32|f64/.test(name)) code = "float";
  else if (INDIRECT.test(name)) code = "indirect-call";
  else if (name === "memory.grow") code = "memory-grow";
  return new BuildError(code, `${name} in function ${functionName}`, at);
}

/** Direct children, in the order they are evaluated. */
export function children(expression: Expression): readonly Expression[] {
  const some = (...expressions: (Expression | undefined)[]): Expression[] => expressions.filter((one) => one !== undefined);
  switch (expression.kind) {
    case "value":
    case "call":
    case "bulk":
      return expression.operands;
    case "load":
      return [expression.pointer];
    case "store":
      return [expression.pointer, expression.value];
    case "local.set":
    case "global.set":
    case "drop":
      return [expression.value];
    case "block":
    case "loop":
      return expression.body;
    case "if":
      return [expression.condition, ...expression.then, ...expression.otherwise];
    case "br":
      return some(expression.value, expression.condition);
    case "br_table":
      return some(expression.value, expression.index);
    case "select":
      return [expression.yes, expression.no, expression.condition];
    case "return":
      return some(expression.value);
    default:
      return [];
  }
}

/** The expression's own line, or that of what is evaluated first in it. */
export function locationOf(expression: Expression): Location | undefined {
  if (expression.at !== undefined) return expression.at;
  for (const child of children(expression)) {
    const at = locationOf(child);
    if (at !== undefined) return at;
  }
  return undefined;
}
