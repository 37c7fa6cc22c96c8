// Drives the PLIC of QEMU's virt machine as RT-Thread's bsp/qemu-virt64-riscv does: supervisor's context of hart 0, all
// priorities first, and a source completed as soon as it is claimed, before it is handled. Console by receive interrupts, ticks
// by SBI, the RTC (goldfish-rtc, a level) when an "r" is typed; with a "!" it says what it has seen, and powers off.
#include <stdint.h>

typedef volatile uint32_t reg;
typedef volatile uint8_t reg8;
#define REG(base, offset)   (*(reg *)((base) + (uintptr_t)(offset)))

#define PLIC                0x0c000000
#define ENABLED             0x2080
#define THRESHOLD           0x201000
#define CLAIM               0x201004
#define UART                ((reg8 *)0x10000000)
#define UART_SOURCE         10
enum { DATA, IER, IIR, LCR, MCR, LSR };
#define RECEIVED            1
#define EMPTY               0x20
#define RTC                 0x00101000
#define RTC_SOURCE          11
#define ALARM_LOW           0x08
#define ALARM_HIGH          0x0c
#define IRQ_ENABLED         0x10
#define CLEAR_INTERRUPT     0x1c

#define INTERRUPT           (1ul << 63)
#define TIMER               (INTERRUPT | 5)
#define EXTERNAL            (INTERRUPT | 9)
#define STIE_SEIE           (1 << 5 | 1 << 9)
#define SIE                 2
#define SBI_TIME            0x54494d45
#define SBI_SRST            0x53525354
#define TICK                100000u                 /* 10 ms */
#define ALARMS_MAX          8

static volatile uint32_t ticks, heard, alarms, others;

static long sbi(unsigned long extension, unsigned long a0, unsigned long a1) {
    register unsigned long r0 __asm__("a0") = a0, r1 __asm__("a1") = a1;
    register unsigned long r6 __asm__("a6") = 0, r7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r6), "r"(r7) : "memory");
    return (long)r0;
}

static void put(char letter) {
    while ((UART[LSR] & EMPTY) == 0) {}
    UART[DATA] = (uint8_t)letter;
}

static void print(const char *text) {
    while (*text != 0) put(*text++);
}

static void number(const char *name, uint32_t value) {
    char digits[12];
    unsigned at = sizeof digits - 1;
    digits[at] = 0;
    do digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    print(name);
    print(digits + at);
}

static void tick(void) {
    uint64_t now;
    __asm__ volatile("rdtime %0" : "=r"(now));
    sbi(SBI_TIME, now + TICK, 0);
}

static void typed(char letter) {
    heard++;
    put(letter);
    if (letter == 'r') {
        REG(RTC, ALARM_HIGH) = 0;
        REG(RTC, ALARM_LOW) = 1;                    /* long gone: it goes off at once */
    } else if (letter == '!') {
        number("\nticks=", ticks);
        number(" heard=", heard);
        number(" alarms=", alarms);
        number(" others=", others);
        put('\n');
        sbi(SBI_SRST, 0, 0);
    }
}

void trap(unsigned long cause) {
    if (cause == TIMER) {
        ticks++;
        tick();
    } else if (cause == EXTERNAL) {
        uint32_t source = REG(PLIC, CLAIM);
        REG(PLIC, CLAIM) = source;
        if (source == UART_SOURCE) {
            while (UART[LSR] & 1) typed((char)UART[DATA]);
        } else if (source == RTC_SOURCE) {
            REG(RTC, CLEAR_INTERRUPT) = 0;
            if (++alarms <= ALARMS_MAX) print("alarm\n");
        } else {
            others++;
        }
    } else {
        number("a trap of cause ", (uint32_t)cause);
        put('\n');
        for (;;) __asm__ volatile("wfi");
    }
}

void start(void) {
    REG(PLIC, THRESHOLD) = 0;
    for (uint32_t source = 0; source < 128; source++) REG(PLIC, 4 * source) = 7;
    REG(PLIC, ENABLED) |= 1u << UART_SOURCE | 1u << RTC_SOURCE;
    REG(RTC, IRQ_ENABLED) = 1;
    UART[IER] = RECEIVED;
    __asm__ volatile("csrs sie, %0" : : "r"(STIE_SEIE));
    tick();
    print("RT-Thread's PLIC: ready\n");
    __asm__ volatile("csrsi sstatus, %0" : : "i"(SIE));
    for (;;) __asm__ volatile("wfi");
}
