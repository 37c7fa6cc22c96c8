// Entry of a bare-metal program at EL1: MMU and caches stay off. Its first bytes are no code: who loads it
// raw has to be told where it is entered.
        .section .text.header, "ax"
        .ascii  "a raw binary that is not entered at its first byte"
        .balign 16
        .globl  _start
_start: ldr     x0, =stack_top
        mov     sp, x0
        bl      start
asleep: wfi
        b       asleep

        .section .bss
        .balign 16
        .space  0x1000
stack_top:
