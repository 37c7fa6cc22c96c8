/* axv.h: what a guest of axv-part says to its hypervisor and to the partition at the other end of a channel.
 *
 * One file, C99 or C++, no libc, no memory of its own. Copy it into your project and include it where you need it; every
 * function is `static inline`. For AArch64 it is complete; elsewhere channels work, and there is no hypervisor.
 *
 * RT-Thread, as an example that has run there (5.0.1):
 *
 *     #include <rtthread.h>
 *     #include <ioremap.h>
 *     #include "axv.h"
 *
 *     static axv_t axv;
 *     static axv_ring_t to_linux;
 *
 *     static int start(void) {
 *         if (axv_open(&axv) != AXV_OK) return -RT_ERROR;  // bare metal
 *         if (axv_mailbox_ipa() != 0)                      // from here on no service is an exit
 *             axv_use_mailbox(&axv, rt_ioremap_cached((void *)axv_mailbox_ipa(), AXV_MAILBOX_SIZE));
 *         // `axv-part plan system.yaml` tells where the channel is
 *         return axv_ring_open_producer(&to_linux, rt_ioremap_cached((void *)0x50000000, 4096), 2048);
 *     }
 *     INIT_APP_EXPORT(start);
 *
 *     static int hello(void) {
 *         axv_feed_watchdog(&axv);
 *         axv_publish_tag(&axv, 0, rt_tick_get());
 *         return axv_ring_send(&to_linux, "hello", 5) < 0 ? -RT_ERROR : axv_doorbell(&axv, 0);
 *     }
 *     MSH_CMD_EXPORT(hello, says hello to the other partition);
 *
 * Zephyr: device_map() with K_MEM_CACHE_WB in place of rt_ioremap_cached(). Linux: a program maps the channel's UIO device, or
 * /dev/mem at the `reg` of its device-tree node, and has the channels; hypercalls (axv_open, …) are for EL1.
 *
 * Rules: the mailbox is mapped Normal, write-back, shareable, a channel like that or as Device memory; with the MMU or the
 * data cache off there is no mailbox. A ring end belongs to one thread, and so does each kind of service. What comes out of
 * a ring or an image is what the other partition says: its length is right, nothing else has been checked.
 *
 * Define AXV_CONDUIT first where it is not "hvc #0"; or AXV_HYPERCALL(function, x1, x2, x3, x4, x5, x6, x7), an expression
 * that gives back x0, to make the call in a way of your own. */
#ifndef AXV_H
#define AXV_H

#include <stddef.h>
#include <stdint.h>

/* Of core/abi.ts, rtos-guests/channel/ringLayout.ts and rtos-guests/plc/abi.ts, by their names:
 * test/library/constants.test.ts compares. */
