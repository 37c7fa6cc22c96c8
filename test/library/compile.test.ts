// axv.h is for compilers, languages and flags that are not ours: no warning, no libc, no code of its own in those that only
// include it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readElf } from "../../tools/build/elf.ts";
import { CLANG, runTool } from "../../tools/build/native.ts";
import { HEADER, USER } from "./header.ts";

const STRICT = [
  "-Wall",
  "-Wextra",
  "-pedantic",
  "-Wcast-qual",
  "-Wshadow",
  "-Wsign-conversion",
  "-Werror",
  "-ffreestanding",
  "-I.",
];
const TARGETS = ["aarch64-none-elf", "riscv64-none-elf", "x86_64-none-elf"] as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-header-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The object file of a source text. */
function compiled(source: string, flags: readonly string[]): string {
  const file = join(folder, "user.c");
  const object = join(folder, "user.o");
  writeFileSync(file, source);
  runTool(CLANG, [...STRICT, ...flags, "-c", file, "-o", object]);
  return object;
}

const symbols = (object: string): string[] =>
  readElf(readFileSync(object))
    .symbols.map(({ name }) => name)
    .filter((name) => name !== "");
const instructions = (object: string): string =>
  runTool({ command: "llvm-objdump-19", package: "llvm-19" }, ["-d", "--no-show-raw-insn", object]);

describe.each(TARGETS)("%s", (target) => {
  test.each(["-std=c99", "-std=c11", "-std=c23"])("C: %s", (standard) => {
    compiled(USER, [`--target=${target}`, standard, "-O2"]);
  });

  test.each(["-std=c++98", "-std=c++11", "-std=c++17", "-std=c++23"])("C++: %s", (standard) => {
    compiled(USER, [`--target=${target}`, "-x", "c++", standard, "-O2"]);
  });

  test.each(["-O0", "-O1", "-O2", "-O3", "-Os"])("nothing is called that it does not bring: %s", (level) => {
    const undefined_ = runTool({ command: "llvm-nm-19", package: "llvm-19" }, [
      "-u",
      compiled(USER, [`--target=${target}`, "-std=c99", level]),
    ]);
    expect(undefined_.trim()).toBe("");
  });

  test("who only includes it has no code of it", () => {
    expect(
      symbols(compiled(`#include "${HEADER}"\nint unrelated;\n`, [`--target=${target}`, "-std=c99", "-O0"])).filter((name) =>
        /axv/.test(name),
      ),
    ).toEqual([]);
  });
});

test("another architecture is told so, and does not get a library without barriers", () => {
  expect(() => compiled(USER, ["--target=armv7-none-eabi", "-std=c99"])).toThrow(
    /axv\.h: no memory barriers for this architecture yet/,
  );
});

describe("AArch64", () => {
  const flags = ["--target=aarch64-none-elf", "-std=c99", "-O2"];

  test("a call is HVC, or what AXV_CONDUIT says", () => {
    const hvc = instructions(compiled(USER, flags));
    expect(hvc).toMatch(/\bhvc\b/);
    expect(hvc).not.toMatch(/\bsmc\b/);
    const smc = instructions(compiled(USER, [...flags, '-DAXV_CONDUIT="smc #0"']));
    expect(smc).toMatch(/\bsmc\b/);
    expect(smc).not.toMatch(/\bhvc\b/);
  });

  test("a call of your own takes its place", () => {
    const own = `#include <stdint.h>
uint64_t mine(uint64_t, uint64_t, uint64_t);
#define AXV_HYPERCALL(f, a, b, c, d, e, g, h) mine(f, a, b)
${USER}`;
    expect(
      instructions(
        compiled(own.replace("mine(f, a, b)", "((void)(c), (void)(d), (void)(e), (void)(g), (void)(h), mine(f, a, b))"), flags),
      ),
    ).not.toMatch(/\bhvc\b/);
  });

  /** Loads, stores, barriers and cache maintenance of a function, in order. */
  function accesses(body: string): string[] {
    const prototype = "int f(axv_ring_t *ring, axv_t *axv, unsigned char *bytes)";
    const source = `#include "${HEADER}"
${prototype};
${prototype}
{
(void)ring; (void)axv; (void)bytes;
${body}
}
`;
    const text = instructions(compiled(source, ["--target=aarch64-none-elf", "-std=c99", "-Os"]));
    return [...text.matchAll(/\t(dmb|dsb|dc)\s+(\w+)/g)].map(([, what, which]) => `${what} ${which}`);
  }

  test("a consumer: refreshes the head, orders loads, and tells its tail after its loads (DDI 0487, B2.3)", () => {
    const all = accesses("return axv_ring_receive(ring, bytes, 64);");
    expect(all.slice(0, 3)).toEqual(["dc civac", "dsb osh", "dmb oshld"]);
    expect(all).toContain("dmb oshst");
    expect(all.filter((one) => one === "dmb oshld")).toHaveLength(2);
  });

  test("a producer: looks at the tail before it writes, cleans its record, orders stores, tells its head, cleans it", () => {
    const all = accesses("return axv_ring_send(ring, bytes, 64);");
    expect(all.slice(0, 3)).toEqual(["dc civac", "dsb osh", "dmb oshld"]);
    expect(all.slice(-3)).toEqual(["dmb oshst", "dc cvac", "dsb osh"]);
  });

  test("a mailbox is memory that the hypervisor sees as the guest does: barriers, no cache maintenance", () => {
    expect(accesses("return axv_feed_watchdog(axv) + axv_publish_tag(axv, 1, 2);")).toEqual(["dmb oshst"]);
  });
});
