#!/bin/sh
# clang-19 makes a post-indexed store of a plain loop over volatile words: an access that a hypervisor is told nothing about.
#
# Seen with clang 19.1.7 (Debian 12), -O1 and above, -mgeneral-regs-only -mstrict-align as bare-metal code is built. The loop that nearly
# every GIC driver begins with (all of IPRIORITYR, ICENABLER, …) becomes STR Wt, [Xn], #4.
# Why it matters: for an instruction with write-back ESR_EL2.ISS.ISV is 0 (Arm ARM, ISS encoding for a Data Abort): register and size are
# not in the syndrome, and a hypervisor that emulates the device has to fetch and decode the instruction, or the guest does not run.
# A good guess, that a volatile access is always a plain LDR or STR, is wrong.
# Output seen:  str w8, [x0], #0x4
set -eu
VERSION='1:19.1.7-3~deb12u1'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq "clang-19=$VERSION" "llvm-19=$VERSION" "libclang-cpp19=$VERSION" "libllvm19=$VERSION" "libclang-common-19-dev=$VERSION" >/dev/null
for package in *.deb; do dpkg -x "$package" .; done
bin=$work/usr/lib/llvm-19/bin
export LD_LIBRARY_PATH="$work/usr/lib/llvm-19/lib:$work/usr/lib/x86_64-linux-gnu"

cat >registers.c <<'C'
void set_all(volatile unsigned *registers, int count) {
  for (int i = 0; i < count; i++) registers[i] = 0xa0a0a0a0u;
}
C
"$bin/clang" --version | head -n 1
for level in -O1 -O2 -O3; do
  "$bin/clang" --target=aarch64-none-elf -mgeneral-regs-only -mstrict-align -ffreestanding "$level" -c registers.c
  "$bin/llvm-objdump" -d --no-show-raw-insn registers.o >registers.dis
  found=$(grep -E 'str[[:space:]]+w[0-9]+, \[x[0-9]+\], #' registers.dis || true)
  echo "$level:$found"
  [ -n "$found" ] || { echo "changed: no post-indexed store at $level"; exit 1; }
done