#define AXV_HYPERCALL_VERSION           0xc6000000u
#define AXV_HYPERCALL_DOORBELL          0xc6000001u
#define AXV_HYPERCALL_CONSOLE_WRITE     0xc6000002u
#define AXV_HYPERCALL_TAG_PUBLISH       0xc6000003u
#define AXV_HYPERCALL_WATCHDOG_FEED     0xc6000004u
#define AXV_HYPERCALL_MAILBOX           0xc6000005u
#define AXV_HYPERCALL_VERSION_MAJOR     1
#define AXV_CONSOLE_WRITE_MAX           48
#define AXV_TAG_MAX                     32
#define AXV_SMCCC_NOT_SUPPORTED         (-1)
#define AXV_SMCCC_INVALID_PARAMETER     (-3)
#define AXV_MAILBOX_SIZE                4096
#define AXV_MAILBOX_MAGIC               0x4d565841u
#define AXV_MAILBOX_VERSION             4
#define AXV_MAILBOX_WATCHDOG            8
#define AXV_MAILBOX_DOORBELLS           0x10
#define AXV_MAILBOX_DOORBELL_COUNT      8
#define AXV_MAILBOX_PUBLISHED           0x30
#define AXV_MAILBOX_TAG_BYTES           0x34 /* of the tag image at AXV_MAILBOX_TAG_IMAGE; 0: there is none, a channel has it */
#define AXV_MAILBOX_TAG_IMAGE           4096
#define AXV_MAILBOX_UPDATE_START        0x38 /* of a new image that this partition brings for another: core/abi.ts says how */
#define AXV_MAILBOX_UPDATE_HEAD         0x3c
#define AXV_MAILBOX_UPDATE_TAIL         0x40
#define AXV_MAILBOX_UPDATE_STATE        0x44
#define AXV_MAILBOX_TAGS                0x80
#define AXV_MAILBOX_CONSOLE_HEAD        0x400
#define AXV_MAILBOX_CONSOLE_TAIL        0x404
#define AXV_MAILBOX_CONSOLE             0x800
#define AXV_MAILBOX_CONSOLE_BYTES       2048
#define AXV_PROCESS_IMAGE_MAGIC         0x31434c50u
#define AXV_PROCESS_IMAGE_SEQUENCE      4
#define AXV_PROCESS_IMAGE_SCANS         8
#define AXV_PROCESS_IMAGE_SIZE          44
#define AXV_RING_HEAD                   0x00
#define AXV_RING_TAIL                   0x40
#define AXV_RING_DATA                   0x80
#define AXV_RING_CAPACITY_MIN           64
#define AXV_RING_CAPACITY_MAX           0x100000
#define AXV_RING_LINE                   64
#define AXV_RING_EMPTY                  (-1)
#define AXV_RING_FULL                   (-2)
#define AXV_RING_TOO_LONG               (-3)
#define AXV_RING_CORRUPT                (-4)
#define AXV_RING_INVALID                (-5)
#define AXV_TAG_IMAGE_MAGIC             0x54565841u
#define AXV_TAG_IMAGE_LAYOUT            1
#define AXV_TAG_IMAGE_VERSION           4
#define AXV_TAG_IMAGE_TABLE             8
#define AXV_TAG_IMAGE_SIZE              12
#define AXV_TAG_IMAGE_SEQUENCE          16
#define AXV_TAG_IMAGE_TIME              24
#define AXV_TAG_IMAGE_VALUES            64
#define AXV_TAG_WRITES_ALIGN            64
#define AXV_TAG_WRITES_CAPACITY         2048
#define AXV_TAG_WRITES_ANSWERS          0x880
#define AXV_TAG_WRITES_ANSWERS_CAPACITY 256
#define AXV_TAG_WRITES_BYTES            0xa00
#define AXV_TAG_WRITES_BATCH_MAX        1024
#define AXV_TAG_WRITES_ENTRIES          8
#define AXV_TAG_WRITES_ANSWER_BYTES     8
#define AXV_TAG_WRITES_DONE             0
#define AXV_TAG_WRITES_MALFORMED        1
#define AXV_TAG_WRITES_OTHER_TABLE      2
#define AXV_TAG_WRITES_UNKNOWN          3
#define AXV_TAG_WRITES_OUT_OF_RANGE     4
#define AXV_TAG_WRITES_UNSIGNED         0
#define AXV_TAG_WRITES_SIGNED           1
#define AXV_TAG_WRITES_FLOAT            2
#define AXV_TAG_WRITES_TEXT             3
#define AXV_OK                          0     /* these five are the library's own */
#define AXV_NO_HYPERVISOR               (-11) /* nobody answers, or one whose interface is another */
#define AXV_NO_MAILBOX                  (-12) /* what was mapped is no mailbox, or of another version */
#define AXV_IMAGE_NONE                  (-13) /* nobody has written an image yet */
#define AXV_IMAGE_BUSY                  (-14) /* its writer stands still in mid-write */

/* ---- Memory that somebody else writes and reads at any time: every access is one load or store of the width it says.
 *
 * The other end may map a channel as Device memory (Linux programs do), which no cache holds and which is Outer Shareable: so the
 * barriers are, and a line is cleaned once it is written and refreshed before it is read (Arm ARM DDI 0487, B2.3.12, B2.8). */
#if defined(__aarch64__)
#define AXV_ORDER_READS()       __asm__ volatile("dmb oshld" : : : "memory") /* loads before, all accesses after */
#define AXV_ORDER_WRITES()      __asm__ volatile("dmb oshst" : : : "memory") /* stores before, stores after */
#define AXV_CLEAN(address)      __asm__ volatile("dc cvac, %0\n\tdsb osh" : : "r"(address) : "memory")
#define AXV_PUSH(address)       __asm__ volatile("dc cvac, %0" : : "r"(address) : "memory") /* a later AXV_CLEAN waits for it */
#define AXV_REFRESH(address)    __asm__ volatile("dc civac, %0\n\tdsb osh" : : "r"(address) : "memory")
#elif defined(__riscv)
#define AXV_ORDER_READS()       __asm__ volatile("fence ir, iorw" : : : "memory")
#define AXV_ORDER_WRITES()      __asm__ volatile("fence ow, ow" : : : "memory")
#elif defined(__x86_64__) /* loads stay in order, stores too */
#define AXV_ORDER_READS()       __asm__ volatile("" : : : "memory")
#define AXV_ORDER_WRITES()      __asm__ volatile("" : : : "memory")
#else
#error "axv.h: no memory barriers for this architecture yet"
#endif
#ifndef AXV_CLEAN /* the hardware keeps caches coherent */
#define AXV_CLEAN(address)      ((void)(address))
#define AXV_REFRESH(address)    ((void)(address))
#endif
#ifndef AXV_PUSH /* one that is told how to clean alone need not be told how to begin it */
#define AXV_PUSH(address)       AXV_CLEAN(address)
#endif

typedef volatile unsigned char axv_byte_t;

static inline uint32_t axv_load32(const axv_byte_t *address) {
    return *(const volatile uint32_t *)(const volatile void *)address;
}
static inline uint64_t axv_load64(const axv_byte_t *address) {
    return *(const volatile uint64_t *)(const volatile void *)address;
}
static inline void axv_store32(axv_byte_t *address, uint32_t value) { *(volatile uint32_t *)(volatile void *)address = value; }
static inline void axv_store64(axv_byte_t *address, uint64_t value) { *(volatile uint64_t *)(volatile void *)address = value; }

