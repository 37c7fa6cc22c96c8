// Entry and traps: what cannot be said in AssemblyScript. Position independent; only registers, PC-relative addresses and the
// hypervisor's own tables until the linear-memory window is there.
//
// In the hypervisor:   tp  the hart's frame, at the top of its stack (it is no C code's)    sscratch  0
//                      gp  where linear memory begins (tools/build/targets/riscv64.h)
// While a guest runs:  all of them the guest's                                              sscratch  the hart's frame
//
// A frame is outside of linear memory: what is wrong in AssemblyScript does not get there. Its Vcpu's VA, the hart's ID
// (riscv64.table.ts, ownHart), and what a trap has no register for.

#include "core/bound.inc"
#include "offsets.h"                        // VCPU_*: where in a Vcpu (vcpu.ts); the build makes it

#define FRAME_VCPU          0
#define FRAME_A0            8               // a guest's, and those from FRAME_A1 on
#define FRAME_HART          16
#define FRAME_A1            24
#define FRAME_A2            32
#define FRAME_A3            40
#define FRAME_A4            48
#define FRAME_A5            56
#define FRAME_RA            64
#define FRAME_GP            72
#define FRAME_TP            80
#define FRAME_BYTES         96              // core.ld takes them from the stack
#define CAUSE_VS_ECALL      10
#define CAUSE_LOAD_FAULT    21              // guest page faults
#define CAUSE_STORE_FAULT   23
#define ECALL_BYTES         4
#define SBI_HSM             0x48534d        // firmware.ts
#define SBI_HART_START      0
#define SBI_HART_STOP       1

// Entries of translation tables (descriptors.ts).
#define PTE_V               (1 << 0)
#define PTE_READ            (PTE_V | 1 << 1 | 1 << 6 | 1 << 7)      // R, A, D
#define PTE_READ_WRITE      (PTE_READ | 1 << 2)
#define PTE_READ_EXECUTE    (PTE_READ | 1 << 3)
#define SATP_SV39_SHIFT     63              // MODE 8
#define PAGE_SHIFT          12
#define PAGE_BYTES          (1 << PAGE_SHIFT)
#define PAGES_MAX           512             // what one level 0 table maps: core.ld asserts it
#define INDEX_MASK          511
#define LINEAR_SHIFT        38              // linear memory's VA is -(1 << 38): where the upper half begins
#define LINEAR_ROOT_INDEX   256

#define STACK_SLOT_SHIFT    14
#define STACK_SLOT          (1 << STACK_SLOT_SHIFT)
#define PANIC_STACK_TOP     0x2000          // in its slot
#define MAX_CPUS            8
#define EXIT_AGAIN          2               // lifecycle.ts
#define SIP_SSIP            (1 << 1)
#define SSTATUS_SIE         (1 << 1)
#define SSTATUS_MXR_SUM     (3 << 18)
#define SSTATUS_VS          (3 << 9)            // vectors: off, until there is a guest (reset.ts)
#define VTYPE_VILL          63                  // the vector unit is set to nothing
#define STIMECMP            0x14d
#define STOPEI              0x15c
#define HGATP               0x680
#define HSTATUS             0x600
#define HSTATEEN0           0x60c
#define HTINST              0x64a
#define COMPRESSED_IF       3               // the lowest bits are not all ones
#define SISELECT            0x150
#define SIREG               0x151
#define SLOT(n)             (VCPU_X0 + 8 * n)

.macro window
    li      gp, -1
    slli    gp, gp, LINEAR_SHIFT
.endm

// Registers that a function may change, but for a0, sp and tp; and those that it keeps. Their Vcpu's VA is in a0.
.macro changed operation
    \operation ra, SLOT(1)(a0)
    \operation gp, SLOT(3)(a0)
    \operation t0, SLOT(5)(a0)
    \operation t1, SLOT(6)(a0)
    \operation t2, SLOT(7)(a0)
    \operation a1, SLOT(11)(a0)
    \operation a2, SLOT(12)(a0)
    \operation a3, SLOT(13)(a0)
    \operation a4, SLOT(14)(a0)
    \operation a5, SLOT(15)(a0)
    \operation a6, SLOT(16)(a0)
    \operation a7, SLOT(17)(a0)
    \operation t3, SLOT(28)(a0)
    \operation t4, SLOT(29)(a0)
    \operation t5, SLOT(30)(a0)
    \operation t6, SLOT(31)(a0)
