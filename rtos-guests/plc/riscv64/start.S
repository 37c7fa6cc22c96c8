// Entry of the PLC guest, in supervisor mode with satp = 0, as firmware (or the hypervisor, in VS-mode) starts it: a0 = hart, a1
// = device tree or 0. Image header, stack, linear memory, then AssemblyScript's start(), and from there on one interrupt after
// the other. Linked at a fixed address (plc.ld); everything it needs is set up here, so it can be started anew from its pristine
// image. It has no page tables: what protects others from it is the hypervisor's second stage.

#define SSTATUS_SIE         (1 << 1)
#define CAUSE_TIMER         5                   // of an interrupt: supervisor timer
#define INTERRUPT_SHIFT     63                  // scause: interrupt, else exception

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
        csrw    sscratch, zero                  // no panic yet
        lla     sp, axv_stack_top
        lla     gp, axv_linear_start            // where LINEAR expects it (tools/build/targets/riscv64.h)
        mv      s0, a1
        call    axv_init_linear
        mv      a0, s0
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
        .type   halt, %function
halt:
        wfi                                     // sstatus.SIE is 0 in a trap: nothing gets it out
        j       halt
        .size   halt, . - halt

        // sepc and sstatus need no saving: no trap is taken in here, but for the one that ends it all.
        .balign 4
        .type   trap, %function
trap:
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
        csrr    a0, scause
        li      a1, 1
        slli    a1, a1, INTERRUPT_SHIFT
        addi    a1, a1, CAUSE_TIMER
        bne     a0, a1, unexpected
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

        // On a stack of its own. sscratch tells a panic within a panic.
        .type   unexpected, %function
unexpected:
        csrr    a3, sscratch
        bnez    a3, halt
        li      a3, 1
        csrw    sscratch, a3
        lla     sp, axv_panic_stack_top
        lla     gp, axv_linear_start
        csrr    a1, sepc
        csrr    a2, stval
        call    panic
        j       halt
        .size   unexpected, . - unexpected
