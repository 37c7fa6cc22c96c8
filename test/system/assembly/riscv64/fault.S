// Prints a word, then reads, writes or fetches what it does not have.
#include "common.inc"

        .globl  _start
_start:
        li      a0, 0x900d
        print
        li      t0, 0x40000123
        lbu     t1, 0(t0)
1:      j       1b
        subroutines
