#!/bin/sh
# ZynqMP (QEMU's xlnx-zcu102): GICC + 0x1000 of its GIC-400 is the first page once more; the second, with GICC_DIR, is at + 0x10000.
#
# Seen with qemu-system-aarch64 7.2.22 (Debian 12). A GIC-400's CPU interface is two pages of 4 KiB; here address bits
# 12 to 15 select nothing, so each page fills 64 KiB. Linux' tree says "arm,gic-400" as everywhere, and no more than a GICC window of 128 KiB.
# Why it matters: GICC_DIR is at GICC + 0x1000 in each GIC-400 manual. Here that write lands in GICC_CTLR: with EOImode 1 nothing is ever
# deactivated, and the value that is written, an INTID, becomes the interface's setting. GICC + 0xf000 as the base has both pages in a row,
# at + 0 and + 0x1000 again; for a guest, that makes it GICV + 0xf000 that is mapped to the GICC of its tree.
# Compared: GICC_PMR (page 1, + 4), set to 0xf0, read at three distances. Output seen:
#   + 0x1000: same    + 0xf000: same    + 0x10000: other
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Its libraries: those of an installed qemu-system-arm. clang-19 and lld-19 as installed.
apt-get download -qq 'qemu-system-arm=1:7.2+dfsg-7+deb12u18+b3' >/dev/null
for package in *.deb; do dpkg -x "$package" .; done

cat >gicc.S <<'S'
        .globl _start
_start: ldr     x1, =0xf9020000                 // GICC
        ldr     x2, =0xff000000                 // the UART (Cadence)
        mov     w3, #0x10                       // transmitter on
        str     w3, [x2]
        mov     w3, #0xf0
        str     w3, [x1, #4]
        mov     x4, #0x1000
        bl      look
        mov     x4, #0xf000
        bl      look
        mov     x4, #0x10000
        bl      look
        ldr     x0, =0x84000008                 // PSCI SYSTEM_OFF
        smc     #0
look:   add     x4, x4, x1
        ldr     w4, [x4, #4]
        cmp     w4, w3
        mov     w5, #'o'
        mov     w6, #'s'
        csel    w5, w6, w5, eq
        str     w5, [x2, #0x30]                 // its FIFO
        ret
S
clang-19 --target=aarch64-none-elf -nostdlib -static -Wl,-Ttext=0x100000 -fuse-ld=lld-19 gicc.S -o gicc.elf
./usr/bin/qemu-system-aarch64 --version | head -n 1
seen=$(timeout 20 ./usr/bin/qemu-system-aarch64 -M xlnx-zcu102,virtualization=on -nodefaults -display none -serial stdio -kernel gicc.elf </dev/null 2>/dev/null)
printf '%s\n' "$seen" | sed 's/^\(.\)\(.\)\(.\)$/+ 0x1000: \1    + 0xf000: \2    + 0x10000: \3/; s/: s/: same/g; s/: o/: other/g'
[ "$seen" = sso ] || { echo "changed"; exit 1; }
