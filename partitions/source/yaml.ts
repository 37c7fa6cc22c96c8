// A YAML file with its positions: values as plain JavaScript, and line and column of any of them.
import { Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Node } from "yaml";
import type { Diagnostic, Problem } from "../diagnostics/diagnostic.ts";
import { fileUnreadable, notUtf8 } from "../diagnostics/catalogue.ts";
import { isNode, Keys } from "./keys.ts";
import { aliasMistake, syntaxMistakes, TOO_DEEP } from "./mistakes.ts";
import type { Path, Position } from "./path.ts";
import { decodeUtf8 } from "./text.ts";

const OPTIONS = {
  prettyErrors: false,
  uniqueKeys: false,
  schema: "core",
  // Bytes, sets and the like (!!binary, !!set) are nothing that can stand here: as a key yaml makes text of them, and warns Node.
  resolveKnownTags: false,
  logLevel: "error",
} as const;

const START: Position = { line: 1, column: 1 };

export class YamlSource {
  /** As the user named it. */
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  /** Mistakes of YAML itself. */
  readonly diagnostics: readonly Diagnostic[];
  /** The text is no YAML at all: `value` means nothing. */
  readonly broken: boolean;
  readonly #document: Document;
  readonly #keys: Keys;
  readonly #lines = new LineCounter();

  /** Of a file's bytes. */
  static of(file: string, bytes: Uint8Array): YamlSource {
    const { text, wrong } = decodeUtf8(bytes);
    return new YamlSource(
      file,
      text,
      wrong === undefined ? [] : [{ ...notUtf8(wrong.byte), line: wrong.line, column: wrong.column }],
    );
  }

  /** In place of a file that cannot be read: that is all that is wrong with it. */
  static unreadable(file: string, reason: string): YamlSource {
    return new YamlSource(file, "", [{ ...fileUnreadable(file, reason), ...START }]);
  }

  /** `wrong`: why the text means nothing. */
  constructor(file: string, text: string, wrong: readonly (Problem & Position)[] = []) {
    this.file = file;
    this.text = text;
    const found: Diagnostic[] = [];
    const report = (problem: Problem, { line, column }: Position): void => void found.push({ ...problem, file, line, column });
    for (const problem of wrong) report(problem, problem);
    const parsed = this.#parse(wrong.length > 0 ? "" : text);
    if (parsed === undefined) report(TOO_DEEP, START);
    const { document, keys } = parsed ?? { document: new Document(), keys: new Keys(null) };
    this.#document = document;
    this.#keys = keys;
    for (const { problem, offset } of syntaxMistakes(this.#document, text)) report(problem, this.#position(offset));
    let broken = found.length > 0;
    for (const { at, problem } of this.#keys.mistakes) report(problem, at === undefined ? START : this.#positionOf(at));
    try {
      this.value = broken ? undefined : this.#document.toJS();
    } catch (error) {
      if (error instanceof RangeError) report(TOO_DEEP, START);
      else if (error instanceof ReferenceError) {
        const { problem, offset } = aliasMistake(this.#document);
        report(problem, this.#position(offset));
      } else throw error;
      broken = true;
    }
    this.diagnostics = found;
    this.broken = broken;
  }

  /** Undefined: it is too deep for that. Keys that stand twice are found by Keys: yaml would compare each with all before it. */
  #parse(text: string): { document: Document; keys: Keys } | undefined {
    try {
      const document = parseDocument(text, { ...OPTIONS, lineCounter: this.#lines });
      return { document, keys: new Keys(document.contents) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return undefined;
    }
  }

  /** Of what `path` names, or of the deepest part of it that is there. */
  locate(path: Path, part: "key" | "value"): Position {
    let node: Node | null = this.#document.contents;
    let position = node === null ? START : this.#positionOf(node);
    for (const [depth, step] of path.entries()) {
      if (isAlias(node)) node = node.resolve(this.#document) ?? null;
      if (isMap(node)) {
        const pair = this.#keys.pairOf(node, step);
        if (pair === undefined || !isNode(pair.key)) return position;
        // A missing child is reported at the name of what should have it.
        position = this.#positionOf(pair.key);
        if (part === "key" && depth === path.length - 1) return position;
        node = isNode(pair.value) ? pair.value : null;
        if (depth === path.length - 1 && node !== null && !isEmpty(node)) position = this.#positionOf(node);
      } else if (isSeq(node) && typeof step === "number") {
        const item: unknown = node.items[step];
        if (!isNode(item)) return position;
        node = item;
        position = this.#positionOf(node);
      } else {
        // A plain value where something is looked for inside it: `memory: 2G` is its own size.
        return node === null || isEmpty(node) ? position : this.#positionOf(node);
      }
    }
    return position;
  }

  #positionOf(node: Node): Position {
    return node.range === null || node.range === undefined ? START : this.#position(node.range[0]);
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return line === 0 ? START : { line, column: col };
  }
}

/** `key:` with nothing behind it: yaml gives it a null scalar without text. */
function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null && node.range?.[0] === node.range?.[1];
}
