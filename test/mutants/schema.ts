// Many mutants in one program: each line that is changed becomes a choice between what it was and its changes,
// by a number that the program imports. So one compilation serves thousands of mutants, and a trial costs no
// more than its tests. Line numbers stay.
//
//   if (a < b) return;    →    if (mutant_chosen == 7) { if (a <= b) return; } else { if (a < b) return; }
//
// Lines of which that cannot be made (a part of an expression, a constant that the compiler has to know) are named: their
// mutants are compiled one by one. To see which tests come by, the same places call mutant_reached() instead.
import { MUTANT_IMPORTS } from "../../tools/machine/mutant.ts";
import type { Mutant } from "./mutations.ts";
import { closing, linesOf } from "./tokens.ts";
import type { Line } from "./tokens.ts";

export interface Numbered extends Mutant {
  /** Unique among all, and what the program is told. */
  readonly number: number;
}

/** choose: by number. watch: every place says that it is come by; a place is its line's first mutant. */
export type Purpose = "choose" | "watch";

export interface Schema {
  readonly source: string;
  readonly held: readonly Numbered[];
  /** Of each mutant, the one that its place is known by. */
  readonly places: ReadonlyMap<number, number>;
}

interface Alternative {
  readonly number: number;
  readonly text: string;
}

const CHOSEN = "mutant_chosen";
const REACHED = "mutant_reached";
const DECLARATIONS = `
@external("${MUTANT_IMPORTS}", "chosen") declare const ${CHOSEN}: i32;
@external("${MUTANT_IMPORTS}", "reached") declare function ${REACHED}(place: i32): bool;
`;

/** `refused`: numbers (from 1 on) of lines that are to be left as they are. */
export function schemaOf(source: string, mutants: readonly Numbered[], refused: ReadonlySet<number>, purpose: Purpose): Schema {
  const lines = linesOf(source).map((line) => ({
    ...line,
    text: line.text.slice(0, line.code.trimEnd().length),
    code: line.code.trimEnd(),
  }));
  const out = lines.map(({ text }) => text);
  const placed = new Map<number, { readonly unit: Unit; readonly of: Alternative[] }>();
  const held = mutants.filter((mutant) => {
    const changed = linesOf(mutant.source).map(({ text, code }) => text.slice(0, code.trimEnd().length));
    const places = mutant.change.startsWith("changes places") ? [mutant.line, mutant.line + 1] : [mutant.line];
    const units = places
      .map((place) => unitAt(lines, place - 1))
      .filter((unit, n, all) => all.findIndex(({ first }) => first === unit.first) === n);
    const made = units.map((unit) => ({ unit, alternative: { number: mutant.number, text: joined(changed, unit) } }));
    if (
      made.some(
        ({ unit, alternative }) => refused.has(unit.first + 1) || choice(lines, unit, [alternative], "choose") === undefined,
      )
    )
      return false;
    for (const { unit, alternative } of made)
      placed.set(unit.first, { unit, of: [...(placed.get(unit.first)?.of ?? []), alternative] });
    return true;
  });
  const places = new Map<number, number>();
  for (const { unit, of } of placed.values()) {
    for (const { number } of of) if (!places.has(number)) places.set(number, of[0]?.number ?? number);
    out.fill("", unit.first, unit.last + 1);
    out[unit.first] = choice(lines, unit, of, purpose) ?? joined(lines.map(({ text }) => text), unit);
  }
  return { source: out.join("\n") + DECLARATIONS, held, places };
}

/** Lines that belong together: a statement over several, a chain of conditions. */
interface Unit {
  readonly first: number;
  readonly last: number;
}

const ENDS_LINE = /[{;}]$|^$/;
const CONTINUES = /^\s*else\b/;

function unitAt(lines: readonly Line[], n: number): Unit {
  let [first, last] = [n, n];
  const code = (at: number): string => lines[at]?.code ?? "";
  while (first > 0 && (CONTINUES.test(code(first)) || !ENDS_LINE.test(code(first - 1)))) first--;
  while (last + 1 < lines.length && (CONTINUES.test(code(last + 1)) || !ENDS_LINE.test(code(last)))) last++;
  return { first, last };
}

const joined = (texts: readonly string[], { first, last }: Unit): string =>
  texts.slice(first, last + 1).map((text, n) => (n === 0 ? text : text.trim())).join(" ");

/** Whether an alternative is meant. */
const test = (number: number, purpose: Purpose): string =>
  purpose === "choose" ? `${CHOSEN} == ${number}` : `${REACHED}(${number})`;
/** Of all alternatives: who watches needs one. */
const wanted = (of: readonly Alternative[], purpose: Purpose): readonly Alternative[] =>
  purpose === "choose" ? of : of.slice(0, 1);

