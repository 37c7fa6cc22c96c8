// Entry of the PLC guest, in supervisor mode with satp = 0, as firmware (or the hypervisor, in VS-mode) starts it: a0 = hart, a1
// = device tree or 0. Image header, stack, linear memory, MMU on, then AssemblyScript's start(), and from there on one interrupt
// after the other. Linked at a fixed address (plc.ld); everything it needs is set up here, so it can be started anew from its
// pristine image.

#include "layout.h"

#define SSTATUS_SIE         (1 << 1)
#define SATP_SV39           (8 << 60)
#define SATP                (SATP_SV39 | ROOT_PA >> 12)

// Linux riscv Image header (Documentation/arch/riscv/boot-image-header.rst): profiles know the guest by it, and by the marker
// behind it.
        .section .text.header, "ax"
        .globl  _start
_start:
        .option push
        .option norvc
        j       entry                           // code0
        .option pop
        .type   header, %object
header:
        .word   0                               // code1
        .quad   0x200000                        // text_offset: behind the firmware
        .quad   axv_image_size                  // image_size: RAM used, which is also the file's length
        .quad   0                               // flags: little endian
        .word   2                               // version 0.2
        .word   0
        .quad   0
        .ascii  "RISCV\0\0\0"
        .ascii  "RSC\x05"
        .word   0
        .asciz  "AXVPLC1"                       // at offset 64, 8 bytes: the AssemblyScript PLC guest, layout 1
        .size   header, . - header

        .text
        .type   entry, %function
entry:
        csrw    sie, zero
        csrci   sstatus, SSTATUS_SIE
        lla     t0, trap
        csrw    stvec, t0
        lla     sp, axv_stack_top
        lla     gp, axv_linear_start            // where LINEAR expects it (tools/build/targets/riscv64.h)
        mv      s0, a1
        call    axv_init_linear
        mv      a0, s0
        call    learn                           // the tree may be anywhere: it is not mapped

        li      t0, SATP
        csrw    satp, t0
        sfence.vma
        li      gp, LINEAR_BASE                 // tools/build/programs.ts
        call    start

        // The scan lives in the interrupt handler. Nothing is in a register here that the handler would have to keep.
        csrsi   sstatus, SSTATUS_SIE
        j       wait
        .size   entry, . - entry

        .globl  wait
        .type   wait, %function
wait:
        wfi
        j       wait
        .size   wait, . - wait

        .globl  halt
        .balign 4
        .type   halt, %function
halt:
        wfi                                     // sstatus.SIE is 0 in a trap: nothing gets it out
        j       halt
        .size   halt, . - halt

        // sepc and sstatus need no saving: no trap is taken in here, but for the one that ends it all. (Not Vectored, which
        // would tell exceptions by itself: firmware that hands an illegal instruction on goes to stvec with its mode bits, and
        // QEMU 7.2 to an odd address then.)
        .balign 4
        .type   trap, %function
trap:
        csrw    sscratch, t0
        csrr    t0, scause
        bgez    t0, unexpected                  // an exception; of interrupts the timer's alone is on
        csrr    t0, sscratch
        addi    sp, sp, -128
        sd      ra, 0(sp)
        sd      t0, 8(sp)
        sd      t1, 16(sp)
        sd      t2, 24(sp)
        sd      a0, 32(sp)
        sd      a1, 40(sp)
        sd      a2, 48(sp)
        sd      a3, 56(sp)
        sd      a4, 64(sp)
        sd      a5, 72(sp)
        sd      a6, 80(sp)
        sd      a7, 88(sp)
        sd      t3, 96(sp)
        sd      t4, 104(sp)
        sd      t5, 112(sp)
        sd      t6, 120(sp)
        call    irq
        ld      ra, 0(sp)
        ld      t0, 8(sp)
        ld      t1, 16(sp)
        ld      t2, 24(sp)
        ld      a0, 32(sp)
        ld      a1, 40(sp)
        ld      a2, 48(sp)
        ld      a3, 56(sp)
        ld      a4, 64(sp)
        ld      a5, 72(sp)
        ld      a6, 80(sp)
        ld      a7, 88(sp)
        ld      t3, 96(sp)
        ld      t4, 104(sp)
        ld      t5, 112(sp)
        ld      t6, 120(sp)
        addi    sp, sp, 128
        sret
        .size   trap, . - trap

        // On a stack of its own, for the cause may be that the other one is full. A panic within a panic stands at once.
        .type   unexpected, %function
unexpected:
        lla     t0, halt
        csrw    stvec, t0
        lla     sp, axv_panic_stack_top
        lla     gp, axv_linear_start
        csrr    t0, satp
        beqz    t0, 1f
        li      gp, LINEAR_BASE
1:      csrr    a0, scause
        csrr    a1, sepc
        csrr    a2, stval
        call    panic
        j       halt
        .size   unexpected, . - unexpected

        .section .stack, "aw", %nobits          // the page below it is not mapped: an overflow is an exception
        .space  STACK_BYTES
        .section .panic_stack, "aw", %nobits
        .space  PANIC_STACK_BYTES
        .section .linear, "aw", %nobits
        .space  LINEAR_BYTES
