#!/bin/sh
# clang-19 -Oz takes the loops of atomic operations apart: load- and store-exclusive go into an outlined function, the branch back stays.
#
# Seen with clang 19.1.7 (Debian 12). Atomic operations without LSE are loops of LDAXR and STLXR. With minsize (-Oz) the machine outliner
# treats the two like any other instructions that several functions have in common: OUTLINED_FUNCTION_n holds the pair and a RET, and
# the retry branch stays behind in the caller. Every attempt then takes a call and a return.
# Why it matters: a tool that finds such loops by their shape (to bound them, or to replace them by LSE atomics) does not find them any
# more; code at a hypervisor's level that is to be short is exactly what is compiled so. `-mno-outline`, or inline assembly, avoids it.
# Output seen:  exclusive loads and stores in outlined functions: 2, elsewhere: 0 (eight loops share one pair)
set -eu
VERSION='1:19.1.7-3~deb12u1'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq "clang-19=$VERSION" "llvm-19=$VERSION" "libclang-cpp19=$VERSION" "libllvm19=$VERSION" "libclang-common-19-dev=$VERSION" >/dev/null
for package in *.deb; do dpkg -x "$package" .; done
bin=$work/usr/lib/llvm-19/bin
export LD_LIBRARY_PATH="$work/usr/lib/llvm-19/lib:$work/usr/lib/x86_64-linux-gnu"

cat >counters.c <<'C'
#define COUNT(name, other) void other(void); void name(unsigned *p, unsigned n) { \
  for (; n != 0; n--) { other(); __atomic_fetch_add(p, 1, __ATOMIC_ACQ_REL); } }
COUNT(f1, g1) COUNT(f2, g2) COUNT(f3, g3) COUNT(f4, g4) COUNT(f5, g5) COUNT(f6, g6) COUNT(f7, g7) COUNT(f8, g8)
C
"$bin/clang" --version | head -n 1
"$bin/clang" --target=aarch64-none-elf -march=armv8-a -mno-outline-atomics -Oz -ffreestanding -c counters.c
"$bin/llvm-objdump" -d --no-show-raw-insn counters.o >counters.dis

outlined=$(sed -n '/<OUTLINED_FUNCTION_[0-9]*>:/,/^$/p' counters.dis | grep -cE 'ldaxr|stlxr' || true)
elsewhere=$(sed '/<OUTLINED_FUNCTION_[0-9]*>:/,/^$/d' counters.dis | grep -cE 'ldaxr|stlxr' || true)
echo "exclusive loads and stores in outlined functions: $outlined, elsewhere: $elsewhere"
sed -n '/<OUTLINED_FUNCTION_[0-9]*>:/,/^$/p' counters.dis | head -n 8
[ "$outlined" -gt 0 ] || { echo "changed: they are not outlined any more"; exit 1; }
