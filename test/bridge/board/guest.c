// A PLC guest whose output follows what is written to it (board.qemu.test.ts), and that does what it may not when it is
// told to. Between scans it sleeps: its pCPU's host has others to run.
#include "tags.h"

void start(void);

// Of the machine in rtos-guests/profiles/plc.yaml, whose GIC is a GICv3: names as in IHI 0069.
#define GICD_CTLR           0x08000000
#define GICR_WAKER          0x080a0014
#define GICR_IGROUPR0       0x080b0080
#define GICR_ISENABLER0     0x080b0100
#define ENABLE_GRP1_ARE     0x13
#define VIRTUAL_TIMER       27
#define SCANS_PER_SECOND    100
#define PRESET              7
#define GAIN                3
#define NOBODYS             0x1000 // nothing of the partition's is there

static axv_t axv;
static axv_writes_t writes;
static unsigned char values[AXV_TAGS_SIZE];
static uint64_t period, deadline;

static void put(uint64_t address, uint32_t value) { *(volatile uint32_t *)address = value; }

static uint64_t counter(void) {
    uint64_t count;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
    return count;
}

static void prepare_timer(void) {
    uint64_t hertz;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hertz));
    period = hertz / SCANS_PER_SECOND;
    deadline = counter();
    put(GICD_CTLR, ENABLE_GRP1_ARE);
    put(GICR_WAKER, 0);
    put(GICR_IGROUPR0, ~0u);
    put(GICR_ISENABLER0, 1u << VIRTUAL_TIMER);
    // ICC_SRE, ICC_PMR, ICC_IGRPEN1
    __asm__ volatile("msr S3_0_C12_C12_5, %0\n\tisb\n\tmsr S3_0_C4_C6_0, %1\n\tmsr S3_0_C12_C12_7, %0\n\tisb"
                     : : "r"(1ul), "r"(0xfful));
}

/**
 * Until the next scan. Interrupts stay masked: one that is pending ends a WFI all the same, and it goes with its timer's
 * condition.
 */
static void sleep(void) {
    deadline += period;
    __asm__ volatile("msr cntv_cval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb" : : "r"(deadline), "r"(1ul));
    while (counter() < deadline) __asm__ volatile("wfi");
}

void start(void) {
    static const char ready[] = "guest: scans\r\n";
    axv_tags_t tags;
    uint64_t scan = 0;
    axv_open(&axv);
    axv_tags_open(&tags, (void *)AXV_TAGS_IPA, AXV_TAGS_TABLE, AXV_TAGS_SIZE);
    axv_writes_open(&writes, (void *)AXV_TAGS_IPA, values);
    axv_preset_Setpoint(&writes, PRESET);
    axv_write_console(&axv, ready, sizeof ready - 1);
    for (prepare_timer();; sleep()) {
        axv_take_writes(&writes);
        axv_tags_begin(&tags);
        axv_set_Scans(&tags, ++scan);
        axv_set_Setpoint(&tags, axv_get_Setpoint(&writes));
        axv_set_Locked(&tags, axv_get_Locked(&writes));
        axv_set_Fault(&tags, axv_get_Fault(&writes));
        axv_set_Output(&tags, GAIN * axv_get_Setpoint(&writes));
        axv_tags_end(&tags, counter());
        if (axv_get_Fault(&writes)) put(NOBODYS, 0);
    }
}
