// A guest whose first instruction reads the cycle counter, which QEMU starts with the machine. It prints that, on a line.
#include "common.inc"
#define IMAGE_BYTES         0x1000

// Linux riscv Image header (Documentation/arch/riscv/boot-image-header.rst).
        .globl  _start
        .option norvc
_start:
        csrr    s0, cycle                       // code0
        j       entry                           // code1
        .quad   0x200000                        // text_offset: behind the firmware
        .quad   IMAGE_BYTES                     // image_size
        .quad   0                               // flags: little endian
        .word   2                               // version 0.2
        .word   0
        .quad   0
        .ascii  "RISCV\0\0\0"
        .ascii  "RSC\x05"
        .word   0

entry:  mv      a0, s0
        print
1:      li      a0, 1
        li      a1, '\n'
        li      a6, CALL_CONSOLE_WRITE
        li      a7, CALL_EXTENSION
        ecall
        beqz    a1, 1b
2:      wfi
        j       2b
        subroutines
        .balign IMAGE_BYTES
