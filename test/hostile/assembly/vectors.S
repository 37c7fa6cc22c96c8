// Vectors of the hostile guest at EL1 (DDI 0487, D1.3.1). A synchronous exception in a step is noted, and its instruction
// skipped; an interrupt is acknowledged and ended, and what raised it is left alone.

#define SPSR_I              (1 << 7)
#define SPSR_IL             (1 << 20)
#define ESR_EC_SHIFT        26
#define EC_SVC64            0x15
#define EC_INSTRUCTION_ABORT_SAME 0x21
#define GICC_IAR            0x0c
#define GICC_EOIR           0x10
#define INTID_MASK          0x3ff
#define INTID_SPECIAL       1020

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
        .balign 0x80
        b       synchronous
        .balign 0x80
        b       interrupt
        unexpected 2                            // FIQ, SError
        unexpected 8                            // lower EL: there is none

synchronous:
        stp     x16, x17, [sp, #-16]!
        adr     x16, stepping
        ldr     x17, [x16]
        cbz     x17, unexpected_exception
        ldr     x17, [x16, #8]                  // step_exceptions
        add     x17, x17, #1
        str     x17, [x16, #8]
        mrs     x17, far_el1
        str     x17, [x16, #24]                 // step_fault
        mrs     x17, esr_el1
        str     x17, [x16, #16]                 // step_syndrome
        lsr     x17, x17, #ESR_EC_SHIFT
        cmp     x17, #EC_INSTRUCTION_ABORT_SAME
        b.ne    1f
        msr     elr_el1, x30                    // a step goes elsewhere by BLR only
        b       2f
1:      cmp     x17, #EC_SVC64
        b.eq    2f                              // returns behind itself
        mrs     x17, elr_el1
        add     x17, x17, #4
        msr     elr_el1, x17
2:      mrs     x17, spsr_el1
        bic     x17, x17, #SPSR_IL
        msr     spsr_el1, x17
        ldp     x16, x17, [sp], #16
        eret

// In the code of encode.ts that takes interrupts: x28 counts them, x1 says how many are wanted. A storm leaves no time for an
// instruction between two of them, so it is ended from here.
interrupt:
        stp     x16, x17, [sp, #-16]!
        adr     x16, step_gicc
        ldr     x16, [x16]
        cbnz    x16, 1f
        mrs     x17, S3_0_C12_C12_0             // ICC_IAR1_EL1
        cmp     x17, #INTID_SPECIAL
        b.hs    3f
        msr     S3_0_C12_C12_1, x17             // ICC_EOIR1_EL1
        b       2f
1:      ldr     w17, [x16, #GICC_IAR]
        and     x17, x17, #INTID_MASK
        cmp     x17, #INTID_SPECIAL
        b.hs    3f
        str     w17, [x16, #GICC_EOIR]
2:      isb
        add     x28, x28, #1
3:      cmp     x28, x1
        b.lo    4f
        mrs     x17, spsr_el1
        orr     x17, x17, #SPSR_I
        msr     spsr_el1, x17
4:      ldp     x16, x17, [sp], #16
        eret

unexpected_exception:
        ldr     x0, =axv_stack_top
        mov     sp, x0
        mrs     x0, esr_el1
        mrs     x1, elr_el1
        mrs     x2, far_el1
        bl      panic
halt:   wfe
        b       halt
