// The guest's stage-1 tables, complete at link time: 4 KiB granule, 39-bit addresses, walks from level 1 (DDI 0487, D8.3).
// Every page of the image has the one permission it needs; what is not listed here is not mapped. plc.ld places the
// image's parts by the same sizes and fails the link when one of them no longer fits.
//
//   VA 0x00_0800_0000   2 MiB     GICD, GICC, GICR               Device-nGnRE
//   VA 0x00_4000_0000   image     text RX │ rodata R │ data RW │ … │ stack RW │ … │ panic stack RW
//   VA 0x00_5000_0000   16 MiB    channels and mailbox           Normal, RW; the plan says how much of it there is
//   VA 0x40_0000_0000   64 KiB    linear memory                  Normal, RW; the rest of its 4 GiB window is guard
//
//    63    54  53  52        47           12 11  10 9  8 7  6 5   4   2  1 0
//   ┌─────┬───┬───┬─────────┬───────────────┬───┬──┬────┬────┬───┬─────┬────┐
//   │     │UXN│PXN│         │ output address│ nG│AF│ SH │ AP │ NS│ Attr│type│   type 3: table, or page at level 3; 1: block
//   └─────┴───┴───┴─────────┴───────────────┴───┴──┴────┴────┴───┴─────┴────┘
#include "layout.h"

#define TABLE               3
#define PAGE                3
#define BLOCK               1
#define ATTR_DEVICE         (1 << 2)            // MAIR attribute 1; 0 is Normal
#define AP_READ_ONLY        (2 << 6)
#define SH_INNER            (3 << 8)
#define AF                  (1 << 10)
#define PXN                 (1 << 53)
#define UXN                 (1 << 54)

#define READ_EXECUTE        (PAGE | AP_READ_ONLY | SH_INNER | AF | UXN)
#define READ_ONLY           (PAGE | AP_READ_ONLY | SH_INNER | AF | UXN | PXN)
#define READ_WRITE          (PAGE | SH_INNER | AF | UXN | PXN)
#define DEVICE_BLOCK        (BLOCK | ATTR_DEVICE | AF | UXN | PXN)
#define SHARED_BLOCK        (BLOCK | SH_INNER | AF | UXN | PXN)

#define PAGE_BYTES          0x1000
#define BLOCK_BYTES         0x200000
#define ENTRIES             512
#define WINDOW_ENTRY        (LINEAR_BASE >> 30) // LINEAR_BASE: tools/build/programs.ts

        .macro  pages base, bytes, attributes
        .set    offset, 0
        .rept   (\bytes) / PAGE_BYTES
        .quad   (\base) + offset + (\attributes)
        .set    offset, offset + PAGE_BYTES
        .endr
        .endm

        .macro  blocks base, bytes, attributes
        .set    offset, 0
        .rept   (\bytes) / BLOCK_BYTES
        .quad   (\base) + offset + (\attributes)
        .set    offset, offset + BLOCK_BYTES
        .endr
        .endm

        .macro  unmapped entries
        .fill   \entries, 8, 0
        .endm

        .section .stage1, "a"
        .balign PAGE_BYTES
        .globl  stage1_root
stage1_root:                                    // level 1, 1 GiB an entry
        .quad   devices + TABLE                 // 0x00_0000_0000
        .quad   ram + TABLE                     // 0x00_4000_0000
        unmapped (WINDOW_ENTRY - 2)
        .quad   window + TABLE                  // 0x40_0000_0000
        unmapped (ENTRIES - WINDOW_ENTRY - 1)

devices:                                        // level 2, 2 MiB an entry
        unmapped 64
        .quad   GIC_IPA + DEVICE_BLOCK
        unmapped (ENTRIES - 65)

ram:                                            // level 2
        .quad   image + TABLE                   // 0x4000_0000
        unmapped 127
        blocks  CHANNEL_IPA, SHARED_BYTES, SHARED_BLOCK // 0x5000_0000
        unmapped (ENTRIES - 128 - SHARED_BYTES / BLOCK_BYTES)

image:                                          // level 3, 4 KiB an entry
        pages   IMAGE_IPA, TEXT_BYTES, READ_EXECUTE
        pages   axv_rodata_start, RODATA_BYTES, READ_ONLY
        pages   axv_data_start, DATA_BYTES, READ_WRITE
        unmapped 1                              // below the stack
        pages   axv_stack_bottom, STACK_BYTES, READ_WRITE
        unmapped 1
        pages   axv_panic_stack_bottom, PANIC_STACK_BYTES, READ_WRITE
        .balign PAGE_BYTES, 0                   // these tables and linear memory are behind, and not mapped here

window:                                         // level 2
        .quad   linear + TABLE
        unmapped (ENTRIES - 1)

linear:                                         // level 3
        pages   axv_linear_start, LINEAR_BYTES, READ_WRITE
        .balign PAGE_BYTES, 0

        // For plc.ld.
        .irp    name, axv_text_bytes, axv_rodata_bytes, axv_data_bytes
        .globl  \name
        .endr
        .set    axv_text_bytes, TEXT_BYTES
        .set    axv_rodata_bytes, RODATA_BYTES
        .set    axv_data_bytes, DATA_BYTES
