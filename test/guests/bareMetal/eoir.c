// A victim that handles a level-triggered interrupt of its own device, and an attacker with direct interrupts that ends it
// all the while, by an EOIR of what it has never acknowledged. Half of the events are quiet: then the attacker's number is
// one that ends nothing, and all else is the same. Both yield after each turn: where QEMU runs one CPU after the other
// (-icount), each has a turn between any two of the other's. GIC_VERSION says whose registers these are.
#include <stdint.h>

#define UARTDR              ((volatile uint32_t *)0x09000000)
#define CHANNEL             ((volatile struct channel *)0x50000000)
#define GICD                0x08000000ul
#define GICC                0x08010000ul
#define RTC                 0x09010000ul
#define RTC_SPI             34
#define NOTHING             1023ul              // a special INTID: its end does nothing
#define PEACE               0ul                 // the attacker sleeps
#define SGI                 5ul
#define SELF_ONLY           (2ul << 24)
#define ENABLE_GROUP1       0x12                // GICD_CTLR of a GICv3: ARE and group 1
#define PRIORITY            0x80
#define OWN_ACTIVE          (1ul << 20)         // an active priority of the attacker's own: QEMU looks whether there is any
#define EVERY_PRIORITY      0xfffffffful
#define EVENTS              20
#define TURNS               400                 // of the victim's, in its handler and behind it
#define TURNS_MASKED        40                  // and before it takes an interrupt that is there

struct channel {
    uint64_t target;        // what the attacker ends
    uint64_t rounds;        // how often it has
};

typedef volatile uint32_t reg;
static reg *at(uintptr_t address) { return (reg *)address; }

static uint64_t clock(void) {
    uint64_t count;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
    return count;
}

static void turn(void) { __asm__ volatile("yield" : : : "memory"); }

static void print(const char *text) {
    for (; *text != 0; text++) *UARTDR = (uint32_t)*text;
}

static void number(uint64_t value) {
    char digits[24];
    unsigned place = sizeof digits - 1;
    digits[place] = 0;
    do {
        digits[--place] = "0123456789"[value % 10];
        value /= 10;
    } while (value != 0);
    print(digits + place);
}

#if GIC_VERSION == 3
static void open(void) {
    __asm__ volatile("msr s3_0_c4_c6_0, %0\n\tmsr s3_0_c12_c12_7, %1\n\tisb" : : "r"(0xf0ul), "r"(1ul));
}
static uint64_t acknowledge(void) {
    uint64_t intid;
    __asm__ volatile("mrs %0, s3_0_c12_c12_0\n\tisb" : "=r"(intid) : : "memory");
    return intid;
}
static void end(uint64_t intid) { __asm__ volatile("msr s3_0_c12_c12_1, %0\n\tisb" : : "r"(intid) : "memory"); }
static void keep_active(void) { __asm__ volatile("msr s3_0_c12_c9_0, %0" : : "r"(OWN_ACTIVE)); }
#else
static void open(void) {
    *at(GICC + 4) = 0xf0;
    *at(GICC) = 1;
}
static uint64_t acknowledge(void) { return *at(GICC + 0xc); }
static void end(uint64_t intid) { *at(GICC + 0x10) = (uint32_t)intid; }
static void keep_active(void) { *at(GICC + 0xd0) = (uint32_t)EVERY_PRIORITY; }
#endif

void victim(void);
void attacker(void);

static void sort(uint64_t *values) {
    for (unsigned i = 1; i < EVENTS; i++) {
        for (unsigned k = i; k > 0 && values[k] < values[k - 1]; k--) {
            const uint64_t value = values[k];
            values[k] = values[k - 1];
            values[k - 1] = value;
        }
    }
}

/**
 * Its device's interrupts, one after the other. Says how long the usual one waited for its handler, and how
 * long that took, in ticks of the counter.
 */
static void handle(const char *what, uint64_t target) {
    static uint64_t waited[EVENTS], handled[EVENTS];
    CHANNEL->target = target;
    for (unsigned event = 0; event < EVENTS; event++) {
        for (unsigned n = 0; n < TURNS; n++) turn();
        const uint64_t raised = clock();
        do *at(RTC + 4) = *at(RTC); // matches now, if the second is not over meanwhile
        while (*at(RTC + 0x14) == 0);
        for (unsigned n = 0; n < TURNS_MASKED; n++) turn();
        while (acknowledge() != RTC_SPI) turn();
        const uint64_t begun = clock();
        for (unsigned n = 0; n < TURNS; n++) turn();
        *at(RTC + 0x1c) = 1;
        end(RTC_SPI);
        const uint64_t ended = clock();
        waited[event] = begun - raised;
        handled[event] = ended - begun;
    }
    sort(waited);
    sort(handled);
    print("victim: ");
    print(what);
    print(": waits ");
    number(waited[EVENTS / 2]);
    print(", handles ");
    number(handled[EVENTS / 2]);
    print("\r\n");
}

void victim(void) {
    *at(GICD) = GIC_VERSION == 3 ? ENABLE_GROUP1 : 1;
    *(volatile uint8_t *)(GICD + 0x400 + RTC_SPI) = PRIORITY;
    *at(GICD + 0x104) = 1u << (RTC_SPI - 32);
    open();
    *at(RTC + 0x1c) = 1;
    *at(RTC + 0x10) = 1;
    while (CHANNEL->rounds == 0) turn();
    handle("quiet", NOTHING);
    handle("storm", RTC_SPI);
    CHANNEL->target = PEACE;
}

void attacker(void) {
    CHANNEL->target = NOTHING;
    open();
#if GIC_VERSION == 2
    *at(GICD) = 1;
    *at(GICD + 0x100) = 1u << SGI;
    *at(GICD + 0xf00) = SELF_ONLY | SGI;
    while ((acknowledge() & 0x3ff) != SGI) turn();
#endif
    for (uint64_t target; (target = CHANNEL->target) != PEACE; turn()) {
        keep_active();
        end(target);
        CHANNEL->rounds++;
    }
}
