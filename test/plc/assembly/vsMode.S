// The least of a hypervisor for RISC-V: starts the PLC guest in VS-mode, with its interrupts direct, and knows no calls. Second
// stage off. Prints "E" for each call of the guest's, and "X" for any other exit, which is the last.

#define GUEST               0x80200000
#define UART                0x10000000
#define HSTATUS_SPV         (1 << 7)            // sret leads to V=1
#define HSTATUS_SPVP        (1 << 8)
#define SSTATUS_SPP         (1 << 8)            // to supervisor mode
#define DELEGATED_TRAPS     0xb1ff              // all that are a guest's own
#define DELEGATED_IRQS      0x444               // VS-level software, timer, external
#define HENVCFG             (1 << 63 | 0xf0)    // STCE: vstimecmp; the guest's cache operations
#define HCOUNTEREN_TM       2                   // it may read time
#define CAUSE_VS_ECALL      10
#define SBI_NOT_SUPPORTED   -2
#define STIMECMP            0x14d

        .globl  _start
_start:
        lla     t0, trap
        csrw    stvec, t0
        li      t0, -1
        csrw    STIMECMP, t0
        li      t0, DELEGATED_TRAPS
        csrw    hedeleg, t0
        li      t0, DELEGATED_IRQS
        csrw    hideleg, t0
        li      t0, HENVCFG
        csrw    henvcfg, t0
        li      t0, HCOUNTEREN_TM
        csrw    hcounteren, t0
        csrw    htimedelta, zero
        csrw    hgatp, zero
        csrw    vsatp, zero
        li      t0, HSTATUS_SPV | HSTATUS_SPVP
        csrw    hstatus, t0
        li      t0, SSTATUS_SPP
        csrs    sstatus, t0
        li      t0, GUEST
        csrw    sepc, t0
        sret                                    // a0, a1: as firmware has them

        .balign 4
trap:
        csrw    sscratch, t0
        csrr    t0, scause
        addi    t0, t0, -CAUSE_VS_ECALL
        bnez    t0, other
        li      a0, UART
        li      t0, 'E'
        sb      t0, 0(a0)
        csrr    t0, sepc
        addi    t0, t0, 4
        csrw    sepc, t0
        li      a0, SBI_NOT_SUPPORTED
        csrr    t0, sscratch
        sret
other:
        li      a0, UART
        li      t0, 'X'
        sb      t0, 0(a0)
1:      wfi
        j       1b
