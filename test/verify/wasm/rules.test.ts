// What the WebAssembly may not have, each refused with the function's name and the line of the
// AssemblyScript source; and how its loops nest.
import { describe, expect, test } from "vitest";
import { BuildError } from "../../../tools/build/errors.ts";
import { VerifyError } from "../../../tools/verify/errors.ts";
import { loadWasm } from "../../../tools/verify/wasm/module.ts";
import { findNesting, type WasmLoops } from "../../../tools/verify/wasm/nesting.ts";
import { withWasm } from "./sample.ts";

const nesting = (name: string): Promise<WasmLoops> => withWasm(name, (path) => findNesting(loadWasm(path)));

async function refusal(name: string): Promise<VerifyError | BuildError> {
  try {
    await nesting(name);
  } catch (error) {
    if (error instanceof VerifyError || error instanceof BuildError) return error;
    throw error;
  }
  throw new Error(`${name} was not refused`);
}

describe("refused", () => {
  test("a circle in the call graph", async () => {
    const { code, at, message } = await refusal("recursion");
    expect(code).toBe("recursion");
    expect(at?.file).toBe("test/verify/assembly/recursion.ts");
    expect(message).toMatch(/recursion\/(\w+) → (.*→ )?\S*recursion\/\1: /);
  });

  test("a call through a table", async () => {
    expect((await refusal("indirect")).code).toBe("indirect-call");
  });

  test("memory.grow", async () => {
    const { code, at } = await refusal("grow");
    expect(code).toBe("memory-grow");
    expect(at).toMatchObject({ file: "test/verify/assembly/grow.ts", line: 3 });
  });

  test("a loop without bound() of its own, inside one that has it", async () => {
    const { code, at, message } = await refusal("unbounded");
    expect(code).toBe("loop-unbounded");
    expect(at).toMatchObject({ file: "test/verify/assembly/unbounded.ts" });
    expect([7, 8]).toContain(at?.line);
    expect(message).toContain("wait");
  });

  test("a file that is no WebAssembly", () => {
    expect(() => loadWasm("package.json")).toThrow(BuildError);
  });
});

describe("nesting", () => {
  // Line and limit of the bound() calls in nested.ts.
  const [fill, rows, columns, alone] = ["6:7", "13:5", "15:6", "24:3"];

  test("a loop is known by the line and limit of its bound()", async () => {
    expect([...(await nesting("nested")).keys].sort()).toEqual([alone, columns, fill, rows].sort());
  });

  test("a loop encloses those in its body and in what its body calls", async () => {
    const { encloses } = await nesting("nested");
    expect(encloses(rows, columns)).toBe(true);
    expect(encloses(rows, fill)).toBe(true);
    expect(encloses(alone, fill)).toBe(true);
  });

  test("and no others", async () => {
    const { encloses } = await nesting("nested");
    expect(encloses(columns, rows)).toBe(false);
    expect(encloses(columns, fill)).toBe(false);
    expect(encloses(fill, alone)).toBe(false);
    expect(encloses(alone, columns)).toBe(false);
    expect(encloses(rows, rows)).toBe(false);
  });
});
