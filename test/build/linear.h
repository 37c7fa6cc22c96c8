// What the harnesses share: linear memory on the host, and a hash over it. host.ts appends to a harness what it makes from
// the wasm module: axv_exports, axv_memory_bytes, and a function for each import.
#include <stdlib.h>
#include <sys/mman.h>

typedef unsigned int u32;
typedef unsigned long u64;

// Window of 4 GiB, and what an offset of up to 4 GiB can reach behind it.
#define WINDOW_BYTES 0x200010000ul
#define LINEAR(pointer) (axv_linear + (u32)(pointer))

// What the cpu intrinsics are made of, as the translation's prelude has it for other machines than AArch64.
static u32 axv_atomic_or(void *at, u32 bits) { return __atomic_fetch_or((u32 *)at, bits, __ATOMIC_ACQ_REL); }
static u32 axv_atomic_and(void *at, u32 bits) { return __atomic_fetch_and((u32 *)at, bits, __ATOMIC_ACQ_REL); }
static u32 axv_atomic_add(void *at, u32 value) { return __atomic_fetch_add((u32 *)at, value, __ATOMIC_ACQ_REL); }
static u32 axv_atomic_exchange(void *at, u32 value) { return __atomic_exchange_n((u32 *)at, value, __ATOMIC_ACQ_REL); }
static u32 axv_atomic_compare_exchange(void *at, u32 expected, u32 value) {
  __atomic_compare_exchange_n((u32 *)at, &expected, value, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  return expected;
}

struct axv_export { u64 (*call)(const u64 *arguments); };
extern const struct axv_export axv_exports[];
extern const u64 axv_memory_bytes;
extern void axv_init_linear(void);

char *axv_linear;

static void map_linear(void) {
  axv_linear = mmap(0, WINDOW_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (axv_linear == MAP_FAILED) exit(2);
  if (axv_memory_bytes != 0 && mprotect(axv_linear, axv_memory_bytes, PROT_READ | PROT_WRITE) != 0) exit(2);
}

static u32 mix(u32 hash, u32 word) {
  hash = (hash ^ word) * 0x9e3779b1u;
  return hash ^ (hash >> 15);
}

static u32 hash_memory(void) {
  u32 hash = 0;
  for (u64 at = 0; at < axv_memory_bytes; at += 4) hash = mix(hash, *(u32 *)(axv_linear + at));
  return hash;
}
