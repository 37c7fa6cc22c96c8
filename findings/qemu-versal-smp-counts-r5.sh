#!/bin/sh
# QEMU 7.2, -M xlnx-versal-virt: `-smp 2` is refused, though the board has two A72s; only `-smp 4` starts, and its device tree has 2 CPUs.
#
# Seen with qemu-system-aarch64 7.2.22 (Debian 12). The board's maker counts the two R5Fs of the real-time processor, too, so the lowest
# and the highest number are both 4; its device tree has no word of the R5Fs.
# Why it matters: a script that passes the number of CPUs in the device tree to -smp, right on virt, cannot start this board; and one that
# takes -smp for the number of CPUs it may start counts two that are none of its CPUs.
# Output seen:
#   -smp 2: Invalid SMP CPUs 2. The min CPUs supported by machine 'xlnx-versal-virt' is 4
#   -smp 4: starts; cpu nodes in its device tree: 2
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Its libraries: those of an installed qemu-system-arm. dtc as installed.
apt-get download -qq 'qemu-system-arm=1:7.2+dfsg-7+deb12u18+b3' >/dev/null
for package in *.deb; do dpkg -x "$package" .; done

versal() {
  board=$1
  shift
  echo quit | timeout 20 ./usr/bin/qemu-system-aarch64 -M "$board" "$@" -display none -monitor stdio -serial null -S 2>&1
}
./usr/bin/qemu-system-aarch64 --version | head -n 1
two=$(versal xlnx-versal-virt -smp 2 | grep -o 'Invalid SMP.*') || two='starts'
versal xlnx-versal-virt -smp 4 >/dev/null && four=starts || four=refused
versal xlnx-versal-virt,dumpdtb=tree.dtb -smp 4 >/dev/null
cpus=$(dtc -q -I dtb -O dts tree.dtb | grep -c 'cpu@[0-9a-f]* {')
echo "-smp 2: $two"
echo "-smp 4: $four; cpu nodes in its device tree: $cpus"
case $two in *"The min CPUs supported by machine 'xlnx-versal-virt' is 4"*) ;; *) echo "changed"; exit 1 ;; esac
[ "$four $cpus" = "starts 2" ] || { echo "changed"; exit 1; }
