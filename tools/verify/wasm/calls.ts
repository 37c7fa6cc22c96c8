// The call graph of the WebAssembly: callees before callers, and no circle.
import { children, locationOf, type Expression } from "../../build/translate/expression.ts";
import type { Function } from "../../build/translate/module.ts";
import { VerifyError } from "../errors.ts";

/** Functions in an order in which each comes after all that it calls. Throws where none exists. */
export function inCallOrder(functions: readonly Function[]): Function[] {
  const byId = new Map(functions.map((one) => [one.id, one]));
  const done = new Set<Function>();
  const under: Function[] = [];
  const visit = (one: Function): void => {
    if (done.has(one)) return;
    under.push(one);
    for (const call of callsIn(one.body)) {
      const callee = byId.get(call.target);
      if (callee === undefined) continue;
      if (under.includes(callee)) {
        const circle = [...under.slice(under.indexOf(callee)), callee].map(({ name }) => name).join(" → ");
        throw new VerifyError("recursion", circle, locationOf(call));
      }
      visit(callee);
    }
    under.pop();
    done.add(one);
  };
  for (const one of functions) visit(one);
  return [...done];
}

export type Call = Expression & { readonly kind: "call" };

export function callsIn(expressions: readonly Expression[]): Call[] {
  return expressions.flatMap((one) => [...(one.kind === "call" ? [one] : []), ...callsIn(children(one))]);
}
