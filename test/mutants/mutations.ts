// Mutants: one small change each to a source of the core, of the kinds that people make: a comparison
// turned round or off by one, a term or a call left out, two steps in the wrong order, another constant.
// In assembly an instruction is left out.
import { closing, linesOf } from "./tokens.ts";
import type { Line } from "./tokens.ts";

export interface Mutant {
  readonly file: string;
  readonly line: number;
  /** The line as it was, without the blanks around it. */
  readonly was: string;
  /** What was done to it. */
  readonly change: string;
  /** The whole source, changed. */
  readonly source: string;
}

interface Edit {
  /** Instead of these lines, from the mutant's own on … */
  readonly lines: readonly string[];
  readonly change: string;
}

type Kind = (lines: readonly Line[], n: number) => Edit[];

const FLIPPED: Readonly<Record<string, string>> = {
  "==": "!=",
  "!=": "==",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "&&": "||",
  "||": "&&",
  "<<": ">>",
  ">>": "<<",
  "+": "-",
  "-": "+",
  "&": "|",
  "|": "&",
};

const replaced = (text: string, from: number, to: number, by: string): string => text.slice(0, from) + by + text.slice(to);

/** Binary operators stand between blanks in our sources, and type arguments do not. */
const operators: Kind = (lines, n) =>
  matches(lines, n, / (==|!=|<=|>=|<<|>>|&&|\|\||[<>+\-&|]) /g, (text, at, [, operator = ""]) => {
    const by = FLIPPED[operator] ?? operator;
    return [{ lines: [replaced(text, at + 1, at + 1 + operator.length, by)], change: `${operator} → ${by}` }];
  });

/** `a | b` without the b, `a & ~b` without the ~b. */
const terms: Kind = (lines, n) => matches(lines, n, / [|&]{1,2} (!?~?[\w.]+)(?=[;,) ]|$)/g, (text, at, [term]) =>
  [{ lines: [replaced(text, at, at + term.length, "")], change: `without ${term.trim()}` }]);

const conditions: Kind = (lines, n) => matches(lines, n, /\bif \(/g, (text, at, [found], code) => {
  const end = closing(code, at + found.length - 1);
  if (end < 0) return [];
  const condition = text.slice(at + found.length, end);
  return ["!(" + condition + ")"].map((by) => ({
    lines: [replaced(text, at + found.length, end, by)],
    change: "condition negated",
  }));
});

const truths: Kind = (lines, n) =>
  matches(lines, n, /\b(true|false)\b/g, (text, at, [found]) => [
    {
      lines: [replaced(text, at, at + found.length, found === "true" ? "false" : "true")],
      change: `${found} → ${found === "true" ? "false" : "true"}`,
    },
  ]);

/** A number is one more, or where it is a mask of one bit, the next bit. */
const numbers: Kind = (lines, n) => matches(lines, n, /(?<![\w.])(0x[0-9a-f]+|\d+)(?![\w.])/g, (text, at, [found], code) => {
  if (/\bbound\(|^import |memory\.data|@|\[/.test(code)) return [];
  const value = BigInt(found) + 1n;
  const by = found.startsWith("0x") ? `0x${value.toString(16)}` : value.toString();
  return [{ lines: [replaced(text, at, at + found.length, by)], change: `${found} → ${by}` }];
});

const STATEMENT =
  /^\s+(?!return\b|let\b|const\b|if\b|for\b|else\b|break\b|continue\b|import\b|export\b|case\b|bound\()[\w.]+(<\w+>)?(\(.*\)| [-+|&]?= .*|(\+\+|--));\s*$/;
const isStatement = (line: Line | undefined): line is Line =>
  line !== undefined && STATEMENT.test(line.code) && balanced(line.code);
const balanced = (code: string): boolean => (code.match(/\(/g)?.length ?? 0) === (code.match(/\)/g)?.length ?? 0);

/** A call or an assignment left out. */
const statements: Kind = (lines, n) => (isStatement(lines[n]) ? [{ lines: [""], change: "left out" }] : []);

const EARLY = /^(\s+if \(.*\) )(return|break|continue)\b[^;]*;\s*$/;
/** A condition's early end left out. */
const ends: Kind = (lines, n) => (EARLY.test(lines[n]?.code ?? "") ? [{ lines: [""], change: "left out" }] : []);

/** Two steps in the wrong order. */
const orders: Kind = (lines, n) => {
  const [first, second] = [lines[n], lines[n + 1]];
  if (!isStatement(first) || !isStatement(second)) return [];
  const indent = (line: Line): number => line.code.search(/\S/);
  return indent(first) === indent(second) && first.text !== second.text
    ? [{ lines: [second.text, first.text], change: "changes places with the next line" }]
    : [];
};

const KINDS: readonly Kind[] = [operators, terms, conditions, truths, numbers, statements, ends, orders];

function matches(
  lines: readonly Line[],
  n: number,
  pattern: RegExp,
  edit: (text: string, at: number, found: RegExpExecArray, code: string) => Edit[],
): Edit[] {
  const line = lines[n];
  if (line === undefined || /^\s*import |^\} from /.test(line.code) || /\bbound\(/.test(line.code)) return [];
  return [...line.code.matchAll(pattern)].flatMap((found) => edit(line.text, found.index, found, line.code));
}

/** What the compiler alone evaluates. */
const NO_CODE = /\bERROR\(|^if \(/;

/** Every mutant of one source. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const lines = linesOf(source);
  const texts = lines.map(({ text }) => text);
  const kinds = file.endsWith(".S") ? [instructions] : KINDS;
  return lines.flatMap((line, n) =>
    (NO_CODE.test(line.code) ? [] : kinds).flatMap((kind) =>
      kind(lines, n).map(({ lines: changed, change }) => ({
        file,
        line: line.number,
        was: line.text.trim(),
        change,
        source: [...texts.slice(0, n), ...changed, ...texts.slice(n + changed.length)].join("\n"),
      })),
    ),
  );
}

/** Of assembly: an instruction left out, or a slot of a frame mistaken for the next. */
const instructions: Kind = (lines, n) => {
  const line = lines[n];
  if (
    line === undefined ||
    !/^(\d:)?\s+(\\?[a-z][\w.]*)(\s|$)/.test(line.code) ||
    /^(\d:)?\s+bound\b|^\s+vector\b/.test(line.code)
  )
    return [];
  const label = /^\d:/.exec(line.text)?.[0] ?? "";
  const slot = /#(16|32|48|64|80|96|112|240)\]/.exec(line.code);
  const other =
    slot === null
      ? []
      : [
          {
            lines: [replaced(line.text, slot.index, slot.index + slot[0].length, `#${Number(slot[1]) + 8}]`)],
            change: `${slot[0]} → #${Number(slot[1]) + 8}]`,
          },
        ];
  return [{ lines: [label], change: "left out" }, ...other];
};
