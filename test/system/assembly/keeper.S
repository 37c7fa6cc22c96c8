// A guest that gives every register a value and keeps it: general registers and vector registers, flags, and those of EL1
// that an operating system keeps its own things in. Its timer interrupts it again and again, it makes a call again and
// again, and whatever the hypervisor does in between, every interrupt looks whether a register has changed, and says so. At
// EL1, MMU off. GIC_VERSION and the addresses come from test/system/guestImage.ts.

#define PSCI_VERSION        0x84000000          // changes x0 and no other register (DEN 0028, SMCCC 1.1)

#define PERIOD_TICKS        20000               // 320 µs at 62.5 MHz
#define INTERRUPTS_A_LINE   256

#define PRIORITY            0x80

#define CPACR_FPEN          (3 << 20)           // no trap of vector registers
#define FLAGS               0xa0000000          // N and C
#define FLAGS_MASK          0xf0000000
#define PSTATE_EL1H         0x5

// What is kept, and what an interrupt finds: x0 … x30, SP_EL1, then q0 … q31.
#define GENERAL_BYTES       256
#define FRAME_BYTES         (GENERAL_BYTES + 512)
#define WORDS               (FRAME_BYTES / 8)
#define STACK_WORD          31

.macro general operation, base
        \operation x2, x3, [\base, #16]
        \operation x4, x5, [\base, #32]
        \operation x6, x7, [\base, #48]
        \operation x8, x9, [\base, #64]
        \operation x10, x11, [\base, #80]
        \operation x12, x13, [\base, #96]
        \operation x14, x15, [\base, #112]
        \operation x16, x17, [\base, #128]
        \operation x18, x19, [\base, #144]
        \operation x20, x21, [\base, #160]
        \operation x22, x23, [\base, #176]
        \operation x24, x25, [\base, #192]
        \operation x26, x27, [\base, #208]
        \operation x28, x29, [\base, #224]
.endm

.macro vectors operation, base
        .irp    n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
        pair    \operation, \n, \base
        .endr
.endm
.altmacro
.macro pair operation, n, base
        pair_of \operation, \n, %(\n + 1), %(GENERAL_BYTES + \n * 16), \base
.endm
.macro pair_of operation, first, second, offset, base
        \operation q\first, q\second, [\base, #\offset]
.endm

entry:  msr     daifset, #0xf
        mov     x0, #CPACR_FPEN
        msr     cpacr_el1, x0
        adr     x0, vectors_el1
        msr     vbar_el1, x0
        isb
        adr     x0, stack
        mov     sp, x0
        bl      enable
        // Every word of what is kept has its own number in it.
        adr     x0, kept
        mov     x1, #0
        ldr     x2, =0x5a5a000000000000
fill:   add     x3, x2, x1
        str     x3, [x0, x1, lsl #3]
        mvn     x4, x3
        adr     x5, kept_not
        str     x4, [x5, x1, lsl #3]
        add     x1, x1, #1
        cmp     x1, #WORDS
        b.lo    fill
        mov     x1, sp
        str     x1, [x0, #(STACK_WORD * 8)]
        msr     sp_el0, x3
        msr     tpidr_el0, x3
        msr     tpidrro_el0, x3
        msr     tpidr_el1, x3
        bl      arm
        ldr     x1, =(FLAGS | PSTATE_EL1H)
        msr     spsr_el1, x1
        adr     x1, keeping
        msr     elr_el1, x1
        vectors ldp, x0
        general ldp, x0
        ldr     x30, [x0, #240]
        ldp     x0, x1, [x0]
        eret

// Nothing but x0 changes here: calls, and what the hypervisor does for a guest in one way or another.
keeping:
        mov     x0, #PSCI_VERSION
        hvc     #0
        mov     x0, #PSCI_VERSION
        smc     #0
        mrs     x0, id_aa64isar0_el1
        ldr     x0, =(GICD_IPA + GICD_TYPER)
        ldr     w0, [x0]
#if GIC_VERSION == 3
        mov     x0, #PMR_ALL
        msr     icc_pmr_el1, x0
#endif
        .rept   64
        nop
        .endr
        b       keeping

// Nothing at all changes here, and nothing comes to the hypervisor but interrupts.
spinning:
        b       spinning

interrupted:
        sub     sp, sp, #FRAME_BYTES
        stp     x0, x1, [sp]
        general stp, sp
        str     x30, [sp, #240]
        add     x0, sp, #FRAME_BYTES
        str     x0, [sp, #(STACK_WORD * 8)]
        vectors stp, sp

        adr     x0, kept
        mov     x1, #1                          // x0 is what the call makes of it
look:   ldr     x2, [x0, x1, lsl #3]
        ldr     x3, [sp, x1, lsl #3]
        cmp     x2, x3
        b.ne    changed
        add     x1, x1, #1
        cmp     x1, #WORDS
        b.lo    look
        // x2 is the last word's value, which the registers of EL1 have too.
        .irp    register, sp_el0, tpidr_el0, tpidrro_el0, tpidr_el1
        mrs     x3, \register
        cmp     x2, x3
        b.ne    changed
        .endr
        mrs     x3, spsr_el1
        and     x3, x3, #FLAGS_MASK
        ldr     x2, =FLAGS
        cmp     x2, x3
        b.ne    changed

        bl      acknowledge
        bl      arm
        bl      endOf
        adr     x4, interrupts
        ldr     x5, [x4]
        add     x5, x5, #1
        str     x5, [x4]
        ands    x5, x5, #(INTERRUPTS_A_LINE - 1)
        b.ne    back
        adr     x1, all
        bl      say
        adr     x4, interrupts
        // Its interrupts meet it in turn while it makes calls, and while it does nothing.
back:   adr     x1, keeping
        adr     x2, spinning
        ldr     x5, [x4]
        tst     x5, #1
        csel    x1, x1, x2, eq
        msr     elr_el1, x1
        // What the hypervisor has seen of its registers by then is all different from what they are.
        adr     x0, kept_not
        general ldp, x0
        ldr     x30, [x0, #240]
        mov     x0, #PSCI_VERSION
        hvc     #0
        vectors ldp, sp
        general ldp, sp
        ldr     x30, [sp, #240]
        ldp     x0, x1, [sp], #16
        add     sp, sp, #(FRAME_BYTES - 16)
        eret

// x1: the word, in hexadecimal; behind the last one it is a register of EL1 or the flags.
changed:
        mov     x4, x1
        adr     x1, other
        ubfx    x2, x4, #4, #4
        add     x2, x2, #'0'
        strb    w2, [x1, #(TEXT_BYTES - 3)]
        and     x2, x4, #15
        cmp     x2, #10
        add     x3, x2, #'0'
        add     x5, x2, #'a' - 10
        csel    x2, x3, x5, lo
        strb    w2, [x1, #(TEXT_BYTES - 2)]
        bl      say
        b       .

// The TEXT_BYTES at x1.
say:    ldp     x2, x3, [x1]
        ldr     x0, =HYPERCALL_CONSOLE_WRITE
        mov     x1, #TEXT_BYTES
        hvc     #0
        ret

arm:    mov     x2, #PERIOD_TICKS
        msr     cntv_tval_el0, x2
        mov     x2, #1
        msr     cntv_ctl_el0, x2
        isb
        ret

enable: enable_timer PRIORITY
        ret

acknowledge:
        acknowledge_interrupt
        ret

endOf:  end_interrupt
        ret

        .balign 8
all:    .ascii  "registers kept.\n"
other:  .ascii  "changed: word..\n"
interrupts:
        .quad   0
        .ltorg
        .balign 2048
vectors_el1:
        .skip   VECTOR_IRQ
        b       interrupted
        .balign 2048
        .balign 16
kept:   .skip   FRAME_BYTES
kept_not:
        .skip   FRAME_BYTES
        .skip   4096
stack:
end:
