// A YAML file with its positions: values as plain JavaScript, and line and column of any of them.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, Node, Pair, YAMLMap } from "yaml";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { duplicateKey, yamlSyntax } from "../diagnostics/catalogue.ts";

export type Path = readonly (string | number)[];

export interface Position {
  readonly line: number;
  readonly column: number;
}

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
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const found = this.#document.errors.map((error) => {
      const message = error.message.replace(/\s+/g, " ");
      const problem = error.code === "DUPLICATE_KEY" ? duplicateKey(this.#textAt(error.pos[0])) : yamlSyntax(message);
      return { ...problem, file, ...this.#position(error.pos[0]) };
    });
    let broken = this.#document.errors.some((error) => error.code !== "DUPLICATE_KEY");
    try {
      this.value = broken ? undefined : this.#document.toJS();
    } catch (error) {
      // An alias (*name) without its anchor, or so many aliases that they would fill the memory.
      if (!(error instanceof ReferenceError)) throw error;
      found.push({ ...yamlSyntax(error.message), file, ...START });
      broken = true;
    }
    this.diagnostics = found;
    this.broken = broken;
  }

  /** Of what `path` names, or of the deepest part of it that is there. */
  locate(path: Path, part: "key" | "value"): Position {
    let node: Node | null = this.#document.contents;
    let position = node === null ? START : this.#positionOf(node);
    for (const [depth, step] of path.entries()) {
      if (isAlias(node)) node = node.resolve(this.#document) ?? null;
      if (isMap(node)) {
        const pair = pairOf(node, step);
        if (pair === undefined) return position;
        // A missing child is reported at the name of what should have it.
        position = this.#positionOf(pair.key);
        if (part === "key" && depth === path.length - 1) return position;
        node = pair.value;
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

  /** The word that begins at an offset. */
  #textAt(offset: number): string {
    return /^[^\s:]*/.exec(this.text.slice(offset))?.[0] ?? "";
  }
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);
}

/** `key:` with nothing behind it: yaml gives it a null scalar without text. */
function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null && node.range?.[0] === node.range?.[1];
}

function pairOf(map: YAMLMap, key: string | number): { key: Node; value: Node | null } | undefined {
  // With a key twice, toJS() keeps the last one.
  const pair = (map.items as Pair[]).findLast((item) => isScalar(item.key) && String(item.key.value) === String(key));
  if (pair === undefined || !isNode(pair.key)) return undefined;
  return { key: pair.key, value: isNode(pair.value) ? pair.value : null };
}
