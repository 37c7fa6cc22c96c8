// Reads the text that binaryen prints of its IR (wasm-dis): S-expressions with `;;@ file:line:column` comments before
// them. The text, not binaryen's JavaScript API, because only the text has the debug locations of the source map.
import type { Location } from "../errors.ts";

/** An atom is kept as written: `i32.const`, `$name`, `offset=4`, `"string"`. */
export interface List {
  readonly items: readonly (string | List)[];
  readonly at: Location | undefined;
}

const LOCATION = /^;;@ (.+?):(\d+):(\d+)/;
const DELIMITERS = new Set([" ", "\n", "\t", "\r", "(", ")", ";"]);

/** Reads one S-expression, e.g. a whole module. */
export function parseText(text: string): List {
  let position = 0;
  // binaryen does not repeat a location that is the same as the last one it printed.
  let location: Location | undefined;

  const skipBlanks = (): void => {
    for (;;) {
      const c = text[position];
      if (c === " " || c === "\n" || c === "\t" || c === "\r") {
        position++;
      } else if (c === ";" && text[position + 1] === ";") {
        const end = text.indexOf("\n", position);
        const comment = text.slice(position, end < 0 ? text.length : end);
        if (comment.startsWith(";;@")) location = parseLocation(comment);
        position += comment.length;
      } else if (c === "(" && text[position + 1] === ";") {
        position = text.indexOf(";)", position) + 2;
      } else {
        return;
      }
    }
  };

  const parseString = (from: number): number => {
    let end = from + 1;
    while (text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
    return end + 1;
  };

  const parseAtom = (): string => {
    const start = position;
    while (position < text.length && !DELIMITERS.has(text[position] ?? "")) {
      position = text[position] === '"' ? parseString(position) : position + 1;
    }
    return text.slice(start, position);
  };

  const parseList = (): List => {
    const at = location;
    position++; // "("
    const items: (string | List)[] = [];
    for (;;) {
      skipBlanks();
      const c = text[position];
      if (c === undefined) throw new SyntaxError("unexpected end of WebAssembly text");
      if (c === ")") {
        position++;
        return { items, at };
      }
      if (c === "(") {
        if (text.startsWith("(func ", position) && items[0] === "module") location = undefined;
        items.push(parseList());
      } else {
        items.push(parseAtom());
      }
    }
  };

  skipBlanks();
  return parseList();
}

function parseLocation(comment: string): Location | undefined {
  const match = LOCATION.exec(comment);
  if (match === null) return undefined;
  const [, file = "", line, column] = match;
  return { file, line: Number(line), column: Number(column) + 1 };
}

const ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, '"': 34, "'": 39, "\\": 92 };

/** The bytes of a string literal, quotes included in `literal`. */
export function decodeString(literal: string): Uint8Array {
  const source = new TextEncoder().encode(literal.slice(1, -1));
  const bytes: number[] = [];
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] ?? 0;
    if (byte !== 0x5c) {
      bytes.push(byte);
      continue;
    }
    const escape = ESCAPES[String.fromCharCode(source[i + 1] ?? 0)];
    if (escape !== undefined) {
      bytes.push(escape);
      i += 1;
    } else {
      bytes.push(Number.parseInt(String.fromCharCode(source[i + 1] ?? 0, source[i + 2] ?? 0), 16));
      i += 2;
    }
  }
  return Uint8Array.from(bytes);
}

export const isList = (item: string | List | undefined): item is List => typeof item === "object";
export const head = (list: List): string => (typeof list.items[0] === "string" ? list.items[0] : "");
export const lists = (list: List, name?: string): List[] =>
  list.items.filter(isList).filter((item) => name === undefined || head(item) === name);
export const atoms = (list: List): string[] => list.items.slice(1).filter((item) => typeof item === "string");
