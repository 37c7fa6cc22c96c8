// What gdb is tried on: it counts, a thousand times a second.
#include "system-calls.h"

volatile unsigned long counter;

__attribute__((noinline)) void count(void) {
    counter = counter + 1;
}

void _start(void) {
    const long millisecond[2] = { 0, 1000000 };
    say("debuggee: runs\n");
    for (;;) {
        count();
        call(SYS_NANOSLEEP, (long)millisecond, 0, 0, 0);
    }
}
