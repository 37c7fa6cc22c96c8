// What a guest finds of performance counters (SBI's PMU): each life prints it, leaves one that counts, and has itself reset.
#include "common.inc"

#define BASE                0x10
#define PROBE               3
#define PMU                 0x504d55
#define NUM_COUNTERS        0
#define INFO                1
#define CONFIGURE           2
#define START               3
#define STOP                4
#define FIRMWARE_READ       5
#define SNAPSHOT            7
#define CYCLES              1
#define FIRMWARE_EVENT      0xf0000
#define FIRST               (1 << 3)
#define AUTO_START          4
#define INITIAL_VALUE       1
#define ROUNDS              1000

        .macro  pmu function, first=0, second=0, third=0, fourth=0, fifth=0
        li      a0, \first
        li      a1, \second
        li      a2, \third
        li      a3, \fourth
        li      a4, \fifth
        li      a6, \function
        li      a7, PMU
        ecall
        .endm
        .macro  error                           // of the last call
        print
        .endm
        .macro  value
        mv      a0, a1
        print
        .endm
        .macro  since                           // what was counted since s1
        csrr    a0, hpmcounter3
        sub     a0, a0, s1
        print
        .endm

        .globl  _start
_start:
        la      t0, refused
        csrw    stvec, t0
        li      a0, PMU
        li      a6, PROBE
        li      a7, BASE
        ecall
        value
        csrr    a0, hpmcounter3                 // nothing of an earlier life's
        print
        pmu     NUM_COUNTERS
        value
        pmu     INFO, 3
        value
        pmu     INFO, 0                         // cycle, which counts the hypervisor, too
        error
        pmu     CONFIGURE, 3, 1, 0, FIRMWARE_EVENT
        error
        pmu     CONFIGURE, 0, FIRST, AUTO_START, CYCLES
        error

        csrr    s1, hpmcounter3
        li      t0, ROUNDS
1:      addi    t0, t0, -1
        bnez    t0, 1b
        since
        csrr    s1, hpmcounter3
        pmu     FIRMWARE_READ, 19               // in the hypervisor, which is not counted
        mv      s2, a0
        since
        mv      a0, s2
        error
        pmu     SNAPSHOT
        error
        pmu     STOP, 3, 1
        error
        csrr    s1, hpmcounter3
        since
        pmu     START, 3, 1, INITIAL_VALUE, 0x10000
        error
        li      s1, 0x10000
        since

        li      a0, 1                           // SRST: cold reboot
        li      a1, 0
        li      a6, 0
        li      a7, 0x53525354
        ecall
1:      j       1b

        .balign 4
refused:                                        // a0: why
        csrr    a0, sepc
        addi    a0, a0, 4
        csrw    sepc, a0
        csrr    a0, scause
        sret
        subroutines
