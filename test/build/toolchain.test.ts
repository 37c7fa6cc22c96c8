// A toy program goes all the way: AssemblyScript, wasm, C, an AArch64 ELF, a raw binary; and a second time from the cache.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { flatten, readElf } from "../../tools/build/elf.ts";
import { ROOT } from "../../tools/build/files.ts";
import { buildProgram, type Products } from "../../tools/build/index.ts";
import { runTool } from "../../tools/build/native.ts";
import { errorOf, inWorkFolder, toy } from "./build.ts";

const TOY = toy("toy");
const SOURCE = "test/build/assembly/toy.ts";
const TOY_FOLDER = join(ROOT, "build/toy");
const PAGE_BYTES = 65536;
const BOUND_RECORD_BYTES = 16;

/** Line numbers in toy.ts, 1-based, of the lines that contain the text. */
const linesWith = (text: string): number[] =>
  readFileSync(join(ROOT, SOURCE), "utf8").split("\n").flatMap((line, index) => (line.includes(text) ? [index + 1] : []));

describe("a program from AssemblyScript to the bytes that boot", () => {
  let products: Products;
  beforeAll(async () => {
    rmSync(TOY_FOLDER, { recursive: true, force: true });
    products = await buildProgram(TOY);
  });

  test("the binary begins with the entry and ends with linear memory, zeros in the file", () => {
    const binary = readFileSync(products.binary);
    expect(binary.subarray(56, 60).toString("latin1")).toBe("ARM\x64");
    const elf = readElf(readFileSync(products.elf));
    const linear = elf.symbols.find(({ name }) => name === "axv_linear_start");
    expect(binary.length).toBe((linear?.value ?? 0) + TOY.memoryPages * PAGE_BYTES);
    expect(binary.subarray(linear?.value).every((byte) => byte === 0)).toBe(true);
    expect(flatten(elf)).toEqual(Uint8Array.from(binary));
  });

  test("exports are symbols, by their names", () => {
    const names = readElf(readFileSync(products.elf)).symbols.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["boot", "trapSync", "axv_init_linear"]));
  });

  test("every loop left its bound and its source line, at an instruction of the program", () => {
    const elf = readElf(readFileSync(products.elf));
    const section = elf.sections.find(({ name }) => name === ".axv.bounds");
    const text = elf.sections.find(({ name }) => name === ".text");
    const bytes = Buffer.from(elf.bytes.subarray(section?.offset, (section?.offset ?? 0) + (section?.size ?? 0)));
    const records = Array.from({ length: bytes.length / BOUND_RECORD_BYTES }, (_, n) => {
      const at = n * BOUND_RECORD_BYTES;
      return { address: Number(bytes.readBigUInt64LE(at)), bound: bytes.readUInt32LE(at + 8), line: bytes.readUInt32LE(at + 12) };
    });
    // Beside them those of the prelude's loops (of bytes, or without a line), in whatever order clang writes functions.
    const own = records.filter(({ bound, line }) => bound !== 0xffffffff && line !== 0).map(({ bound, line }) => [bound, line]);
    expect(own).toEqual([[8, linesWith("bound(i, TABLE_WORDS)")[0]], [4, linesWith("bound(n, LIST_REGISTERS)")[0]]]);
    for (const { address } of records) expect(address).toBeLessThan((text?.address ?? 0) + (text?.size ?? 0));
  });

  test("a debugger finds the AssemblyScript, from the repository's root", () => {
    const entry = readElf(readFileSync(products.elf)).symbols.find(({ name }) => name === "trapSync");
    const rows = runTool({ command: "llvm-symbolizer-19", package: "llvm-19" }, [
      `--obj=${products.elf}`,
      "--relativenames",
      String(entry?.value),
    ]);
    expect(rows).toMatch(new RegExp(`^trapSync\n(\\./)?${SOURCE}:${linesWith("exits++")[0] ?? 0}:`));
    expect(existsSync(join(ROOT, SOURCE))).toBe(true);
    // Nothing of this machine is in it.
    expect(readFileSync(products.elf).includes(ROOT)).toBe(false);
  });

  test("a second build does nothing, a clean one gives the same bytes", async () => {
    expect((await buildProgram(TOY)).upToDate).toBe(true);
    const before = [products.wasm, products.c, products.elf, products.binary].map((file) => readFileSync(file));
    rmSync(TOY_FOLDER, { recursive: true });
    expect((await buildProgram(TOY)).upToDate).toBe(false);
    expect([products.wasm, products.c, products.elf, products.binary].map((file) => readFileSync(file))).toEqual(before);
  });

  test("another size of memory, other flags: another build", async () => {
    expect((await buildProgram({ ...TOY, memoryPages: 3 })).upToDate).toBe(false);
    expect((await buildProgram({ ...TOY, defines: { ...TOY.defines, MORE: "1" } })).upToDate).toBe(false);
  });

  test("a changed source, also one that is only imported: another build", () =>
    inWorkFolder(async (folder) => {
      const write = (name: string, text: string): void => writeFileSync(join(ROOT, folder, name), text);
      const program = { ...TOY, name: basename(folder), entry: `${folder}/entry.ts` };
      write(
        "entry.ts",
        'import { ONE } from "./one";\nexport function boot(): u32 { return ONE; }\n' +
          "export function trapSync(): u32 { return 0; }\n",
      );
      write("one.ts", "export const ONE: u32 = 1;\n");
      const first = await buildProgram(program);
      expect(first.upToDate).toBe(false);
      expect((await buildProgram(program)).upToDate).toBe(true);
      write("one.ts", "export const ONE: u32 = 2;\n");
      const second = await buildProgram(program);
      expect(second.upToDate).toBe(false);
      expect(readFileSync(second.c, "utf8")).toContain("return 2u;");
    }));

  test("a source that changes while it is built: the next build is done again", () =>
    inWorkFolder(async (folder) => {
      const source = join(ROOT, folder, "entry.ts");
      const write = (value: number): void =>
        writeFileSync(
          source,
          `export function boot(): u32 { return ${value}; }\nexport function trapSync(): u32 { return 0; }\n`,
        );
      const program = { ...TOY, name: basename(folder), entry: `${folder}/entry.ts` };
      write(1);
      const first = await buildProgram(program, (line) => {
        if (line.endsWith("translating to C")) write(2);
      });
      expect(readFileSync(first.c, "utf8")).toContain("return 1u;");
      const second = await buildProgram(program);
      expect(second.upToDate).toBe(false);
      expect(readFileSync(second.c, "utf8")).toContain("return 2u;");
      expect((await buildProgram(program)).upToDate).toBe(true);
    }));

  test("a failed build leaves the old products, and nothing half-written", async () => {
    const before = readFileSync(products.elf);
    const error = await errorOf(() => buildProgram({ ...TOY, entry: "test/build/assembly/refused/float.ts" }));
    expect(error.code).toBe("float");
    expect(readFileSync(products.elf)).toEqual(before);
    expect(readdirSync(TOY_FOLDER).filter((name) => !/^(toy\.|offsets\.h$|inputs\.json$)/.test(name))).toEqual([]);
  });
});

