// A guest that is restarted in the middle of an interrupt: it acknowledges its timer's, and asks for its reset
// before it ends it. In its next life the same interrupt must come again. At EL1, MMU off. GIC_VERSION and the
// addresses come from test/system/guestImage.ts.

#define PSCI_SYSTEM_RESET   0x84000009          // DEN 0022

#define DELAY_TICKS         20000               // 320 µs at 62.5 MHz

#define PRIORITY            0x80

entry:  adr     x0, vectors_el1
        msr     vbar_el1, x0
        enable_timer PRIORITY
        mov     x2, #DELAY_TICKS
        msr     cntv_tval_el0, x2
        mov     x2, #1
        msr     cntv_ctl_el0, x2
        isb
        msr     daifclr, #2
wait:   wfi
        b       wait

interrupted:
        acknowledge_interrupt
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
