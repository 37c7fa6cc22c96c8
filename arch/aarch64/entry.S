// Entry and vectors: what cannot be said in AssemblyScript. Position independent; only registers, PC-relative addresses and
// the MMU's own tables until the linear-memory window is there.

#include "core/bound.inc"
#include "offsets.h"                        // VCPU_*: where in a Vcpu (vcpu.ts); the build makes it

// Linux arm64 Image header (Documentation/arch/arm64/booting.rst): U-Boot booti and QEMU -kernel take it.
#define IMAGE_FLAGS         0xa             // 4 KiB pages, anywhere in memory (2 MiB aligned), little endian

// Stage 1 descriptors (Arm ARM D8.3; see tables.ts).
#define DESC_TABLE          0x3
#define DESC_PAGE           0x3
#define DESC_AF             (1 << 10)
#define DESC_SH_INNER       (3 << 8)
#define DESC_AP_RES1        (1 << 6)
#define DESC_READ_ONLY      (1 << 7)
#define PAGE_NORMAL         (DESC_PAGE | DESC_AF | DESC_SH_INNER | DESC_AP_RES1)   // attribute index 0
#define DESC_XN_SHIFT       54
#define TABLE_BYTES         4096
#define PAGES_MAX           512             // what one level 3 table maps: core.ld asserts it

#define MAIR_VALUE          0x04ff          // 0: Normal write-back; 1: Device-nGnRE
// T0SZ 25 (39 bits), walks write-back inner shareable, 4 KiB granule, RES1 bits 31 and 23; PS is added.
#define TCR_VALUE           0x80803519
#define TCR_PS_SHIFT        16
#define PARANGE_48_BITS     5
// RES1 bits, I, C, M, SA, WXN.
#define SCTLR_VALUE         0x30cd183d
// RES1 bits: little endian, no MMU, no caches.
#define SCTLR_OFF           0x30c50830
#define HCR_RW              (1 << 31)
#define CPTR_NONE           0x33ff          // RES1 bits: no trap of V0 to V31
#define CPTR_FPEN           (3 << 20)
#define LINEAR_ROOT_INDEX   (LINEAR_BASE >> 30)

#define STACK_SLOT_SHIFT    14
#define STACK_SLOT          (1 << STACK_SLOT_SHIFT)
#define PANIC_STACK_TOP     0x2000          // in its slot
#define MAX_CPUS            8
#define CURRENT_EL2         8
#define SPSR_A              (1 << 8)
#define LINE_BYTES          64
#define EXIT_AGAIN          2               // lifecycle.ts
#define INTERRUPT_FRAME     112             // x0…x8, x16…x18, x30 on the stack, in this order

.macro address register, symbol
    adrp    \register, \symbol
    add     \register, \register, :lo12:\symbol
.endm

// A guest's x2…x30 in its Vcpu, whose VA is in x0.
.altmacro
.macro pair operation, n, next
    \operation x\n, x\next, [x0, #(VCPU_X0 + 8 * \n)]
.endm
.macro vcpu_registers pairs, single
    .irp n, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28
    pair    \pairs, \n, %(\n + 1)
    .endr
    \single x30, [x0, #(VCPU_X0 + 240)]
.endm

// What the vectors do by themselves with a Vcpu (quick traps, below); VCPU_PARTITION is all ones where there is none.
#define ESR_EC_SHIFT        26
#define EC_HVC64            0x16
#define ESR_EC1             27              // EC, bit 1: 1 of HVC and SMC, 0 of system registers (0x18) and data aborts (0x24)
#define ESR_EC5             31              // EC, bit 5: 1 of aborts
#define ESR_RT_SHIFT        5               // of a system register access; bit 0: it is a read
#define ESR_SRT_SHIFT       16              // of a data abort; bit 6: it is a write
#define ESR_WNR             6
#define ESR_ALL_BUT_RT      0xfffffc1f
#define SPSR_SS             (1 << 21)
#define HIGHEST_GUEST_PRIORITY 0x10         // gic.ts
#define ICC_PMR_EL1         S3_0_C4_C6_0

// What a handler that saves most (preserve_most) may change, but for x0 and x1, in the frame of an interrupt.
.macro frame_registers pairs, single
    \pairs x2, x3, [sp, #16]
    \pairs x4, x5, [sp, #32]
    \pairs x6, x7, [sp, #48]
    \pairs x8, x16, [sp, #64]
    \pairs x17, x18, [sp, #80]
    \single x30, [sp, #96]
.endm

// Goes to \leaf of the register whose number (0…31) is in w3: a comparison for each of its five bits, no indirect branch.
.macro select leaf, bit, first
    .if \bit < 0
    \leaf   \first
    .else
    tbnz    w3, #\bit, 77\@f
    select  \leaf, %(\bit - 1), \first
77\@:
    select  \leaf, %(\bit - 1), %(\first + (1 << \bit))
    .endif
.endm

// x2 = the guest's register of that number, when x0…x3 are in the frame and the others still its own.
.macro fetch number
    .if \number < 4
    ldr     x2, [sp, #(8 * \number)]
    .elseif \number < 31
    mov     x2, x\number
    .else
    mov     x2, xzr
    .endif
    b       axv_quick_fetched
.endm

// The guest's register of that number = x0, when those that preserve_most may change are in the frame.
.macro put number
    .if \number < 9
    str     x0, [sp, #(8 * \number)]
    .elseif \number >= 16 && \number < 19
    str     x0, [sp, #(72 + 8 * (\number - 16))]
    .elseif \number == 30
    str     x0, [sp, #96]
    .elseif \number < 31
    mov     x\number, x0
    .endif
    b       axv_quick_done
.endm

// The instruction is done: the guest goes on behind it, and a debugger's step with it (Arm ARM D2.12.4, PSTATE.SS).
.macro advance
    mrs     x0, elr_el2
    add     x0, x0, #4
    msr     elr_el2, x0
    mrs     x0, spsr_el2
    and     x0, x0, #~SPSR_SS
    msr     spsr_el2, x0
.endm

// Maintenance of all cache lines between two symbols, of so many pages at most.
.macro lines operation, first, end, pages
    dsb     sy
    address x0, \first
    address x1, \end
1:  bound   (\pages * TABLE_BYTES / LINE_BYTES)
    dc      \operation, x0
    add     x0, x0, #LINE_BYTES
    cmp     x0, x1
    b.lo    1b
    dsb     sy
.endm

// Zeros from x0 to x1, of whole pages, so many at most. V0 to V3 are zero.
.macro clear pages
1:  bound   (\pages * TABLE_BYTES / 512)
    .rept   8
    st1     {v0.2d, v1.2d, v2.2d, v3.2d}, [x0], #64
    .endr
    cmp     x0, x1
    b.lo    1b
.endm

.section .head, "ax"
    b       axv_primary_entry
    .long   0
    .quad   axv_text_offset                 // what is zero at first lies in front (core.ld)
    .quad   0                               // image_size: the packer's
    .quad   IMAGE_FLAGS
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0
.global axv_image_uart
    .type axv_image_uart, %object
axv_image_uart:
    .quad   0, 0                            // the board's UART: the packer's (core/devices/uart.ts)
    .size axv_image_uart, . - axv_image_uart

// ---- first pCPU: MMU off, x0 the loader's device tree ----
axv_primary_entry:
    mov     x20, x0
    mrs     x1, CurrentEL
    cmp     x1, #CURRENT_EL2
    b.ne    axv_stop                        // nothing can be said without knowing the UART at EL1: the README says what to check
    msr     daifset, #0xf
    bl      axv_leave_firmware
    mov     x0, #CPTR_NONE
    movk    x0, #(CPTR_FPEN >> 16), lsl #16 // where HCR_EL2.E2H stays 1
    msr     cptr_el2, x0
    isb
    .irp    n, 0, 1, 2, 3
    movi    v\n\().2d, #0
    .endr
    bl      axv_make_tables
    mov     x19, #0
    bl      axv_mmu_on
    address x0, axv_stage1_tables_end
    address x1, axv_linear_end
    clear   (2 * PAGES_MAX)
    bl      axv_init_linear
    mov     x0, x20
    bl      boot
    cbz     w0, axv_stop
    b       axv_first_park

// ---- firmware's MMU and caches off; what it wrote of the image by way of them is in memory then ----
axv_leave_firmware:
    mrs     x0, sctlr_el2
    tbz     x0, #0, 2f
    lines   civac, axv_image_start, axv_image_end, PAGES_MAX
2:  movz    x0, #(SCTLR_OFF >> 16), lsl #16
    movk    x0, #(SCTLR_OFF & 0xffff)
    msr     sctlr_el2, x0
    isb
    ret

// ---- translation tables of the core itself: image at VA = PA, linear memory in its window ----
axv_make_tables:
    address x9, axv_image_start
    lines   ivac, axv_stage1_tables, axv_stage1_tables_end, 5 // they may linger in a cache from before
    address x0, axv_stage1_tables
    address x1, axv_stage1_tables_end
    clear   5

    address x0, axv_stage1_root
    address x1, axv_stage1_image2
    orr     x2, x1, #DESC_TABLE
    lsr     x3, x9, #30
    str     x2, [x0, x3, lsl #3]
    address x4, axv_stage1_image3
    orr     x2, x4, #DESC_TABLE
    ubfx    x3, x9, #21, #9
    str     x2, [x1, x3, lsl #3]

    // Text read-only and executable, rodata read-only, what is in front and behind writable; but for text nothing is executable.
    mov     x5, #PAGE_NORMAL
    mov     x6, #1
    lsl     x6, x6, #DESC_XN_SHIFT
    mov     x0, x9
    address x1, axv_text_end
    address x2, axv_rodata_end
    address x3, axv_image_end
    address x11, axv_image_header
2:  bound   PAGES_MAX
    orr     x8, x5, x0                      // data, and what is in front
    orr     x8, x8, x6
    cmp     x0, x2
    b.hs    3f
    cmp     x0, x11
    b.lo    3f
    orr     x8, x8, #DESC_READ_ONLY         // rodata
    cmp     x0, x1
    b.hs    3f
    eor     x8, x8, x6                      // text
3:  ubfx    x10, x0, #12, #9
    str     x8, [x4, x10, lsl #3]
    add     x0, x0, #TABLE_BYTES
    cmp     x0, x3
    b.lo    2b

    // The first and third page of every stack slot stay unmapped: a stack that overflows faults.
    address x0, axv_stacks
    address x1, axv_stacks_end
4:  bound   (2 * MAX_CPUS)
    ubfx    x10, x0, #12, #9
    str     xzr, [x4, x10, lsl #3]
    add     x0, x0, #(STACK_SLOT / 2)
    cmp     x0, x1
    b.lo    4b

    address x0, axv_stage1_root
    address x1, axv_stage1_linear2
    orr     x2, x1, #DESC_TABLE
    str     x2, [x0, #(LINEAR_ROOT_INDEX * 8)]
    address x4, axv_stage1_linear3
    orr     x2, x4, #DESC_TABLE
    str     x2, [x1]
    address x0, axv_linear_start
    address x1, axv_linear_end
5:  bound   PAGES_MAX
    orr     x8, x5, x0
    orr     x8, x8, x6
    str     x8, [x4], #8
    add     x0, x0, #TABLE_BYTES
    cmp     x0, x1
    b.lo    5b
    // And may have been read into one since: what was written with the MMU off is not in it.
    lines   ivac, axv_stage1_tables, axv_stage1_tables_end, 5
    ret

// ---- MMU and caches on; x19: the pCPU's index. Gives it its stack. ----
axv_mmu_on:
    msr     daifset, #0xf
    mov     x0, #HCR_RW                     // E2H = 0: the layouts below are for that. Where it stays 1, they map what is
                                            // below 4 GiB all the same: boardCheck.ts can say so
    msr     hcr_el2, x0
    isb
    msr     spsel, #1
    mov     x0, #MAIR_VALUE
    msr     mair_el2, x0
    mrs     x0, id_aa64mmfr0_el1
    and     x0, x0, #0xf
    mov     x1, #PARANGE_48_BITS
    cmp     x0, x1
    csel    x0, x0, x1, lo
    movz    x1, #(TCR_VALUE >> 16), lsl #16
    movk    x1, #(TCR_VALUE & 0xffff)
    orr     x0, x1, x0, lsl #TCR_PS_SHIFT
    msr     tcr_el2, x0
    address x0, axv_stage1_root
    msr     ttbr0_el2, x0
    address x0, axv_vectors
    msr     vbar_el2, x0
    mov     x0, #1                          // not 0: 0 says that a panic has been reported
    msr     tpidr_el2, x0
    tlbi    alle2
    ic      iallu
    dsb     sy
    isb
    movz    x0, #(SCTLR_VALUE >> 16), lsl #16
    movk    x0, #(SCTLR_VALUE & 0xffff)
    msr     sctlr_el2, x0
    isb
    address x0, axv_stacks
    add     x1, x19, #1
    add     x0, x0, x1, lsl #STACK_SLOT_SHIFT
    mov     sp, x0
    ret

// ---- vectors (Arm ARM D1.3.1.5): entries of 128 bytes. Where an entry needs fewer, the rest holds other code of this file.
// There are none for a lower EL in AArch32: HCR_EL2.RW is always set, and what counts is EL1, even when EL0 is in AArch32 ----
.macro vector label
    .org    axv_vectors + .Lvector * 128
    .set    .Lvector, .Lvector + 1
\label:
.endm

// An exception from a guest: its registers go into its Vcpu, whose VA is in TPIDR_EL2; then the handler decides. x0 and x1 are in
// the frame already.
.macro save_and_ask handler
    mrs     x0, tpidr_el2
    vcpu_registers stp, str
    ldp     x2, x3, [sp], #INTERRUPT_FRAME
    stp     x2, x3, [x0, #VCPU_X0]
    mov     w20, w0                         // preserve_none: the handler may change every register, as all are saved
    bl      \handler                        // w20: offset of the Vcpu in linear memory, the low half of its VA
    cbz     w0, axv_resume
    b       axv_park
.endm

// What a quick trap may change, but for x0…x3; x0 the Vcpu.
.macro save_quick
    mrs     x0, tpidr_el2
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x16, [sp, #64]
    stp     x17, x18, [sp, #80]
    str     x30, [sp, #96]
.endm

.section .text.vectors, "ax"
.balign 2048
.global axv_vectors
.set .Lvector, 0
axv_vectors:
    vector  axv_vector_el2t_sync
    b       axv_panic
// A fault of the hypervisor itself: reported once, on a stack of its own (the other may be what overflowed).
axv_panic:
    mrs     x3, tpidr_el2
    cbz     x3, axv_stop
    msr     tpidr_el2, xzr
    mov     x4, sp
    sub     x4, x4, #1
    and     x4, x4, #~(STACK_SLOT - 1)
    add     x4, x4, #PANIC_STACK_TOP
    mov     sp, x4
    mrs     x0, esr_el2
    mrs     x1, elr_el2
    mrs     x2, far_el2
    bl      panic
axv_stop:
    wfi
    b       axv_stop

// Are there CLUSTERPARTCR_EL1 and CLUSTERTHREADSID_EL1 that we may write? w0: 1 yes, 0 UNDEFINED.
.global axv_probe_cluster
axv_probe_cluster:
    mov     w0, #1
axv_probe:
    mrs     x1, S3_0_C15_C4_3
    msr     S3_0_C15_C4_3, x1
    mrs     x1, S3_0_C15_C4_0
    msr     S3_0_C15_C4_0, x1
    ret
axv_probe_failed:
    mov     w0, #0
    ret

// A physical SError that is pending is taken, and forgotten: x1…x4 are free for that.
.global axv_drop_serror
axv_drop_serror:
    dsb     sy
    msr     daifclr, #4
axv_drop_window:
    isb
    msr     daifset, #4
axv_drop_end:
    ret

    vector  axv_vector_el2t_irq
    b       axv_panic
axv_refused:                                // a quick trap that is none
    mrs     x1, tpidr_el2
    str     wzr, [x1, #VCPU_REFUSES]
    frame_registers ldp, ldr
axv_long:
    save_and_ask trapSync

    vector  axv_vector_el2t_fiq
    b       axv_panic
// The guest does not go on after an interrupt: its registers, for whoever inspects it. Those not in the frame are still its own.
axv_park_interrupted:
    frame_registers ldp, ldr
    mrs     x0, tpidr_el2
    vcpu_registers stp, str
    ldp     x2, x3, [sp], #INTERRUPT_FRAME
    stp     x2, x3, [x0, #VCPU_X0]
    b       axv_park

    vector  axv_vector_el2t_serror
    b       axv_panic
// No guest to run: each time, park() looks first at what is pending.
axv_park:
    sevl                                    // WFE does not sleep after it: for tools/verify it ends what came before, as WFI does
    wfe
axv_look:
    mrs     x0, tpidr_el2
    bl      park
    cbz     w0, axv_resume
    cmp     w0, #EXIT_AGAIN
    b.eq    axv_park
    wfi                                     // an interrupt that came since is pending, and WFI does not sleep then
    b       axv_look
axv_resume:
    mrs     x0, tpidr_el2
    vcpu_registers ldp, ldr
    ldp     x0, x1, [x0, #VCPU_X0]
    eret

// An exception from our own code: the probe's leads to its other end, any other is a fault. x1…x4 are free in both.
    vector  axv_vector_el2h_sync
    mrs     x3, elr_el2
    adr     x4, axv_probe
    sub     x3, x3, x4
    cmp     x3, #16                         // its four instructions
    b.hs    axv_panic
    adr     x4, axv_probe_failed
    msr     elr_el2, x4
    eret

// Every other pCPU, by PSCI CPU_ON: x0 its index in the blob.
.global axv_secondary_entry
axv_secondary_entry:
    mov     x19, x0
    bl      axv_mmu_on
    mov     w0, w19
    bl      bootSecondary
    cbz     w0, axv_stop                    // not as planned
axv_first_park:
    mov     x1, #LINEAR_BASE
    add     x0, x1, w0, uxtw
    msr     tpidr_el2, x0                   // VA of this pCPU's Vcpu, for as long as the board is on
    ldr     w1, [x0, #VCPU_PARTITION]
    cmn     w1, #1
    b.ne    axv_park
axv_spare:                                  // no guest ever
    mrs     x0, tpidr_el2
    bl      idle
    wfi
    b       axv_spare

    vector  axv_vector_el2h_irq
    b       axv_panic
axv_quick_fetched:                          // x2: what is stored
    tbnz    w1, #ESR_EC5, axv_quick_store
    mrs     x0, tpidr_el2
    ldr     w3, [x0, #VCPU_MASK_TRAP]
    eor     w3, w3, w1
    tst     w3, #ESR_ALL_BUT_RT
    b.eq    axv_write_mask
    save_quick
    bl      trapWrite
    cbz     w0, axv_quick_done
    b       axv_refused
axv_quick_store:
    save_quick
    bl      trapStore
    cbz     w0, axv_quick_done
    b       axv_refused

    vector  axv_vector_el2h_fiq
    b       axv_panic
axv_quick_done:
    advance
    frame_registers ldp, ldr
    ldp     x0, x1, [sp], #INTERRUPT_FRAME
    eret
axv_quick_read:
    save_quick
    bl      trapRead                        // x0: the register's value
    mrs     x1, esr_el2
    ubfx    w3, w1, #ESR_RT_SHIFT, #5
    b       axv_quick_given

    vector  axv_vector_el2h_serror
    mrs     x3, elr_el2
    adr     x4, axv_drop_window
    sub     x3, x3, x4
    cmp     x3, #(axv_drop_end - axv_drop_window)
    b.hs    axv_panic
    mrs     x3, spsr_el2
    orr     x3, x3, #SPSR_A                 // one is enough: whoever sends more cannot keep us here
    msr     spsr_el2, x3
    eret

// MSR ICC_PMR_EL1 of a direct guest: RTOSes mask by it, at each critical section. As sysregTrap.ts does it, in the registers
// at hand.
axv_write_mask:
    and     w2, w2, #0xff
    str     w2, [x0, #VCPU_PRIORITY_MASK]
    mov     w3, #HIGHEST_GUEST_PRIORITY
    cmp     w2, w3
    csel    w2, w2, w3, hi
    msr     ICC_PMR_EL1, x2
    ldr     x2, [x0, #VCPU_EXITS_REGISTER]
    add     x2, x2, #1
    str     x2, [x0, #VCPU_EXITS_REGISTER]
    advance
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp], #INTERRUPT_FRAME
    eret

    // From here on from a guest. A debugger's backtrace ends: what is behind is the guest.
    .cfi_startproc
    .cfi_undefined x30
// A synchronous exception: a system register or a device may be a quick trap; then a hypercall comes soonest.
    vector  axv_vector_sync
    stp     x0, x1, [sp, #-INTERRUPT_FRAME]!
    mrs     x1, esr_el2
    tbz     w1, #ESR_EC1, axv_quick
    lsr     w1, w1, #ESR_EC_SHIFT
    cmp     w1, #EC_HVC64
    b.ne    axv_long
    save_and_ask trapCall

// An interrupt: what the handler may change (preserve_most: x0…x8, x16…x18, x30) goes on the stack, the rest it keeps. The Vcpu
// gets the guest's registers only when the guest does not go on.
.irp line, irq, fiq
    vector  axv_vector_\line
    stp     x0, x1, [sp, #-INTERRUPT_FRAME]!
    frame_registers stp, str
    mrs     x0, tpidr_el2
    bl      trapIrq
    cbnz    w0, axv_park_interrupted
    frame_registers ldp, ldr
    ldp     x0, x1, [sp], #INTERRUPT_FRAME
    eret
.endr

    vector  axv_vector_serror
    stp     x0, x1, [sp, #-INTERRUPT_FRAME]!
    save_and_ask trapSerror

// Quick traps (quickTraps.ts, sysregTrap.ts): x1 ESR_EL2, x0 and x1 in the frame. What is refused goes the long way.
axv_quick:
    stp     x2, x3, [sp, #16]
    tbnz    w1, #ESR_EC5, 1f
    tbnz    w1, #0, axv_quick_read
    ubfx    w3, w1, #ESR_RT_SHIFT, #5
    b       2f
1:  tbz     w1, #ESR_WNR, axv_quick_load
    ubfx    w3, w1, #ESR_SRT_SHIFT, #5
2:  select  fetch, 4, 0
axv_quick_load:
    save_quick
    bl      trapLoad
    mrs     x1, esr_el2
    ubfx    w3, w1, #ESR_SRT_SHIFT, #5
axv_quick_given:
    mrs     x1, tpidr_el2
    ldr     w2, [x1, #VCPU_REFUSES]
    cbnz    w2, axv_refused
    select  put, 4, 0
    .cfi_endproc
