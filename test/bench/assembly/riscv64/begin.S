// What firmware starts instead of what is measured: says when that begins, and lets it begin just then. So what firmware takes,
// which waits for its UART, is not counted. IMAGE: where it goes to, with what firmware gave, or with the device tree at
// DEVICE_TREE.
#define UART                0x10000000
#define HEX_DIGITS          16
/** In instructions, which are nanoseconds: until then everything printed has left the UART. */
#define LATER               10000000

        .globl  _start
_start:
        csrr    s0, cycle
        li      t0, LATER
        add     s0, s0, t0
        li      s1, UART
        lla     t0, text
        lbu     t2, 0(t0)
1:      sb      t2, 0(s1)
        addi    t0, t0, 1
        lbu     t2, 0(t0)
        bnez    t2, 1b
        li      t0, HEX_DIGITS
        mv      t1, s0
2:      srli    t2, t1, 60
        slli    t1, t1, 4
        addi    t3, t2, -10
        addi    t2, t2, '0'
        bltz    t3, 3f
        addi    t2, t2, 'a' - '0' - 10
3:      sb      t2, 0(s1)
        addi    t0, t0, -1
        bnez    t0, 2b
        li      t2, '\n'
        sb      t2, 0(s1)
#ifdef DEVICE_TREE
        li      a1, DEVICE_TREE
#endif
        li      t1, IMAGE
4:      csrr    t0, cycle
        bltu    t0, s0, 4b
        jr      t1

text:   .asciz  "\nbench: begins "
