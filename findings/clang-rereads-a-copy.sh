#!/bin/sh
# clang-19 copies from shared memory a second time, where the source copies the copy.
#
# Seen with clang 19.1.7 (Debian 12), -O1 and above. `memcpy(a, shared, 64); memcpy(b, a, 64);` looks like one read of `shared` and a private copy
# of it. The optimiser forwards the first source to the second copy: both read `shared`. Where another processor, process or guest
# writes it meanwhile, a and b differ, although each is a copy of the other by the source.
# Why it matters: "copy it out, then check and use the copy" is how shared rings are read safely; a check of one copy says nothing about the other.
# In a model of a cache (line, and what it was when it was filled) a clean line counted as dirty: lost updates, 3 in 5 runs under load.
# Reading each word once through a volatile pointer avoids it, and so does a barrier between the two.
# Output seen:  copies from shared: 2 of 2; with a compiler barrier between: 1 of 2
set -eu
VERSION='1:19.1.7-3~deb12u1'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq "clang-19=$VERSION" "libclang-cpp19=$VERSION" "libllvm19=$VERSION" "libclang-common-19-dev=$VERSION" >/dev/null
for package in *.deb; do dpkg -x "$package" .; done
export LD_LIBRARY_PATH="$work/usr/lib/llvm-19/lib:$work/usr/lib/x86_64-linux-gnu"

cat >copies.c <<'C'
void *memcpy(void *, const void *, unsigned long);
void look(const char *, const char *);
void line(const char *shared) {
  char a[64], b[64];
  memcpy(a, shared, 64);
  BETWEEN;
  memcpy(b, a, 64);
  look(a, b);
}
C
"$work/usr/lib/llvm-19/bin/clang" --version | head -n 1
copies() { # those whose source is the function's argument, in LLVM's own text
  "$work/usr/lib/llvm-19/bin/clang" --target=aarch64-none-elf -O1 -S -emit-llvm "-DBETWEEN=$1" copies.c -o copies.ll
  grep -cE 'memcpy.*(nonnull )?align 1 dereferenceable\(64\) %0[,)]' copies.ll || true
}
plain=$(copies '(void)0')
barrier=$(copies '__asm__ volatile("" : : : "memory")')
echo "copies from shared: $plain of 2; with a compiler barrier between: $barrier of 2"
[ "$plain" -eq 2 ] && [ "$barrier" -eq 1 ] || { echo "changed: the copy is copied now"; exit 1; }
