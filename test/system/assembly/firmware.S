// Firmware at EL3 for a test: a machine with two Security states, all interrupts Non-secure, SCR_EL3.FIQ as -DFIQ says, and PSCI
// CPU_ON. It leaves for EL2 at IMAGE, as QEMU does by itself where there is no EL3.

#define MAILBOXES       0x0e000000          // 16 bytes a CPU in QEMU's Secure RAM: entry, argument
#define GICD            0x08000000
#define GICR            0x080a0000
#define DEVICE_TREE     0x40000000          // where QEMU puts it for firmware
#define SPSR_EL2H       0x3c9
#define SCR_EL3_VALUE   (0x531 | FIQ << 2)  // RW, HCE, RES1, NS
#define COUNTER_HZ      62500000

    .text
    mrs     x9, mpidr_el1
    and     x9, x9, #0xff
    adr     x0, vectors
    msr     vbar_el3, x0
    mov     x0, #0xf
    msr     S3_6_C12_C12_5, x0              // ICC_SRE_EL3: SRE, DFB, DIB, Enable
    isb
    mov     x0, #SCR_EL3_VALUE
    msr     scr_el3, x0
    isb
    msr     cptr_el3, xzr
    msr     mdcr_el3, xzr
    ldr     x0, =COUNTER_HZ
    msr     cntfrq_el0, x0
    mov     x0, #0xff
    msr     S3_0_C4_C6_0, x0                // ICC_PMR_EL1: everything, of which the Non-secure half is EL2's to lower
    ldr     x1, =GICR
    add     x1, x1, x9, lsl #17
    ldr     w2, [x1, #0x14]                 // GICR_WAKER.ProcessorSleep
    bic     w2, w2, #2
    str     w2, [x1, #0x14]
1:  ldr     w2, [x1, #0x14]                 // ChildrenAsleep
    tbnz    w2, #2, 1b
    add     x1, x1, #0x10000
    mov     w2, #-1
    str     w2, [x1, #0x80]                 // GICR_IGROUPR0: group 1
    cbnz    x9, 3f
    ldr     x1, =GICD
    mov     w2, #0x37                       // GICD_CTLR: ARE_S, ARE_NS, all groups
    str     w2, [x1]
    mov     w2, #-1
    mov     x3, #0x84
2:  str     w2, [x1, x3]                    // GICD_IGROUPR1…
    add     x3, x3, #4
    cmp     x3, #0xc0
    b.lo    2b
    ldr     x10, =IMAGE
    mov     x11, #DEVICE_TREE
    b       4f
3:  wfe
    ldr     x1, =MAILBOXES
    add     x1, x1, x9, lsl #4
    ldr     x10, [x1]
    cbz     x10, 3b
    ldr     x11, [x1, #8]
4:  msr     elr_el3, x10
    mov     x0, #SPSR_EL2H
    msr     spsr_el3, x0
    mov     x0, x11
    eret
    .ltorg

    .balign 2048
vectors:
    // Synchronous, from AArch64: PSCI CPU_ON (x1 CPU, x2 entry, x3 argument), nothing else.
    .org    vectors + 0x400
    movz    x4, #0xc400, lsl #16
    movk    x4, #3
    cmp     x0, x4
    b.ne    5f
    and     x4, x1, #0xff
    ldr     x5, =MAILBOXES
    add     x5, x5, x4, lsl #4
    str     x3, [x5, #8]
    dsb     sy
    str     x2, [x5]
    dsb     sy
    sev
    mov     x0, #0
    eret
5:  mov     x0, #-1
    eret
    .ltorg
    .org    vectors + 0x800
