// A driver's plain loops over the registers of GICD, GICR and PL011, as clang compiles them: post-indexed accesses and
// pairs, of which a syndrome says nothing, do what they do without a hypervisor.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { BootedSystem } from "../system/bootedSystem.ts";
import { bareMetalProgram } from "./bareMetal/program.ts";

/** At the same address for its devices, which do DMA (and are left alone here). */
const RAM = 0x4800_0000;
/** SPIs 52…55: of virtio4…7. */
const OWNED_WORD = (52 - 32) / 4;

let folder: string;
let system: BootedSystem | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-loops-"));
});
afterEach(async () => system?.stop());
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["qemu-aarch64", "-O1", "injected"],
  ["qemu-aarch64", "-O2", "direct"],
  ["qemu-aarch64", "-O3", "injected"],
  ["qemu-aarch64-gicv2", "-O2", "injected"],
])("%s, %s, %s interrupts", async (board, level, interrupts) => {
  const gicv3 = board === "qemu-aarch64";
  const defines = [
    "-DGICD=0x8000000ul",
    "-DUART=0x9000000ul",
    `-DOWNED_WORD=${OWNED_WORD}`,
    ...(gicv3 ? ["-DGICR=0x80a0000ul"] : []),
  ];
  const { elf } = bareMetalProgram(folder, "loops", "loops.c", RAM, [level, ...defines]);
  const { stdout } = spawnSync("llvm-objdump-19", ["-d", "--no-show-raw-insn", "--no-leading-addr", elf], { encoding: "utf8" });
  expect(stdout, "compiled so that a syndrome says nothing").toMatch(/\t(ldr|str)\tw\d+, \[x\d+\], #0x4$/m);
  system = await BootedSystem.boot(
    "loops",
    `
board: ${board}
partitions:
  loops:
    guest: bare-metal
    image: ${elf}
    cpus: [1]
    memory: { size: 16M, at: ${RAM}, ipa: ${RAM} }
    interrupts: ${interrupts}
    devices: [virtio4, virtio5, virtio6, virtio7]
`,
  );
  await system.line("loops", /^loops: end/);
  expect(system.said("loops").filter((line) => line.startsWith("loops: "))).toEqual([
    `loops: priorities a0a0a0a0 ${(4 * 0xa0).toString(16)} 10101010 10101010 `,
    "loops: pair a0a0a0a0 0 0 vector a0a0a0a0 50505050 4 exclusive 50505050 ",
    ...(gicv3 ? ["loops: private 30303030 "] : []),
    "loops: uart 27 3 fd ",
    "loops: end",
  ]);
  expect(system.partition("loops").exits[abi.EXIT_FAULT] ?? 0).toBe(0);
});