.endm
.macro kept operation
    \operation s0, SLOT(8)(a0)
    \operation s1, SLOT(9)(a0)
    \operation s2, SLOT(18)(a0)
    \operation s3, SLOT(19)(a0)
    \operation s4, SLOT(20)(a0)
    \operation s5, SLOT(21)(a0)
    \operation s6, SLOT(22)(a0)
    \operation s7, SLOT(23)(a0)
    \operation s8, SLOT(24)(a0)
    \operation s9, SLOT(25)(a0)
    \operation s10, SLOT(26)(a0)
    \operation s11, SLOT(27)(a0)
.endm

// Translation on; s0: the hart's ID, s2: its index. Gives it its frame and its stack.
.macro enter
    csrw    sie, zero
    li      t0, SSTATUS_MXR_SUM | SSTATUS_VS | SSTATUS_SIE
    csrc    sstatus, t0
    lla     t0, axv_trap
    csrw    stvec, t0
    csrw    sscratch, zero
    lla     t0, axv_own_root
    srli    t0, t0, PAGE_SHIFT
    bseti   t0, t0, SATP_SV39_SHIFT
    sfence.vma
    csrw    satp, t0
    sfence.vma
    lla     t0, axv_stacks
    addi    t1, s2, 1
    slli    t1, t1, STACK_SLOT_SHIFT
    add     t0, t0, t1
    addi    tp, t0, -FRAME_BYTES
    mv      sp, tp
    sd      zero, FRAME_VCPU(tp)
    sd      s0, FRAME_HART(tp)
    window
.endm

// Linux riscv Image header (Documentation/arch/riscv/boot-image-header.rst): U-Boot's booti and QEMU's -kernel take it.
.section .head, "ax"
.global axv_image_start
    .option push
    .option norvc
    j       axv_primary_entry               // code0
    .option pop
    .type   axv_header, %object
axv_header:
    .word   0                               // code1
    .quad   0x200000                        // text_offset: behind the firmware
    .quad   0                               // image_size: the packer's
    .quad   0                               // flags: little endian
    .word   2                               // version 0.2
    .word   0
    .quad   0
    .ascii  "RISCV\0\0\0"
    .ascii  "RSC\x05"
    .word   0
.global axv_image_uart
    .type   axv_image_uart, %object
axv_image_uart:
    .quad   0, 0                            // the board's UART: the packer's (core/devices/uart.ts)
    .size   axv_image_uart, . - axv_image_uart
    .size   axv_header, . - axv_header

// ---- first hart: satp 0, a0 its ID, a1 the firmware's device tree ----
axv_primary_entry:
    mv      s0, a0
    mv      s1, a1
    // Firmware goes on with any hart, and the plan begins with one: the blob's first. Whether that is right is checked later.
    lla     t0, axv_image_end
    lwu     t1, BLOB_CPUS(t0)
    li      t2, BLOB_MAX_BYTES
    bgeu    t1, t2, axv_first
    andi    t1, t1, -8
    add     t0, t0, t1
    ld      a0, BLOB_CPU_ID(t0)
    beq     a0, s0, axv_first
    lla     a1, axv_image_start
    mv      a2, s1
    li      a7, SBI_HSM
    li      a6, SBI_HART_START
    ecall                                   // begins above: with its ID, and the device tree
    bnez    a0, axv_first                   // there is no such hart
    li      a6, SBI_HART_STOP
    ecall
axv_first:
    call    axv_make_tables
    li      s2, 0
    enter
    call    axv_init_linear
    mv      a0, s1
    call    boot
    beqz    a0, axv_stop
    j       axv_first_park

