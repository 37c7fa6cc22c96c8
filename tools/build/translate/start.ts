// What the start function sets once and for all is a constant: asc has `const A = f(1)` set when the program starts, with the
// value that binaryen has found by then. In C it shall be a constant too, or each use of it reads memory.
import { children, type Expression } from "./expression.ts";
import type { Function, Global, Module } from "./module.ts";

interface Setting {
  readonly name: string;
  readonly value: bigint;
}

/**
 * The same module, where globals that only the start function writes, with a constant and before anything else, start
 * with it.
 */
export function foldStart(module: Module): Module {
  const start = module.functions.find(({ id }) => id === module.start);
  if (start === undefined || [...module.exports.values()].includes(start.id)) return module;
  const settings = firstSettings(start.body);
  const written = module.functions.flatMap(({ body }) => body.flatMap(globalsSet));
  const once = settings.filter(({ name }) => written.filter((other) => other === name).length === 1);
  const constants = new Map(once.map(({ name, value }) => [name, value]));
  const fold = (name: string, global: Global): Global => {
    const value = constants.get(name);
    return value === undefined ? global : { ...global, value, mutable: false };
  };
  const rest: Function = { ...start, body: start.body.filter((one) => !(one.kind === "global.set" && constants.has(one.name))) };
  return {
    ...module,
    globals: new Map([...module.globals].map(([name, global]) => [name, fold(name, global)])),
    functions: module.functions.map((one) => (one === start ? rest : one)),
  };
}

/** Those before the first expression that is anything else: nobody has read the globals by then. */
function firstSettings(body: readonly Expression[]): Setting[] {
  const settings: Setting[] = [];
  for (const one of body) {
    if (one.kind !== "global.set" || one.value.kind !== "const") break;
    settings.push({ name: one.name, value: one.value.value });
  }
  return settings;
}

function globalsSet(expression: Expression): string[] {
  const inside = children(expression).flatMap(globalsSet);
  return expression.kind === "global.set" ? [expression.name, ...inside] : inside;
}