/* The first `count` bytes at `from`, at most 4, as a little-endian word; and back. */
static inline uint32_t axv_pack(const unsigned char *from, uint32_t count) {
    uint32_t value = 0, k;
    for (k = 0; k < 4 && k < count; k++) value |= (uint32_t)from[k] << 8 * k;
    return value;
}
static inline void axv_unpack(unsigned char *into, uint32_t value, uint32_t count) {
    uint32_t k;
    for (k = 0; k < 4 && k < count; k++) into[k] = (unsigned char)(value >> 8 * k);
}

/* ---- The hypervisor's services. */
#if !defined(AXV_HYPERCALL) && defined(__aarch64__)
#ifndef AXV_CONDUIT
#define AXV_CONDUIT "hvc #0"
#endif
/* SMC calling convention 1.1 (Arm DEN 0028): x0…x17 may be changed by the call. */
static inline uint64_t axv_hypercall(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5,
                                     uint64_t x6, uint64_t x7) {
    register uint64_t r0 __asm__("x0") = function, r1 __asm__("x1") = x1, r2 __asm__("x2") = x2, r3 __asm__("x3") = x3;
    register uint64_t r4 __asm__("x4") = x4, r5 __asm__("x5") = x5, r6 __asm__("x6") = x6, r7 __asm__("x7") = x7;
    __asm__ volatile(AXV_CONDUIT : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7) :
                     : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    return r0;
}
#define AXV_HYPERCALL(function, x1, x2, x3, x4, x5, x6, x7) axv_hypercall(function, x1, x2, x3, x4, x5, x6, x7)
#elif !defined(AXV_HYPERCALL)
#define AXV_HYPERCALL(function, x1, x2, x3, x4, x5, x6, x7) \
    ((void)(x1), (void)(x2), (void)(x3), (void)(x4), (void)(x5), (void)(x6), (void)(x7), \
     (uint64_t)(int64_t)AXV_SMCCC_NOT_SUPPORTED)
#endif

typedef struct { axv_byte_t *mailbox; /* NULL: each service is a hypercall */ } axv_t;

/* AXV_OK or AXV_NO_HYPERVISOR. At EL1 without any EL2 below, HVC is an undefined instruction: do not ask there. */
static inline int axv_open(axv_t *axv) {
    const int64_t version = (int64_t)AXV_HYPERCALL(AXV_HYPERCALL_VERSION, 0, 0, 0, 0, 0, 0, 0);
    axv->mailbox = NULL;
    return version >> 16 == AXV_HYPERCALL_VERSION_MAJOR ? AXV_OK : AXV_NO_HYPERVISOR;
}

/* Where this partition's mailbox is (AXV_MAILBOX_SIZE bytes), 0 where it has none. */
static inline uint64_t axv_mailbox_ipa(void) {
    const int64_t ipa = (int64_t)AXV_HYPERCALL(AXV_HYPERCALL_MAILBOX, 0, 0, 0, 0, 0, 0, 0);
    return ipa > 0 ? (uint64_t)ipa : 0;
}

/* From now on services go through the mailbox, which is mapped at `mapped`: the hypervisor looks into it every ms, and the
 * guest is not left for it. AXV_OK, or AXV_NO_MAILBOX, after which they are hypercalls. */
static inline int axv_use_mailbox(axv_t *axv, void *mapped) {
    enum { VERSION = 1 };
    axv_byte_t *mailbox = (axv_byte_t *)mapped;
    if (mailbox == NULL || axv_load32(mailbox) != AXV_MAILBOX_MAGIC) return AXV_NO_MAILBOX;
    if (axv_load32(mailbox + AXV_MAILBOX_VERSION) != VERSION) return AXV_NO_MAILBOX;
    axv->mailbox = mailbox;
    return AXV_OK;
}

/* Makes the doorbell interrupt of the other end of the partition's channel number `channel` pending, after what was written
 * before is there. AXV_OK; by hypercall, AXV_SMCCC_INVALID_PARAMETER where there is no such channel. */
static inline int axv_doorbell(axv_t *axv, uint32_t channel) {
    AXV_ORDER_WRITES();
    if (axv->mailbox != NULL && channel < AXV_MAILBOX_DOORBELL_COUNT) {
        axv_byte_t *word = axv->mailbox + AXV_MAILBOX_DOORBELLS + 4 * channel;
        axv_store32(word, axv_load32(word) + 1);
        return AXV_OK;
    }
    return (int)(int64_t)AXV_HYPERCALL(AXV_HYPERCALL_DOORBELL, channel, 0, 0, 0, 0, 0, 0);
}

