// Entry of a Linux/riscv64 user program in AssemblyScript, as ../start.S is for arm64.

#define SYS_exit_group      94

        .text
        .globl  _start
_start:
        .option push
        .option norelax
        li      gp, LINEAR_BASE                 // where LINEAR expects it (tools/build/targets/riscv64.h)
        .option pop
        call    axv_init_linear
        lw      a0, 0(sp)                       // argc
        addi    a1, sp, 8                       // argv
        call    start
        bnez    a0, quit
again:
        call    step
        beqz    a0, again
quit:
        li      a7, SYS_exit_group
        ecall
        ebreak

        .globl  axv_linear_base                 // for ../linux.ld
        .set    axv_linear_base, LINEAR_BASE
