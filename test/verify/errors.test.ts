// How verify says what it refuses: where, what, what to do about it, and the code.
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { displayPath, hex, VerifyError } from "../../tools/verify/errors.ts";

test("a message with and without the line of a source", () => {
  const at = { file: "core/sample.ts", line: 7 };
  const error = new VerifyError("loop-irreducible", "in f", at);
  expect(error.message).toBe(
    "core/sample.ts:7: in f: the loop has two entrances, so that it has no bound; enter it at one place [loop-irreducible]",
  );
  expect(error).toMatchObject({ name: "VerifyError", code: "loop-irreducible", at });
  expect(new VerifyError("symbol-missing", "symbol x").message).toBe(
    "symbol x: the linker script must define it [symbol-missing]",
  );
});

test.each([
  [resolve("core/sample.ts"), "core/sample.ts"],
  ["core/../core/sample.ts", "core/sample.ts"],
  [resolve("..", "elsewhere", "sample.ts"), resolve("..", "elsewhere", "sample.ts")],
  [join("..", "sample.ts"), join("..", "sample.ts")],
  ["core/sample.", "core/sample."],
  ["core/sample..", "core/sample.."],
])("from here, %s is %s", (path, shown) => {
  expect(displayPath(path)).toBe(shown);
});

test("addresses are hexadecimal", () => {
  expect(hex(0x4008_00fc)).toBe("0x400800fc");
});
