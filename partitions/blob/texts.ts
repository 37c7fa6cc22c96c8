// What the core compares with the firmware's device tree, as the blob has it: words of 8 bytes, each text from a word on, with a
// 0 behind it and more up to a word's end. So the core compares a word at a time.
import type { PlannedMatch } from "../plan/plan.ts";
import { alignUp } from "../units.ts";

export const WORD_BYTES = 8;

type Place = "path" | "property" | "value";
export interface Texts {
  readonly words: readonly bigint[];
  /** Of each match: where its texts begin in them. */
  readonly places: readonly Readonly<Record<Place, number>>[];
}

function wordsOf(text: string): bigint[] {
  const bytes = new TextEncoder().encode(text);
  const words = new DataView(new ArrayBuffer(alignUp(bytes.length + 1, WORD_BYTES)));
  new Uint8Array(words.buffer).set(bytes);
  return Array.from({ length: words.byteLength / WORD_BYTES }, (_, n) => words.getBigUint64(n * WORD_BYTES, true));
}

/** The name of each node below the root, and an empty one. */
const namesOf = (path: string): string[] => [...path.split("/").filter((name) => name !== ""), ""];

/** Each text once; paths are last, so that an empty one ends all. */
export function textsOf(matches: readonly PlannedMatch[]): Texts {
  const words: bigint[] = [];
  const [strings, paths] = [new Map<string, number>(), new Map<string, number>()];
  const place = (places: Map<string, number>, key: string, texts: readonly string[]): void => {
    if (places.has(key)) return;
    places.set(key, words.length);
    words.push(...texts.flatMap(wordsOf));
  };
  for (const text of matches.flatMap(({ property, value }) => [property, value])) place(strings, text, [text]);
  for (const { path } of matches) place(paths, path, namesOf(path));
  return {
    words,
    places: matches.map(({ path, property, value }) => ({
      path: paths.get(path) ?? 0,
      property: strings.get(property) ?? 0,
      value: strings.get(value) ?? 0,
    })),
  };
}
