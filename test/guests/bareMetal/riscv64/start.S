// Entry of a bare-metal program in VS mode: without translation. All traps come to one function, with the cause.
        .section .text.header, "ax"
        .globl  _start
_start: lla     sp, stack_top
        lla     t0, trapped
        csrw    stvec, t0
        call    start
asleep: wfi
        j       asleep

        .balign 4
trapped:
        addi    sp, sp, -32 * 8
        .irp    n, 1, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
        sd      x\n, 8 * \n(sp)
        .endr
        csrr    a0, scause
        call    trap
        .irp    n, 1, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
        ld      x\n, 8 * \n(sp)
        .endr
        addi    sp, sp, 32 * 8
        sret

        .section .bss
        .balign 16
        .space  0x1000
stack_top:
