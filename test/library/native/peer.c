// axv.h as a program of this machine, for nativePeer.ts: reads a command a line, does it, answers in a line.
//
//   peer COMMANDS ANSWERS SHARED      two FIFOs, and a file of 4 KiB that stands for the channel
//
// Its own view of the channel is a cache that is kept coherent by nobody: a line gets into the file when the library cleans
// it, and out of it when the library refreshes it. What it forgets to clean, the other end never sees. Before and behind
// that view there is no memory: an access outside of it ends the program.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void clean(const volatile void *address);
static void refresh(const volatile void *address);
static uint64_t hypercall(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5, uint64_t x6,
                          uint64_t x7);

#define AXV_CLEAN(address) clean(address)
#define AXV_REFRESH(address) refresh(address)
#define AXV_HYPERCALL(function, x1, x2, x3, x4, x5, x6, x7) hypercall(function, x1, x2, x3, x4, x5, x6, x7)
#include "rtos-guests/library/axv.h"

enum {
    CHANNEL_BYTES = 4096,
    LINE_BYTES = 64,
    RECORD_MAX = CHANNEL_BYTES,
    TEXT_MAX = 3 * RECORD_MAX,
    STRIKES_MAX = 64,
    CALLS_MAX = 256,
    PATIENCE_SECONDS = 30
};

static unsigned char *channel; // the cache
static unsigned char known[CHANNEL_BYTES]; // what it was like when it and the file were last the same: else a line is dirty
static unsigned char *shared; // the file
static unsigned char *bytes; // of a record

// What a hostile partner writes: one word at each point where the library turns to the channel.
static struct { uint32_t offset, value; } strikes[STRIKES_MAX];
static int strike_count;

static void strike(void) {
    if (strike_count == 0) return;
    strike_count--;
    memcpy(shared + strikes[strike_count].offset, &strikes[strike_count].value, 4);
}

static size_t line_of(const volatile void *address) {
    const size_t offset = (size_t)((const volatile unsigned char *)address - channel);
    if (offset >= CHANNEL_BYTES) abort();
    return offset / LINE_BYTES * LINE_BYTES;
}

static void write_back(size_t line) {
    memcpy(shared + line, channel + line, LINE_BYTES);
    memcpy(known + line, channel + line, LINE_BYTES);
}

static void clean(const volatile void *address) {
    strike();
    write_back(line_of(address));
}

/**
 * Each word of the file is read once: the other process writes it meanwhile, and a compiler makes two
 * reads of it from two memcpy in a row.
 */
static void fill(size_t line) {
    for (size_t at = line; at < line + LINE_BYTES; at += sizeof(uint32_t)) {
        const uint32_t word = *(const volatile uint32_t *)(shared + at);
        memcpy(channel + at, &word, sizeof word);
        memcpy(known + at, &word, sizeof word);
    }
}

static void refresh(const volatile void *address) {
    const size_t line = line_of(address);
    strike();
    if (memcmp(channel + line, known + line, LINE_BYTES) != 0) write_back(line);
    fill(line);
}

// The hypervisor that the test plays: what a call gives back is what the test has said, in turn.
static uint64_t results[CALLS_MAX];
static int result_count, result_next;
static char calls[TEXT_MAX];

static uint64_t hypercall(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5, uint64_t x6,
                          uint64_t x7) {
    const size_t length = strlen(calls);
    snprintf(calls + length, sizeof calls - length, " %lx:%lx,%lx,%lx,%lx,%lx,%lx,%lx", function, x1, x2, x3, x4, x5, x6, x7);
    return result_next < result_count ? results[result_next++] : (uint64_t)AXV_SMCCC_NOT_SUPPORTED;
}

static uint32_t from_hex(const char *text, unsigned char *into) {
    uint32_t count = 0;
    unsigned value;
    for (; sscanf(text + 2 * count, "%2x", &value) == 1; count++) into[count] = (unsigned char)value;
    return count;
}

static void print_hex(FILE *out, const unsigned char *from, int count) {
    for (int i = 0; i < count; i++) fprintf(out, "%02x", from[i]);
}

// Both rings of a test, by number: so that one peer can be both ends.
static axv_ring_t rings[2];
static axv_t axv;

static void add_strike(uint32_t offset, uint32_t value) {
    memmove(strikes + 1, strikes, sizeof strikes - sizeof strikes[0]); // the first said is the first done
    strikes[0].offset = offset;
    strikes[0].value = value;
    if (strike_count < STRIKES_MAX) strike_count++;
}

/** Numbered records of 4 to 23 bytes, as fast as they are taken. Gives back how many results were wrong. */
static uint32_t flood(axv_ring_t *ring, uint32_t count) {
    unsigned char record[23];
    uint32_t wrong = 0;
    for (uint32_t n = 0; n < count; n++) {
        const uint32_t length = 4 + n % 20;
        int result;
        memset(record, (int)(n & 0xff), sizeof record);
        memcpy(record, &n, 4);
        while ((result = axv_ring_send(ring, record, length)) == AXV_RING_FULL) usleep(1);
        if (result != (int)length) wrong++;
    }
    return wrong;
}

