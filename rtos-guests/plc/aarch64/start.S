// Entry of the PLC guest, at EL1 with MMU and caches off, as the hypervisor (or QEMU, bare) starts it: image header,
// MMU on, stack, linear memory, then AssemblyScript's start(), and from there on one interrupt after the other.
// Linked at a fixed IPA (plc.ld); everything it needs is set up here, so it can be started anew from its pristine image.

#include "layout.h"

#define CURRENT_EL_EL1      (1 << 2)

#define MAIR_NORMAL_WB      0xff                // attribute 0: Normal, write-back, read and write allocate
#define MAIR_DEVICE_nGnRE   0x04                // attribute 1
#define MAIR                (MAIR_NORMAL_WB | MAIR_DEVICE_nGnRE << 8)

// TCR_EL1: 39-bit addresses by TTBR0 alone, so that walks start at level 1 and the linear window is in reach.
#define TCR_T0SZ            (64 - 39)
#define TCR_IRGN0_WBWA      (1 << 8)
#define TCR_ORGN0_WBWA      (1 << 10)
#define TCR_SH0_INNER       (3 << 12)
#define TCR_EPD1            (1 << 23)           // no walks by TTBR1; TG0 = 0: 4 KiB; IPS = 0: 32 bits
#define TCR                 (TCR_T0SZ | TCR_IRGN0_WBWA | TCR_ORGN0_WBWA | TCR_SH0_INNER | TCR_EPD1)

// SCTLR_EL1 (DDI 0487, D17.2.118)
#define SCTLR_RES1          0x30d00800          // bits 29, 28, 23, 22, 20, 11
#define SCTLR_M             (1 << 0)
#define SCTLR_C             (1 << 2)
#define SCTLR_SA            (1 << 3)            // SP aligned to 16
#define SCTLR_I             (1 << 12)
#define SCTLR_WXN           (1 << 19)           // nothing writable is executable
#define SCTLR               (SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I | SCTLR_WXN)

// Linux arm64 Image header (Documentation/arch/arm64/booting.rst): the profile check knows the guest by it, and by the
// marker behind it.
        .section .text.header, "ax"
        .globl  _start
_start:
        b       entry                           // code0
        .long   0                               // code1
        .quad   0                               // text_offset: the image starts where the partition's RAM does
        .quad   axv_image_size                  // image_size: RAM used, which is also the file's length
        .quad   2                               // flags: little endian, 4 KiB pages, near the start of RAM
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0
        .asciz  "AXVPLC1"                       // at offset 64, 8 bytes: the AssemblyScript PLC guest, layout 1

        .text
entry:
        mrs     x0, CurrentEL
        cmp     x0, #CURRENT_EL_EL1
        b.ne    halt
        msr     daifset, #0xf

        mov     x0, #MAIR
        msr     mair_el1, x0
        ldr     x0, =TCR
        msr     tcr_el1, x0
        ldr     x0, =stage1_root
        msr     ttbr0_el1, x0
        ldr     x0, =vectors
        msr     vbar_el1, x0
        msr     tpidr_el1, xzr                  // no panic yet (vectors.S)
        tlbi    vmalle1
        ic      iallu
        dsb     nsh
        isb
        ldr     x0, =SCTLR
        msr     sctlr_el1, x0
        isb

        msr     spsel, #1
        ldr     x0, =axv_stack_top
        mov     sp, x0
        bl      axv_init_linear
        mov     w0, #TIMER_INTID                // tools/build/programs.ts
        bl      start

        // The scan lives in the interrupt handler. Nothing is in a register here that the handler would have to keep.
        msr     daifclr, #2                     // IRQ
        .globl  wait
wait:
        wfi
        b       wait

        .globl  halt
halt:
        wfe
        b       halt

        .section .stack, "aw", %nobits          // the page below it is not mapped: an overflow is an exception
        .space  STACK_BYTES
        .section .panic_stack, "aw", %nobits
        .space  PANIC_STACK_BYTES
        .section .linear, "aw", %nobits
        .space  LINEAR_BYTES
