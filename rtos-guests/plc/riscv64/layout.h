// Where the image's parts are: one table for stage1.S, which maps them, start.S, which fills them, and plc.ld, which places
// them. The addresses are constants, for an entry of a page table holds one shifted, and no relocation can say that. All are
// multiples of 4 KiB.
#define PAGE_BYTES          0x1000

#define IMAGE_PA            0x80200000          // where firmware starts what comes after it
#define CHANNEL_IPA         0x90000000          // map.ts
#define SHARED_BYTES        0x01000000          // ../map.ts: a multiple of 2 MiB
#define DEVICES_PA          0x10000000          // map.ts: the 16550, and what else is within 2 MiB

#define TEXT_BYTES          0x8000
#define RODATA_BYTES        0x4000
#define DATA_BYTES          0x2000
#define STACK_BYTES         0x4000
#define PANIC_STACK_BYTES   0x2000
#define LINEAR_BYTES        0x10000             // one wasm page

#define RODATA_PA           (IMAGE_PA + TEXT_BYTES)
#define DATA_PA             (RODATA_PA + RODATA_BYTES)
#define STACK_PA            (DATA_PA + DATA_BYTES + PAGE_BYTES)             // nothing is mapped below it
#define PANIC_STACK_PA      (STACK_PA + STACK_BYTES + PAGE_BYTES)

#define ROOT_PA             (PANIC_STACK_PA + PANIC_STACK_BYTES)            // the tables, a page each
#define LOW_PA              (ROOT_PA + PAGE_BYTES)
#define RAM_PA              (LOW_PA + PAGE_BYTES)
#define IMAGE_TABLE_PA      (RAM_PA + PAGE_BYTES)
#define WINDOW_PA           (IMAGE_TABLE_PA + PAGE_BYTES)
#define LINEAR_TABLE_PA     (WINDOW_PA + PAGE_BYTES)
#define LINEAR_PA           (LINEAR_TABLE_PA + PAGE_BYTES)
