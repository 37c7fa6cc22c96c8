#!/bin/sh
# QEMU 7.2, IMSIC: eip and eie registers beyond the interrupt file's identities, and reserved numbers, are an illegal instruction, not 0.
#
# Seen with qemu-system-riscv64 7.2.22 (Debian 12), -M virt,aia=aplic-imsic: 255 identities, and so eip0, 2, 4 and 6 on RV64. Advanced
# Interrupt Architecture 1.0, 3.8: *iselect 0x80-0xbf are eip0-eip63 and 0xc0-0xff eie0-eie63, however many identities there are; bits of
# those that are not there are read-only zeros (3.8.3, 3.8.4), and the reserved 0x71 reads 0; illegal on RV64 are only odd ones of 0x80-0xff.
# Why it matters: whoever clears all 64 registers at the start, or saves a file without knowing its size, traps here and nowhere else; a
# hypervisor that gives files to its guests has to know the number of identities before it touches one.
# What is at each number: 0, not 0, or illegal. Output seen:
#   eip6 (0x86): 0    eip8 (0x88): illegal    eie6 (0xc6): 0    eie8 (0xc8): illegal    reserved (0x71): illegal
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Its libraries: those of an installed qemu-system-misc. clang-19 and lld-19 as installed.
apt-get download -qq 'qemu-system-misc=1:7.2+dfsg-7+deb12u18+b3' >/dev/null
for package in *.deb; do dpkg -x "$package" .; done

cat >imsic.S <<'S'
        .globl _start
_start: la      t0, trap
        csrw    mtvec, t0
        li      t0, NUMBER
        csrw    0x350, t0                       // miselect
        li      a0, '0'
        csrr    t0, 0x351                       // mireg
        beqz    t0, put
        li      a0, 'n'
        j       put
        .balign 4
trap:   csrr    t0, mcause
        li      t1, 2                           // illegal instruction
        li      a0, 'i'
        beq     t0, t1, put
        li      a0, '?'
put:    li      t0, 0x10000000                  // the UART
        sb      a0, 0(t0)
        li      t0, 0x100000                    // power off
        li      t1, 0x5555
        sw      t1, 0(t0)
1:      j       1b
S
look() {
  clang-19 --target=riscv64-none-elf -march=rv64i -mabi=lp64 -nostdlib -static -fuse-ld=lld-19 -Wl,-Ttext=0x80000000,--oformat=binary "-DNUMBER=$1" imsic.S -o imsic.bin
  timeout 20 ./usr/bin/qemu-system-riscv64 -M virt,aia=aplic-imsic -nic none -display none -monitor none -serial stdio -bios none -kernel imsic.bin </dev/null |
    sed 's/i/illegal/; s/n/not 0/'
}
./usr/bin/qemu-system-riscv64 --version | head -n 1
eip6=$(look 0x86) eip8=$(look 0x88) eie6=$(look 0xc6) eie8=$(look 0xc8) reserved=$(look 0x71)
echo "eip6 (0x86): $eip6    eip8 (0x88): $eip8    eie6 (0xc6): $eie6    eie8 (0xc8): $eie8    reserved (0x71): $reserved"
[ "$eip6 $eip8 $eie6 $eie8 $reserved" = "0 illegal 0 illegal illegal" ] || { echo "changed"; exit 1; }
