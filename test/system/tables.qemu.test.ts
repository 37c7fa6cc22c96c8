// The hypervisor's own translation tables, as the assembly has made them on the machine (entry.S,
// axv_make_tables; Arm ARM D8.3): what is code cannot be written, nothing else can be executed, stacks and
// linear memory end where nothing is mapped.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CORE } from "../../tools/build/programs.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { freePort, gdb } from "./gdb.ts";
import { twoPlcs } from "./systems.ts";

const PAGE = 4096;
const ENTRIES = 512;
const SYMBOLS = [
  "axv_image_start",
  "axv_image_header",
  "axv_text_end",
  "axv_rodata_end",
  "axv_image_end",
  "axv_stacks",
  "axv_stacks_end",
  "axv_linear_start",
  "axv_linear_end",
] as const;
const TABLES = ["root", "image2", "image3", "linear2", "linear3"] as const;

/** Normal memory (attribute 0), inner shareable, accessed, RES1; a page. */
const PAGE_NORMAL = 0x743n;
const READ_ONLY = 1n << 7n;
const XN = 1n << 54n;
const TABLE = 3n;

test("text is read-only, the rest not executable; behind each stack, and behind linear memory, nothing is mapped", async () => {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "axv-tables-"));
  const system = await BootedSystem.boot("tables", twoPlcs(), { qemu: ["-gdb", `tcp:127.0.0.1:${port}`] });
  try {
    const { base } = system.plan.image;
    await system.until("a partition that runs", () => system.partition("first").telemetry?.state === "running");
    const file = join(folder, "tables.bin");
    // pCPU 0 has no guest: what it translates by are these very tables.
    const said = await gdb(port, base, [
      "thread 1",
      ...SYMBOLS.map((name) => `print (unsigned long)&${name}`),
      `dump binary memory ${file} &axv_stage1_tables &axv_stage1_tables_end`,
      "detach",
    ]);
    const values = [...said.matchAll(/^\$\d+ = (\d+)$/gm)].map(([, value]) => Number(value));
    expect(values).toHaveLength(SYMBOLS.length);
    const at = Object.fromEntries(SYMBOLS.map((name, n) => [name, values[n] ?? 0])) as Record<(typeof SYMBOLS)[number], number>;
    const bytes = readFileSync(file);
    expect(bytes).toHaveLength(TABLES.length * PAGE);
    const table = (name: (typeof TABLES)[number]): bigint[] =>
      Array.from({ length: ENTRIES }, (_, n) => bytes.readBigUInt64LE(TABLES.indexOf(name) * PAGE + 8 * n));
    const first = BigInt(at.axv_linear_end) - BigInt(at.axv_linear_start);
    const expectedPage = (pa: number): bigint => {
      const slot = Math.floor((pa - at.axv_stacks) / PAGE) % 4;
      if (pa >= at.axv_stacks && pa < at.axv_stacks_end && (slot === 0 || slot === 2)) return 0n;
      if (pa < at.axv_image_header || pa >= at.axv_rodata_end) return BigInt(pa) | PAGE_NORMAL | XN;
      return BigInt(pa) | PAGE_NORMAL | READ_ONLY | (pa < at.axv_text_end ? 0n : XN);
    };

    // The image, at VA = PA.
    const level3 = table("image3");
    for (let pa = at.axv_image_start; pa < at.axv_image_end; pa += PAGE)
      expect([pa, level3[Math.floor(pa / PAGE) % ENTRIES]]).toEqual([pa, expectedPage(pa)]);

    // Linear memory in its window: from the window's first byte on, and no page more.
    expect(first).toBe(BigInt(CORE.memoryPages) * 65536n);
    const linear = table("linear3");
    linear.forEach((descriptor, n) =>
      expect([n, descriptor]).toEqual([
        n,
        BigInt(n) * BigInt(PAGE) < first ? BigInt(at.axv_linear_start + n * PAGE) | PAGE_NORMAL | XN : 0n,
      ]),
    );
    expect(table("linear2").filter((descriptor) => descriptor !== 0n)).toHaveLength(1);
    expect((table("linear2")[0] ?? 0n) & TABLE).toBe(TABLE);
    const window = Number(BigInt(CORE.defines["LINEAR_BASE"] ?? 0) >> 30n);
    const root = table("root");
    expect((root[window] ?? 0n) & TABLE).toBe(TABLE);
    expect(root[window + 1]).toBe(0n);
  } finally {
    await system.stop();
    rmSync(folder, { recursive: true });
  }
});