/* AXV_OK, or AXV_SMCCC_INVALID_PARAMETER where tag >= AXV_TAG_MAX. */
static inline int axv_publish_tag(axv_t *axv, uint32_t tag, uint64_t value) {
    if (axv->mailbox == NULL) return (int)(int64_t)AXV_HYPERCALL(AXV_HYPERCALL_TAG_PUBLISH, tag, value, 0, 0, 0, 0, 0);
    if (tag >= AXV_TAG_MAX) return AXV_SMCCC_INVALID_PARAMETER;
    axv_store64(axv->mailbox + AXV_MAILBOX_TAGS + 8 * tag, value);
    AXV_ORDER_WRITES();
    axv_store32(axv->mailbox + AXV_MAILBOX_PUBLISHED, axv_load32(axv->mailbox + AXV_MAILBOX_PUBLISHED) | (uint32_t)1 << tag);
    return AXV_OK;
}

/* AXV_OK; by hypercall, AXV_SMCCC_NOT_SUPPORTED where system.yaml gives the partition no watchdog. */
static inline int axv_feed_watchdog(axv_t *axv) {
    if (axv->mailbox == NULL) return (int)(int64_t)AXV_HYPERCALL(AXV_HYPERCALL_WATCHDOG_FEED, 0, 0, 0, 0, 0, 0, 0);
    axv_store64(axv->mailbox + AXV_MAILBOX_WATCHDOG, axv_load64(axv->mailbox + AXV_MAILBOX_WATCHDOG) + 1);
    return AXV_OK;
}

/* Prints bytes; gives back how many found room. It never waits: the rest is for another time. */
static inline size_t axv_write_console(axv_t *axv, const void *bytes, size_t count) {
    const unsigned char *from = (const unsigned char *)bytes;
    size_t done = 0, k;
    if (axv->mailbox != NULL) {
        const uint32_t head = axv_load32(axv->mailbox + AXV_MAILBOX_CONSOLE_HEAD);
        const uint32_t waiting = head - axv_load32(axv->mailbox + AXV_MAILBOX_CONSOLE_TAIL);
        const size_t room = waiting < AXV_MAILBOX_CONSOLE_BYTES ? AXV_MAILBOX_CONSOLE_BYTES - waiting : 0;
        AXV_ORDER_READS();
        for (; done < count && done < room; done++)
            axv->mailbox[AXV_MAILBOX_CONSOLE + (head + done) % AXV_MAILBOX_CONSOLE_BYTES] = from[done];
        AXV_ORDER_WRITES();
        axv_store32(axv->mailbox + AXV_MAILBOX_CONSOLE_HEAD, head + (uint32_t)done);
        return done;
    }
    while (done < count) {
        const size_t part = count - done < AXV_CONSOLE_WRITE_MAX ? count - done : AXV_CONSOLE_WRITE_MAX;
        uint64_t x[AXV_CONSOLE_WRITE_MAX / 8];
        int64_t taken;
        for (k = 0; k < AXV_CONSOLE_WRITE_MAX / 8; k++) x[k] = 0; /* an initialiser might be a call of memset */
        for (k = 0; k < part; k++) x[k / 8] |= (uint64_t)from[done + k] << k % 8 * 8;
        taken = (int64_t)AXV_HYPERCALL(AXV_HYPERCALL_CONSOLE_WRITE, part, x[0], x[1], x[2], x[3], x[4], x[5]);
        if (taken <= 0) break;
        done += (size_t)taken;
    }
    return done;
}

/* ---- A ring of records in a channel: from one end to the other, one producer, one consumer.
 *
 *   0x00          0x40          0x80
 *   head u32      tail u32      capacity bytes: records      AXV_RING_DATA + capacity bytes in all, and a multiple of 64
 *                                                            from the channel's start
 *
 *   record:  length u32, payload, zeros up to a multiple of 4
 *
 * head and tail count bytes, are multiples of 4 and wrap at 2^32; byte k stands at k % capacity. Both ends agree on
 * place and capacity (a power of two): nothing of that is in the channel, for the other end may write what it likes
 * there at any time. Each word of it is read once, checked, and only then used. A life that begins anew goes on
 * from the counts that it finds, as far as they can be right; an end that can do nothing tells its count once more,
 * for the other one may have overwritten it. */

typedef struct {
    axv_byte_t *base;
    uint32_t capacity;
    uint32_t position; /* the producer's head, the consumer's tail */
} axv_ring_t;

/* The count in AXV_RING_HEAD or AXV_RING_TAIL. */
static inline uint32_t axv_ring_look(const axv_ring_t *ring, uint32_t which) {
    uint32_t count;
    AXV_REFRESH(ring->base + which);
    count = axv_load32(ring->base + which);
    AXV_ORDER_READS();
    return count;
}
/* Our own count, after all that it covers. */
static inline void axv_ring_tell(const axv_ring_t *ring, uint32_t which) {
    AXV_ORDER_WRITES();
    axv_store32(ring->base + which, ring->position);
    AXV_CLEAN(ring->base + which);
}
/* Whether `used` = head - tail can be: nobody is ahead of the other by more than the ring holds. */
static inline int axv_ring_possible(const axv_ring_t *ring, uint32_t used) { return used <= ring->capacity && used % 4 == 0; }
static inline int axv_ring_open(axv_ring_t *ring, void *memory, uint32_t capacity, uint32_t own, uint32_t other) {
    const int is_power_of_two = (capacity & (capacity - 1)) == 0;
    const int is_possible = capacity >= AXV_RING_CAPACITY_MIN && capacity <= AXV_RING_CAPACITY_MAX;
    uint32_t theirs, ours, used;
    if (!is_power_of_two || !is_possible || (uintptr_t)memory % AXV_RING_LINE != 0) return AXV_RING_INVALID;
    ring->base = (axv_byte_t *)memory;
    ring->capacity = capacity;
    theirs = axv_ring_look(ring, other);
    ours = axv_ring_look(ring, own);
    used = own == AXV_RING_HEAD ? ours - theirs : theirs - ours;
    ring->position = ours % 4 == 0 && axv_ring_possible(ring, used) ? ours : theirs & ~(uint32_t)3;
    axv_ring_tell(ring, own);
    return AXV_OK;
}