describe("tools", () => {
  test("a missing one is named with its package", async () => {
    const error = await errorOf(() => runTool({ command: "clang-0", package: "clang-0" }, []));
    expect(error.code).toBe("tool-missing");
    expect(error.message).toContain("apt-get install clang-0");
  });

  test("one that fails says why", async () => {
    const error = await errorOf(() => runTool({ command: "clang-19", package: "clang-19" }, ["-c", "no-such-file.c"]));
    expect(error.code).toBe("tool-failed");
    expect(error.message).toContain("no-such-file.c");
  });

  test("what the linker cannot find is named", async () => {
    await inWorkFolder(async (folder) => {
      const error = await errorOf(() => buildProgram({ ...TOY, name: basename(folder), assembly: [] }));
      expect(error.code).toBe("tool-failed");
      expect(error.message).toMatch(/_start|axv_/);
    });
  });

  test("the command line refuses an unknown program", () => {
    const { status, stderr } = spawnSync(process.execPath, ["tools/build/main.ts", "nonsense"], { cwd: ROOT, encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toMatch(/"nonsense".*core, core-riscv64, plc.*\[unknown-program\]/);
    expect(stderr).not.toContain(".ts:");
  });

  test("the command line writes declarations without building", () => {
    execFileSync(process.execPath, ["tools/build/main.ts", "generate"], { cwd: ROOT });
    for (const module of ["cpu", "aarch64", "guest", "channel", "linux", "blobAarch64", "blobRiscv64"]) {
      expect(readFileSync(join(ROOT, `build/generated/${module}.ts`), "utf8")).toMatch(/^\/\/ Generated by tools\/build from /);
    }
  });
});