/** The other end of a flood. */
static uint32_t drain(axv_ring_t *ring, uint32_t count) {
    unsigned char record[RECORD_MAX], expected[23];
    uint32_t wrong = 0;
    for (uint32_t n = 0; n < count; n++) {
        const int length = 4 + (int)(n % 20);
        int result;
        while ((result = axv_ring_receive(ring, record, RECORD_MAX)) == AXV_RING_EMPTY) usleep(1);
        memset(expected, (int)(n & 0xff), sizeof expected);
        memcpy(expected, &n, 4);
        if (result != length || memcmp(record, expected, (size_t)length) != 0) wrong++;
    }
    return wrong;
}

static void obey(const char *command, FILE *out) {
    static char text[TEXT_MAX];
    unsigned n, a, b;
    unsigned long x;
    if (sscanf(command, "producer %u %u %u", &n, &a, &b) == 3)
        fprintf(out, "%d", axv_ring_open_producer(&rings[n], channel + a, b));
    else if (sscanf(command, "consumer %u %u %u", &n, &a, &b) == 3)
        fprintf(out, "%d", axv_ring_open_consumer(&rings[n], channel + a, b));
    else if (strncmp(command, "send ", 5) == 0) {
        text[0] = 0;
        sscanf(command, "send %u %s", &n, text);
        fprintf(out, "%d", axv_ring_send(&rings[n], bytes, from_hex(text, bytes)));
    } else if (sscanf(command, "receive %u %u", &n, &a) == 2) {
        // At the end of the page: a byte too many ends the program.
        const int length = axv_ring_receive(&rings[n], bytes + RECORD_MAX - a, a);
        fprintf(out, "%d ", length);
        print_hex(out, bytes + RECORD_MAX - a, length);
    } else if (sscanf(command, "flood %u %u", &n, &a) == 2) fprintf(out, "%u", flood(&rings[n], a));
    else if (sscanf(command, "drain %u %u", &n, &a) == 2) fprintf(out, "%u", drain(&rings[n], a));
    else if (sscanf(command, "strike %u %x", &a, &b) == 2) add_strike(a, b);
    else if (strcmp(command, "peace") == 0) strike_count = 0;
    else if (strncmp(command, "write ", 6) == 0) {
        axv_image_t image;
        sscanf(command, "write %x %lu %u %u %d %d %d %u %u", &n, &x, &image.inputs, &image.outputs, &image.setpoint,
               &image.measured, &image.actuator, &image.counter, &image.timer);
        image.scans = x;
        fprintf(out, "%u", axv_image_write(channel, &image, n));
    } else if (strcmp(command, "sequence") == 0) fprintf(out, "%u", axv_image_open(channel));
    else if (strcmp(command, "read") == 0) {
        axv_image_t image;
        const int result = axv_image_read(channel, &image);
        fprintf(out, "%d", result);
        if (result == AXV_OK)
            fprintf(out, " %lu %u %u %d %d %d %u %u", image.scans, image.inputs, image.outputs, image.setpoint, image.measured,
                    image.actuator, image.counter, image.timer);
    } else if (sscanf(command, "result %lx", &x) == 1) results[result_count++] = x;
    else if (strcmp(command, "calls") == 0) {
        fprintf(out, "%s", calls);
        calls[0] = 0;
        result_count = result_next = 0;
    } else if (strcmp(command, "open") == 0) fprintf(out, "%d", axv_open(&axv));
    else if (strcmp(command, "mailbox") == 0) fprintf(out, "%lx", axv_mailbox_ipa());
    else if (sscanf(command, "use %u", &a) == 1)
        fprintf(out, "%d", axv_use_mailbox(&axv, a == CHANNEL_BYTES ? NULL : shared + a));
    else if (sscanf(command, "doorbell %u", &a) == 1) fprintf(out, "%d", axv_doorbell(&axv, a));
    else if (sscanf(command, "tag %u %lx", &a, &x) == 2) fprintf(out, "%d", axv_publish_tag(&axv, a, x));
    else if (strcmp(command, "feed") == 0) fprintf(out, "%d", axv_feed_watchdog(&axv));
    else if (strncmp(command, "print ", 6) == 0)
        fprintf(out, "%zu", axv_write_console(&axv, bytes, from_hex(command + 6, bytes)));
    else abort();
}

/** Memory with none before and none behind it. */
static unsigned char *guarded(void) {
    unsigned char *pages = mmap(NULL, 3 * CHANNEL_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + CHANNEL_BYTES, CHANNEL_BYTES, PROT_READ | PROT_WRITE) != 0) abort();
    return pages + CHANNEL_BYTES;
}

int main(int count, char **arguments) {
    static char command[TEXT_MAX];
    if (count != 4) return 2;
    FILE *in = fopen(arguments[1], "r");
    FILE *out = fopen(arguments[2], "w");
    const int file = open(arguments[3], O_RDWR);
    if (in == NULL || out == NULL || file < 0) return 3;
    shared = guarded();
    if (mmap(shared, CHANNEL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) return 4;
    channel = guarded();
    bytes = guarded();
    while (fgets(command, sizeof command, in) != NULL) {
        command[strcspn(command, "\n")] = 0;
        if (strcmp(command, "begin") == 0) {
            // The worst that a cache can have done: all of the channel is in it, and growing old.
            for (size_t line = 0; line < CHANNEL_BYTES; line += LINE_BYTES) fill(line);
            strike_count = 0;
        } else {
            alarm(PATIENCE_SECONDS); // an endless loop ends the program
            obey(command, out);
            alarm(0);
        }
        fprintf(out, "\n");
        fflush(out);
    }
    return 0;
}
