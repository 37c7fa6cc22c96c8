// Entry and vectors of the benchmark guest, at EL1 with MMU and caches off, under the hypervisor or without.

#define STACK_BYTES         0x2000
#define SPSR_I              (1 << 7)
#define MPIDR_AFF0          0xff

// Linux arm64 Image header (Documentation/arch/arm64/booting.rst). Its first two words are instructions: the guest's very
// first one reads the clock, which QEMU starts with the machine.
        .section .text.header, "ax"
        .globl  _start
_start:
        mrs     x28, cntpct_el0                 // code0
        b       entry                           // code1
        .quad   0                               // text_offset
        .quad   axv_image_size                  // image_size
        .quad   2                               // flags: little endian, 4 KiB pages
        .quad   0                               // reserved: samples of a path, if not as many as usual (samples.ts)
        .quad   0, 0
        .ascii  "ARM\x64"
        .long   0

        .text
entry:
        mrs     x0, mpidr_el1
        tst     x0, #MPIDR_AFF0
        b.ne    halt                            // all but the first only keep their pCPU busy
        ldr     x0, =vectors
        msr     vbar_el1, x0
        ldr     x0, =axv_stack_top
        mov     sp, x0
        isb
        bl      axv_init_linear
        mov     x0, x28
        bl      start

        // Neither off nor asleep: QEMU would end before its last output is read, or be deaf (-icount sleep=off).
halt:
        b       halt

// The IRQ handler: leaves in x10 how long after x9 it began (paths.table.ts), and goes back with IRQs masked. Acknowledging
// is left to the code that waits: the interrupt stays pending as long.
        .macro  unexpected
        .balign 0x80
        b       unexpected_exception
        .endm

        .section .text.vectors, "ax"
        .balign 0x800
vectors:
        .rept   5                               // with SP_EL0; synchronous with SP_EL1
        unexpected
        .endr
        .balign 0x80                            // IRQ with SP_EL1
        mrs     x10, pmccntr_el0
        sub     x10, x10, x9
        mrs     x11, spsr_el1
        orr     x11, x11, #SPSR_I
        msr     spsr_el1, x11
        eret
        .rept   10
        unexpected
        .endr

unexpected_exception:
        ldr     x0, =axv_stack_top
        mov     sp, x0
        mrs     x0, esr_el1
        mrs     x1, elr_el1
        mrs     x2, far_el1
        bl      failed
        b       halt

        .section .stack, "aw", %nobits
        .space  STACK_BYTES

        .globl  axv_linear_base                 // for bench.ld
        .set    axv_linear_base, LINEAR_BASE
