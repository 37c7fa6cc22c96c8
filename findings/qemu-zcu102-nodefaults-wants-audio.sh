#!/bin/sh
# QEMU 10.0, -M xlnx-zcu102: `-nodefaults` ends with "no default audio driver available"; 7.2 starts. What cures it, 7.2 refuses.
#
# Seen with qemu-system-aarch64 7.2.22 (Debian 12) and 10.0.13 (Debian 13). The board always has a DisplayPort controller with sound. The
# newer QEMU takes "no defaults" as "no audio backend either", and a backend that is merely defined (-audiodev) is not found by the board:
# it wants `-audio none` or `-M audiodev=…`, neither of which 7.2 knows.
# Why it matters: -nodefaults is what a test passes to get a machine without surprises, and `-display none` does not turn sound off. No
# command line with it serves both versions on this board: leave -nodefaults out and name what is not wanted one by one.
# Output seen (exit status):
#   -nodefaults                        7.2: 0    10.0: 1
#   -nodefaults -audiodev none,id=a    7.2: 0    10.0: 1
#   -nodefaults -audio none            7.2: 1    10.0: 0
#   neither                            7.2: 0    10.0: 0
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# 7.2: its libraries are those of an installed qemu-system-arm.
apt-get download -qq 'qemu-system-arm=1:7.2+dfsg-7+deb12u18+b3' >/dev/null
dpkg -x qemu-system-arm_*.deb old
# 10.0: with all its libraries, by an apt of its own (lists, status and cache in this folder) of the sources of this Debian 12.
mkdir -p lists/partial archives/partial
: >status
sed 's/bookworm/trixie/g' /etc/apt/sources.list.d/debian.sources >trixie.sources
cat >apt.conf <<C
Dir::State "$work"; Dir::State::status "$work/status"; Dir::Cache "$work";
Dir::Etc::sourcelist "$work/trixie.sources"; Dir::Etc::sourceparts "/dev/null"; APT::Sandbox::User "root";
C
export APT_CONFIG="$work/apt.conf"
apt-get update -qq
apt-get install -qq -y --download-only --no-install-recommends 'qemu-system-arm=1:10.0.13+ds-0+deb13u1' >/dev/null 2>&1
for package in archives/*.deb; do dpkg -x "$package" new; done

old() { ./old/usr/bin/qemu-system-aarch64 "$@"; }
loader=$(find new -name 'ld-linux-*.so.*' | head -n 1)
libraries=$(dirname "$(find new -name libc.so.6 | head -n 1)")
new() { "$loader" --library-path "$libraries" new/usr/bin/qemu-system-aarch64 -L new/usr/share/qemu "$@"; }
status() {
  qemu=$1
  shift
  echo quit | "$qemu" -M xlnx-zcu102 "$@" -display none -monitor stdio -serial null -S >said 2>&1 && echo 0 || echo $?
}
row() { echo "${*:-neither}    7.2: $(status old "$@")    10.0: $(status new "$@")"; }
{ row -nodefaults; grep -o 'no default audio driver available' said; row -nodefaults -audiodev none,id=a; row -nodefaults -audio none; row; } | tee out
seen=$(sed -n 's/.*7.2: \(.*\)    10.0: \(.*\)/\1\2/p' out | tr '\n' ' ')
grep -q 'no default audio driver available' out && [ "$seen" = "01 01 10 00 " ] || { echo "changed"; exit 1; }
