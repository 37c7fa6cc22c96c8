// The PLC guest for RISC-V on QEMU's virt machine, in virtual time (an instruction is a ns): bare, in supervisor mode behind
// OpenSBI, and the same bytes in VS-mode, where its timer is its own.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readElf } from "../../tools/build/elf.ts";
import { buildProgram, type Products } from "../../tools/build/index.ts";
import { CLANG, LLD, runTool } from "../../tools/build/native.ts";
import { PLC_RISCV64 } from "../../tools/build/programs.ts";
import { RISCV64 } from "../../tools/build/targets/riscv64.ts";
import { whenOver } from "../patience.ts";

const IMAGE = 0x8020_0000;

let folder: string;
let products: Products;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-plc-riscv64-"));
  products = await buildProgram(PLC_RISCV64);
});
afterAll(() => rmSync(folder, { recursive: true }));

const { program, firmware } = RISCV64.emulator;
const machine = (...more: string[]): string[] => [
  "-M", "virt,aia=aplic-imsic,aia-guests=1", "-cpu", "rv64", "-m", "512M", "-nodefaults", "-display", "none", "-monitor", "none",
  "-serial", "stdio", "-icount", "shift=0,sleep=off", "-bios", firmware?.path ?? "", ...more,
];

/** What the machine prints behind the firmware's words, until it matches. */
async function until(wanted: RegExp, more: readonly string[]): Promise<string> {
  // setpriv: the kernel kills QEMU when this process ends, however it ends.
  const command = ["--pdeathsig", "KILL", "--", program, ...machine(...more)];
  const qemu: ChildProcess = spawn("setpriv", command, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  const stopWaiting = whenOver(() => qemu.kill("SIGKILL"));
  try {
    for await (const bytes of qemu.stdout ?? []) {
      said += String(bytes);
      if (wanted.test(said)) return said;
    }
    throw new Error(`it ended, or came to nothing:\n${said}`);
  } finally {
    stopWaiting();
    qemu.kill("SIGKILL"); // with sleep=off an idle guest makes QEMU deaf to anything else
  }
}

const TWO_SECONDS = /plc: scans=2030 .*\r\n/;

/** The figures of its last line. */
function figures(said: string): Record<string, number[]> {
  const line = TWO_SECONDS.exec(said)?.[0] ?? "";
  const values = [...line.matchAll(/(\w+)=([\d./]+)/g)];
  return Object.fromEntries(values.map(([, name = "", value = ""]) => [name, value.split("/").map(Number)]));
}

function isInTime(said: string): void {
  expect(said).toContain("plc: started, 1000 scans a second\r\n");
  const { overruns, jitter = [], exec = [], measured = [] } = figures(said);
  expect(overruns).toEqual([0]);
  // `time` has 100 ns a tick: the interrupt comes in the tick in which it is due, or the next.
  expect(Math.max(...jitter)).toBeLessThanOrEqual(100);
  expect(Math.max(...exec)).toBeLessThan(8000); // also the scan that writes the line
  expect(measured[0]).toBeGreaterThan(20);
}

test.each([
  ["ELF", (): string => products.elf],
  ["raw image", (): string => products.binary],
])("bare, its %s: two seconds, every scan on its deadline, no overrun", async (_, kernel) => {
  isInTime(await until(TWO_SECONDS, ["-kernel", kernel()]));
});

test("the same bytes in VS-mode: one call, for a hypervisor that it knows, and no other exit in two seconds", async () => {
  const [object, hypervisor, script] = [join(folder, "vs.o"), join(folder, "vs.elf"), join(folder, "vs.ld")];
  writeFileSync(script, "ENTRY(_start) SECTIONS { . = 0x88000000; .text : { *(.text) } }"); // QEMU starts at its lowest address
  runTool(CLANG, [...RISCV64.flags, "-march=rv64imac_zicsr_h", "-c", "test/plc/assembly/vsMode.S", "-o", object]);
  runTool(LLD, ["-static", "-T", script, object, "-o", hypervisor]);
  const guest = `loader,file=${products.binary},addr=0x${IMAGE.toString(16)}`;
  const said = await until(TWO_SECONDS, ["-kernel", hypervisor, "-device", guest]);
  isInTime(said);
  expect(said.slice(said.lastIndexOf("\n", said.indexOf("plc: started"))).trim()).toMatch(/^Eplc: started/);
  expect(said.slice(said.indexOf("plc: started"))).not.toMatch(/[EX](?!\w*=)/);
});

describe("an exception that nobody expects", () => {
  /** The guest with other instructions where it would wait for its first interrupt, or scan. */
  function patched(where: string, source: string): string {
    const file = (name: string): string => join(folder, name);
    const [text, object, code, image] = [file("patch.S"), file("patch.o"), file("patch.bin"), file("patched.bin")];
    writeFileSync(text, `${source}\n`);
    runTool(CLANG, [...RISCV64.flags, "-mno-relax", "-c", text, "-o", object]); // nobody links it
    runTool({ command: "llvm-objcopy-19", package: "llvm-19" }, ["-O", "binary", "-j", ".text", object, code]);
    const symbol = readElf(readFileSync(products.elf)).symbols.find(({ name }) => name === where);
    const bytes = readFileSync(products.binary);
    readFileSync(code).copy(bytes, (symbol?.value ?? 0) - IMAGE);
    writeFileSync(image, bytes);
    return image;
  }

  const ILLEGAL = 2;
  const BREAKPOINT = 3;
  const FETCH_FAULT = 12;
  const LOAD_FAULT = 13;
  const STORE_FAULT = 15;

  test.each([
    ["an undefined instruction", "wait", "unimp", ILLEGAL],
    ["an ecall that firmware takes is none, an ebreak is", "irq", "li a7, 0x10\nli a6, 0\necall\nebreak", BREAKPOINT],
    ["a null pointer", "irq", "ld a0, 8(zero)", LOAD_FAULT],
    ["a stack that grows into the page below it", "wait", "1: addi sp, sp, -16\nsd a0, 0(sp)\nj 1b", STORE_FAULT],
    ["a store to its own text", "start", "auipc a0, 0\nsw a1, 0(a0)\nret", STORE_FAULT],
    ["a jump into its stack", "start", "mv a0, sp\njr a0", FETCH_FAULT],
  ])("%s: it says what, and stands", async (_, where, source, cause) => {
    const said = await until(/plc: panic .*\r\n/, ["-kernel", patched(where, source)]);
    expect(said).toMatch(new RegExp(`plc: panic scause=0x${cause.toString(16)} sepc=0x802\\w+ stval=0x\\w+\r\n$`));
  });

  test("a load behind the end of linear memory; the last word is still there", async () => {
    const source = "li a0, 0x10000\nadd a0, a0, gp\nlw a1, -4(a0)\nlw a1, 0(a0)\nret";
    const said = await until(/plc: panic .*\r\n/, ["-kernel", patched("start", source)]);
    expect(said).toMatch(/scause=0xd sepc=0x802\w+ stval=0x2000010000\r\n$/);
  });
});
