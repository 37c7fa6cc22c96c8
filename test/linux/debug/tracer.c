// Debugs children of its own by ptrace(2): steps one through instructions that it can count, and
// waits for another to hit a watchpoint.
#include "system-calls.h"

#define SIGKILL             9
#define SIGTRAP             5
#define SIGCHLD             17
#define SIGSTOP             19
#define PTRACE_TRACEME      0
#define PTRACE_CONT         7
#define PTRACE_SINGLESTEP   9
#define PTRACE_GETREGSET    0x4204
#define PTRACE_SETREGSET    0x4205
#define NT_PRSTATUS         1
#define NT_ARM_HW_WATCH     0x403

// A watchpoint's control word (Arm ARM D19.3.11): enabled, at EL0, for stores, of bytes 0…3.
#define WATCH_STORES        (1 | 2 << 1 | 2 << 3 | 0xf << 5)
#define STEPS               40
#define INSTRUCTION         4

struct vector { void *at; unsigned long bytes; };
struct registers { unsigned long x[31], sp, pc, pstate; };
struct watchpoints {
    unsigned int info, reserved;
    struct { unsigned long address; unsigned int control, reserved; } slot[1];
};

static volatile unsigned int watched __attribute__((aligned(8)));

static void stop_for_the_tracer(void) {
    call(SYS_PTRACE, PTRACE_TRACEME, 0, 0, 0);
    call(SYS_KILL, call(SYS_GETPID, 0, 0, 0, 0), SIGSTOP, 0, 0);
}

// Straight on, longer than it is stepped.
static void stepped(void) {
    stop_for_the_tracer();
    __asm__ volatile(".rept 60\n\tnop\n\t.endr");
    call(SYS_EXIT, 0, 0, 0, 0);
}

static void writer(void) {
    stop_for_the_tracer();
    watched = 1;
    call(SYS_EXIT, 0, 0, 0, 0);
}

static long start(void (*child)(void)) {
    const long pid = call(SYS_CLONE, SIGCHLD, 0, 0, 0);
    if (pid == 0) child();
    int status = 0;
    call(SYS_WAIT4, pid, (long)&status, 0, 0);
    return pid;
}

// Lets the child go on so, until it stops: by which signal, or 0 if it has ended.
static int until_it_stops(long pid, long how) {
    int status = 0;
    call(SYS_PTRACE, how, pid, 0, 0);
    call(SYS_WAIT4, pid, (long)&status, 0, 0);
    return (status & 0xff) == 0x7f ? status >> 8 & 0xff : 0;
}

static unsigned long pc_of(long pid) {
    struct registers registers = { .pc = 0 };
    struct vector vector = { &registers, sizeof registers };
    call(SYS_PTRACE, PTRACE_GETREGSET, pid, NT_PRSTATUS, (long)&vector);
    return registers.pc;
}

static void step(void) {
    const long pid = start(stepped);
    int stops = 0, one_each = 0;
    unsigned long before = pc_of(pid);
    while (stops < STEPS && until_it_stops(pid, PTRACE_SINGLESTEP) == SIGTRAP) {
        const unsigned long pc = pc_of(pid);
        stops++;
        if (pc == before + INSTRUCTION) one_each++;
        before = pc;
    }
    // Up to the nops it returns from the system call, through functions: those are steps too, though not to the next address.
    if (stops != STEPS) say("tracer: too few stops\n");
    else say(one_each < STEPS - 10 ? "tracer: stops that are not steps\n" : "tracer: 40 steps\n");
    call(SYS_KILL, pid, SIGKILL, 0, 0);
    call(SYS_WAIT4, pid, 0, 0, 0);
}

static void watch(void) {
    const long pid = start(writer);
    struct watchpoints watchpoints = { .slot = { { (unsigned long)&watched, WATCH_STORES, 0 } } };
    struct vector vector = { &watchpoints, sizeof watchpoints };
    const long refused = call(SYS_PTRACE, PTRACE_SETREGSET, pid, NT_ARM_HW_WATCH, (long)&vector);
    const int signal = until_it_stops(pid, PTRACE_CONT);
    if (refused != 0) say("tracer: no watchpoint\n");
    else say(signal == SIGTRAP ? "tracer: watchpoint hit\n" : "tracer: watchpoint missed\n");
    call(SYS_KILL, pid, SIGKILL, 0, 0);
    call(SYS_WAIT4, pid, 0, 0, 0);
}

void _start(void) {
    step();
    watch();
    call(SYS_EXIT, 0, 0, 0, 0);
}
