#!/bin/sh
# QEMU 7.2, RISC-V virt: `-kernel file.elf` goes on at the ELF file's lowest address, not at its entry (e_entry).
#
# Seen with qemu-system-riscv64 7.2.22 and OpenSBI 1.1 (Debian 12). It is on purpose, so that a kernel may have another entry for firmware and for
# other loaders, but a comment in the source is where one learns it. The same file by `-device loader`, and by `-kernel` on qemu-system-aarch64, begins at its entry.
# Why it matters: an image whose ENTRY() is not its first byte works everywhere else. `ld.lld -Ttext=0x80200000` alone puts the ELF headers
# into a segment of their own at 0x10000: QEMU then tells OpenSBI to go on at 0x10000, and not one instruction of the program runs.
# A linker script that names no headers, with the entry first, is what works everywhere.
# Which of two places runs. Output seen:  -kernel: lowest    -kernel, firmware: lowest    -device loader: entry
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Their libraries: those of an installed qemu-system-misc. clang-19 and lld-19 as installed.
apt-get download -qq 'qemu-system-misc=1:7.2+dfsg-7+deb12u18+b3' 'opensbi=1.1-2' >/dev/null
for package in *.deb; do dpkg -x "$package" .; done

cat >places.S <<'S'
        .globl _start
        li      a0, 'l'                         // the lowest address
        j       1f
_start: li      a0, 'e'                         // the entry
1:      li      t0, 0x10000000                  // the UART
        sb      a0, 0(t0)
        li      t0, 0x100000                    // power off
        li      t1, 0x5555
        sw      t1, 0(t0)
2:      j       2b
S
link() {
  echo "ENTRY(_start) SECTIONS { . = $1; .text : { *(.text) } }" >places.ld
  clang-19 --target=riscv64-none-elf -march=rv64i -mabi=lp64 -nostdlib -static -fuse-ld=lld-19 -Wl,-T,places.ld places.S -o places.elf
}
run() { # OpenSBI's lines come before the letter
  timeout 20 ./usr/bin/qemu-system-riscv64 -M virt -nic none -display none -monitor none -serial stdio "$@" </dev/null | tail -n 1 |
    sed 's/^l$/lowest/; s/^e$/entry/'
}
./usr/bin/qemu-system-riscv64 --version | head -n 1
link 0x80000000
alone=$(run -bios none -kernel places.elf)
loader=$(run -bios none -device loader,file=places.elf,cpu-num=0)
link 0x80200000
firmware=$(run -bios usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin -kernel places.elf)
echo "-kernel: $alone    -kernel, firmware: $firmware    -device loader: $loader"
[ "$alone" = lowest ] && [ "$firmware" = lowest ] && [ "$loader" = entry ] || { echo "changed"; exit 1; }