/** The unit with a choice in it; undefined: it is of no form that one can be put in. */
function choice(lines: readonly Line[], unit: Unit, of: readonly Alternative[], purpose: Purpose): string | undefined {
  const code = joined(lines.map((line) => line.code), unit);
  const text = joined(lines.map((line) => line.text), unit);
  // What follows relies on it.
  if (/\bif \(.*=== null/.test(code)) return undefined;
  return (
    block(code, text, of, purpose) ??
    variable(code, text, of, purpose) ??
    oneLiner(code, text, of, purpose) ??
    statement(code, text, of, purpose)
  );
}

/** The part between a start and an end, in the line and in each of its alternatives; undefined: they differ elsewhere. */
function within(
  text: string,
  from: number,
  to: number,
  of: readonly Alternative[],
): { was: string; of: Alternative[] } | undefined {
  const [head, tail] = [text.slice(0, from), text.slice(to)];
  if (!of.every((one) => one.text.startsWith(head) && one.text.endsWith(tail) && one.text.length >= head.length + tail.length))
    return undefined;
  return {
    was: text.slice(from, to),
    of: of.map((one) => ({ number: one.number, text: one.text.slice(from, one.text.length - tail.length) })),
  };
}

const expression = (was: string, of: readonly Alternative[], purpose: Purpose): string =>
  wanted(of, purpose).reduceRight((rest, one) => `(${test(one.number, purpose)} ? (${one.text}) : ${rest})`, `(${was})`);

const oneOf = (was: string, of: readonly Alternative[], purpose: Purpose): string =>
  wanted(of, purpose).reduceRight((rest, one) => `if (${test(one.number, purpose)}) { ${one.text} } else { ${rest} }`, was);

/** `if (…) {`, `} else if (…) {`, and a loop's begin and condition. */
function block(code: string, text: string, of: readonly Alternative[], purpose: Purpose): string | undefined {
  const found = code.endsWith("{") ? /\b(if|for) \(/.exec(code) : null;
  if (found === null) return undefined;
  const from = found.index + found[0].length;
  const to = closing(code, from - 1);
  if (to < 0) return undefined;
  const first = code.indexOf(";", from);
  const parts =
    found[1] === "if"
      ? [[from, to] as const]
      : [[code.indexOf("= ", from) + 2, first] as const, [first + 2, code.indexOf(";", first + 1)] as const];
  // Each alternative belongs to the part that it differs in; from the last on, so that what is before keeps its place.
  let made = text;
  let left = of.length;
  for (const [start, end] of [...parts].reverse()) {
    const part = of.map((one) => within(text, start, end, [one])?.of).flatMap((one) => one ?? []);
    left -= part.length;
    if (part.length > 0) made = made.slice(0, start) + expression(text.slice(start, end), part, purpose) + made.slice(end);
  }
  return left === 0 ? made : undefined;
}

/** `let x = …;`, also of constants. */
function variable(code: string, text: string, of: readonly Alternative[], purpose: Purpose): string | undefined {
  const found = /^\s*(export )?(let|const) \w+(: \w+)? = /.exec(code);
  if (found === null || !code.endsWith(";") || !isBalanced(code)) return undefined;
  const part = within(text, found[0].length, code.length - 1, of);
  return part === undefined ? undefined : `${text.slice(0, found[0].length)}${expression(part.was, part.of, purpose)};`;
}

/** `function f(): u32 { return …; }` */
function oneLiner(code: string, text: string, of: readonly Alternative[], purpose: Purpose): string | undefined {
  const from = code.indexOf(" { ") + 3;
  if (from < 3 || !code.endsWith(" }") || /\b(if|for|else)\b/.test(code.slice(0, from)) || !isBalanced(code)) return undefined;
  const part = within(text, from, code.length - 2, of);
  return part === undefined || (part.was.match(/;/g) ?? []).length !== 1
    ? undefined
    : `${text.slice(0, from)}${oneOf(part.was, part.of, purpose)} }`;
}

/** A whole statement. */
function statement(code: string, text: string, of: readonly Alternative[], purpose: Purpose): string | undefined {
  if (!/^\s+[\w.]/.test(code) || !code.endsWith(";") || !isBalanced(code)) return undefined;
  if (/^\s+(let|const|import|export|for|else|case|static|readonly|private)\b/.test(code)) return undefined;
  // A field of a class.
  if (/^\s+\w+: \w+/.test(code)) return undefined;
  return `${/^\s*/.exec(text)?.[0] ?? ""}${oneOf(
    text.trim(),
    of.map((one) => ({ number: one.number, text: one.text.trim() })),
    purpose,
  )}`;
}

const isBalanced = (code: string): boolean => {
  let depth = 0;
  for (const character of code) {
    if ("({[".includes(character)) depth++;
    if (")}]".includes(character) && --depth < 0) return false;
  }
  return depth === 0;
};
