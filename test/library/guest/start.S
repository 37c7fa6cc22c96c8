// Entry of the C guest at EL1, as the hypervisor starts it: an arm64 Image of RAM's first byte on (guest.ld). MMU and caches on,
// every address at its own, then C's start(); and after that nothing any more.

#define MAIR                0x04ff              // attribute 0: Normal, write-back; 1: Device-nGnRE
// 39 bits, write-back, inner shareable walks, no TTBR1.
#define TCR                 ((64 - 39) | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23))
#define SCTLR               (0x30d00800 | (1 << 12) | (1 << 2) | (1 << 0)) // RES1, I, C, M

// A block of 1 GiB (DDI 0487, D8.3): valid, AF, and for devices attribute 1 and no execution.
#define NORMAL_BLOCK        (1 | (3 << 8) | (1 << 10))
#define DEVICE_BLOCK        (1 | (1 << 2) | (1 << 10) | (3 << 53))

        .section .text.header, "ax"
        .globl  _start
_start:                                         // Linux Documentation/arch/arm64/booting.rst
        b       entry
        .long   0
        .quad   0                               // text_offset
        .quad   image_size
        .quad   2                               // little endian, 4 KiB pages
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0

entry:
        mov     x0, #MAIR
        msr     mair_el1, x0
        ldr     x0, =TCR
        msr     tcr_el1, x0
        adr     x0, table
        msr     ttbr0_el1, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        tlbi    vmalle1
        ic      iallu
        dsb     nsh
        isb
        ldr     x0, =SCTLR
        msr     sctlr_el1, x0
        isb
        ldr     x0, =stack_top
        mov     sp, x0
        bl      start
asleep: wfi
        b       asleep

        .balign 0x800
vectors:                                        // no exception is expected: the guest hangs, and its watchdog tells
        .rept   16
        .balign 0x80
        b       .
        .endr

        .balign 0x1000
table:  .quad   DEVICE_BLOCK                    // 0
        .quad   0x40000000 + NORMAL_BLOCK       // RAM, channel, mailbox
        .fill   510, 8, 0

        .section .bss
        .balign 16
        .space  0x4000
stack_top:
