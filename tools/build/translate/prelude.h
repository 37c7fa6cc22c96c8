// Every translated program, behind types.h and its target's header: linear memory, loop markers, and the instructions of
// WebAssembly that C lacks.

// WebAssembly memory has no types and no alignment, and its effective address is 33 bits wide: it does not wrap. One thing
// differs from WebAssembly: a load whose value nobody needs may be left out, and with it its fault.
typedef u8 __attribute__((may_alias)) axv_u8;
typedef i8 __attribute__((may_alias)) axv_i8;
typedef u16 __attribute__((may_alias, aligned(1))) axv_u16;
typedef i16 __attribute__((may_alias, aligned(1))) axv_i16;
typedef u32 __attribute__((may_alias, aligned(1))) axv_u32;
typedef i32 __attribute__((may_alias, aligned(1))) axv_i32;
typedef u64 __attribute__((may_alias, aligned(1))) axv_u64;
#define ACCESS(type, pointer, offset) (*(axv_##type *)(LINEAR(pointer) + (offset)))

#define BOUND(limit) BOUND_AT(limit, __LINE__)
// A loop whose length is a count of bytes.
#define BYTES_LOOP BOUND(0xffffffff)
#define SEGMENTS_MAX 256
// An intrinsic's loop, that is so long at most.
#define PIECE_LOOP(limit) BOUND_AT(limit, 0)

// Division (core specification §4.3.2): by zero traps, and so does the one signed quotient that does not fit.
#define AXV_DIVISION(bits, lowest)                                                                                       \
  AXV_INLINE u##bits axv_div_u##bits(u##bits a, u##bits b) {                                                             \
    if (b == 0) __builtin_trap();                                                                                        \
    return a / b;                                                                                                        \
  }                                                                                                                      \
  AXV_INLINE u##bits axv_rem_u##bits(u##bits a, u##bits b) {                                                             \
    if (b == 0) __builtin_trap();                                                                                        \
    return a % b;                                                                                                        \
  }                                                                                                                      \
  AXV_INLINE u##bits axv_div_s##bits(u##bits a, u##bits b) {                                                             \
    if (b == 0 || (a == lowest && b == (u##bits)-1)) __builtin_trap();                                                   \
    return (u##bits)((i##bits)a / (i##bits)b);                                                                           \
  }                                                                                                                      \
  AXV_INLINE u##bits axv_rem_s##bits(u##bits a, u##bits b) {                                                             \
    if (b == 0) __builtin_trap();                                                                                        \
    return b == (u##bits)-1 ? 0 : (u##bits)((i##bits)a % (i##bits)b);                                                    \
  }
AXV_DIVISION(32, 0x80000000u)
AXV_DIVISION(64, 0x8000000000000000ul)

// memory.copy and memory.fill. Addresses do not wrap at 4 GiB, so what is out of bounds meets the window's guard. Not
// inlined: verify counts their loops once.
#define AXV_BULK static __attribute__((noinline, unused))

AXV_BULK void axv_memory_copy(u32 to, u32 from, u32 bytes) {
  char *target = LINEAR(to);
  const char *source = LINEAR(from);
  u64 words = bytes & ~7ul;
  if (to - from >= bytes) { // forwards: no byte is written before it is read
    for (u64 at = 0; at < words; at += 8) {
      BYTES_LOOP;
      *(axv_u64 *)(target + at) = *(const axv_u64 *)(source + at);
    }
    for (u64 at = words; at < bytes; at++) {
      BYTES_LOOP;
      target[at] = source[at];
    }
  } else {
    for (u64 at = bytes; at > words; at--) {
      BYTES_LOOP;
      target[at - 1] = source[at - 1];
    }
    for (u64 at = words; at > 0; at -= 8) {
      BYTES_LOOP;
      *(axv_u64 *)(target + at - 8) = *(const axv_u64 *)(source + at - 8);
    }
  }
}

AXV_BULK void axv_memory_fill(u32 to, u32 value, u32 bytes) {
  char *target = LINEAR(to);
  u64 pattern = (value & 0xff) * 0x0101010101010101ul;
  u64 words = bytes & ~7ul;
  for (u64 at = 0; at < words; at += 8) {
    BYTES_LOOP;
    *(axv_u64 *)(target + at) = pattern;
  }
  for (u64 at = words; at < bytes; at++) {
    BYTES_LOOP;
    target[at] = (char)value;
  }
}

// An active data segment; none is empty. axv_init_linear copies them once, one after the other. `wide`: each byte is followed by
// a zero, which is left out: text, whose characters have 16 bits in linear memory.
typedef struct {
  u32 to, bytes : 31, wide : 1;
} axv_segment;

AXV_BULK void axv_segment_init(char *to, const u8 *from, u32 bytes, u32 wide) {
  u32 words = wide ? 0 : bytes & ~7u;
  for (u64 at = 0; at < words; at += 8) {
    BYTES_LOOP;
    *(axv_u64 *)(to + at) = *(const axv_u64 *)(from + at);
  }
  for (u64 at = words; at < bytes; at++) {
    BYTES_LOOP;
    to[at << wide] = (char)from[at];
  }
}

// `count`: of segments, SEGMENTS_MAX at most (tools/build/translate/index.ts).
AXV_BULK void axv_memory_init(const axv_segment *segments, const u8 *from, u32 count) {
  for (u32 n = 0; n < count; n++) {
    PIECE_LOOP(SEGMENTS_MAX);
    axv_segment_init(LINEAR(segments[n].to), from, segments[n].bytes, segments[n].wide);
    from += segments[n].bytes;
  }
}
