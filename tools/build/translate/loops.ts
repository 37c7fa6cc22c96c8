// Every loop states its bound: on every way from a loop's head back to it lies a call of bound(iteration, LIMIT) that
// belongs to this loop, not to one inside it. Checked here, because here the loops still have their source lines.
import { BuildError } from "../errors.ts";
import { children, locationOf, type Expression } from "./expression.ts";

type Loop = Expression & { readonly kind: "block" | "loop" };

/** On the ways that lead to a point: was the bound stated? undefined: no way leads there. */
type Stated = boolean | undefined;
const meet = (a: Stated, b: Stated): Stated => (a === undefined ? b : b === undefined ? a : a && b);

export function checkLoops(body: readonly Expression[], bound: string | undefined, functionName: string): void {
  for (const expression of body) {
    if (expression.kind === "call" && expression.target === bound) checkLimit(expression.operands[1], functionName, expression);
    if (expression.kind === "loop" && loopsBack(expression, bound) === false) {
      throw new BuildError("loop-unbounded", `loop without bound in function ${functionName}`, locationOf(expression));
    }
    checkLoops(children(expression), bound, functionName);
  }
}

/** BYTES_LOOP's mark is not a bound that a source may state. */
const LIMIT_END = 0xffffffffn;

function checkLimit(limit: Expression | undefined, functionName: string, call: Expression): void {
  const value = limit?.kind === "const" ? BigInt.asUintN(32, limit.value) : 0n;
  if (value === 0n || value === LIMIT_END)
    throw new BuildError("loop-limit", `bound() in function ${functionName}`, locationOf(call));
}

/** Whether the bound was stated on all ways back to the loop's head; undefined if there is none. */
function loopsBack(loop: Loop, bound: string | undefined): Stated {
  const arrived = new Map<string, Stated>();
  let innerLoops = 0;
  const arrive = (label: string, stated: Stated): void => void arrived.set(label, meet(arrived.get(label), stated));

  const sequence = (expressions: readonly Expression[], stated: Stated): Stated =>
    expressions.reduce<Stated>((before, expression) => flow(expression, before), stated);

  const flow = (expression: Expression, before: Stated): Stated => {
    switch (expression.kind) {
      case "if": {
        const condition = flow(expression.condition, before);
        return meet(sequence(expression.then, condition), sequence(expression.otherwise, condition));
      }
      case "block": {
        const after = sequence(expression.body, before);
        return expression.label === undefined ? after : meet(after, arrived.get(expression.label));
      }
      case "loop": {
        // What is stated inside an inner loop is that loop's bound.
        const inner = loopsBack(expression, undefined) === undefined ? 0 : 1;
        innerLoops += inner;
        const after = sequence(expression.body, before);
        innerLoops -= inner;
        return after;
      }
      case "call": {
        const operands = sequence(expression.operands, before);
        return expression.target === bound && innerLoops === 0 && operands !== undefined ? true : operands;
      }
      case "br": {
        const operands = sequence(children(expression), before);
        arrive(expression.label, operands);
        return expression.condition === undefined ? undefined : operands;
      }
      case "br_table": {
        const operands = sequence(children(expression), before);
        for (const label of expression.labels) arrive(label, operands);
        return undefined;
      }
      case "return":
      case "unreachable":
        sequence(children(expression), before);
        return undefined;
      default:
        return sequence(children(expression), before);
    }
  };

  sequence(loop.body, false);
  return loop.label === undefined ? undefined : arrived.get(loop.label);
}
