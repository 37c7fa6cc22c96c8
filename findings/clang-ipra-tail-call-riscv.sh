#!/bin/sh
# clang-19, RISC-V, -enable-ipra: what a function changes that is reached by a tail call is missing from what the callers are told.
#
# Seen with clang 19.1.7 (Debian 12), -O1, -O2 and -Os; mended since (llvm-project, pull request 122181). With interprocedural register
# allocation a caller keeps its values in any register that the function called leaves alone. On RISC-V a tail call (`j last`) counts as
# no call there: `tail` seems to change what it changes itself, and `last` overwrites values of `sum`. AArch64 counts it.
# Why it matters: a good guess, that an option which has made a program shorter and right on AArch64 does so on RISC-V, is wrong without a word
# from compiler or linker; a hypervisor's port had 20 such places. Only a check of the linked binary tells.
# The sum of two numbers, around such a call. Output seen:  without: right    with -enable-ipra: wrong
set -eu
CLANG='1:19.1.7-3~deb12u1'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq "clang-19=$CLANG" "lld-19=$CLANG" "libclang-cpp19=$CLANG" "libllvm19=$CLANG" "libclang-common-19-dev=$CLANG" \
  'qemu-system-misc=1:7.2+dfsg-7+deb12u18+b3' >/dev/null # QEMU's libraries: those of an installed qemu-system-misc
for package in *.deb; do dpkg -x "$package" .; done
clang() { LD_LIBRARY_PATH="$work/usr/lib/llvm-19/lib:$work/usr/lib/x86_64-linux-gnu" "$work/usr/lib/llvm-19/bin/clang" "$@"; }

cat >sum.c <<'C'
volatile unsigned long out;
__attribute__((noinline)) static void last(unsigned long a) {
  unsigned long w = out, x = out, y = out, z = out;
  out = a + w + x + y + z;
  out = w; out = x; out = y; out = z;
}
__attribute__((noinline)) static void tail(unsigned long a) { out = a; last(a + 1); }
unsigned long sum(unsigned long a, unsigned long b) { tail(a); return a + b; }
C
cat >start.S <<'S'
        .globl _start
_start: li      sp, 0x80100000
        li      a0, 1000
        li      a1, 7
        call    sum
        li      t0, 1007
        li      t1, 'r'
        beq     a0, t0, 1f
        li      t1, 'w'
1:      li      t0, 0x10000000                  // the UART
        sb      t1, 0(t0)
        li      t0, 0x100000                    // power off
        li      t1, 0x5555
        sw      t1, 0(t0)
1:      j       1b
S
echo 'ENTRY(_start) SECTIONS { . = 0x80000000; .text : { *start*(.text) *(.text) } }' >sum.ld
clang --version | head -n 1
run() {
  clang --target=riscv64-none-elf -march=rv64imac -mabi=lp64 -mcmodel=medany -O2 -ffreestanding "$@" start.S sum.c \
    -nostdlib -static -fuse-ld=lld -Wl,-T,sum.ld -o sum.elf
  timeout 20 ./usr/bin/qemu-system-riscv64 -M virt -bios none -kernel sum.elf -nic none -display none -monitor none -serial stdio </dev/null
}
without=$(run | sed 's/r/right/; s/w/wrong/') with=$(run -mllvm -enable-ipra | sed 's/r/right/; s/w/wrong/')
echo "without: $without    with -enable-ipra: $with"
[ "$without" = right ] && [ "$with" = wrong ] || { echo "changed"; exit 1; }
