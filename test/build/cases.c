// Runs calls of translated C, for differential tests. Cases come on stdin, outcomes go to stdout; both are structs (cases.ts).
// Each case runs in a fresh child, as each case in V8 runs in a fresh instance.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "linear.h"

#define MAX_ARGUMENTS 8
struct call { u32 function; u32 reserved; u64 arguments[MAX_ARGUMENTS]; };
struct test_case { u32 calls; u32 memory_seed; u32 trace_seed; };
struct outcome { u32 kind; u32 memory; u32 trace; u32 reserved; u64 result; };
enum { RETURNED = 0, TRAPPED = 1, OUT_OF_BOUNDS = 2, PAST_BOUND = 3 };

static u32 trace;
static sigjmp_buf escape;

// Answers an import: any value will do, if only V8's side gets the same. Small ones are likely, for they decide most.
static u64 answer(u32 import, u32 count, const u64 *arguments) {
  trace = mix(trace, import);
  for (u32 i = 0; i < count; i++) trace = mix(mix(trace, (u32)arguments[i]), (u32)(arguments[i] >> 32));
  u32 low = mix(trace, 1), high = mix(trace, 2), shape = mix(trace, 3) & 7;
  if (shape < 3) return low & 0xf;
  if (shape < 5) return low & 0xffff;
  return (u64)high << 32 | low;
}

static void check_bound(u32 iteration, u32 limit) {
  if (iteration >= limit) siglongjmp(escape, PAST_BOUND);
}

static void trap(int signal) {
  siglongjmp(escape, signal == SIGSEGV || signal == SIGBUS ? OUT_OF_BOUNDS : TRAPPED);
}

static void run(const struct test_case *one, const struct call *calls) {
  axv_init_linear();
  u32 seed = one->memory_seed;
  for (u64 at = 0; seed != 0 && at < axv_memory_bytes; at += 4) {
    u32 *word = (u32 *)(axv_linear + at);
    seed = mix(seed, (u32)at);
    if (*word == 0) *word = seed & 0x70000 ? seed & 0x1f : seed; // small ones, mostly: they are indices
  }
  trace = one->trace_seed;
  for (u32 i = 0; i < one->calls; i++) {
    struct outcome outcome = {0};
    outcome.kind = (u32)sigsetjmp(escape, 1);
    if (outcome.kind == RETURNED) outcome.result = axv_exports[calls[i].function].call(calls[i].arguments);
    outcome.memory = i + 1 == one->calls ? hash_memory() : 0;
    outcome.trace = trace;
    if (write(STDOUT_FILENO, &outcome, sizeof outcome) != sizeof outcome) _exit(2);
    if (outcome.kind == OUT_OF_BOUNDS) break; // C may have moved stores over the access
  }
}

int main(void) {
  map_linear();
  const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
  for (u32 i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], trap);
  struct test_case one;
  while (fread(&one, sizeof one, 1, stdin) == 1) {
    struct call *calls = malloc(one.calls * sizeof *calls);
    if (calls == 0 || fread(calls, sizeof *calls, one.calls, stdin) != one.calls) return 2;
    pid_t child = fork();
    if (child == 0) {
      run(&one, calls);
      _exit(0);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 2;
    free(calls);
  }
  return 0;
}
