// A guest that makes the quick traps (arch/aarch64/entry.S) with every general register: a load of an emulated
// device's register, a store, a system register read and one written. Each time only the register that the instruction
// names may change, and to the right value. It says "every register.." or "wrong: kind nn..". At EL1, MMU off.
// Addresses come from test/system/guestImage.ts.

#define RTC                 34                  // INTID of an SPI that it owns
#define PRIORITY_AT         (GICD_IPA + 0x400 + RTC)
#define GENERAL_BYTES       256

// Kinds, as the digit behind "wrong:".
#define LOAD                '1'
#define STORE               '2'
#define READ                '3'
#define WRITE               '4'

.macro general operation, base
        .irp    n, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28
        pair    \operation, \n, \base
        .endr
.endm
.altmacro
.macro pair operation, n, base
        pair_of \operation, \n, %(\n + 1), %(\n * 8), \base
.endm
.macro pair_of operation, first, second, offset, base
        \operation x\first, x\second, [\base, #\offset]
.endm

// Every register has its own value; the one that the instruction takes its address from is x1 or, for x1 itself, x2.
.macro fill address, at
        adr     x0, kept
        general ldp, x0
        ldr     x30, [x0, #240]
        ldp     x0, x1, [x0]
        ldr     \at, =\address
.endm

// What is there now goes to `found`, where SP points.
.macro keep
        stp     x0, x1, [sp]
        general stp, sp
        str     x30, [sp, #240]
.endm

// Looks at all registers: `number` must hold x20 (31: none), `at` is not looked at.
.macro look kind, number, at
        mov     x21, #\number
        mov     x22, #\at
        mov     x23, #\kind
        bl      compare
.endm

.macro try number, register, wide, at, base
        fill    (GICD_IPA + GICD_TYPER), \base
        ldr     \register, [\base]
        keep
        ldr     x20, typer
        look    LOAD, \number, \at

        fill    PRIORITY_AT, \base
        strb    \register, [\base]
        keep
        look    STORE, 31, \at
        ldr     x1, =PRIORITY_AT
        ldrb    w3, [x1]                        // a byte is loaded the long way
        adr     x4, kept
        mov     x5, #\number
        cmp     x5, #31
        csel    x6, xzr, x5, eq
        ldr     x7, [x4, x6, lsl #3]
        csel    x7, xzr, x7, eq
        and     x7, x7, #0xf8
        cmp     x3, x7
        b.ne    wrong

        fill    0, \base
        mrs     \wide, id_aa64isar0_el1
        keep
        ldr     x20, isar0
        look    READ, \number, \at
#if GIC_VERSION == 3
        fill    0, \base
        msr     icc_pmr_el1, \wide
        keep
        look    WRITE, 31, \at
        mrs     x3, icc_pmr_el1
        adr     x4, kept
        mov     x5, #\number
        cmp     x5, #31
        csel    x6, xzr, x5, eq
        ldr     x7, [x4, x6, lsl #3]
        csel    x7, xzr, x7, eq
        and     x7, x7, #0xf8
        and     x3, x3, #0xf8
        cmp     x3, x7
        b.ne    wrong
#endif
.endm

entry:  msr     daifset, #0xf
        adr     x0, found
        mov     sp, x0
        adr     x0, kept
        mov     x1, #0
        ldr     x2, =0x5a5a000000000000
1:      add     x3, x2, x1, lsl #3              // its low byte is a priority: 0, 8, … 248
        str     x3, [x0, x1, lsl #3]
        add     x1, x1, #1
        cmp     x1, #32
        b.lo    1b
        ldr     x1, =(GICD_IPA + GICD_TYPER)
        ldrsw   x2, [x1]                        // sign-extended: the long way
        adr     x3, typer
        str     x2, [x3]
        mrs     x2, id_aa64isar0_el1
        adr     x3, isar0
        str     x2, [x3]

        .irp    n, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
        try     \n, w\n, x\n, 1, x1
        .endr
        try     1, w1, x1, 2, x2
        try     31, wzr, xzr, 1, x1

        adr     x1, right
        b       said
wrong:  adr     x1, mistake
        strb    w23, [x1, #7]
        mov     x2, #10
        udiv    x3, x21, x2
        msub    x2, x3, x2, x21
        add     w3, w3, #'0'
        strb    w3, [x1, #9]
        add     w2, w2, #'0'
        strb    w2, [x1, #10]
said:   ldp     x2, x3, [x1]
        ldr     x0, =HYPERCALL_CONSOLE_WRITE
        mov     x1, #TEXT_BYTES
        hvc     #0
2:      wfi
        b       2b

compare:
        adr     x4, kept
        mov     x5, #0
3:      cmp     x5, x22
        b.eq    5f
        ldr     x6, [x4, x5, lsl #3]
        cmp     x5, x21
        csel    x6, x20, x6, eq
        ldr     x7, [sp, x5, lsl #3]
        cmp     x6, x7
        b.ne    wrong
5:      add     x5, x5, #1
        cmp     x5, #31
        b.lo    3b
        ret

        .balign 8
right:  .ascii  "every register.\n"
mistake:
        .ascii  "wrong: . ......\n"
typer:  .quad   0
isar0:  .quad   0
        .ltorg
        .balign 16
kept:   .skip   GENERAL_BYTES
found:  .skip   GENERAL_BYTES
end:
