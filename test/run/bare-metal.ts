// Assembles a few AArch64 instructions into an image that QEMU's -kernel takes: a board without a hypervisor, for the
// tests of the runner itself.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** UART of QEMU's virt machine. */
export const UART = 0x0900_0000;

/** Gives back the path of the image; its files are in `folder`. */
export function assemble(folder: string, source: string): string {
  const [s, o, bin] = ["kernel.S", "kernel.o", "kernel.bin"].map((name) => join(folder, name)) as [string, string, string];
  writeFileSync(s, `${source}\n`);
  execFileSync("clang-19", ["--target=aarch64-none-elf", "-c", s, "-o", o]);
  execFileSync("llvm-objcopy-19", ["-O", "binary", o, bin]);
  return bin;
}

/** Prints the numbers from 0 on as text, 8 hexadecimal digits a line, `count` of them; then waits for ever. */
export const counting = (count: number): string => `
        mov     x1, #${UART}
        mov     w2, #0
line:   mov     w3, #28
digit:  lsr     w4, w2, w3
        and     w4, w4, #15
        cmp     w4, #10
        add     w5, w4, #'0'
        add     w6, w4, #'a' - 10
        csel    w5, w5, w6, lo
        strb    w5, [x1]
        subs    w3, w3, #4
        b.ge    digit
        mov     w5, #'\\n'
        strb    w5, [x1]
        add     w2, w2, #1
        ldr     w7, =${count}
        cmp     w2, w7
        b.lo    line
end:    wfi
        b       end
`;

/** Sends back what it receives, with bit 5 flipped (a ↔ A). */
export const echoing = `
        mov     x1, #${UART}
wait:   ldr     w2, [x1, #0x18]         // UARTFR (PL011 TRM, DDI 0183): bit 4, RXFE: nothing received
        tbnz    w2, #4, wait
        ldr     w3, [x1]
        eor     w3, w3, #0x20
        str     w3, [x1]
        b       wait
`;

/** Arguments of a small machine that runs it. */
export const smallMachine = (image: string): string[] => ["-M", "virt", "-cpu", "cortex-a53", "-m", "128M", "-kernel", image];
