// A guest of a GICv2 that ends its interrupts in two steps, as many kernels do (EOImode 1): EOIR drops the running priority,
// DIR, which is in the CPU interface's second page, deactivates. It sends itself SGIs and looks at what each step has done; its
// timer ticks, too. UART, GICD, GICC: where it has them.
#include <stdint.h>

#define UARTDR      ((volatile uint32_t *)UART)
#define SGI         5u
#define TIMER       27u
#define SELF_ONLY   (2u << 24)
#define ROUNDS      100000u
#define SPURIOUS    1023u
#define IDLE        0xffu
#define TICK_HZ     100u

typedef volatile uint32_t reg;
static reg *at(uintptr_t address) { return (reg *)address; }
#define ENABLE      at(GICD + 0x100)
#define ACTIVE      at(GICD + 0x300)
#define IAR         at(GICC + 0x0c)
#define EOIR        at(GICC + 0x10)
#define RPR         at(GICC + 0x14)
#define DIR         at(GICC + 0x1000)

static void print(const char *text) {
    for (; *text != 0; text++) *UARTDR = (uint32_t)*text;
}

static void number(uint32_t value) {
    char digits[12];
    unsigned place = sizeof digits - 1;
    digits[place] = 0;
    do {
        digits[--place] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print(digits + place);
}

static void arm_timer(void) {
    uint64_t hz;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
    __asm__ volatile("msr cntv_tval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb" : : "r"(hz / TICK_HZ), "r"(1ul));
}

/** False: one of the two steps has done the other's, or nothing. */
static int ended_in_two_steps(uint32_t iar) {
    const uint32_t bit = 1u << (iar & 0x1f);
    if ((*ACTIVE & bit) == 0 || *RPR == IDLE) return 0;
    *EOIR = iar;
    if ((*ACTIVE & bit) == 0 || *RPR != IDLE) return 0;
    *DIR = iar;
    return (*ACTIVE & bit) == 0;
}

void split(void) {
    uint32_t sgis = 0, ticks = 0, wrong = 0;
    *at(GICD) = 1;
    *ENABLE = 1u << SGI | 1u << TIMER;
    *at(GICC + 4) = 0xf0;
    *at(GICC) = 1u << 9 | 1;
    arm_timer();
    for (uint32_t round = 1;; round++) {
        if (round % 64 == 0) *at(GICD + 0xf00) = SELF_ONLY | SGI;
        const uint32_t iar = *IAR, intid = iar & 0x3ff;
        if (intid == SGI) sgis++;
        if (intid == TIMER) {
            ticks++;
            arm_timer();
        }
        if (intid < SPURIOUS && !ended_in_two_steps(iar)) wrong++;
        if (round % ROUNDS != 0) continue;
        print("split: sgis ");
        number(sgis);
        print(", ticks ");
        number(ticks);
        print(", wrong ");
        number(wrong);
        print("\r\n");
    }
}
