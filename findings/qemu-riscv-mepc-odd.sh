#!/bin/sh
# QEMU 7.2 keeps bit 0 of mepc; with OpenSBI 1.1 a supervisor whose stvec is in Vectored mode then has exceptions begin at an odd address.
#
# Seen with qemu-system-riscv64 7.2.22 and OpenSBI 1.1 (Debian 12), and needs both. Privileged Architecture 1.12, 3.1.14: mepc[0] is always 0.
# OpenSBI hands an exception that is not delegated (an illegal instruction is not) to S-mode by MRET with mepc = stvec, whose bit 0 is
# MODE. A CPU that clears the bit goes on at BASE, as it has to be in either mode; QEMU goes on at BASE + 1, one byte into an instruction.
# Why it matters: a probe of a CSR that is perhaps not there, the usual way to learn of an extension, runs what is no code, on this emulator alone.
# The handler here is made of bytes that are instructions from its byte 1 on, too, so that it can tell. Output seen:
#   mepc after a write of 1: 1    Direct: begins at its byte 0    Vectored: begins at its byte 1
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Their libraries: those of an installed qemu-system-misc. clang-19 and lld-19 as installed.
apt-get download -qq 'qemu-system-misc=1:7.2+dfsg-7+deb12u18+b3' 'opensbi=1.1-2' >/dev/null
for package in *.deb; do dpkg -x "$package" .; done

cat >trap.S <<'S'
        .globl _start
        .option norvc
#ifdef MACHINE
_start: csrwi   mepc, 1
        csrr    a0, mepc
        addi    a0, a0, '0'
        j       put
#else
_start: la      s0, handler
        ori     t0, s0, MODE
        csrw    stvec, t0
        csrr    t0, mhartid                     // not for S-mode: an illegal instruction
        .balign 64
handler:j       even                            // 6f 00 40 01: from its byte 1 on
        .byte   0                               // 00 40 (c.lw s0, 0(s0)), 01 00 (c.nop), and then
        la      t0, odd
        jr      t0
        .balign 4
even:   li      a0, '0'
        j       put
odd:    li      a0, '1'
#endif
put:    li      t0, 0x10000000                  // the UART
        sb      a0, 0(t0)
        li      t0, 0x100000                    // power off
        li      t1, 0x5555
        sw      t1, 0(t0)
1:      j       1b
S
run() { # where, what, firmware; OpenSBI's lines come before the letter
  clang-19 --target=riscv64-none-elf -march=rv64imac -mabi=lp64 -mno-relax -nostdlib -static -fuse-ld=lld-19 "-Wl,-Ttext=$1,--oformat=binary" "$2" trap.S -o trap.bin
  timeout 20 ./usr/bin/qemu-system-riscv64 -M virt -nic none -display none -monitor none -serial stdio -bios "$3" -kernel trap.bin </dev/null | tail -n 1
}
./usr/bin/qemu-system-riscv64 --version | head -n 1
opensbi=usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin
mepc=$(run 0x80000000 -DMACHINE none) direct=$(run 0x80200000 -DMODE=0 $opensbi) vectored=$(run 0x80200000 -DMODE=1 $opensbi)
echo "mepc after a write of 1: $mepc    Direct: begins at its byte $direct    Vectored: begins at its byte $vectored"
[ "$mepc" = 1 ] && [ "$direct" = 0 ] && [ "$vectored" = 1 ] || { echo "changed"; exit 1; }
