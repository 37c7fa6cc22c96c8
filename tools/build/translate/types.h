// Head of every translated program: types, and what the target's own header is written in.
#pragma GCC visibility push(hidden)

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef signed char i8;
typedef signed short i16;
typedef signed int i32;
typedef signed long i64;

// always_inline, and nodebug so that a debugger stays on the line of the source that uses it.
#define AXV_INLINE static inline __attribute__((always_inline, nodebug, unused))
#define AXV_OUT_OF_LINE static __attribute__((noinline, unused))
