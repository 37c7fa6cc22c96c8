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

#define HYPERCALL_CONSOLE_WRITE 0xc6000002      // core/abi.ts
#define TEXT_BYTES          16

#define TIMER               27                  // INTID of the virtual timer
#define NO_INTERRUPT        1023
#define NAP_TICKS           0x40000             // 4 ms at 62.5 MHz
#define NAPS                8

// GICv3 (IHI 0069)
#define GICD_CTLR           0x0000
#define GICD_CTLR_ENABLE    0x13                // ARE_NS, EnableGrp1A, EnableGrp1
#define GICR_SGI_BASE       0x10000
#define GICR_IGROUPR0       (GICR_SGI_BASE + 0x080)
#define GICR_ISENABLER0     (GICR_SGI_BASE + 0x100)
#define GICR_IPRIORITYR0    (GICR_SGI_BASE + 0x400)
// GICv2 (IHI 0048)
#define GICD_ISENABLER0     0x100
#define GICD_IPRIORITYR0    0x400
#define GICC_CTLR           0x00
#define GICC_PMR            0x04
#define GICC_BPR            0x08
#define GICC_IAR            0x0c
#define GICC_EOIR           0x10

#define PRIORITY            0x00
#define PMR_ALL             0xff
#define BPR_MOST            7                   // priorities that have bit 7 in common do not preempt one another

        .section .text.header, "ax"
        .globl  _start
_start: b       entry                           // code0 of a Linux arm64 Image (Documentation/arch/arm64/booting.rst)
        .long   0                               // code1
        .quad   0                               // text_offset
        .quad   end - _start                    // image_size
        .quad   2                               // flags: little endian, 4 KiB pages
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0

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

#if GIC_VERSION == 3
enable: mov     x0, #PMR_ALL
        msr     icc_pmr_el1, x0
        mov     x0, #BPR_MOST
        msr     icc_bpr1_el1, x0
        mov     x0, #1
        msr     icc_igrpen1_el1, x0
        ldr     x1, =GICD_IPA
        mov     w0, #GICD_CTLR_ENABLE
        str     w0, [x1, #GICD_CTLR]
        ldr     x1, =GICR_IPA + GICR_IPRIORITYR0
        mov     w0, #PRIORITY
        strb    w0, [x1, #TIMER]
        mov     w0, #(1 << TIMER)
        ldr     x1, =GICR_IPA + GICR_IGROUPR0
        str     w0, [x1]
        ldr     x1, =GICR_IPA + GICR_ISENABLER0
        str     w0, [x1]
        ret

acknowledge:
        mrs     x0, icc_iar1_el1
        cmp     x0, #NO_INTERRUPT
        b.eq    acknowledge
        cmp     x0, #TIMER
        b.ne    foreign
        msr     cntv_ctl_el0, xzr
        ret

endOf:  msr     icc_eoir1_el1, x0
        ret

disable:
        msr     icc_igrpen1_el1, xzr
        ret

mask:   msr     icc_pmr_el1, xzr
        ret
#else
enable: ldr     x1, =GICC_IPA
        mov     w0, #PMR_ALL
        str     w0, [x1, #GICC_PMR]
        mov     w0, #BPR_MOST
        str     w0, [x1, #GICC_BPR]
        mov     w0, #1
        str     w0, [x1, #GICC_CTLR]
        ldr     x1, =GICD_IPA
        str     w0, [x1, #GICD_CTLR]
        mov     w0, #PRIORITY
        strb    w0, [x1, #(GICD_IPRIORITYR0 + TIMER)]
        mov     w0, #(1 << TIMER)
        str     w0, [x1, #GICD_ISENABLER0]
        ret

acknowledge:
        ldr     x1, =GICC_IPA
        ldr     w0, [x1, #GICC_IAR]
        cmp     w0, #NO_INTERRUPT
        b.eq    acknowledge
        cmp     w0, #TIMER
        b.ne    foreign
        msr     cntv_ctl_el0, xzr
        ret

endOf:  str     w0, [x1, #GICC_EOIR]
        ret

disable:
        str     wzr, [x1, #GICC_CTLR]
        ret

mask:   str     wzr, [x1, #GICC_PMR]
        ret
#endif

        .balign 8
wedged: .ascii  "wedged for good\n"
stranger:
        .ascii  "foreign INTID..\n"
        .ltorg
end:
