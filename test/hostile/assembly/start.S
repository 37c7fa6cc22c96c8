// Entry of the hostile guest, at EL1: MMU and caches on, so that it can do what only Normal memory allows, with all of its
// IPA space in reach, twice; then one command of the host after the other. And how a step is carried out.

#define MAIR                0x04ff              // attribute 0: Normal write-back; 1: Device-nGnRE
// TCR_EL1 (DDI 0487, D17.2.131): 48-bit addresses by TTBR0 alone, 4 KiB granule, walks write-back inner shareable, 40-bit
// outputs.
#define TCR                 (16 | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23) | (2 << 32))
// SCTLR_EL1 (D17.2.118): RES1 bits, M, C, I. No alignment checks, and what is writable can be executed.
#define SCTLR               (0x30d00800 | (1 << 0) | (1 << 2) | (1 << 12))
#define CPACR_FPEN          (3 << 20)           // Q registers are for use

// Level 0 and level 1 descriptors (D8.3).
#define TABLE               3
#define BLOCK_NORMAL        (1 | (3 << 8) | (1 << 10))                              // inner shareable, AF, attribute 0
#define BLOCK_DEVICE        (1 | (1 << 2) | (1 << 10) | (1 << 53) | (1 << 54))      // AF, attribute 1, execute never
#define ENTRIES             512
#define TABLE_BYTES         0x1000
#define GIB                 0x40000000

#define STACK_BYTES         0x2000

// Linux arm64 Image header (Documentation/arch/arm64/booting.rst): what the planner takes.
        .section .text.header, "ax"
        .globl  _start
_start:
        b       entry                           // code0
        .long   0                               // code1
        .quad   0                               // text_offset
        .quad   axv_image_size                  // image_size
        .quad   2                               // flags: little endian, 4 KiB pages
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0

        .text
entry:
        msr     daifset, #0xf
        mov     x0, #MAIR
        msr     mair_el1, x0
        ldr     x0, =TCR
        msr     tcr_el1, x0
        ldr     x0, =STAGE1_IPA
        msr     ttbr0_el1, x0
        ldr     x0, =vectors
        msr     vbar_el1, x0
        mov     x0, #CPACR_FPEN
        msr     cpacr_el1, x0
        tlbi    vmalle1
        ic      iallu
        dsb     nsh
        isb
        ldr     x0, =SCTLR
        msr     sctlr_el1, x0
        isb
        msr     spsel, #1
        ldr     x0, =axv_stack_top
        mov     sp, x0
        bl      axv_init_linear
        bl      start
again:  bl      serve                           // one command, or a little sleep
        b       again

// execute_step(step): x0…x7 from the step, then its code, which is in the step itself and ends by RET. Whatever it leaves in the
// registers that are for use is of no interest but for x0. x28 counts the interrupts that it takes.
        .globl  execute_step
execute_step:
        stp     x29, x30, [sp, #-96]!
        stp     x27, x28, [sp, #16]
        stp     x25, x26, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x21, x22, [sp, #64]
        stp     x19, x20, [sp, #80]
        mov     x28, xzr
        mov     x27, #1
        adr     x26, stepping
        str     x27, [x26]
        mov     x16, x0
        ldp     x0, x1, [x16, #STEP_X]
        ldp     x2, x3, [x16, #STEP_X + 16]
        ldp     x4, x5, [x16, #STEP_X + 32]
        ldp     x6, x7, [x16, #STEP_X + 48]
        blr     x16
        str     xzr, [x26]
        ldp     x19, x20, [sp, #80]
        ldp     x21, x22, [sp, #64]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #32]
        ldp     x27, x28, [sp, #16]
        ldp     x29, x30, [sp], #96
        ret

        .data
        .balign 8
        .globl  stepping, step_exceptions, step_syndrome, step_fault, step_gicc
stepping:   .quad 0                     // an exception now is the step's
step_exceptions: .quad 0
step_syndrome:   .quad 0
step_fault:      .quad 0
step_gicc:       .quad 0                     // GICv2: VA of the CPU interface

        .section .stack, "aw", %nobits
        .space  STACK_BYTES

        // VA = IPA, 1 TiB, as Normal memory, and once more as Device memory 1 TiB above. The next
        // entry is for walks into the unknown.
        .section .stage1, "aw"
        .balign TABLE_BYTES
level0:
        .quad   normal + TABLE, normal + TABLE_BYTES + TABLE
        .quad   device + TABLE, device + TABLE_BYTES + TABLE
        .fill   ENTRIES - 4, 8, 0
        .macro  blocks attributes
        .set    address, 0
        .rept   2 * ENTRIES
        .quad   address + \attributes
        .set    address, address + GIB
        .endr
        .endm
normal: blocks  BLOCK_NORMAL
device: blocks  BLOCK_DEVICE

        // For hostile.ld.
        .globl  axv_image, axv_linear_base, axv_stage1, axv_stage1_bytes, axv_steps, axv_steps_bytes
        .set    axv_image, IMAGE_IPA
        .set    axv_linear_base, LINEAR_BASE
        .set    axv_stage1, STAGE1_IPA
        .set    axv_stage1_bytes, STAGE1_BYTES
        .set    axv_steps, STEPS_IPA
        .set    axv_steps_bytes, STEPS_BYTES
