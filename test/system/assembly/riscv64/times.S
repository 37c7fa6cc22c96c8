// In virtual time (an instruction is a ns), by the cycle counter: from the timer's expiry to the handler's first instruction,
// and how long a hypercall takes there and back. Prints: the least and the most of 10,000 expiries; the call's instructions.
#include "common.inc"

#define STIMECMP            0x14d
#define STIE                (1 << 5)
#define SIE                 (1 << 1)
#define SAMPLES             10000
#define TICKS               10
#define TICK_NS             100

        .globl  _start
_start:
        lla     t0, trap
        csrw    stvec, t0
        li      t0, STIE
        csrw    sie, t0
        li      s4, -1                          // least
        li      s5, 0                           // most
        li      s6, SAMPLES
1:      csrci   sstatus, SIE
        csrr    t1, time
7:      csrr    t0, time                        // the event comes (deadline - time) * 100 ns after the write: so early in a tick
        beq     t0, t1, 7b
        addi    t0, t0, TICKS
        csrr    s2, cycle
        csrw    STIMECMP, t0
        csrsi   sstatus, SIE
2:      j       2b
3:      addi    s6, s6, -1
        bnez    s6, 1b
        mv      a0, s4
        print
        mv      a0, s5
        print

        li      a7, CALL_EXTENSION
        li      a6, CALL_VERSION
        csrr    s2, cycle
        ecall
        csrr    s3, cycle
        sub     a0, s3, s2
        print
4:      wfi
        j       4b

        .balign 4
trap:
        csrr    s3, cycle
        li      t0, -1
        csrw    STIMECMP, t0
        sub     s3, s3, s2
        addi    s3, s3, -(TICKS * TICK_NS)
        bgeu    s3, s4, 5f
        mv      s4, s3
5:      bleu    s3, s5, 6f
        mv      s5, s3
6:      lla     t0, 3b
        csrw    sepc, t0
        sret
        subroutines
