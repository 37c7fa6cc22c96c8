// Sizes of the image's parts: one table for stage1.S, which maps them, start.S, which fills them, and plc.ld, which places
// them (through the absolute symbols at the end of stage1.S). All are multiples of 4 KiB.
#define IMAGE_IPA           0x40000000
#define CHANNEL_IPA         0x50000000          // map.ts
#define SHARED_BYTES        0x01000000          // map.ts: a multiple of 2 MiB
#define GIC_IPA             0x08000000          // map.ts: GICD, GICC and GICR, within 2 MiB

#define TEXT_BYTES          0x8000
#define RODATA_BYTES        0x4000
#define DATA_BYTES          0x2000
#define STACK_BYTES         0x4000
#define PANIC_STACK_BYTES   0x2000
#define LINEAR_BYTES        0x10000             // one wasm page
