// Prints what it finds in its registers, writes to all of them, and has itself reset: the next life prints them again.
#include "common.inc"

#define STIMECMP            0x14d
#define SISELECT            0x150
#define SIREG               0x151
#define EIDELIVERY          0x70
#define EITHRESHOLD         0x72
#define EIP0                0x80
#define EIE0                0xc0
#define FS_INITIAL          (1 << 13)
#define VS_INITIAL          (1 << 9)

        .globl  _start
_start:
        or      s0, s0, ra                      // all registers but a0, a1
        .irp    one, sp, gp, tp, t0, t1, t2, s1, a2, a3, a4, a5, a6, a7, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6
        or      s0, s0, \one
        .endr
        mv      a0, s0
        print
        csrr    a0, sstatus
        print
        csrr    a0, STIMECMP
        print

        .macro  registers operation
        .irp    one, sscratch, stvec, sepc, scause, stval, satp, scounteren, senvcfg, sie, sip, SISELECT
        \operation \one
        .endr
        .endm
        .macro  files operation
        .irp    one, EIDELIVERY, EITHRESHOLD, EIP0, EIE0
        li      t0, \one
        csrw    SISELECT, t0
        \operation SIREG
        .endr
        .endm
        .macro  show one
        csrr    a0, \one
        print
        .endm
        .macro  spoil one
        li      t0, -1
        csrw    \one, t0
        .endm

        registers show
        files   show
        li      t0, FS_INITIAL | VS_INITIAL
        csrs    sstatus, t0
        .option arch, +d, +v, +svinval
        fmv.x.d a0, f31
        print
        csrr    a0, fcsr
        print
        show    vl
        show    vcsr
        csrr    a0, vtype
        slli    a0, a0, 1                       // but for vill
        print
        .irp    one, v0, v31
        vsetivli t0, 1, e64, m1, ta, ma
        vmv.x.s a0, \one
        print
        .endr

        li      t0, 0xdead
        fmv.d.x f31, t0
        csrwi   fcsr, 31
        vsetvli t0, zero, e8, m8, ta, ma
        .irp    one, v0, v8, v16, v24
        vmv.v.i \one, -1
        .endr
        csrwi   vcsr, 7
        sfence.w.inval                          // Svinval: of its own translations
        sinval.vma zero, zero
        sfence.inval.ir
        files   spoil
        csrw    sscratch, t0
        csrw    stvec, t0
        csrw    sepc, t0
        csrwi   scause, 5
        csrw    stval, t0
        li      t0, 0x1234 << 44                // an ASID, without tables
        csrw    satp, t0
        csrwi   scounteren, 0
        csrwi   senvcfg, 1
        csrwi   sie, 2
        csrwi   sip, 2
        csrw    STIMECMP, zero
        li      a7, 0x53525354                  // SRST: cold reboot
        li      a6, 0
        li      a0, 1
        li      a1, 0
        .irp    one, ra, sp, gp, tp, t0, t1, t2, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6
        li      \one, -1
        .endr
        ecall
1:      j       1b
        subroutines
