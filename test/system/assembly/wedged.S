// A guest that says one line and then wedges itself for good, in one of the ways below. It takes no interrupt and asks for
// nothing any more: whoever wants it to end has to end it. At EL1, MMU off. WEDGE, GIC_VERSION and the addresses come from
// test/system/wedged.ts.

#define SPINNING            0                   // all interrupts masked, an endless loop
#define ASLEEP              1                   // all interrupts masked, asleep in WFI
#define ASLEEP_IN_WFE       2                   // likewise, in WFE
#define NEVER_ENABLED       3                   // in WFI, the CPU interface as it was at the start: it signals nothing
#define DEAF                4                   // in WFI, the CPU interface off again
#define MASKED              5                   // in WFI, its priority mask lets nothing pass
#define BUSY                6                   // in WFI, in the middle of an interrupt that no other may preempt

#define NO_INTERRUPT        1023
#define NAP_TICKS           0x40000             // 4 ms at 62.5 MHz
#define NAPS                8

#define PRIORITY            0x00
#define BPR_MOST            7                   // priorities that have bit 7 in common do not preempt one another

entry:  msr     daifset, #0xf
        adr     x1, wedged
        bl      say

#if WEDGE == SPINNING
        b       .
#endif
#if WEDGE != NEVER_ENABLED
        bl      enable
        bl      nap                             // a guest that sleeps and can be woken, so far
        bl      acknowledge
#endif
#if WEDGE == ASLEEP || WEDGE == ASLEEP_IN_WFE
        bl      endOf
#elif WEDGE == DEAF
        bl      endOf
        bl      disable
#elif WEDGE == MASKED
        bl      endOf
        bl      mask
#endif
        dsb     sy
        isb
#if WEDGE == ASLEEP_IN_WFE
asleep: wfe
        b       asleep
#else
asleep: wfi
        b       asleep
#endif

// The TEXT_BYTES at x1.
say:    ldp     x2, x3, [x1]
        ldr     x0, =HYPERCALL_CONSOLE_WRITE
        mov     x1, #TEXT_BYTES
        hvc     #0
        ret

// No interrupt but its own may ever come to a guest: x0 is another one's INTID. Says it, in hexadecimal.
foreign:
        adr     x1, stranger
        ubfx    x2, x0, #4, #4
        add     x2, x2, #'0'
        strb    w2, [x1, #(TEXT_BYTES - 3)]
        and     x2, x0, #15
        cmp     x2, #10
        add     x3, x2, #'0'
        add     x4, x2, #'a' - 10
        csel    x2, x3, x4, lo
        strb    w2, [x1, #(TEXT_BYTES - 2)]
        bl      say
        b       .

// Sleeps until its timer's interrupt is pending; it stays so until it is acknowledged. Several times: a WFI while it is pending
// already, on an emulator that stood still just before, is no sleep.
nap:    mov     x1, #NAPS
again:  msr     cntv_ctl_el0, xzr
        mov     x0, #NAP_TICKS
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        isb
napping:
        wfi
        mrs     x0, cntv_ctl_el0
        tbz     x0, #2, napping                 // ISTATUS
        subs    x1, x1, #1
        b.ne    again
        ret

enable: mov     x0, #BPR_MOST
#if GIC_VERSION == 3
        msr     icc_bpr1_el1, x0
#else
        ldr     x1, =GICC_IPA
        str     w0, [x1, #GICC_BPR]
#endif
        enable_timer PRIORITY
        ret

acknowledge:
        acknowledge_interrupt
        cmp     x0, #NO_INTERRUPT
        b.eq    acknowledge
        cmp     x0, #TIMER
        b.ne    foreign
        msr     cntv_ctl_el0, xzr
        ret

endOf:  end_interrupt
        ret

#if GIC_VERSION == 3
disable:
        msr     icc_igrpen1_el1, xzr
        ret

mask:   msr     icc_pmr_el1, xzr
        ret
#else
disable:
        ldr     x1, =GICC_IPA
        str     wzr, [x1, #GICC_CTLR]
        ret

mask:   ldr     x1, =GICC_IPA
        str     wzr, [x1, #GICC_PMR]
        ret
#endif

        .balign 8
wedged: .ascii  "wedged for good\n"
stranger:
        .ascii  "foreign INTID..\n"
        .ltorg
end:
