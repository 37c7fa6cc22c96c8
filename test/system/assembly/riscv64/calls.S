// Calls of SBI, and instructions that are not a guest's: prints what comes of each. a0 is the hart, a1 the argument.
#include "common.inc"

#define VSTVEC_SKIPS        4

        .globl  _start
_start:
        mv      s0, a0
        mv      s1, a1
        lla     t0, trap
        csrw    stvec, t0
        mv      a0, s0
        print
        mv      a0, s1
        print

// Prints error and value of a call.
.macro ask extension, function, first=0, second=0, third=0
        li      a7, \extension
        li      a6, \function
        li      a0, \first
        li      a1, \second
        li      a2, \third
        ecall
        mv      s2, a1
        print
        mv      a0, s2
        print
.endm
        ask     0x10, 0                         // BASE: version of the specification
        ask     0x10, 3, 0x48534d               // probe: HSM
        ask     0x10, 3, 0x54494d45             // TIME
        ask     0x10, 3, CALL_EXTENSION
        ask     0x10, 99
        ask     0x54494d45, 0
        ask     0x01, 0, 'x'                    // legacy: console_putchar
        ask     0x52464e43, 4                   // RFENCE: of guests of its own
        ask     0x48534d, 2, 0                  // HSM: this hart is started
        ask     0x48534d, 2, 1                  // no such hart
        ask     0x48534d, 0, 0, 0x80200000, 7   // it is started already
        ask     0x48534d, 0, 0, 0x10000000, 7   // nor can it begin there
        ask     0x53525354, 0, 9                // SRST: no such type
        ask     CALL_EXTENSION, CALL_VERSION
        ask     CALL_EXTENSION, 0x100000001     // a number of 64 bits is not the one of its lower half
        ask     CALL_EXTENSION, CALL_CONSOLE_WRITE, 49

// Prints the cause of the exception that the instruction is.
.macro try instruction:vararg
        li      s3, -1
        .option push
        .option norvc
        \instruction
        .option pop
        mv      a0, s3
        print
.endm
        try     csrr t0, hstatus
        try     csrw hgatp, zero
        try     hfence.gvma
        try     csrr t0, 0x300                  // mstatus
        try     unimp
        try     csrr t0, time                   // none
        try     ebreak

        li      a7, 0x53525354                  // SRST: shutdown
        li      a6, 0
        li      a0, 0
        li      a1, 0
        ecall
1:      j       1b

        .balign 4
trap:
        csrr    s3, scause
        csrr    t0, sepc
        addi    t0, t0, VSTVEC_SKIPS
        csrw    sepc, t0
        sret

        subroutines
