// The text of a WebAssembly file: read once for those who ask one after another, and anew when its bytes are others.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { disassemble } from "../../tools/build/disassemble.ts";
import { errorOf, inWorkFolder } from "./build.ts";

/** (module (func (export "f") (result i32) (i32.const N))), N < 64 */
const wasm = (n: number): Uint8Array =>
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 5, 1, 0x60, 0, 1, 0x7f], // type
    ...[3, 2, 1, 0], // function
    ...[7, 5, 1, 1, 0x66, 0, 0], // export
    ...[10, 6, 1, 4, 0, 0x41, n, 0x0b], // code
  ]);

test("a file that has other bytes than before has another text", async () => {
  await inWorkFolder((folder) => {
    const file = join(folder, "f.wasm");
    for (const n of [1, 2, 1]) {
      writeFileSync(file, wasm(n));
      expect(disassemble(file)).toContain(`(i32.const ${n})`);
    }
    return Promise.resolve();
  });
});

test("with another source map it has other places", async () => {
  await inWorkFolder((folder) => {
    const file = join(folder, "f.wasm");
    writeFileSync(file, wasm(1));
    for (const source of ["one.ts", "two.ts"]) {
      const codeOffset = "+B"; // base64 VLQ of 31, where the constant stands
      writeFileSync(`${file}.map`, JSON.stringify({ version: 3, sources: [source], names: [], mappings: `${codeOffset}AAA` }));
      expect(disassemble(file, `${file}.map`)).toContain(source);
    }
    expect(disassemble(file)).not.toContain("two.ts");
    return Promise.resolve();
  });
});

test("what is no WebAssembly is refused each time", async () => {
  await inWorkFolder(async (folder) => {
    const file = join(folder, "f.wasm");
    writeFileSync(file, "none");
    for (let time = 0; time < 2; time++) expect((await errorOf(() => disassemble(file))).code).toBe("tool-failed");
  });
});
