// Starts Linux as the hypervisor does (Linux, Documentation/arch/arm64/booting.rst), without it: everything is in memory
// already, at the same addresses. KERNEL and DEVICE_TREE come from the plan.

        .text
        .globl  _start
_start:
        ldr     x0, =DEVICE_TREE
        mov     x1, xzr
        mov     x2, xzr
        mov     x3, xzr
        ldr     x4, =KERNEL
        br      x4