/* The producer's end, or the consumer's, of the ring at `memory`. AXV_OK or AXV_RING_INVALID. */
static inline int axv_ring_open_producer(axv_ring_t *ring, void *memory, uint32_t capacity) {
    return axv_ring_open(ring, memory, capacity, AXV_RING_HEAD, AXV_RING_TAIL);
}
static inline int axv_ring_open_consumer(axv_ring_t *ring, void *memory, uint32_t capacity) {
    return axv_ring_open(ring, memory, capacity, AXV_RING_TAIL, AXV_RING_HEAD);
}

/* Next word of the record under way; `is_last`: of it. */
static inline void axv_ring_put(axv_ring_t *ring, uint32_t value, int is_last) {
    axv_byte_t *word = ring->base + AXV_RING_DATA + (ring->position & (ring->capacity - 1));
    axv_store32(word, value);
    ring->position += 4;
    if (is_last || ring->position % AXV_RING_LINE == 0) AXV_CLEAN(word);
}
/* Next word of the record under way; `is_first`: of it. */
static inline uint32_t axv_ring_get(axv_ring_t *ring, int is_first) {
    const axv_byte_t *word = ring->base + AXV_RING_DATA + (ring->position & (ring->capacity - 1));
    if (is_first || ring->position % AXV_RING_LINE == 0) AXV_REFRESH(word);
    ring->position += 4;
    return axv_load32(word);
}

/* Sends `length` bytes as one record. Gives back `length`; or AXV_RING_FULL, AXV_RING_TOO_LONG for this ring, or AXV_RING_CORRUPT
 * as long as the consumer's count cannot be right. */
static inline int axv_ring_send(axv_ring_t *ring, const void *record, uint32_t length) {
    const unsigned char *from = (const unsigned char *)record;
    uint32_t used, i;
    if (length > ring->capacity - 4) return AXV_RING_TOO_LONG;
    used = ring->position - axv_ring_look(ring, AXV_RING_TAIL);
    if (!axv_ring_possible(ring, used) || ring->capacity - used < 4 + (length + 3) / 4 * 4) {
        axv_ring_tell(ring, AXV_RING_HEAD);
        return axv_ring_possible(ring, used) ? AXV_RING_FULL : AXV_RING_CORRUPT;
    }
    axv_ring_put(ring, length, length == 0);
    for (i = 0; i < length; i += 4) axv_ring_put(ring, axv_pack(from + i, length - i), length - i <= 4);
    axv_ring_tell(ring, AXV_RING_HEAD);
    return (int)length;
}

/* Goes on at `position`, whatever stood before it, and tells so. */
static inline int axv_ring_drop(axv_ring_t *ring, uint32_t position, int result) {
    ring->position = position;
    axv_ring_tell(ring, AXV_RING_TAIL);
    return result;
}

/* Takes the next record into `record`, where there is room for `size` bytes. Gives back its length; or AXV_RING_EMPTY;
 * AXV_RING_TOO_LONG: it was longer, and is lost; AXV_RING_CORRUPT: what there was could not be right, and all of it is
 * dropped. */
static inline int axv_ring_receive(axv_ring_t *ring, void *record, uint32_t size) {
    unsigned char *into = (unsigned char *)record;
    const uint32_t head = axv_ring_look(ring, AXV_RING_HEAD);
    const uint32_t ready = head - ring->position;
    uint32_t length, i;
    if (ready == 0) return axv_ring_drop(ring, head, AXV_RING_EMPTY);
    if (!axv_ring_possible(ring, ready)) return axv_ring_drop(ring, head & ~(uint32_t)3, AXV_RING_CORRUPT);
    length = axv_ring_get(ring, 1);
    if (length > ready - 4) return axv_ring_drop(ring, head, AXV_RING_CORRUPT);
    if (length > size) return axv_ring_drop(ring, ring->position + (length + 3) / 4 * 4, AXV_RING_TOO_LONG);
    for (i = 0; i < length; i += 4) axv_unpack(into + i, axv_ring_get(ring, 0), length - i);
    AXV_ORDER_READS(); /* done with the bytes before they are given back */
    axv_ring_tell(ring, AXV_RING_TAIL);
    return (int)length;
}

