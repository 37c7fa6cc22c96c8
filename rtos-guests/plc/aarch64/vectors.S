// Exception vectors at EL1 (DDI 0487, D1.3.1). The only exception in the guest's life is IRQ, taken at EL1 with SP_EL1;
// any other one ends in panic() and then, for ever, in WFE.

        .section .text.vectors, "ax"

        .macro  unexpected count
        .rept   \count
        .balign 0x80
        b       unexpected_exception
        .endr
        .endm

        .balign 0x800
        .globl  vectors
vectors:
        unexpected 4                            // current EL with SP_EL0
        unexpected 1                            // current EL with SP_ELx: synchronous
        .balign 0x80                            // IRQ
        b       irq_exception
        unexpected 2                            // FIQ, SError
        unexpected 8                            // lower EL: there is none

        // ELR_EL1 and SPSR_EL1 need no saving: no exception is taken in here, but for the one that ends it all.
irq_exception:
        stp     x29, x30, [sp, #-176]!
        stp     x0, x1, [sp, #16]
        stp     x2, x3, [sp, #32]
        stp     x4, x5, [sp, #48]
        stp     x6, x7, [sp, #64]
        stp     x8, x9, [sp, #80]
        stp     x10, x11, [sp, #96]
        stp     x12, x13, [sp, #112]
        stp     x14, x15, [sp, #128]
        stp     x16, x17, [sp, #144]
        str     x18, [sp, #160]
        bl      irq
        ldp     x0, x1, [sp, #16]
        ldp     x2, x3, [sp, #32]
        ldp     x4, x5, [sp, #48]
        ldp     x6, x7, [sp, #64]
        ldp     x8, x9, [sp, #80]
        ldp     x10, x11, [sp, #96]
        ldp     x12, x13, [sp, #112]
        ldp     x14, x15, [sp, #128]
        ldp     x16, x17, [sp, #144]
        ldr     x18, [sp, #160]
        ldp     x29, x30, [sp], #176
        eret

        // On a stack of its own, for the cause may be that the other one is full. TPIDR_EL1 tells a panic within a panic.
unexpected_exception:
        mrs     x3, tpidr_el1
        cbnz    x3, halt
        mov     x3, #1
        msr     tpidr_el1, x3
        ldr     x3, =axv_panic_stack_top
        mov     sp, x3
        mrs     x0, esr_el1
        mrs     x1, elr_el1
        mrs     x2, far_el1
        bl      panic
        b       halt
