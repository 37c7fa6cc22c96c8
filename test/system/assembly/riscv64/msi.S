// A message to its own interrupt file, and how long until the handler's first instruction, in virtual time (an instruction is a
// ns) by the cycle counter. Prints: the least and the most of 10,000; what was claimed last.
#include "common.inc"

#define SISELECT            0x150
#define SIREG               0x151
#define STOPEI              0x15c
#define EIDELIVERY          0x70
#define EIE0                0xc0
#define FILE_IPA            0x28000000
#define IDENTITY            5
#define SEIE                (1 << 9)
#define SIE                 (1 << 1)
#define SAMPLES             10000

        .globl  _start
_start:
        lla     t0, trap
        csrw    stvec, t0
        li      t0, EIDELIVERY
        csrw    SISELECT, t0
        csrwi   SIREG, 1
        li      t0, EIE0
        csrw    SISELECT, t0
        li      t0, 1 << IDENTITY
        csrw    SIREG, t0
        li      t0, SEIE
        csrw    sie, t0
        li      s4, -1                          // least
        li      s5, 0                           // most
        li      s6, SAMPLES
        li      s7, FILE_IPA
        li      s8, IDENTITY
1:      csrsi   sstatus, SIE
        csrr    s2, cycle
        sw      s8, 0(s7)
2:      j       2b
3:      addi    s6, s6, -1
        bnez    s6, 1b
        mv      a0, s4
        print
        mv      a0, s5
        print
        mv      a0, s9
        print
4:      wfi
        j       4b

        .balign 4
trap:
        csrr    s3, cycle
        csrrw   s9, STOPEI, zero
        sub     s3, s3, s2
        bgeu    s3, s4, 5f
        mv      s4, s3
5:      bleu    s3, s5, 6f
        mv      s5, s3
6:      lla     t0, 3b
        csrw    sepc, t0
        sret
        subroutines
