// The PLC guest bare, at EL1 on QEMU, in virtual time: one instruction is one ns, so nothing here depends on the host.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  PROCESS_IMAGE_MAGIC, PROCESS_IMAGE_MEASURED, PROCESS_IMAGE_SCANS, PROCESS_IMAGE_SEQUENCE,
} from "../../rtos-guests/plc/abi.ts";
import {
  HISTOGRAM_BUCKETS, HISTOGRAM_CYCLE, HISTOGRAM_EXECUTION, HISTOGRAM_JITTER, TIMING_OVERRUNS,
} from "../../rtos-guests/channel/timing.ts";
import { type Elf, readElf, SHF_ALLOC } from "../../tools/build/elf.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { PLC, PLC_PHYSICAL_TIMER } from "../../tools/build/programs.ts";
import { runBare, type Snapshot } from "./bareMachine.ts";

const WARM_UP = 100;
const TWO_SECONDS = 2000; // scans

let folder: string;
let path: string;
let elf: Elf;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-plc-"));
  path = (await buildProgram(PLC)).elf;
  elf = readElf(readFileSync(path));
});
afterAll(() => rmSync(folder, { recursive: true }));

const scans = ({ channel }: Snapshot): number => Number(channel.getBigUint64(PROCESS_IMAGE_SCANS, true));
const overruns = ({ channel }: Snapshot): number => Number(channel.getBigUint64(TIMING_OVERRUNS, true));
const buckets = ({ channel }: Snapshot, row: number): number[] =>
  Array.from({ length: HISTOGRAM_BUCKETS }, (_, n) => channel.getUint32(row + 4 * n, true));
const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
/** A histogram's highest bucket in use: distances are below 2^n ns. */
const widest = (counts: readonly number[]): number => counts.findLastIndex((count) => count > 0);

describe("in virtual time", () => {
  test.each([
    [3, "virtual", PLC],
    [3, "physical", PLC_PHYSICAL_TIMER],
    [2, "virtual", PLC],
    [2, "physical", PLC_PHYSICAL_TIMER],
  ] as const)(
    "GICv%i, %s timer: two seconds at 1 ns an instruction, every scan on its deadline, no overrun",
    async (gic, _, program) => {
      const end = await runBare((await buildProgram(program)).elf, 0, (now) => scans(now) >= TWO_SECONDS, gic);
      const count = scans(end);
      expect(end.channel.getUint32(0, true)).toBe(PROCESS_IMAGE_MAGIC);
      expect(end.channel.getUint32(PROCESS_IMAGE_SEQUENCE, true) >> 1).toBe(count);
      expect(overruns(end)).toBe(0);
      expect(end.channel.getUint32(PROCESS_IMAGE_MEASURED, true)).toBeGreaterThan(20_000);

      // The rows of the last round, renewed in its scans 12, 13, 14, hold every scan between the warm-up and that one.
      for (const [row, step] of [
        [HISTOGRAM_JITTER, 18],
        [HISTOGRAM_CYCLE, 19],
        [HISTOGRAM_EXECUTION, 20],
      ] as const) {
        const renewed = Math.floor((count - step) / 100) * 100 + step;
        expect(total(buckets(end, row))).toBe(renewed - 1 - WARM_UP);
      }
      // Bounds with room: the timer counts in steps of 16 ns.
      expect(widest(buckets(end, HISTOGRAM_JITTER))).toBeLessThanOrEqual(6); // below 64 ns
      expect(widest(buckets(end, HISTOGRAM_CYCLE))).toBeLessThanOrEqual(6); // 1 ms ± 64 ns
      expect(widest(buckets(end, HISTOGRAM_EXECUTION))).toBeLessThanOrEqual(13); // 8 µs, also for the scan that writes the line
    },
  );

  test("a CPU a thousand times as slow overruns in the scan that writes the line, counts it, and keeps the grid", async () => {
    const end = await runBare(path, 10, (now) => scans(now) >= TWO_SECONDS);
    expect(overruns(end)).toBeGreaterThan(0);
    // All cycles are 1 ms but those after an overrun, which are whole periods longer.
    const cycle = buckets(end, HISTOGRAM_CYCLE);
    const late = total(cycle.slice(20)); // 524 µs and more from 1 ms
    expect(late).toBeGreaterThan(0);
    expect(late).toBeLessThanOrEqual(overruns(end));
    expect(total(cycle.slice(13, 20))).toBe(0); // nothing between 4 µs, a few instructions, and that
  });
});

describe("an exception that nobody expects stops the guest in WFE, on its panic stack", () => {
  const symbol = (name: string): bigint => {
    const found = elf.symbols.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no symbol ${name} in ${path}`);
    return BigInt(found.value);
  };

  /** A copy of the guest whose instructions from `where` on are others. */
  function patched(where: string, source: string): string {
    const [s, o, bin, out] = ["patch.S", "patch.o", "patch.bin", "patched.elf"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    writeFileSync(s, `${source}\n`);
    execFileSync("clang-19", ["--target=aarch64-none-elf", "-c", s, "-o", o]);
    execFileSync("llvm-objcopy-19", ["-O", "binary", o, bin]);
    const address = Number(symbol(where));
    const section = elf.sections.find(
      (one) => (one.flags & SHF_ALLOC) !== 0n && address >= one.address && address < one.address + one.size,
    );
    if (section === undefined) throw new Error(`${where} is in no section`);
    const bytes = Uint8Array.from(elf.bytes);
    bytes.set(readFileSync(bin), section.offset + address - section.address);
    writeFileSync(out, bytes);
    return out;
  }

  const stands = (label: string) => ({ pc }: Snapshot): boolean => pc >= symbol(label) && pc < symbol(label) + 8n;

  async function panics(elfPath: string): Promise<Snapshot> {
    const end = await runBare(elfPath, 0, stands("halt"));
    expect(end.sp).toBeGreaterThan(symbol("axv_panic_stack_bottom"));
    expect(end.sp).toBeLessThanOrEqual(symbol("axv_panic_stack_top"));
    return end;
  }

  const LINEAR = "movz x0, #0x40, lsl #32";

  test("an undefined instruction", async () => {
    const end = await panics(patched("wait", "udf #0"));
    expect(scans(end)).toBe(0);
  });

  test("a stack that grows into the page below it", async () => {
    await panics(patched("wait", "stp x0, x1, [sp, #-16]!\nb .-4"));
  });

  test("a load behind the end of linear memory; the last word is still there", async () => {
    await panics(patched("start", `${LINEAR}\nmovk x0, #1, lsl #16\nldr w1, [x0]\nret`));
    await runBare(patched("start", `${LINEAR}\nmovk x0, #1, lsl #16\nldr w1, [x0, #-4]!\nret`), 0, stands("wait"));
  });

  test("a store to its own text", async () => {
    await panics(patched("start", "adr x0, .\nstr w1, [x0]\nret"));
  });

  test("a jump into its stack", async () => {
    await panics(patched("start", "mov x0, sp\nbr x0"));
  });

  test("a null pointer", async () => {
    await panics(patched("start", "mov x1, #0\nldr w0, [x1]\nret"));
  });
});
