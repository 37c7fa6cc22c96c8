#!/bin/sh
# clang-19 -mllvm -inline-threshold=N makes code that is to be short longer: it replaces the thresholds of minsize and optsize functions, too.
#
# Seen with clang 19.1.7 (Debian 12). LLVM inlines by cost: 225 is the default at -O2, but 5 in functions with the attribute minsize and 50 with
# optsize. Whoever lowers the default, to shorten a program, gives -inline-threshold=100; and from then on minsize functions inline up to 100 as
# well. -inlinedefault-threshold=100 replaces the 225 alone.
# Why it matters: firmware and hypervisors mark what is not hot as minsize and lower the threshold of the rest: both together undo each other
# without a word. A hypervisor of 58.7 KB text had 55.1 KB by the other option alone.
# Output seen:  no option: 320 bytes, 8 calls / -inline-threshold=100: 688 bytes, 0 calls / -inlinedefault-threshold=100: 320 bytes, 8 calls
set -eu
VERSION='1:19.1.7-3~deb12u1'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq "clang-19=$VERSION" "llvm-19=$VERSION" "libclang-cpp19=$VERSION" "libllvm19=$VERSION" "libclang-common-19-dev=$VERSION" >/dev/null
for package in *.deb; do dpkg -x "$package" .; done
bin=$work/usr/lib/llvm-19/bin
export LD_LIBRARY_PATH="$work/usr/lib/llvm-19/lib:$work/usr/lib/x86_64-linux-gnu"

cat >mixes.c <<'C'
extern unsigned table[];
static unsigned mix(unsigned a, unsigned b) {
  unsigned x = table[a & 63] ^ (b << 3), y = table[b & 63] + (a >> 2);
  if (x > y) x -= y * 3; else y ^= x | 0x55;
  return table[x & 63] + table[y & 63] + (x & y);
}
#define CALLER(name, k) __attribute__((minsize)) unsigned name(unsigned a) { return mix(a, k) + mix(a + 1, k); }
CALLER(c1, 1) CALLER(c2, 2) CALLER(c3, 3) CALLER(c4, 4)
C
"$bin/clang" --version | head -n 1
calls() { # of mix, in what the given options make
  "$bin/clang" --target=aarch64-none-elf -O2 -ffreestanding -mno-outline "$@" -c mixes.c -o mixes.o
  "$bin/llvm-objdump" -d mixes.o | grep -c 'bl.*<mix>' || true
}
bytes() { "$bin/llvm-size" mixes.o | awk 'NR == 2 { print $1 }'; }

none=$(calls); echo "no option: $(bytes) bytes, $none calls"
all=$(calls -mllvm -inline-threshold=100); echo "-inline-threshold=100: $(bytes) bytes, $all calls"
default=$(calls -mllvm -inlinedefault-threshold=100); echo "-inlinedefault-threshold=100: $(bytes) bytes, $default calls"
[ "$none" -eq 8 ] && [ "$all" -eq 0 ] && [ "$default" -eq 8 ] || { echo "changed: minsize functions inline otherwise now"; exit 1; }
