// Runs functions on an emulated machine that executes one instruction per tick (QEMU -icount shift=0), and counts their
// instructions with the cycle counter.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whenOver } from "../patience.ts";
import type { Isa, Target } from "../../tools/build/targets/target.ts";

/** u32 function(u32), and what to call it with. */
export interface Measurement {
  readonly name: string;
  readonly arguments: readonly number[];
}

const UART_AARCH64 = 0x09000000; // PL011 of QEMU's virt machine
const UART_RISCV64 = 0x10000000; // 16550 of QEMU's virt machine
const PSCI_SYSTEM_OFF = 0x84000008;
const POWER_OFF = 0x100000; // "sifive_test" of QEMU's virt machine
const POWER_OFF_NOW = 0x5555;

/** The counting program: prints one line a call, and powers the machine off. Starts at `_start`. */
export const countingHarness = (measurements: readonly Measurement[], { isa }: Target): string => HARNESSES[isa](measurements);

function harnessAarch64(measurements: readonly Measurement[]): string {
  const calls = measurements.flatMap((one) =>
    one.arguments.map((value) => `ldr w1, =${value}\n ldr x2, =${one.name}\n bl measure`),
  );
  return `
    .section .text.start, "ax"
    .global _start
    _start:
      adrp x0, stack_top
      add x0, x0, :lo12:stack_top
      mov sp, x0
      msr pmccfiltr_el0, xzr      // count at EL1
      mov x0, #1 << 31            // the cycle counter
      msr pmcntenset_el0, x0
      mov x0, #(1 << 6) | 1       // 64 bits, on
      msr pmcr_el0, x0
      isb
      adr x2, nothing
      bl measure                  // first line: what measuring costs, and one RET
      ${calls.join("\n      ")}
      ldr w0, =${PSCI_SYSTEM_OFF}
      hvc #0
      b .
    .ltorg
    nothing: ret
    measure:                      // w1: argument, x2: function
      stp x29, x30, [sp, #-16]!
      mov w0, w1
      isb
      mrs x29, pmccntr_el0
      blr x2
      mrs x0, pmccntr_el0
      sub x0, x0, x29
      mov x1, #${UART_AARCH64}
      mov x2, #60
    1: lsr x3, x0, x2
      and x3, x3, #15
      cmp x3, #10
      add x4, x3, #'0'
      add x3, x3, #'a' - 10
      csel x3, x4, x3, lo
      str w3, [x1]
      sub x2, x2, #4
      tbz x2, #63, 1b
      mov x3, #10
      str w3, [x1]
      ldp x29, x30, [sp], #16
      ret
    .bss
    .balign 16
    .space 65536
    stack_top:
  `;
}

/** In machine mode, with no firmware: nobody else executes anything. */
function harnessRiscv64(measurements: readonly Measurement[]): string {
  const calls = measurements.flatMap((one) =>
    one.arguments.map((value) => `li a0, ${value}\n la a1, ${one.name}\n call measure`),
  );
  return `
    .section .text.start, "ax"
    .global _start
    _start:
      la sp, stack_top
      la a1, nothing
      call measure                // first line: what measuring costs, and one ret
      ${calls.join("\n      ")}
      li a0, ${POWER_OFF}
      li a1, ${POWER_OFF_NOW}
      sw a1, 0(a0)
      j .
    nothing: ret
    measure:                      // a0: argument, a1: function
      addi sp, sp, -16
      sd ra, 0(sp)
      sd s0, 8(sp)
      csrr s0, mcycle
      jalr a1
      csrr a0, mcycle
      sub a0, a0, s0
      li a1, ${UART_RISCV64}
      li a2, 60
    1: srl a3, a0, a2
      andi a3, a3, 15
      addi a4, a3, '0'
      sltiu a5, a3, 10
      bnez a5, 2f
      addi a4, a3, 'a' - 10
    2: lbu a5, 5(a1)              // until the holding register is empty
      andi a5, a5, 1 << 5
      beqz a5, 2b
      sb a4, 0(a1)
      addi a2, a2, -4
      bgez a2, 1b
    3: lbu a5, 5(a1)
      andi a5, a5, 1 << 5
      beqz a5, 3b
      li a3, 10
      sb a3, 0(a1)
      ld ra, 0(sp)
      ld s0, 8(sp)
      addi sp, sp, 16
      ret
    .bss
    .balign 16
    .space 65536
    stack_top:
  `;
}

const HARNESSES: Readonly<Record<Isa, (measurements: readonly Measurement[]) => string>> = {
  aarch64: harnessAarch64,
  riscv64: harnessRiscv64,
};
const MACHINES: Readonly<Record<Isa, readonly string[]>> = {
  aarch64: ["-M", "virt", "-cpu", "cortex-a53"],
  riscv64: ["-M", "virt", "-cpu", "rv64", "-bios", "none"],
};

/** Instructions of each call, in order: the call itself not included, its RET included. */
export async function count(elf: Uint8Array, measurements: readonly Measurement[], target: Target): Promise<number[]> {
  const printed = await printedBy(elf, target);
  const [overhead = NaN, ...counts] = printed.trim().split(/\s+/).map((digits) => Number.parseInt(digits, 16));
  const wanted = measurements.reduce((sum, one) => sum + one.arguments.length, 0);
  if (counts.length !== wanted) throw new Error(`QEMU: ${counts.length} results instead of ${wanted}\n${printed}`);
  return counts.map((one) => one - overhead + 1);
}

/** What the program prints until it powers its machine off. */
async function printedBy(elf: Uint8Array, { isa, emulator }: Target): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "axv-counting-"));
  const path = join(folder, "counting.elf");
  writeFileSync(path, elf);
  const machine = [...MACHINES[isa], "-m", "64M", "-icount", "shift=0,sleep=off", "-nographic", "-nodefaults"];
  // setpriv: the kernel kills QEMU when this process ends, however it ends.
  const command = ["--pdeathsig", "KILL", "--", emulator.program, ...machine, "-serial", "stdio", "-kernel", path];
  const qemu = spawn("setpriv", command, { stdio: ["ignore", "pipe", "ignore"] });
  const stopWaiting = whenOver(() => qemu.kill("SIGKILL"));
  let printed = "";
  qemu.stdout.on("data", (bytes: Buffer) => (printed += bytes.toString("latin1")));
  try {
    const [status, signal] = (await once(qemu, "close")) as [number | null, string | null];
    if (status !== 0) throw new Error(`QEMU: ${status ?? signal}\n${printed}`);
    return printed;
  } finally {
    stopWaiting();
    rmSync(folder, { recursive: true });
  }
}
