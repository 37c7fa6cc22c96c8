// The first program of a Linux that is benchmarked, as ../init.S: writes into the kernel's log what time it is, and turns the
// machine off.

#define AT_FDCWD            -100
#define O_WRONLY            1
#define SYS_openat          56              // include/uapi/asm-generic/unistd.h
#define SYS_write           64
#define SYS_reboot          142
// include/uapi/linux/reboot.h
#define REBOOT_MAGIC1       0xfee1dead
#define REBOOT_MAGIC2       672274793
#define REBOOT_POWER_OFF    0x4321fedc
#define TIMEBASE            10000000        // boards/qemu-riscv64
#define HEX_DIGITS          16
#define TEXT_BYTES          (15 + 2 * (HEX_DIGITS + 1))

        .text
        .globl  _start
_start:
        rdtime  a0
        lla     a1, counter
        call    hexadecimal
        li      a0, TIMEBASE
        lla     a1, frequency
        call    hexadecimal

        li      a0, AT_FDCWD
        lla     a1, log
        li      a2, O_WRONLY
        li      a7, SYS_openat
        ecall
        lla     a1, text
        li      a2, TEXT_BYTES
        li      a7, SYS_write
        ecall

        li      a0, REBOOT_MAGIC1
        li      a1, REBOOT_MAGIC2
        li      a2, REBOOT_POWER_OFF
        li      a3, 0
        li      a7, SYS_reboot
        ecall
        ebreak                              // it does not come back

// a0 as text at a1.
hexadecimal:
        li      t0, HEX_DIGITS
1:      srli    t1, a0, 60
        slli    a0, a0, 4
        addi    t2, t1, -10
        addi    t1, t1, '0'
        bltz    t2, 2f
        addi    t1, t1, 'a' - '0' - 10
2:      sb      t1, 0(a1)
        addi    a1, a1, 1
        addi    t0, t0, -1
        bnez    t0, 1b
        ret

        .section .data, "aw"
log:    .asciz  "/dev/kmsg"
text:   .ascii  "<0>bench: init "             // of the highest level, which is on the console in any case
counter:
        .ascii  "0000000000000000 "
frequency:
        .ascii  "0000000000000000\n"
