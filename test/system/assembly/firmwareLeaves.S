// What a firmware may leave at EL2, all of it at once, for a test: MMU and caches on by tables of its own, HCR_EL2 with bits set
// (E2H where it can be), SErrors unmasked, traps, timers that have gone off, and in the interrupt controller everything enabled,
// pending and active, one interrupt taken and not ended, list registers full. Then it goes on at ENTRY. The test defines that and
// GIC_VERSION.

#define GICD            0x08000000
#define GICR            0x080a0000
#define GICC            0x08010000
#define GICH            0x08030000
#define GARBAGE         0x5a5a5a5a
#define HCR_VALUE       0x8c00003f          // RW, TVM, TGE, AMO, IMO, FMO, PTW, SWIO, VM
#define HCR_E2H         (1 << 34)
#define SPI_WORDS       7

    .text
    mov     x27, x0
    mov     w3, #-1
    ldr     x1, =GICD
#if GIC_VERSION == 3
    mov     x0, #0xf
    msr     S3_4_C12_C9_5, x0               // ICC_SRE_EL2
    isb
    ldr     x2, =GICR
    ldr     w4, [x2, #0x14]                 // GICR_WAKER.ProcessorSleep
    bic     w4, w4, #2
    str     w4, [x2, #0x14]
1:  ldr     w4, [x2, #0x14]                 // ChildrenAsleep
    tbnz    w4, #2, 1b
    add     x2, x2, #0x10000
    mov     w4, #0x12                       // ARE_NS, EnableGrp1NS
    str     w4, [x1]
    str     w3, [x2, #0x80]                 // IGROUPR0
#else
    mov     x2, x1
    mov     w4, #1
    str     w4, [x1]
#endif
    mov     x5, #0
2:  str     wzr, [x2, #0x400]               // IPRIORITYR
    add     x2, x2, #4
    add     x5, x5, #1
    cmp     x5, #8
    b.lo    2b
    sub     x2, x2, #32
    str     w3, [x2, #0x100]                // ISENABLER
    mov     w4, #0xffff0000
    str     w4, [x2, #0x200]                // ISPENDR
    dsb     sy
#if GIC_VERSION == 3
    mov     x0, #0xf0
    msr     S3_0_C4_C6_0, x0                // ICC_PMR_EL1
    mov     x0, #7
    msr     S3_0_C12_C12_3, x0              // ICC_BPR1_EL1
    mov     x0, #1
    msr     S3_0_C12_C12_7, x0              // ICC_IGRPEN1_EL1
    isb
    mrs     x0, S3_0_C12_C12_0              // ICC_IAR1_EL1
#else
    ldr     x6, =GICC
    str     w3, [x6, #4]                    // PMR
    mov     w4, #1
    str     w4, [x6]
    ldr     w4, [x6, #0xc]                  // IAR
#endif
    str     w3, [x2, #0x300]                // ISACTIVER
    mov     x5, #SPI_WORDS
3:  add     x1, x1, #4
    str     w3, [x1, #0x80]
    str     w3, [x1, #0x100]
    str     w3, [x1, #0x200]
    str     w3, [x1, #0x300]
    subs    x5, x5, #1
    b.ne    3b
#if GIC_VERSION == 3
    ldr     x0, =0xf00000000000001b | 0x1b << 32 // pending and active, HW, group 1
    msr     S3_4_C12_C12_0, x0              // ICH_LR0_EL2…
    msr     S3_4_C12_C12_1, x0
    msr     S3_4_C12_C12_2, x0
    msr     S3_4_C12_C12_3, x0
    ldr     x0, =0xf800000f
    msr     S3_4_C12_C8_0, x0               // ICH_AP0R0_EL2
    msr     S3_4_C12_C9_0, x0               // ICH_AP1R0_EL2
    msr     S3_4_C12_C11_7, x0              // ICH_VMCR_EL2
    msr     S3_4_C12_C11_0, x0              // ICH_HCR_EL2
#else
    ldr     x6, =GICH
    ldr     w4, =0xb0006c1b
    str     w4, [x6, #0x100]                // GICH_LR0…
    str     w4, [x6, #0x104]
    str     w4, [x6, #0x108]
    str     w4, [x6, #0x10c]
    str     w3, [x6, #0xf0]                 // APR
    str     w3, [x6, #8]                    // VMCR
    ldr     w4, =0xf80000ff
    str     w4, [x6]                        // HCR
#endif
    mov     x0, #1
    msr     cnthp_cval_el2, xzr
    msr     cnthp_ctl_el2, x0
    msr     cntv_cval_el0, xzr
    msr     cntv_ctl_el0, x0
    msr     cntp_cval_el0, xzr
    msr     cntp_ctl_el0, x0
    msr     cnthctl_el2, xzr
    ldr     x0, =GARBAGE
    msr     cntvoff_el2, x0
    msr     vttbr_el2, x0
    msr     vpidr_el2, x0
    msr     vmpidr_el2, x0
    msr     sctlr_el1, x0
    msr     vbar_el1, x0
    msr     hstr_el2, x0
    msr     tpidr_el2, xzr
    mov     x0, #0xfe0                      // MDCR_EL2: TPMCR, TPM, HPME, TDE, TDA, TDOSA, TDRA
    msr     mdcr_el2, x0
    ldr     x0, =0x80103fff                 // CPTR_EL2: all that it traps
    msr     cptr_el2, x0
    mov     x0, #0x1000
    msr     vbar_el2, x0
    msr     spsel, #0
    mov     x0, #0x04ff
    msr     mair_el2, x0
    ldr     x0, =0x80823519                 // 39 bits, 4 KiB; of E2H's form, too
    msr     tcr_el2, x0
    adr     x0, tables
    msr     ttbr0_el2, x0
    ldr     x0, =HCR_VALUE
#ifdef E2H
    ldr     x4, =HCR_E2H
    orr     x0, x0, x4
#endif
    msr     hcr_el2, x0
    tlbi    alle2
    dsb     sy
    isb
    ldr     x0, =0x30c51835                 // M, C, I
    msr     sctlr_el2, x0
    isb
    tlbi    alle2
    dsb     sy
    isb
    msr     daifclr, #4
    mov     x0, x27
    ldr     x1, =ENTRY
    br      x1
    .ltorg
    .balign 4096
tables:
    .quad   0x405                           // the first GiB: Device
    .quad   0x40000701                      // the second: Normal
    .zero   4080
