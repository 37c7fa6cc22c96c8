// A guest that is restarted in the middle of an interrupt: it acknowledges its timer's, and asks for its reset before it ends it. In its next
// life the same interrupt must come again. At EL1, MMU off. GIC_VERSION and the addresses come from
// test/system/guestImage.ts.

#define PSCI_SYSTEM_RESET   0x84000009          // DEN 0022

#define TIMER               27                  // INTID of the virtual timer
#define DELAY_TICKS         20000               // 320 µs at 62.5 MHz

// GICv3 (IHI 0069)
#define GICD_CTLR           0x0000
#define GICD_CTLR_ENABLE    0x13                // ARE_NS, EnableGrp1A, EnableGrp1
#define GICR_SGI_BASE       0x10000
#define GICR_ISENABLER0     (GICR_SGI_BASE + 0x100)
#define GICR_IPRIORITYR0    (GICR_SGI_BASE + 0x400)
// GICv2 (IHI 0048)
#define GICD_ISENABLER0     0x100
#define GICD_IPRIORITYR0    0x400
#define GICC_CTLR           0x00
#define GICC_PMR            0x04
#define GICC_IAR            0x0c

#define PRIORITY            0x80
#define PMR_ALL             0xff
#define VECTOR_IRQ          0x280               // from the current EL with SP_ELx (D1.3.1)

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

entry:  adr     x0, vectors_el1
        msr     vbar_el1, x0
#if GIC_VERSION == 3
        mov     x0, #PMR_ALL
        msr     icc_pmr_el1, x0
        mov     x0, #1
        msr     icc_igrpen1_el1, x0
        ldr     x1, =GICD_IPA
        mov     w0, #GICD_CTLR_ENABLE
        str     w0, [x1, #GICD_CTLR]
        ldr     x1, =GICR_IPA + GICR_IPRIORITYR0
        mov     w0, #PRIORITY
        strb    w0, [x1, #TIMER]
        mov     w0, #(1 << TIMER)
        ldr     x1, =GICR_IPA + GICR_ISENABLER0
        str     w0, [x1]
#else
        ldr     x1, =GICD_IPA
        mov     w0, #1
        str     w0, [x1, #GICD_CTLR]
        mov     w0, #PRIORITY
        ldr     x2, =GICD_IPA + GICD_IPRIORITYR0
        strb    w0, [x2, #TIMER]
        mov     w0, #(1 << TIMER)
        str     w0, [x1, #GICD_ISENABLER0]
        ldr     x1, =GICC_IPA
        mov     w0, #PMR_ALL
        str     w0, [x1, #GICC_PMR]
        mov     w0, #1
        str     w0, [x1, #GICC_CTLR]
#endif
        mov     x2, #DELAY_TICKS
        msr     cntv_tval_el0, x2
        mov     x2, #1
        msr     cntv_ctl_el0, x2
        isb
        msr     daifclr, #2
wait:   wfi
        b       wait

interrupted:
#if GIC_VERSION == 3
        mrs     x0, icc_iar1_el1
#else
        ldr     x1, =GICC_IPA
        ldr     w0, [x1, #GICC_IAR]
#endif
        dsb     sy
        mov     x0, #(PSCI_SYSTEM_RESET & 0xffff)
        movk    x0, #(PSCI_SYSTEM_RESET >> 16), lsl #16
        hvc     #0
        b       .

        .ltorg
        .balign 2048
vectors_el1:
        .skip   VECTOR_IRQ
        b       interrupted
        .balign 2048
end:
