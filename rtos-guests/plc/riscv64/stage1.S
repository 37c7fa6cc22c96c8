// The guest's page tables, complete at link time: Sv39, three levels (Privileged Architecture, "Sv39"). Every page of the image
// has the one permission it needs; what is not listed here is not mapped. A and D are set, so that no walk has to.
//
//   VA 0x00_1000_0000   2 MiB     the 16550                      RW; only bare is anything there
//   VA 0x00_8020_0000   image     text RX │ rodata R │ data RW │ … │ stack RW │ … │ panic stack RW
//   VA 0x00_9000_0000   16 MiB    channels and mailbox           RW; the plan says how much of it there is
//   VA 0x20_0000_0000   64 KiB    linear memory                  RW; the rest of its 4 GiB window is guard
//
//    63    54 53                    10 9  8 7 6 5 4 3 2 1 0
//   ┌────────┬────────────────────────┬────┬─┬─┬─┬─┬─┬─┬─┬─┐
//   │        │ physical page number   │    │D│A│G│U│X│W│R│V│   V alone: the next level's table
//   └────────┴────────────────────────┴────┴─┴─┴─┴─┴─┴─┴─┴─┘
#include "layout.h"

#define V                   (1 << 0)
#define R                   (1 << 1)
#define W                   (1 << 2)
#define X                   (1 << 3)
#define A                   (1 << 6)
#define D                   (1 << 7)
#define READ_EXECUTE        (V | R | X | A)
#define READ_ONLY           (V | R | A)
#define READ_WRITE          (V | R | W | A | D)

#define ENTRY(pa)           ((pa) >> 12 << 10)
#define BLOCK_BYTES         0x200000            // of level 1
#define ENTRIES             512
#define WINDOW_ENTRY        (LINEAR_BASE >> 30) // LINEAR_BASE: tools/build/programs.ts

        .macro  leaves base, bytes, step, permissions
        .set    offset, 0
        .rept   (\bytes) / (\step)
        .quad   ENTRY((\base) + offset) + (\permissions)
        .set    offset, offset + (\step)
        .endr
        .endm

        .macro  pages base, bytes, permissions
        leaves  \base, \bytes, PAGE_BYTES, \permissions
        .endm

        .macro  unmapped entries
        .fill   \entries, 8, 0
        .endm

        .section .stage1, "a"
        .balign PAGE_BYTES                      // ROOT_PA: level 2, 1 GiB an entry
        .quad   ENTRY(LOW_PA) + V               // 0x00_0000_0000
        unmapped 1
        .quad   ENTRY(RAM_PA) + V               // 0x00_8000_0000
        unmapped (WINDOW_ENTRY - 3)
        .quad   ENTRY(WINDOW_PA) + V            // 0x20_0000_0000
        unmapped (ENTRIES - WINDOW_ENTRY - 1)

        // LOW_PA: level 1, 2 MiB an entry
        unmapped (DEVICES_PA / BLOCK_BYTES)
        .quad   ENTRY(DEVICES_PA) + READ_WRITE
        unmapped (ENTRIES - DEVICES_PA / BLOCK_BYTES - 1)

        // RAM_PA: level 1
        unmapped 1
        .quad   ENTRY(IMAGE_TABLE_PA) + V       // 0x8020_0000
        unmapped 126
        leaves  CHANNEL_IPA, SHARED_BYTES, BLOCK_BYTES, READ_WRITE // 0x9000_0000
        unmapped (ENTRIES - 128 - SHARED_BYTES / BLOCK_BYTES)

        // IMAGE_TABLE_PA: level 0, 4 KiB an entry
        pages   IMAGE_PA, TEXT_BYTES, READ_EXECUTE
        pages   RODATA_PA, RODATA_BYTES, READ_ONLY
        pages   DATA_PA, DATA_BYTES, READ_WRITE
        unmapped 1
        pages   STACK_PA, STACK_BYTES, READ_WRITE
        unmapped 1
        pages   PANIC_STACK_PA, PANIC_STACK_BYTES, READ_WRITE
        .balign PAGE_BYTES, 0                   // these tables and linear memory are behind, and not mapped here

        // WINDOW_PA: level 1
        .quad   ENTRY(LINEAR_TABLE_PA) + V
        unmapped (ENTRIES - 1)

        // LINEAR_TABLE_PA: level 0
        pages   LINEAR_PA, LINEAR_BYTES, READ_WRITE
        .balign PAGE_BYTES, 0

        // For plc.ld.
        .macro  symbol name, value
        .globl  \name
        .set    \name, \value
        .endm
        symbol  axv_rodata_at, RODATA_PA
        symbol  axv_data_at, DATA_PA
        symbol  axv_data_end, DATA_PA + DATA_BYTES
        symbol  axv_stack_at, STACK_PA
        symbol  axv_panic_stack_at, PANIC_STACK_PA
        symbol  axv_stage1_at, ROOT_PA
        symbol  axv_linear_at, LINEAR_PA
