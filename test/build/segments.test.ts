// Data segments in the C: neighbours share an entry where the zeros between them take less room than one; each byte is
// where it was.
import { expect, test } from "vitest";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { translate } from "../../tools/build/translate/index.ts";
import { print } from "./wasm.ts";

/** What axv_memory_init makes of the C's tables: every byte that is not 0, by its address. */
function memoryOf(c: string): { entries: number; bytes: Map<number, number> } {
  const data = (/axv_data\[\] = \{(.*?)\}/.exec(c)?.[1] ?? "").split(",").map(Number);
  const entries = [...(/axv_segments\[\] = \{(.*)\};/.exec(c)?.[1] ?? "").matchAll(/\{(\w+?)u, (\d+)u, (\d)\}/g)];
  const bytes = new Map<number, number>();
  let next = 0;
  for (const [, to, length, wide] of entries) {
    for (let n = 0; n < Number(length); n++) {
      const byte = data[next++] ?? NaN;
      if (byte !== 0) bytes.set(Number(to) + n * (1 + Number(wide)), byte);
    }
  }
  expect(next).toBe(data.length);
  return { entries: entries.length, bytes };
}

const segments = (...all: [number, string][]): string =>
  translate(
    print(
      `(module (memory 1) ${all.map(([at, text]) => `(data (i32.const ${at}) "${text}")`).join(" ")}
        (func (export "f") (result i32) (i32.load (i32.const 64))))`,
    ),
    {},
    AARCH64,
  ).c;

test.each([
  ["next to each other", [[64, "abc"], [67, "def"]], 1],
  ["some zeros between", [[64, "abc"], [71, "def"]], 1],
  ["more zeros than an entry has bytes", [[64, "abc"], [96, "def"]], 2],
  ["text of 16 bits a character, both", [[64, "a\\00b\\00"], [76, "c\\00d\\00"]], 1],
  ["text, and bytes at odd places", [[64, "a\\00b\\00c\\00d\\00e\\00f\\00g\\00h\\00"], [81, "klmnopqrstu"]], 2],
] as const)("%s", (_, all, entries) => {
  const made = memoryOf(segments(...all.map(([at, text]): [number, string] => [at, text])));
  const expected = all
    .flatMap(([at, text]) => [...text.replaceAll("\\00", "\0")].map((one, n) => [at + n, one.charCodeAt(0)] as const))
    .filter(([, byte]) => byte !== 0);
  expect(made).toEqual({ entries, bytes: new Map(expected) });
});
