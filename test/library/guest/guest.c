// A guest in C with axv.h, for channel.qemu.test.ts: the PLC guest's peer. It watches the process image, tells the PLC another
// setpoint, then something that it must refuse, then garbage, and sees that it works all the same. What it finds out it prints.
// Then it feeds its watchdog no more.
#include "rtos-guests/library/axv.h"

// rtos-guests/profiles/plc.yaml, which this guest borrows, and rtos-guests/channel/commands.ts.
#define CHANNEL         0x50000000
#define COMMANDS_RING   0x200
#define ANSWERS_RING    0x480
#define CAPACITY        512
#define SETPOINT        1
#define WANTED          45000
#define TOO_HOT         1000000

void start(void);

static axv_t axv;
static axv_ring_t commands, answers;
static char *const channel = (char *)CHANNEL;

static uint64_t now_ms(void) {
    uint64_t count, frequency;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tmrs %1, cntfrq_el0" : "=r"(count), "=r"(frequency) : : "memory");
    return count / (frequency / 1000);
}

/** Lets a ms go by: QEMU's processors have others to run, too. */
static void pause_ms(void) {
    const uint64_t end = now_ms() + 1;
    axv_feed_watchdog(&axv);
    while (now_ms() < end) __asm__ volatile("yield");
}

static void print(const char *text) {
    size_t length = 0;
    while (text[length] != 0) length++;
    for (size_t done = 0; done < length; done += axv_write_console(&axv, text + done, length - done)) continue;
}

static void number(int64_t value) {
    char digits[21];
    size_t at = sizeof digits - 1;
    const int is_negative = value < 0;
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + (is_negative ? -(value % 10) : value % 10));
        value /= 10;
    } while (value != 0);
    if (is_negative) digits[--at] = '-';
    print(digits + at);
}

static void tell(const char *what, int64_t value) {
    print("guest: ");
    print(what);
    print(" ");
    number(value);
    print("\r\n");
}

/** What the PLC answered to the command; it has a second for it. */
static int64_t command(uint32_t kind, uint32_t value) {
    const uint32_t words[2] = {kind, value};
    uint32_t answer[3];
    const int sent = axv_ring_send(&commands, words, sizeof words);
    if (sent < 0) return sent;
    for (int ms = 0; ms < 1000; ms++) {
        const int length = axv_ring_receive(&answers, answer, sizeof answer);
        if (length == (int)sizeof answer) return answer[1];
        if (length != AXV_RING_EMPTY) return length;
        pause_ms();
    }
    return AXV_RING_EMPTY;
}

/** ms until the PLC works at that setpoint: a part is there 3 s of every 4, and accepted 0.5 s after it has come. */
static int64_t wait_for(int32_t setpoint) {
    axv_image_t image;
    for (int ms = 0; ms < 5000; ms++) {
        if (axv_image_read(channel, &image) == AXV_OK && image.setpoint == setpoint) return ms;
        axv_publish_tag(&axv, 0, image.scans);
        pause_ms();
    }
    return -1;
}

void start(void) {
    if (axv_open(&axv) != AXV_OK) return;
#ifndef HYPERCALLS_ONLY
    tell("mailbox", axv_use_mailbox(&axv, (void *)axv_mailbox_ipa()));
#endif
    tell("rings", axv_ring_open_producer(&commands, channel + COMMANDS_RING, CAPACITY) +
                      axv_ring_open_consumer(&answers, channel + ANSWERS_RING, CAPACITY));
    tell("working after", wait_for(60000) >= 0);
    tell("setpoint", command(SETPOINT, WANTED));
    tell("in force", wait_for(WANTED) >= 0);
    tell("too hot", command(SETPOINT, TOO_HOT));
    tell("unknown", command(77, 0));
    *(volatile uint32_t *)(channel + COMMANDS_RING + AXV_RING_HEAD) = 0xdeadbeef; // the partner goes mad
    AXV_CLEAN(channel + COMMANDS_RING + AXV_RING_HEAD);
    for (int ms = 0; ms < 10; ms++) pause_ms();
    axv_ring_open_consumer(&answers, channel + ANSWERS_RING, CAPACITY);
    uint32_t answer[3] = {0, 0, 0};
    tell("told of garbage", axv_ring_receive(&answers, answer, sizeof answer));
    tell("as", answer[1]);
    while (axv_ring_receive(&answers, answer, sizeof answer) >= 0) continue;
    axv_ring_open_producer(&commands, channel + COMMANDS_RING, CAPACITY);
    for (int ms = 0; ms < 10; ms++) pause_ms();
    while (axv_ring_receive(&answers, answer, sizeof answer) >= 0) continue;
    tell("sane again", command(SETPOINT, WANTED));
    axv_publish_tag(&axv, 31, 0xfedcba9876543210);
    for (int n = 0; n < 5; n++) {
        tell("doorbell", axv_doorbell(&axv, 0));
        for (int ms = 0; ms < 5; ms++) pause_ms();
    }
    tell("done", 0);
}
