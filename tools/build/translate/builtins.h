// The atomic operations where clang has an instruction, or a loop that it keeps together, for each.
#define AXV_ATOMIC(name, builtin)                                                                                        \
  AXV_INLINE u32 axv_atomic_##name(volatile void *at, u32 value) { return builtin((u32 *)at, value, __ATOMIC_ACQ_REL); }
AXV_ATOMIC(or, __atomic_fetch_or)
AXV_ATOMIC(and, __atomic_fetch_and)
AXV_ATOMIC(add, __atomic_fetch_add)
AXV_ATOMIC(exchange, __atomic_exchange_n)
AXV_INLINE u32 axv_atomic_compare_exchange(volatile void *at, u32 expected, u32 value) {
  __atomic_compare_exchange_n((u32 *)at, &expected, value, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  return expected;
}