/* ---- The process image at the start of a PLC's channel (rtos-guests/plc/abi.ts): one writer, many readers, and a sequence
 * number that is odd while the writer is at work. A reader that sees it odd, or changed between its two looks, tries again. */

typedef struct { /* as it stands in the channel, from AXV_PROCESS_IMAGE_SCANS on */
    uint64_t scans;
    uint32_t inputs, outputs;
    int32_t setpoint, measured, actuator; /* thousandths */
    uint32_t counter, timer;              /* timer: ms */
} axv_image_t;
/* Before the first write of a life: the sequence number that an earlier one has left. */
static inline uint32_t axv_image_open(const void *channel) {
    AXV_REFRESH(channel);
    return axv_load32((const axv_byte_t *)channel + AXV_PROCESS_IMAGE_SEQUENCE);
}

/* `sequence` is what the last write, or axv_image_open(), gave back. Gives back the new, even one. */
static inline uint32_t axv_image_write(void *channel, const axv_image_t *image, uint32_t sequence) {
    axv_byte_t *base = (axv_byte_t *)channel, *values = base + AXV_PROCESS_IMAGE_SCANS;
    const unsigned char *from = (const unsigned char *)image;
    const uint32_t odd = sequence | 1;
    uint32_t i;
    axv_store32(base + AXV_PROCESS_IMAGE_SEQUENCE, odd);
    AXV_ORDER_WRITES();
    axv_store32(base, AXV_PROCESS_IMAGE_MAGIC);
    for (i = 0; i < AXV_PROCESS_IMAGE_SIZE - AXV_PROCESS_IMAGE_SCANS; i += 4) axv_store32(values + i, axv_pack(from + i, 4));
    AXV_ORDER_WRITES();
    axv_store32(base + AXV_PROCESS_IMAGE_SEQUENCE, odd + 1);
    AXV_CLEAN(base); /* all of it is in one cache line */
    return odd + 1;
}

/* AXV_OK, AXV_IMAGE_NONE or AXV_IMAGE_BUSY; only after AXV_OK do the values mean anything. */
static inline int axv_image_read(const void *channel, axv_image_t *image) {
    enum { TRIES = 1000 }; /* the writer is at work for 0.1 us in every ms */
    const axv_byte_t *base = (const axv_byte_t *)channel, *values = base + AXV_PROCESS_IMAGE_SCANS;
    unsigned char *into = (unsigned char *)image;
    int tries;
    for (tries = 0; tries < TRIES; tries++) {
        uint32_t before, magic, i;
        AXV_REFRESH(base);
        before = axv_load32(base + AXV_PROCESS_IMAGE_SEQUENCE);
        AXV_ORDER_READS();
        magic = axv_load32(base);
        for (i = 0; i < AXV_PROCESS_IMAGE_SIZE - AXV_PROCESS_IMAGE_SCANS; i += 4) axv_unpack(into + i, axv_load32(values + i), 4);
        AXV_ORDER_READS();
        if (before % 2 == 0 && axv_load32(base + AXV_PROCESS_IMAGE_SEQUENCE) == before)
            return magic == AXV_PROCESS_IMAGE_MAGIC ? AXV_OK : AXV_IMAGE_NONE;
    }
    return AXV_IMAGE_BUSY;
}

/* ---- The tag image (rtos-guests/channel/tagImageLayout.ts): process values for the world outside, one
 * writer, many readers, and a sequence number as above. `axv-part tags --c system.yaml` makes a
 * function for each tag, which calls these. */

typedef struct {
    axv_byte_t *image;
    uint32_t sequence;
} axv_tags_t;

/* From here to axv_tags_end() no reader takes what it sees. */
static inline void axv_tags_begin(axv_tags_t *tags) {
    tags->sequence |= 1;
    axv_store32(tags->image + AXV_TAG_IMAGE_SEQUENCE, tags->sequence);
    AXV_ORDER_WRITES();
}

/* `time`: CNTVCT_EL0 of the scan that made these values. */
static inline void axv_tags_end(axv_tags_t *tags, uint64_t time) {
    axv_store64(tags->image + AXV_TAG_IMAGE_TIME, time);
    AXV_ORDER_WRITES();
    tags->sequence++;
    axv_store32(tags->image + AXV_TAG_IMAGE_SEQUENCE, tags->sequence);
    AXV_CLEAN(tags->image);
}

/* Begins a life of the image at `mapped`, a multiple of 64: all values 0. `table` and `size`: AXV_TAGS_TABLE and
 * AXV_TAGS_SIZE. */
static inline void axv_tags_open(axv_tags_t *tags, void *mapped, uint32_t table, uint32_t size) {
    uint32_t at;
    tags->image = (axv_byte_t *)mapped;
    AXV_REFRESH(tags->image);
    tags->sequence = axv_load32(tags->image + AXV_TAG_IMAGE_SEQUENCE);
    axv_tags_begin(tags);
    for (at = AXV_TAG_IMAGE_VALUES; at < size; at += 8) {
        axv_store64(tags->image + at, 0);
        AXV_PUSH(tags->image + at);
    }
    axv_store32(tags->image, AXV_TAG_IMAGE_MAGIC);
    axv_store32(tags->image + AXV_TAG_IMAGE_VERSION, AXV_TAG_IMAGE_LAYOUT);
    axv_store32(tags->image + AXV_TAG_IMAGE_TABLE, table);
    axv_store32(tags->image + AXV_TAG_IMAGE_SIZE, size);
    axv_tags_end(tags, 0);
}

