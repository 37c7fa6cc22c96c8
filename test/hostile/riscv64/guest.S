// A hostile guest on RISC-V: it makes one attempt after the other, as they stand in its image (image.ts), and prints those that
// are answered otherwise than they should be. A step that ends its life is the last of it, and its next life goes on behind it:
// how far it is stands in memory that it shares.
//
//   0000000000000bad STEP a0 exceptions scause stval     that step was answered so (each 16 digits)
//   000000000000d04e                                     all were made
//
// s0: the step; s1: where its number stands, s2; s3: times still to go; s5: exceptions, s6 and s7: scause and stval of the last
// one; s4: a step's; s8: interrupts; s9 to s11: the handler's.
#include "common.inc"

#define STIMECMP            0x14d
#define STOPEI              0x15c
#define STATUS_SIE          (1 << 1)
#define STATUS_SPP          (1 << 8)
#define STATUS_FS           (3 << 13)
#define PTE_ALL             0xcf                // V, R, W, X, A, D
#define GIB_OF_CODE         2
#define PTE_PPN_OF_GIB      28                  // 1 GiB, as an entry has it
#define CAUSE_FETCH_ACCESS  1
#define CAUSE_FETCH_PAGE    12
#define CODE_MASK           15
#define INTERRUPT_TIMER     5
#define INTERRUPT_SOFTWARE  1

        .globl  _start
_start: // Linux riscv Image header (Documentation/arch/riscv/boot-image-header.rst).
        .option push
        .option norvc
        j       begin                           // code0
        j       second                          // code1: where its second hart begins
        .option pop
        .quad   0x200000                        // text_offset
        .quad   IMAGE_BYTES                     // image_size
        .quad   0
        .word   2                               // version 0.2
        .word   0
        .quad   0
        .ascii  "RISCV\0\0\0"
        .ascii  "RSC\x05"
        .word   0

second: bnez    a1, second                      // spins
1:      wfi
        j       1b

begin:  csrw    sie, zero
        lla     t0, trap
        csrw    stvec, t0
        li      t0, ROOT_IPA
        li      t1, GIB_OF_CODE << PTE_PPN_OF_GIB | PTE_ALL
        sd      t1, 8 * GIB_OF_CODE(t0)
        li      t0, STEPS_IPA
        ld      s1, HEADER_PROGRESS(t0)

next:   lw      s2, 0(s1)
        li      t0, STEPS_IPA
        lw      t1, 0(t0)
        bgeu    s2, t1, finished
        addi    t1, s2, 1
        sw      t1, 0(s1)
        fence   rw, rw
        li      t1, STEP_BYTES
        mul     t1, t1, s2
        add     s0, t0, t1
        addi    s0, s0, HEADER_BYTES
        lw      s3, STEP_TIMES(s0)
        li      s5, 0
        li      s6, 0
        li      s7, 0
        li      s8, 0
again:  ld      a0, STEP_A(s0)
        ld      a1, STEP_A + 8(s0)
        ld      a2, STEP_A + 16(s0)
        ld      a3, STEP_A + 24(s0)
        ld      a4, STEP_A + 32(s0)
        ld      a5, STEP_A + 40(s0)
        ld      a6, STEP_A + 48(s0)
        ld      a7, STEP_A + 56(s0)
        jalr    s0
stepped:
        csrw    sie, zero
        csrci   sstatus, STATUS_SIE
        csrw    satp, zero
        sfence.vma
        addi    s3, s3, -1
        bnez    s3, again

        li      t0, -1
        csrw    STIMECMP, t0
        lw      t1, STEP_KIND(s0)
        ld      t2, STEP_MASK(s0)
        ld      t3, STEP_VALUE(s0)
        li      t0, ANSWER_ANY
        beq     t1, t0, next
        li      t0, ANSWER_EXCEPTION
        beq     t1, t0, 1f
        li      t0, ANSWER_DONE
        bne     t1, t0, wrong                   // it should not have come back
        bnez    s5, wrong
        and     t0, a0, t2
        bne     t0, t3, wrong
        j       next
1:      lw      t0, STEP_TIMES(s0)
        bne     s5, t0, wrong
        and     t0, s6, t2
        beq     t0, t3, next

wrong:  mv      s3, a0
        li      a0, 0xbad
        print
        mv      a0, s2
        print
        mv      a0, s3
        print
        mv      a0, s5
        print
        mv      a0, s6
        print
        mv      a0, s7
        print
        j       next

finished:
        li      a0, 0xd04e
        print
1:      wfi
        j       1b

        .balign 4
trap:   csrr    s9, scause
        bltz    s9, 2f
        addi    s5, s5, 1
        mv      s6, s9
        csrr    s7, stval
        csrr    s10, sepc
        lla     s11, stepped                    // what it cannot fetch it does not come back from
        beqz    s9, 1f
        addi    s9, s9, -CAUSE_FETCH_ACCESS
        beqz    s9, 1f
        addi    s9, s9, CAUSE_FETCH_ACCESS - CAUSE_FETCH_PAGE
        beqz    s9, 1f
        lhu     s9, 0(s10)
        addi    s11, s10, 2
        not     s9, s9
        andi    s9, s9, 3
        bnez    s9, 1f
        addi    s11, s10, 4
1:      csrw    sepc, s11
        li      s11, STATUS_SPP
        csrs    sstatus, s11
        sret

2:      addi    s8, s8, 1
        andi    s9, s9, CODE_MASK
        addi    s10, s9, -INTERRUPT_TIMER
        beqz    s10, 3f                         // goes on being pending
        csrci   sip, 1 << INTERRUPT_SOFTWARE
        addi    s10, s9, -INTERRUPT_SOFTWARE
        beqz    s10, 3f
        csrw    STOPEI, zero
3:      li      s9, STORM
        bltu    s8, s9, 4f
        csrw    sie, zero
4:      sret
        subroutines
