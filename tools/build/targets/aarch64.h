// What C cannot say of AArch64 (tools/build/targets/target.ts).

// The build defines LINEAR_BASE, the address of linear memory.
#define LINEAR(pointer) ((char *)LINEAR_BASE + (u32)(pointer))

// A loop's bound, for verify: address of an instruction in the loop's body, bound, source line. No instruction is added.
#define BOUND_AT(limit, line)                                                                                            \
  __asm__ volatile("0: .pushsection .axv.bounds,\"\",%%progbits; .xword 0b; .word %c0; .word %c1; .popsection"           \
                   :                                                                                                     \
                   : "i"(limit), "i"(line))

// As assembly: so clang moves nothing in between load- and store-exclusive.
#define AXV_ATOMIC(name, operate, stored)                                                                                \
  AXV_INLINE u32 axv_atomic_##name(volatile void *at, u32 value) {                                                        \
    u32 old, changed, failed;                                                                                            \
    __asm__ volatile("1: ldaxr %w0, [%3]\n" operate "stlxr %w2, " stored ", [%3]\n cbnz %w2, 1b"                         \
                     : "=&r"(old), "=&r"(changed), "=&r"(failed) : "r"(at), "r"(value) : "memory");                      \
    return old;                                                                                                          \
  }
AXV_ATOMIC(or, "orr %w1, %w0, %w4\n", "%w1")
AXV_ATOMIC(and, "and %w1, %w0, %w4\n", "%w1")
AXV_ATOMIC(add, "add %w1, %w0, %w4\n", "%w1")
AXV_ATOMIC(exchange, "", "%w4")
AXV_INLINE u32 axv_atomic_compare_exchange(volatile void *at, u32 expected, u32 value) {
  u32 old, failed;
  __asm__ volatile("1: ldaxr %w0, [%2]\n cmp %w0, %w3\n b.ne 2f\n stlxr %w1, %w4, [%2]\n cbnz %w1, 1b\n 2:"
                   : "=&r"(old), "=&r"(failed) : "r"(at), "r"(expected), "r"(value) : "memory", "cc");
  return old;
}