static inline void axv_tag_set8(axv_tags_t *tags, uint32_t offset, uint8_t value) {
    tags->image[offset] = value;
    AXV_PUSH(tags->image + offset);
}
static inline void axv_tag_set16(axv_tags_t *tags, uint32_t offset, uint16_t value) {
    *(volatile uint16_t *)(volatile void *)(tags->image + offset) = value;
    AXV_PUSH(tags->image + offset);
}
static inline void axv_tag_set32(axv_tags_t *tags, uint32_t offset, uint32_t value) {
    axv_store32(tags->image + offset, value);
    AXV_PUSH(tags->image + offset);
}
static inline void axv_tag_set64(axv_tags_t *tags, uint32_t offset, uint64_t value) {
    axv_store64(tags->image + offset, value);
    AXV_PUSH(tags->image + offset);
}
#if defined(__ARM_FP) || !defined(__aarch64__) /* -mgeneral-regs-only: there are no floats */
static inline void axv_tag_set_float(axv_tags_t *tags, uint32_t offset, float value) {
    union { float value; uint32_t bits; } both;
    both.value = value;
    axv_tag_set32(tags, offset, both.bits);
}
static inline void axv_tag_set_double(axv_tags_t *tags, uint32_t offset, double value) {
    union { double value; uint64_t bits; } both;
    both.value = value;
    axv_tag_set64(tags, offset, both.bits);
}
#endif
/* UTF-8 up to a NUL, or to `most` bytes of it. */
static inline void axv_tag_set_text(axv_tags_t *tags, uint32_t offset, const char *text, uint8_t most) {
    uint8_t length = 0;
    for (; length < most && text[length] != '\0'; length++) axv_tag_set8(tags, offset + 1 + length, (uint8_t)text[length]);
    axv_tag_set8(tags, offset, length);
}

/* ---- What is written to tags from outside (rtos-guests/channel/tagWritesLayout.ts). Nothing of a batch is believed: it
 * is copied once, all of it is checked against the table that the guest was built with, and only then is it taken over,
 * into the guest's own memory. The values there are the guest's; what it shows of them is its image. `axv-part tags --c`
 * makes the table, and functions for each tag. */

typedef struct { /* a tag that may be written; a table of them is by offset, ascending */
    uint32_t offset;
    uint16_t count; /* elements; of a text, bytes with the length's */
    uint8_t size;   /* of an element */
    uint8_t kind;
    uint64_t low, high; /* as axv_tag_key() has them */
} axv_writable_t;

typedef struct {
    axv_ring_t batches, answers;
    const axv_writable_t *table;
    uint32_t count, sum;
    unsigned char *values; /* as in the image, from its first byte on */
    int answer_due;
    unsigned char answer[AXV_TAG_WRITES_ANSWER_BYTES];
    unsigned char batch[AXV_TAG_WRITES_BATCH_MAX];
} axv_writes_t;

static inline uint64_t axv_tag_bits(const unsigned char *from, uint32_t size) {
    return axv_pack(from, size) | (size == 8 ? (uint64_t)axv_pack(from + 4, 4) << 32 : 0);
}
static inline void axv_tag_keep(unsigned char *into, uint64_t bits, uint32_t size) {
    axv_unpack(into, (uint32_t)bits, size);
    if (size == 8) axv_unpack(into + 4, (uint32_t)(bits >> 32), 4);
}
/* A number that is the greater the greater the value is: signs and floats (IEEE 754 is ordered as sign and
 * magnitude) are compared as unsigned ones. */
