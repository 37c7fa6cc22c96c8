// Two partitions compare clocks: the leader stamps the channel, the follower stamps it behind that, and the
// leader looks whether its own clock has the follower's stamp between its two. Nothing depends on how fast
// either is. HYPERCALL_MAILBOX is core/abi.ts'.
#include <stdint.h>

#define UARTDR              ((volatile uint32_t *)0x09000000)
#define CHANNEL             ((volatile struct channel *)0x50000000)
#define REPORT_ROUNDS       1000

struct channel {
    uint64_t leader_stamp, leader_round;
    uint64_t follower_stamp, follower_round;
};

static uint64_t clock(void) {
    uint64_t count;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
    return count;
}

static uint64_t physical_clock(void) {
    uint64_t count;
    __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(count) : : "memory");
    return count;
}

static void barrier(void) { __asm__ volatile("dsb sy" : : : "memory"); }

static void print(const char *text) {
    for (; *text != 0; text++) *UARTDR = (uint32_t)*text;
}

static void number(uint64_t value, unsigned base) {
    char digits[24];
    unsigned at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    print(digits + at);
}

static uint64_t mailbox(void) {
    register uint64_t x0 __asm__("x0") = HYPERCALL_MAILBOX;
    __asm__ volatile("hvc #0" : "+r"(x0) : : "memory");
    return x0;
}

void leader(void);
void follower(void);

void leader(void) {
    const uint64_t ipa = mailbox();
    print("leader: mailbox ");
    number(ipa, 16);
    print(" holds ");
    number(*(volatile uint32_t *)ipa, 16);
    print("\r\n");
    uint64_t out_of_order = 0, apart = 0;
    for (uint64_t round = 1;; round++) {
        const uint64_t before = clock(), physical = physical_clock();
        CHANNEL->leader_stamp = before;
        barrier();
        CHANNEL->leader_round = round;
        while (CHANNEL->follower_round != round) barrier();
        const uint64_t between = CHANNEL->follower_stamp;
        const uint64_t after = clock();
        if (between < before || between > after) out_of_order++;
        if (physical < before || physical > after) apart++;
        if (round % REPORT_ROUNDS != 0) continue;
        print("leader: rounds ");
        number(round, 10);
        print(", out of order ");
        number(out_of_order, 10);
        print(", virtual and physical apart ");
        number(apart, 10);
        print("\r\n");
    }
}

void follower(void) {
    print("follower: begins\r\n");
    for (;;) {
        const uint64_t round = CHANNEL->leader_round;
        if (round == CHANNEL->follower_round) continue;
        barrier();
        CHANNEL->follower_stamp = clock();
        barrier();
        CHANNEL->follower_round = round;
    }
}
