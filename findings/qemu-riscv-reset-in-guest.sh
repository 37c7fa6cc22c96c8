#!/bin/sh
# QEMU 7.2, RISC-V: a hart that is in a guest when the machine is reset is still in it afterwards.
#
# Seen with qemu-system-riscv64 7.2.22 (Debian 12). Its reset leaves V, mtvec and hgatp: V stays 1, though the hart begins in machine
# mode. So the reset vector at 0x1000 is looked for in the guest's memory, and its first fetch is an instruction guest page fault
# (mcause 20) of the handler that mtvec had before the reset.
# Why it matters: firmware takes that for a trap of its former life, and hands it to the former hypervisor's stvec, where something
# else may stand by then: a harmless reset of a machine with guests ends in a boot loader that hangs, or has zeros in its code.
# Who resets by SBI sees it seldom: OpenSBI halts the other harts first, without waiting for them.
# Output seen:  STUB
set -eu
QEMU='1:7.2+dfsg-7+deb12u18+b3'
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
apt-get download -qq "qemu-system-misc=$QEMU" >/dev/null # its libraries: those of an installed qemu-system-misc
for package in *.deb; do dpkg -x "$package" .; done

# Machine mode says S, and enters a guest that does nothing, in 1 GiB that is mapped one to one. A trap says T, its cause as a letter
# from A on, and the page that it was at in the same way.
cat >guest.S <<'S'
        .globl _start
_start: la      t0, trap
        csrw    mtvec, t0
        li      s0, 0x10000000
        li      t0, 'S'
        sb      t0, (s0)
        li      t0, -1
        csrw    pmpaddr0, t0
        csrwi   pmpcfg0, 0x1f
        li      t0, 8 << 60 | 0x80004   # Sv39x4, and the page of its root
        csrw    hgatp, t0
        li      t0, 1 << 39 | 1 << 11   # mret to VS
        csrw    mstatus, t0
        la      t0, guest
        csrw    mepc, t0
        mret
guest:  j       guest
        .balign 4
trap:   li      s0, 0x10000000
        li      t0, 'T'
        sb      t0, (s0)
        csrr    t0, mcause
        addi    t0, t0, 'A'
        sb      t0, (s0)
        csrr    t0, mepc
        srli    t0, t0, 12
        addi    t0, t0, 'A'
        sb      t0, (s0)
        j       guest
        .balign 16384
root:   .quad   0, 0, 0x80000 << 10 | 0xdf, 0
        .zero   16384 - 32
S
clang-19 --target=riscv64-none-elf -march=rv64gch -nostdlib -static -Wl,-Ttext=0x80000000 -fuse-ld=lld-19 guest.S -o guest.elf
"./usr/bin/qemu-system-riscv64" --version | head -n 1
(sleep 5; echo system_reset; sleep 5; echo quit) | ./usr/bin/qemu-system-riscv64 -M virt -bios none -kernel guest.elf -nic none \
  -display none -serial file:said -monitor stdio >/dev/null
echo "it says $(cat said): begins, and behind a reset mcause 20 (U) at 0x1000 (B) in place of another S"
[ "$(cat said)" = STUB ] || { echo "changed"; exit 1; }