static inline uint64_t axv_tag_key(const axv_writable_t *tag, const unsigned char *from) {
    const uint64_t bits = axv_tag_bits(from, tag->size), sign = (uint64_t)1 << (8 * tag->size - 1);
    if (tag->kind == AXV_TAG_WRITES_SIGNED) return ((bits ^ sign) - sign) ^ (uint64_t)1 << 63;
    if (tag->kind == AXV_TAG_WRITES_FLOAT) return bits & sign ? ~bits & (sign | (sign - 1)) : bits | sign;
    return bits;
}
static inline int axv_tag_allowed(const axv_writable_t *tag, const unsigned char *from) {
    uint32_t i;
    if (tag->kind == AXV_TAG_WRITES_TEXT) return from[0] < tag->count;
    for (i = 0; i < tag->count; i++) {
        const uint64_t key = axv_tag_key(tag, from + i * tag->size);
        if (key < tag->low || key > tag->high) return 0;
    }
    return 1;
}
static inline const axv_writable_t *axv_find_writable(const axv_writes_t *writes, uint32_t offset) {
    uint32_t from = 0, to = writes->count;
    while (from < to) {
        const uint32_t middle = (from + to) / 2;
        if (writes->table[middle].offset == offset) return writes->table + middle;
        if (writes->table[middle].offset < offset) from = middle + 1;
        else to = middle;
    }
    return NULL;
}
/* Checks every entry, or takes every entry over. */
static inline uint32_t axv_walk_batch(axv_writes_t *writes, uint32_t length, int takes) {
    uint32_t at = AXV_TAG_WRITES_ENTRIES, i;
    while (at < length) {
        const axv_writable_t *tag;
        uint32_t bytes;
        if (length - at < 4) return AXV_TAG_WRITES_MALFORMED;
        tag = axv_find_writable(writes, axv_pack(writes->batch + at, 4));
        if (tag == NULL) return AXV_TAG_WRITES_UNKNOWN;
        at += 4;
        bytes = (uint32_t)tag->count * tag->size;
        if (length - at < bytes) return AXV_TAG_WRITES_MALFORMED;
        if (!takes && !axv_tag_allowed(tag, writes->batch + at)) return AXV_TAG_WRITES_OUT_OF_RANGE;
        for (i = 0; takes && i < bytes; i++) writes->values[tag->offset + i] = writes->batch[at + i];
        at += (bytes + 3) / 4 * 4;
    }
    return AXV_TAG_WRITES_DONE;
}

/* Begins a life. `mapped` and `size`: of the image; `sum`: AXV_TAGS_TABLE; `values`: AXV_TAGS_SIZE bytes of the
 * guest's own. AXV_OK or AXV_RING_INVALID. */
static inline int axv_writes_begin(axv_writes_t *writes, void *mapped, uint32_t size, uint32_t sum,
                                   const axv_writable_t *table, uint32_t count, unsigned char *values) {
    unsigned char *at = (unsigned char *)mapped + (size + AXV_TAG_WRITES_ALIGN - 1) / AXV_TAG_WRITES_ALIGN * AXV_TAG_WRITES_ALIGN;
    writes->table = table;
    writes->count = count;
    writes->sum = sum;
    writes->values = values;
    writes->answer_due = 0;
    if (axv_ring_open_consumer(&writes->batches, at, AXV_TAG_WRITES_CAPACITY) != AXV_OK) return AXV_RING_INVALID;
    return axv_ring_open_producer(&writes->answers, at + AXV_TAG_WRITES_ANSWERS, AXV_TAG_WRITES_ANSWERS_CAPACITY);
}

/* Once a scan, before the values are used: takes a batch, if one waits. 1: values have changed; else 0. */
static inline int axv_take_writes(axv_writes_t *writes) {
    int length;
    uint32_t result;
    if (writes->answer_due) { /* the scan before has shown what it says */
        if (axv_ring_send(&writes->answers, writes->answer, sizeof writes->answer) < 0) return 0;
        writes->answer_due = 0;
    }
    length = axv_ring_receive(&writes->batches, writes->batch, sizeof writes->batch);
    if (length == AXV_RING_EMPTY) return 0;
    if (length < AXV_TAG_WRITES_ENTRIES) result = AXV_TAG_WRITES_MALFORMED;
    else if (axv_pack(writes->batch + 4, 4) != writes->sum) result = AXV_TAG_WRITES_OTHER_TABLE;
    else result = axv_walk_batch(writes, (uint32_t)length, 0);
    axv_unpack(writes->answer, length < 4 ? 0 : axv_pack(writes->batch, 4), 4);
    axv_unpack(writes->answer + 4, result, 4);
    writes->answer_due = 1;
    if (result != AXV_TAG_WRITES_DONE) return 0;
    axv_walk_batch(writes, (uint32_t)length, 1);
    return 1;
}

/* The guest's own values, as they stand in its memory. */
static inline void axv_written_text(const unsigned char *from, char *text) {
    uint32_t k;
    for (k = 0; k < from[0]; k++) text[k] = (char)from[1 + k];
    text[k] = '\0';
}
static inline void axv_preset_text(unsigned char *into, const char *text, uint32_t most) {
    uint32_t k;
    for (k = 0; k < most && text[k] != '\0'; k++) into[1 + k] = (unsigned char)text[k];
    into[0] = (unsigned char)k;
}
#if defined(__ARM_FP) || !defined(__aarch64__)
static inline float axv_written_float(const unsigned char *from) {
    union { float value; uint32_t bits; } both;
    both.bits = axv_pack(from, 4);
    return both.value;
}
static inline double axv_written_double(const unsigned char *from) {
    union { double value; uint64_t bits; } both;
    both.bits = axv_tag_bits(from, 8);
    return both.value;
}
static inline void axv_preset_float(unsigned char *into, float value) {
    union { float value; uint32_t bits; } both;
    both.value = value;
    axv_unpack(into, both.bits, 4);
}
static inline void axv_preset_double(unsigned char *into, double value) {
    union { double value; uint64_t bits; } both;
    both.value = value;
    axv_tag_keep(into, both.bits, 8);
}
#endif

#endif