// ---- translation tables of the core itself: image at VA = PA, linear memory in its window ----
// \to = the entry of a table at the address in \table
.macro pointer to, table
    srli    \to, \table, 2
    ori     \to, \to, PTE_V
.endm
// \slot = where in the table at \table the entry for \address is, \shift its level's
.macro slot slot, table, address, shift
    srli    \slot, \address, \shift
    andi    \slot, \slot, INDEX_MASK
    sh3add  \slot, \slot, \table
.endm

axv_make_tables:
    lla     a0, axv_own_root
    lla     a1, axv_own_image1
    lla     a2, axv_own_image0
    lla     a3, axv_image_start
    pointer t0, a1
    slot    t1, a0, a3, 30
    sd      t0, 0(t1)
    pointer t0, a2
    slot    t1, a1, a3, 21
    sd      t0, 0(t1)

    // Text read-only and executable, rodata read-only, the rest writable; but for text nothing is executable.
    lla     a4, axv_text_end
    lla     a5, axv_rodata_end
    lla     a6, axv_image_end
2:  bound   PAGES_MAX
    li      t2, PTE_READ_EXECUTE
    bltu    a3, a4, 3f
    li      t2, PTE_READ
    bltu    a3, a5, 3f
    li      t2, PTE_READ_WRITE
3:  srli    t0, a3, 2
    or      t0, t0, t2
    slot    t1, a2, a3, PAGE_SHIFT
    sd      t0, 0(t1)
    li      t0, PAGE_BYTES
    add     a3, a3, t0
    bltu    a3, a6, 2b

    // The first and third page of every stack slot stay unmapped: a stack that overflows faults.
    lla     a3, axv_stacks
    lla     a4, axv_stacks_end
4:  bound   (2 * MAX_CPUS)
    slot    t1, a2, a3, PAGE_SHIFT
    sd      zero, 0(t1)
    li      t0, STACK_SLOT / 2
    add     a3, a3, t0
    bltu    a3, a4, 4b

    lla     a1, axv_own_linear1
    lla     a2, axv_own_linear0
    pointer t0, a1
    li      t1, LINEAR_ROOT_INDEX
    sh3add  t1, t1, a0
    sd      t0, 0(t1)
    pointer t0, a2
    sd      t0, 0(a1)
    lla     a3, axv_linear_start
    lla     a4, axv_linear_end
5:  bound   PAGES_MAX
    srli    t0, a3, 2
    ori     t0, t0, PTE_READ_WRITE
    sd      t0, 0(a2)
    addi    a2, a2, 8
    li      t0, PAGE_BYTES
    add     a3, a3, t0
    bltu    a3, a4, 5b
    ret

// ---- every other hart, by SBI hart_start: a0 its ID, a1 its index in the blob ----
.global axv_secondary_entry
axv_secondary_entry:
    mv      s0, a0
    mv      s2, a1
    enter
    mv      a0, s2
    call    bootSecondary
    beqz    a0, axv_stop                    // not as planned
axv_first_park:
    add.uw  a0, a0, gp
    sd      a0, FRAME_VCPU(tp)              // for as long as the board is on
    lw      t0, VCPU_PARTITION(a0)
    addi    t0, t0, 1                       // NONE
    bnez    t0, axv_park
axv_spare:                                  // no guest ever
    ld      a0, FRAME_VCPU(tp)
    sext.w  a0, a0
    call    idle
    wfi
    j       axv_spare

// ---- a guest's exception, an interrupt while it runs, or an exception of our own ----
.section .text.trap, "ax"
.balign 4                                   // stvec: all causes come here
axv_trap:
    csrrw   tp, sscratch, tp
    beqz    tp, axv_panic
    sd      a0, FRAME_A0(tp)
    sd      a1, FRAME_A1(tp)
    csrr    a0, scause
    addi    a0, a0, -CAUSE_VS_ECALL
    bnez    a0, axv_long
    li      a1, SBI_BASE
    beq     a7, a1, axv_sbi
    li      a1, CALL_EXTENSION
    bne     a7, a1, axv_timer
    li      a1, QUICK_CALLS
    bgeu    a6, a1, axv_long

// A call that is waited for. tools/verify proves that quickCall and quickSbi change no more registers than these, and need no
// stack: sp is the guest's all the time.
.macro call_frame operation
    \operation a2, FRAME_A2(tp)
    \operation a3, FRAME_A3(tp)
    \operation a4, FRAME_A4(tp)
    \operation a5, FRAME_A5(tp)
    \operation ra, FRAME_RA(tp)
    \operation gp, FRAME_GP(tp)
.endm
    call_frame sd
    ld      a0, FRAME_VCPU(tp)
    ld      a1, FRAME_A0(tp)
    csrrw   a2, sscratch, zero
    sd      a1, SLOT(10)(a0)
    sd      a2, FRAME_TP(tp)
    window
    sext.w  a0, a0
    mv      a1, a6
    call    quickCall                       // a0: the result
    j       axv_answer

axv_timer:
    li      a1, SBI_TIME
    bne     a7, a1, axv_long
axv_sbi:
    call_frame sd
    lw      a0, FRAME_VCPU(tp)              // of its VA the lower half, which is its offset in linear memory
    ld      a3, FRAME_A0(tp)
    csrrw   a2, sscratch, zero
    sd      a2, FRAME_TP(tp)
    window
    mv      a1, a7
    mv      a2, a6
    call    quickSbi                        // a0: the result
axv_answer:
    max     a1, a0, zero                    // a value, or 0
    min     a0, a0, zero                    // 0, or an error
    csrr    a2, sepc
    addi    a2, a2, ECALL_BYTES
    csrw    sepc, a2
    call_frame ld
    csrw    sscratch, tp
    ld      tp, FRAME_TP(tp)
    sret

axv_long:
    ld      a0, FRAME_VCPU(tp)
    ld      a1, FRAME_A1(tp)
    changed sd
    sd      sp, SLOT(2)(a0)
    mv      sp, tp
    csrrw   t0, sscratch, zero
    ld      t1, FRAME_A0(tp)
    sd      t0, SLOT(4)(a0)
    sd      t1, SLOT(10)(a0)
    window
    csrr    t0, scause
    addi    t0, t0, -CAUSE_LOAD_FAULT
    beqz    t0, axv_load
    addi    t0, t0, CAUSE_LOAD_FAULT - CAUSE_STORE_FAULT
    beqz    t0, axv_store
    sext.w  a0, a0                          // offset of the Vcpu in linear memory
    call    trap                            // keeps what is not saved yet
    mv      t0, a0
    ld      a0, FRAME_VCPU(tp)
    bnez    t0, axv_leave
axv_return:
    csrw    sscratch, tp
    changed ld
    ld      sp, SLOT(2)(a0)
    ld      tp, SLOT(4)(a0)
    ld      a0, SLOT(10)(a0)
    sret

// A load or store guest page fault: an emulated device may want any register. FRAME_A1: the instruction.
.macro instruction
    csrr    a0, HTINST                      // as some harts say
    bnez    a0, 1f
    csrr    a0, sepc
    call    axv_guest_instruction
1:  sd      a0, FRAME_A1(tp)
.endm
axv_load:
    instruction
    mv      a1, a0
    lw      a0, FRAME_VCPU(tp)
    call    quickLoad                       // keeps what is not saved yet
    mv      t0, a0
    ld      a0, FRAME_VCPU(tp)
    bnez    t0, axv_return
    j       axv_access
axv_store:
    instruction
    ld      a0, FRAME_VCPU(tp)
axv_access:
    kept    sd
    ld      a1, FRAME_A1(tp)
    sext.w  a0, a0
    call    access
    mv      t0, a0
    ld      a0, FRAME_VCPU(tp)
    bnez    t0, axv_park
    kept    ld
    j       axv_return

axv_leave:                                  // the rest of its registers, for whoever inspects it
    kept    sd
// No guest to run: each time, park() looks first at what is pending.
axv_park:
    csrsi   sip, SIP_SSIP                   // WFI does not sleep then: for tools/verify it ends what came before
    wfi
    csrci   sip, SIP_SSIP
axv_look:
    ld      a0, FRAME_VCPU(tp)
    sext.w  a0, a0
    call    park
    beqz    a0, axv_resume
    li      t0, EXIT_AGAIN
    beq     a0, t0, axv_park
    wfi                                     // an interrupt that came since is pending, and WFI does not sleep then
    j       axv_look
axv_resume:
    ld      a0, FRAME_VCPU(tp)
    kept    ld
    j       axv_return

// A fault of the hypervisor itself: reported once, on a stack of its own (the other may be what overflowed).
axv_panic:
    csrwi   sie, SIP_SSIP
    csrsi   sip, SIP_SSIP
    wfi                                     // does not sleep: for tools/verify what follows is no part of a guest's trap
    csrrw   tp, sscratch, zero
    lla     t0, axv_stop
    csrw    stvec, t0
    li      t0, -STACK_SLOT
    and     sp, tp, t0
    li      t0, PANIC_STACK_TOP
    add     sp, sp, t0
    window
    csrr    a0, scause
    csrr    a1, sepc
    csrr    a2, stval
    ld      a3, FRAME_VCPU(tp)
    sext.w  a3, a3
    call    panic
.balign 4
axv_stop:
    csrw    sie, zero
    wfi
    j       axv_stop

// a0: 1 if all instructions between can be executed, else 0: the first one that cannot leads to 1.
.macro try
    li      a0, 0
    lla     t0, 1f
    csrrw   t0, stvec, t0
.endm
.macro tried
    li      a0, 1
.balign 4
1:  csrw    stvec, t0
    ret
.endm

// Registers of the hypervisor extension, of AIA and of Sstc.
.global axv_probe_machine
axv_probe_machine:
    try
    csrr    t1, HGATP
    csrr    t1, STOPEI
    csrr    t1, STIMECMP
    tried

// The register of the hart's interrupt file that a0 selects.
.global axv_probe_file
axv_probe_file:
    csrw    SISELECT, a0
    try
    csrr    t1, SIREG
    tried

// hstateen0 = a0, the others 0: of Smstateen, which some harts have.
.global axv_limit_state
axv_limit_state:
    mv      t2, a0
    try
    csrw    HSTATEEN0, t2
    csrw    HSTATEEN0 + 1, zero
    csrw    HSTATEEN0 + 2, zero
    csrw    HSTATEEN0 + 3, zero
    tried

// Vectors, of which sstatus.VS does not tell: QEMU 7.2 has its bits in any case. Nothing is in them then, and vtype has vill.
.global axv_clear_vectors
axv_clear_vectors:
    try
.option push
.option arch, +v
    csrwi   vstart, 0
    vsetvli t1, zero, e8, m8, ta, ma
    vmv.v.i v0, 0
    vmv.v.i v8, 0
    vmv.v.i v16, 0
    vmv.v.i v24, 0
    csrwi   vcsr, 0
    bseti   t1, zero, VTYPE_VILL
    vsetvl  zero, zero, t1
.option pop
    tried

// The guest's instruction at the address in a0, as the guest would fetch it, compressed or not; 0: it cannot be fetched. That
// would be an exception of ours: what the guest's trap has left in registers stays as it is.
axv_guest_instruction:
    lla     t0, 1f
    csrrw   t0, stvec, t0
    csrr    t1, HSTATUS
    csrr    t2, sstatus
    mv      a1, a0
    li      a3, 0
    .option push
    .option arch, +h
    hlvx.hu a0, (a1)
    not     a2, a0
    andi    a2, a2, COMPRESSED_IF
    bnez    a2, 2f
    addi    a2, a1, 2
    hlvx.hu a2, (a2)
    .option pop
    slli    a2, a2, 16
    or      a0, a0, a2
2:  li      a3, 1
.balign 4
1:  csrw    stvec, t0
    bnez    a3, 3f
    csrw    HSTATUS, t1
    csrw    sstatus, t2
    csrw    sepc, a1
    li      a0, 0
3:  ret
