// The first program of a Linux that is benchmarked: writes into the kernel's log what time it is, and turns the machine off.
// The kernel's log goes to the console at once, with no interrupt of the console needed.

#define AT_FDCWD            -100
#define O_WRONLY            1
#define SYS_openat          56              // include/uapi/asm-generic/unistd.h
#define SYS_write           64
#define SYS_reboot          142
// include/uapi/linux/reboot.h
#define REBOOT_MAGIC1       0xfee1dead
#define REBOOT_MAGIC2       672274793
#define REBOOT_POWER_OFF    0x4321fedc
#define HEX_DIGITS          16

        .text
        .globl  _start
_start:
        mrs     x19, cntvct_el0             // Linux lets every program read it (CNTKCTL_EL1.EL0VCTEN)
        mrs     x20, cntfrq_el0

        adr     x1, counter
        mov     x0, x19
        bl      hexadecimal
        adr     x1, frequency
        mov     x0, x20
        bl      hexadecimal

        mov     x0, #AT_FDCWD
        adr     x1, log
        mov     x2, #O_WRONLY
        mov     x8, #SYS_openat
        svc     #0
        adr     x1, text
        mov     x2, #(text_end - text)
        mov     x8, #SYS_write
        svc     #0

        ldr     x0, =REBOOT_MAGIC1
        ldr     x1, =REBOOT_MAGIC2
        ldr     x2, =REBOOT_POWER_OFF
        mov     x3, xzr
        mov     x8, #SYS_reboot
        svc     #0
        brk     #0                          // it does not come back

// x0 as text at x1.
hexadecimal:
        mov     x2, #HEX_DIGITS
next:   ror     x0, x0, #60
        and     x3, x0, #15
        cmp     x3, #10
        add     x4, x3, #'0'
        add     x5, x3, #('a' - 10)
        csel    x4, x4, x5, lo
        strb    w4, [x1], #1
        subs    x2, x2, #1
        b.ne    next
        ret

        .section .data, "aw"
log:    .asciz  "/dev/kmsg"
text:   .ascii  "bench: init "
counter:
        .ascii  "0000000000000000 "
frequency:
        .ascii  "0000000000000000\n"
text_end:
