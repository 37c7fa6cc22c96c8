// Plain loops over device registers, as drivers have them: of which compilers make post-indexed accesses. GICD, GICR (on a
// GICv3) and UART say where what is, OWNED_WORD which four SPIs, counted in fours from the first, are the partition's.
#include <stdint.h>

#define FIRST_SPI           32
#define SPIS                128
#define GICD_ICENABLER      0x180
#define GICD_ICPENDR        0x280
#define GICD_IPRIORITYR     0x400
#define GICR_SGI            0x10000
#define PRIORITY            0xa0u
#define EVERY_BYTE          0x01010101u
#define UARTIBRD            0x24
#define UARTPERIPHID0       0xfe0

typedef volatile uint32_t reg;

static void put(char letter) { *(reg *)(uintptr_t)UART = (uint32_t)letter; }

static void print(const char *text) {
    while (*text != 0) put(*text++);
}

static void number(uint64_t value) {
    char digits[24];
    unsigned at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[value % 16];
        value /= 16;
    } while (value != 0);
    print(digits + at);
    print(" ");
}

static void __attribute__((noinline)) fill(reg *at, unsigned count, uint32_t value) {
    for (unsigned i = 0; i < count; i++) at[i] = value;
}

static void __attribute__((noinline)) initialise(uintptr_t distributor) {
    for (unsigned i = 0; i < SPIS; i += 4) *(reg *)(distributor + GICD_IPRIORITYR + FIRST_SPI + i) = PRIORITY * EVERY_BYTE;
    for (unsigned i = 0; i < SPIS; i += 32) {
        *(reg *)(distributor + GICD_ICENABLER + (FIRST_SPI + i) / 8) = 0xffffffffu;
        *(reg *)(distributor + GICD_ICPENDR + (FIRST_SPI + i) / 8) = 0xffffffffu;
    }
}

static uint32_t __attribute__((noinline)) all(reg *at, unsigned count) {
    uint32_t bits = 0;
    while (count-- > 0) bits |= *at++;
    return bits;
}

static uint32_t __attribute__((noinline)) bytes(volatile uint8_t *at, unsigned count) {
    uint32_t sum = 0;
    while (count-- > 0) sum += *at++;
    return sum;
}

static void __attribute__((noinline)) copy(reg *to, const volatile uint32_t *from, unsigned count) {
    while (count-- > 0) *to++ = *from++;
}

// Forms that no loop is compiled to, on a word of priorities that are its own and one that it reads as 0.
static void by_hand(reg *at) {
    uint32_t low, high, vector, status;
    uintptr_t moved = (uintptr_t)at - 8, behind = (uintptr_t)at;
    __asm__ volatile("ldp %w0, %w1, [%2, #8]!" : "=&r"(low), "=&r"(high), "+r"(moved) : : "memory");
    __asm__ volatile(".arch_extension fp\n\tldr s6, [%1]\n\tfmov %w0, s6" : "=r"(vector) : "r"(at) : "memory");
    print("loops: pair ");
    number(low);
    number(high);
    number(moved - (uintptr_t)at);
    print("vector ");
    number(vector);
    __asm__ volatile(".arch_extension fp\n\tfmov s7, %w1\n\tstr s7, [%0], #4" : "+r"(behind) : "r"(0x50505050u) : "memory");
    number(*at);
    number(behind - (uintptr_t)at);
    __asm__ volatile("ldxr %w0, [%1]" : "=r"(status) : "r"(at) : "memory");
    print("exclusive ");
    number(status);
    print("\r\n");
}

void loops(void);
void loops(void) {
    __asm__ volatile("msr cpacr_el1, %0\n\tisb" : : "r"(3ul << 20)); // FPEN: no trap of SIMD&FP
    reg *const priorities = (reg *)(GICD + GICD_IPRIORITYR + FIRST_SPI);
    initialise(GICD);
    print("loops: priorities ");
    number(all(priorities, SPIS / 4));
    number(bytes((volatile uint8_t *)priorities, SPIS));
    fill(priorities, SPIS / 4, 0x10 * EVERY_BYTE);
    number(all(priorities, SPIS / 4));
    uint32_t kept[SPIS / 4];
    copy(kept, priorities, SPIS / 4);
    number(kept[OWNED_WORD]);
    print("\r\n");
    fill(priorities, SPIS / 4, PRIORITY * EVERY_BYTE);
    by_hand(priorities + OWNED_WORD);
#ifdef GICR
    reg *const private = (reg *)(GICR + GICR_SGI + GICD_IPRIORITYR);
    fill(private, 4, 0x30 * EVERY_BYTE);
    print("loops: private ");
    number(all(private, 4));
    print("\r\n");
#endif
    reg *const uart = (reg *)(uintptr_t)UART;
    copy(uart + UARTIBRD / 4, (const uint32_t[]){ 0x27, 0x3 }, 2);
    print("loops: uart ");
    number(uart[UARTIBRD / 4]);
    number(uart[UARTIBRD / 4 + 1]);
    number(all(uart + UARTPERIPHID0 / 4, 8));
    print("\r\nloops: end\r\n");
    for (;;) __asm__ volatile("wfi");
}
