// A guest in C whose tags go to Linux, and come back (tags.qemu.test.ts). Every scan counts, and all values follow from the
// count: a reader that sees two of different scans has a torn image.
#include "tags.h"

void start(void);

static axv_t axv;
static axv_writes_t writes;
static unsigned char values[AXV_TAGS_SIZE];

static uint64_t counter(void) {
    uint64_t count;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
    return count;
}

static uint64_t frequency(void) {
    uint64_t hertz;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hertz));
    return hertz;
}

void start(void) {
    static const char ready[] = "guest: tags\r\n";
    axv_tags_t tags;
    uint64_t scan = 0, next = counter();
    uint32_t i;
    axv_open(&axv);
    axv_tags_open(&tags, (void *)AXV_TAGS_IPA, AXV_TAGS_TABLE, AXV_TAGS_SIZE);
    axv_writes_open(&writes, (void *)AXV_TAGS_IPA, values);
    axv_preset_Setpoint(&writes, 7);
    axv_write_console(&axv, ready, sizeof ready - 1);
    for (;;) {
        axv_take_writes(&writes);
        axv_tags_begin(&tags);
        axv_set_Setpoint(&tags, axv_get_Setpoint(&writes));
        axv_set_Scans(&tags, ++scan);
        axv_set_Low(&tags, (uint32_t)scan);
        axv_set_Even(&tags, scan % 2 == 0);
        for (i = 0; i < 100; i++) axv_set_List(&tags, i, (int32_t)(scan + i));
        axv_set_Minus(&tags, -(int64_t)scan);
        axv_tags_end(&tags, counter());
        next += frequency() / 1000;
        while (counter() < next) __asm__ volatile("yield");
    }
}
