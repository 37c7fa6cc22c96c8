// Which source loops run inside an iteration of which others, calls included. A loop goes by line and limit of its bound(), as
// in the binary's markers.
import { children, locationOf, type Expression } from "../../build/translate/expression.ts";
import { markerKey, type LoopNesting } from "../native/markers.ts";
import { inCallOrder } from "./calls.ts";
import type { Wasm } from "./module.ts";

export interface WasmLoops extends LoopNesting {
  /** Keys of all loops. */
  readonly keys: ReadonlySet<string>;
}

export function findNesting({ functions, bound }: Wasm): WasmLoops {
  const inside = new Map<string, Set<string>>();
  /** All loops that run when the function is called. */
  const ofFunction = new Map<string, ReadonlySet<string>>();
  const insideOf = (key: string): Set<string> => {
    const known = inside.get(key) ?? new Set<string>();
    inside.set(key, known);
    return known;
  };

  /** Adds all loops that run in the expression to each of the sets. */
  const walk = (expression: Expression, sets: readonly Set<string>[]): void => {
    const add = (key: string): void => {
      for (const set of sets) set.add(key);
    };
    let within = sets;
    if (expression.kind === "loop" && branchesTo(expression.label, expression.body)) {
      const keys = ownKeys(expression.body, bound);
      keys.forEach(add);
      within = [...sets, ...keys.map(insideOf)];
    }
    if (expression.kind === "call") ofFunction.get(expression.target)?.forEach(add);
    for (const child of children(expression)) walk(child, within);
  };
  for (const one of inCallOrder(functions)) {
    const found = new Set<string>();
    for (const expression of one.body) walk(expression, [found]);
    ofFunction.set(one.id, found);
  }
  return { keys: new Set(inside.keys()), encloses: (outer, inner) => inside.get(outer)?.has(inner) === true };
}

/** Of the bound() calls in a loop's body that belong to no loop inside it. */
function ownKeys(body: readonly Expression[], bound: string | undefined): string[] {
  return body.flatMap((one): string[] => {
    if (one.kind === "loop" && branchesTo(one.label, one.body)) return [];
    const further = ownKeys(children(one), bound);
    if (one.kind !== "call" || one.target !== bound) return further;
    const limit = one.operands[1];
    if (limit?.kind !== "const") return further;
    return [markerKey({ line: locationOf(one)?.line ?? 0, limit: Number(BigInt.asUintN(32, limit.value)) }), ...further];
  });
}

function branchesTo(label: string | undefined, body: readonly Expression[]): boolean {
  return body.some(
    (one) =>
      (one.kind === "br" && one.label === label) ||
      (one.kind === "br_table" && label !== undefined && one.labels.includes(label)) ||
      branchesTo(label, children(one)),
  );
}
