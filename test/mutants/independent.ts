// Two steps that change places and are equivalent by their form alone, whatever they are about: who executes them cannot
// tell, and whoever looks on has no promise of an order. What is not of one of these forms is tried like any other mutant.
import type { Mutant } from "./mutations.ts";

interface Step {
  readonly target: string;
  readonly value: string;
}

/** `a.b = value;`, `a.b += value;`: a plain store, or a local variable. A value that is a call's is none: what the call does may
 *  matter, but for those that do nothing. */
const STORE = /^([\w.]+) ([-+|&^]?)= ([^;]*);$/;
const CALL = /\w(<\w+>)?\(/;
const DOES_NOTHING = /\b(min|max|clz|ctz|popcnt|rotl|rotr|header)(<\w+>)?\(/g;
/** `a.b++;`: a plain store, too. */
const COUNT = /^([\w.]+)(\+\+|--);$/;
/** But for a System register's value, where reading it does nothing. */
const REGISTER_READ = /\bmrs_(?!ICC_IAR)\w+\(\)/g;
/** A System register that takes effect when it is synchronized, and selects no other. */
const REGISTER = /^msr_(?!ICC_|ICH_|PMSELR|PMX)(\w+)\(([^;]*)\);$/;
const READS = /(?<!mrs_)\b\w+\(/g;

/** Why it does not matter which comes first; undefined: it may. */
export function whyIndependent({ change, was, line, source }: Mutant): string | undefined {
  if (!change.startsWith("changes places")) return undefined;
  const next = (source.split("\n")[line - 1] ?? "").replace(/\s*\/\/.*$/, "").trim();
  const first = was.replace(/\s*\/\/.*$/, "");
  if ([first, next].some((step) => /^vcpu\.countExit\(/.test(step)))
    return "its own counter: nobody reads it in between, and telemetry may see it a moment later";
  const stores = both(first, next, storeOf);
  if (stores !== undefined && apart(stores))
    return (
      "plain stores, neither of which the other's value is made of: without a release or a barrier between them they have no " +
      "order for anybody else"
    );
  const plain = [first, next].map(storeOf).find((step) => step !== undefined);
  if (plain !== undefined && !plain.value.includes("mrs_") && [first, next].includes("isb();"))
    return "a plain store, and a context synchronization event, which no store waits for";
  const [store, register] = [storeOf(first) ?? storeOf(next), registerOf(first) ?? registerOf(next)];
  if (store !== undefined && register !== undefined && apart([store, register]))
    return "a plain store, and a System register of its own pCPU: nobody sees one and misses the other";
  const registers = both(first, next, registerOf);
  if (registers !== undefined && apart(registers))
    return "two System registers: without a context synchronization event between them their writes have no order (Arm ARM, " +
      "Synchronization requirements for AArch64 System registers)";
  return undefined;
}

const both = (first: string, next: string, stepOf: (text: string) => Step | undefined): readonly [Step, Step] | undefined => {
  const [one, other] = [stepOf(first), stepOf(next)];
  return one === undefined || other === undefined ? undefined : [one, other];
};

function storeOf(text: string): Step | undefined {
  const counted = COUNT.exec(text)?.[1];
  const [, target, operator, stored] = counted === undefined ? (STORE.exec(text) ?? []) : [text, counted, "+", "1"];
  if (target === undefined || stored === undefined) return undefined;
  const value = operator === "" ? stored : `${target} ${stored}`;
  return CALL.test(stored.replaceAll(REGISTER_READ, "").replaceAll(DOES_NOTHING, ""))
    ? undefined
    : { target: target.split(".").at(-1) ?? target, value: `${target.split(".").slice(0, -1).join(".")} ${value}` };
}

function registerOf(text: string): Step | undefined {
  const [, target, value] = REGISTER.exec(text) ?? [];
  return target === undefined || value === undefined || value.replaceAll(/\bmrs_\w+\(/g, "").match(READS) !== null
    ? undefined
    : { target, value };
}

/** Neither needs what the other changes. */
const apart = ([one, other]: readonly [Step, Step]): boolean =>
  one.target !== other.target && !names(one.value, other.target) && !names(other.value, one.target);
const names = (value: string, target: string): boolean => new RegExp(`\\b(mrs_)?${target}\\b`).test(value);
