// Entry of a Linux/arm64 user program in AssemblyScript. The kernel leaves argc at [sp] and the argv pointers behind it
// (man 2 execve; System V ABI, initial process stack). The endless loop is here, for wasm's loops are all bounded.

#define SYS_exit_group      94

        .text
        .globl  _start
_start:
        bl      axv_init_linear
        ldr     w0, [sp]                        // argc
        add     x1, sp, #8                      // argv
        bl      start
        cbnz    w0, quit
again:
        bl      step
        cbz     w0, again
quit:
        mov     x8, #SYS_exit_group
        svc     #0
        brk     #0

        .globl  axv_linear_base                 // for linux.ld
        .set    axv_linear_base, LINEAR_BASE
