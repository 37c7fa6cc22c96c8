#!/bin/sh
# QEMU 7.2, -M virt: its GICv3 announces 32 SPIs fewer than it has, its GICv2 announces all.
#
# Seen with qemu-system-aarch64 7.2.22 (Debian 12). The board wires 256 SPIs, and its device tree hands them out. A GICv2's
# GICD_TYPER.ITLinesNumber says 8 (INTIDs below 288, all of them); a GICv3's says 7 (below 256).
# Why it matters: 32 × (ITLinesNumber + 1) is how software learns which INTIDs there are (IHI 0069, GICD_TYPER). A driver that
# initialises only those leaves SPIs 256…287 as they were, and a plan of interrupts made for one of the two controllers does not fit
# the other.
# Output seen:  GICv2: ITLinesNumber 8    GICv3: ITLinesNumber 7
set -eu
QEMU='1:7.2+dfsg-7+deb12u18+b3'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq "qemu-system-arm=$QEMU" >/dev/null # its libraries: those of an installed qemu-system-arm
for package in *.deb; do dpkg -x "$package" .; done

# GICD_TYPER, its lowest five bits as a letter from A on, to the UART; then PSCI SYSTEM_OFF.
cat >typer.S <<'S'
        .globl _start
_start: mov     x1, #0x08000000
        ldr     w2, [x1, #4]
        and     w2, w2, #31
        add     w2, w2, #'A'
        mov     x3, #0x09000000
        str     w2, [x3]
        ldr     x0, =0x84000008
        hvc     #0
1:      b       1b
S
clang-19 --target=aarch64-none-elf -nostdlib -static -Wl,-Ttext=0x40080000 -fuse-ld=lld-19 typer.S -o typer.elf
"./usr/bin/qemu-system-aarch64" --version | head -n 1
lines() {
  letter=$(timeout 20 ./usr/bin/qemu-system-aarch64 -M "virt,gic-version=$1" -cpu cortex-a53 -nic none -display none -monitor none -serial stdio -kernel typer.elf </dev/null)
  printf '%s\n' "$(($(printf '%d' "'$letter") - 65))"
}
two=$(lines 2)
three=$(lines 3)
echo "GICv2: ITLinesNumber $two"
echo "GICv3: ITLinesNumber $three"
[ "$two" = 8 ] && [ "$three" = 7 ] || { echo "changed"; exit 1; }
