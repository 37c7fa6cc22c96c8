// A translated program as part of a host test, which answers its imports: it knows where linear memory is, and checks bounds
// itself.
#define LINEAR(pointer) ((char *)LINEAR_BASE + (u32)(pointer))
#define BOUND_AT(limit, line) __asm__ volatile("")
