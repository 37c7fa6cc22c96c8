#!/bin/sh
# clang-19 -enable-ipra: a function that calls another does not save its return address, unless it has a frame pointer.
#
# Seen with clang 19.1.7 (Debian 12), -O2, for RISC-V, LoongArch, and AArch64 with -fomit-frame-pointer; mended since for RISC-V
# (llvm-project, pull request 125586). Interprocedural register allocation lets a static function save no callee-saved register, and counts
# the link register among them, where no call of the function is marked as a possible tail call: the caller passes the address of a local
# variable, or sibling calls are off. `middle` then returns to behind its own call, for ever. With a frame pointer both are saved.
# Why it matters: firmware is built without frame pointers. With IPRA it may be right for years, as long as nobody passes a local variable
# by its address; the first who does stops the CPU, and neither compiler nor linker says so.
# Does `middle` save its return address? Output seen:
#   riscv64: yes, with -enable-ipra: no, and -fno-omit-frame-pointer: yes        (the same for loongarch64, aarch64)
set -eu
VERSION='1:19.1.7-3~deb12u1'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq "clang-19=$VERSION" "llvm-19=$VERSION" "libclang-cpp19=$VERSION" "libllvm19=$VERSION" "libclang-common-19-dev=$VERSION" >/dev/null
for package in *.deb; do dpkg -x "$package" .; done
bin=$work/usr/lib/llvm-19/bin
export LD_LIBRARY_PATH="$work/usr/lib/llvm-19/lib:$work/usr/lib/x86_64-linux-gnu"

cat >calls.c <<'C'
extern volatile unsigned long out;
__attribute__((noinline)) static unsigned long leaf(unsigned long *a) { return *a * 3 + out; }
__attribute__((noinline)) static unsigned long middle(unsigned long *a) { return leaf(a) + out; }
unsigned long outer(unsigned long a) {
  unsigned long local = a;
  return middle(&local) + a;
}
C
"$bin/clang" --version | head -n 1
saves() { # a store of ra, $ra or x30 in middle
  "$bin/clang" -O2 -ffreestanding "$@" -c calls.c -o calls.o
  "$bin/llvm-objdump" -d --no-show-raw-insn calls.o | sed -n '/<middle>:/,/ret/p' >middle.dis
  if grep -qE '(sd|st\.d|st[rp])[[:space:]].*(ra|x30),' middle.dis; then echo yes; else echo no; fi
}
same=0
for target in riscv64 loongarch64 aarch64; do
  plain=$(saves --target=$target-none-elf -fomit-frame-pointer)
  ipra=$(saves --target=$target-none-elf -fomit-frame-pointer -mllvm -enable-ipra)
  frame=$(saves --target=$target-none-elf -fno-omit-frame-pointer -mllvm -enable-ipra)
  echo "$target: $plain, with -enable-ipra: $ipra, and -fno-omit-frame-pointer: $frame"
  [ "$plain $ipra $frame" = "yes no yes" ] && same=$((same + 1))
done
[ "$same" = 3 ] || { echo "changed"; exit 1; }
