// The only program of a Linux that is to be a busy neighbour: says so in the kernel's log, and then for good fills memory,
// calls the kernel, and sleeps a little, which makes the kernel set timers and switch.

#define AT_FDCWD            -100
#define O_WRONLY            1
#define SYS_openat          56              // include/uapi/asm-generic/unistd.h
#define SYS_write           64
#define SYS_nanosleep       101
#define SYS_getppid         173
#define BUFFER_BYTES        0x40000         // more than a Cortex-A53's level 1 data cache
#define LINE_BYTES          64
#define CALLS               32
#define SLEEP_NS            5000

        .text
        .globl  _start
_start:
        mov     x0, #AT_FDCWD
        adr     x1, log
        mov     x2, #O_WRONLY
        mov     x8, #SYS_openat
        svc     #0
        adr     x1, text
        mov     x2, #(text_end - text)
        mov     x8, #SYS_write
        svc     #0

again:  ldr     x19, =buffer
        mov     x20, #(BUFFER_BYTES / LINE_BYTES)
fill:   stp     x20, x21, [x19], #LINE_BYTES
        subs    x20, x20, #1
        b.ne    fill
        mov     x20, #CALLS
call:   mov     x8, #SYS_getppid
        svc     #0
        subs    x20, x20, #1
        b.ne    call
        adr     x0, duration
        mov     x1, xzr
        mov     x8, #SYS_nanosleep
        svc     #0
        b       again

        .balign 8
duration:
        .quad   0, SLEEP_NS
log:    .asciz  "/dev/kmsg"
text:   .ascii  "bench: load\n"
text_end:

        .bss
        .balign LINE_BYTES
buffer: .space  BUFFER_BYTES
