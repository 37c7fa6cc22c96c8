// The keys of a YAML file. Each is a plain word that stands once in its mapping; what YAML would allow besides is taken
// out of the document and reported, so that no JavaScript object is ever made of it: there `__proto__` is no key like
// the others, a list or an alias in front of a colon becomes some text, and the second of two equal keys hides the
// first.
import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Node, Pair, YAMLMap } from "yaml";
import { badKey, duplicateKey } from "../diagnostics/catalogue.ts";
import type { Problem } from "../diagnostics/diagnostic.ts";

export interface KeyMistake {
  /** Undefined: there is no text for it. */
  readonly at: Node | undefined;
  readonly problem: Problem;
}

export const isNode = (value: unknown): value is Node => isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);

export class Keys {
  readonly mistakes: KeyMistake[] = [];
  readonly #pairs = new Map<YAMLMap, Map<string, Pair>>();

  constructor(root: unknown) {
    this.#walk(root);
  }

  /** Of a key that stands twice, the last one: that is the one whose value counts. */
  pairOf(map: YAMLMap, key: string | number): Pair | undefined {
    return this.#pairs.get(map)?.get(String(key));
  }

  #walk(node: unknown): void {
    if (isSeq(node)) for (const item of node.items) this.#walk(item);
    if (!isMap(node)) return;
    const pairs = new Map<string, Pair>();
    this.#pairs.set(node, pairs);
    node.items = (node.items as Pair[]).filter((pair) => {
      this.#walk(pair.value);
      const key = plainKey(pair.key);
      if (typeof key !== "string") this.#report(pair, badKey(key.what));
      else {
        if (pairs.has(key)) this.#report(pair, duplicateKey(key));
        pairs.set(key, pair);
      }
      return typeof key === "string";
    });
  }

  #report({ key }: Pair, problem: Problem): void {
    this.mistakes.push({ at: isNode(key) ? key : undefined, problem });
  }
}

/** Its text; or what it is, if it cannot be a key. */
function plainKey(key: unknown): string | { readonly what: string } {
  if (isAlias(key)) return { what: `the alias *${key.source}` };
  if (!isScalar(key)) return { what: isSeq(key) ? "a list" : "a mapping" };
  const text = key.value === null ? "" : String(key.value);
  return text === "__proto__" ? { what: `"${text}"` } : text;
}
