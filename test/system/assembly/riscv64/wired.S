// A wire to its own interrupt file, by the APLIC that it sees: the RTC's alarm (goldfish-rtc), which goes off as it is set; and
// how long until the handler's first instruction, in virtual time (an instruction is a ns). Then what its calls and accesses
// take, there and back, and an IPI to itself until its handler. Prints: the least and the most of 10,000 wires; the least of
// 10,000 probes, set_timers, reads of the APLIC by an instruction of 32 bits and one of 16, IPIs; what was claimed last; what the
// debug console took.
#include "common.inc"

#define SISELECT            0x150
#define SIREG               0x151
#define STOPEI              0x15c
#define EIDELIVERY          0x70
#define EIE0                0xc0
#define IDENTITY            5
#define SEIE                (1 << 9)
#define SSIE                (1 << 1)
#define SIE                 (1 << 1)
#define SSIP                (1 << 1)
#define SAMPLES             10000

#define APLIC               0x0d000000
#define DOMAINCFG           0
#define IE                  0x100
#define RISING_EDGE         4
#define SETIENUM            0x1edc
#define TARGET              0x3000
#define RTC                 0x00101000
#define RTC_LINE            11
#define ALARM_LOW           0x08
#define ALARM_HIGH          0x0c
#define IRQ_ENABLED         0x10
#define CLEAR_INTERRUPT     0x1c

#define SBI_BASE            0x10
#define SBI_TIME            0x54494d45
#define SBI_IPI             0x735049
#define SBI_DBCN            0x4442434e
#define WORDS_BYTES         8

// s4: the least, s5: the most of what s2 to s3 was.
.macro sample
        sub     s3, s3, s2
        bgeu    s3, s4, 8f
        mv      s4, s3
8:      bleu    s3, s5, 9f
        mv      s5, s3
9:
.endm
.macro samples
        li      s4, -1
        li      s5, 0
        li      s6, SAMPLES
.endm
// The least that an instruction takes, printed; csrr itself is one.
.macro times instruction:vararg
        csrr    s2, cycle
        \instruction
        csrr    s3, cycle
        sample
        addi    s6, s6, -1
        bnez    s6, 3b
        addi    a0, s4, -1
        print
.endm

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
        li      t0, SEIE | SSIE
        csrw    sie, t0

        li      s7, APLIC
        li      t0, RISING_EDGE
        sw      t0, 4 * RTC_LINE(s7)
        li      t1, TARGET
        add     t1, t1, s7
        li      t0, IDENTITY
        sw      t0, 4 * RTC_LINE(t1)
        li      t1, SETIENUM
        add     t1, t1, s7
        li      t0, RTC_LINE
        sw      t0, 0(t1)
        li      t0, IE
        sw      t0, DOMAINCFG(s7)

        li      s8, RTC
        sw      zero, ALARM_HIGH(s8)
        li      t0, 1
        sw      t0, IRQ_ENABLED(s8)
        samples
1:      csrsi   sstatus, SIE
        csrr    s2, cycle
        sw      s6, ALARM_LOW(s8)               // long gone
2:      j       2b
waited: sample
        sw      zero, CLEAR_INTERRUPT(s8)
        addi    s6, s6, -1
        bnez    s6, 1b
        mv      a0, s4
        print
        mv      a0, s5
        print
        mv      s10, s9

        samples
3:      li      a7, SBI_BASE
        li      a6, 3                           // probe
        li      a0, SBI_BASE
        times   ecall
        samples
3:      li      a7, SBI_TIME
        li      a6, 0                           // set_timer, for ever
        li      a0, -1
        times   ecall
        .option push
        .option norvc
        samples
3:      times   lw a0, DOMAINCFG(s7)
        .option pop
        mv      a1, s7
        samples
3:      times   c.lw a0, 0(a1)

        samples
        li      a7, SBI_IPI
1:      csrsi   sstatus, SIE
        li      a6, 0
        li      a0, 1
        li      a1, 0
        csrr    s2, cycle
        ecall
2:      j       2b
woken:  sample
        addi    s6, s6, -1
        bnez    s6, 1b
        mv      a0, s4
        print
        mv      a0, s10
        print

        li      a7, SBI_DBCN
        li      a6, 0
        li      a0, WORDS_BYTES
        lla     a1, words
        li      a2, 0
        ecall
        mv      a0, a1
        print
4:      wfi
        j       4b
words:  .ascii  "by DBCN "

        .balign 4
trap:
        csrr    s3, cycle
        csrr    t0, scause
        andi    t0, t0, 15
        li      t1, 1
        beq     t0, t1, 5f
        csrrw   s9, STOPEI, zero
        lla     t0, waited
        j       6f
5:      csrci   sip, SSIP
        lla     t0, woken
6:      csrw    sepc, t0
        sret
        subroutines
