#!/bin/sh
# Linux' device trees, two that Debian 13 ships: windows of registers and RAM that lie over one another, as if each were alone there.
#
# Seen in linux-image-6.12.118+deb13-arm64. rk3588-orangepi-5-plus: syscon@fd58a000 has 64 KiB, and syscon@fd58c000,
# the system's GRF, lies within. ac5x-rd-carrier-cn9131: memory@0 is 8 GiB in one piece, though the SoC's registers are at 0xf0000000; its
# GIC distributor at 0xf0210000 is RAM, if one believes the tree.
# Why it matters: "who owns this page" is asked of the tree by whoever splits a board. Handing the first syscon to one guest gives it the
# second's registers, too; RAM that is mapped as the tree has it maps the GIC into a guest. A tool that refuses each overlap refuses
# boards that run Linux; one that does not look loses its walls.
# Output seen:
#   syscon@fd58a000 0xfd58a000…0xfd599fff    syscon@fd58c000 0xfd58c000…0xfd58cfff: within
#   memory@0 0x0…0x1ffffffff    GICD 0xf0210000…0xf021ffff: within
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# An apt of its own (lists, status and cache in this folder) for arm64, of the sources of this Debian 12. fdtget as installed.
mkdir -p lists/partial archives/partial
: >status
sed 's/bookworm/trixie/g' /etc/apt/sources.list.d/debian.sources >trixie.sources
cat >apt.conf <<C
Dir::State "$work"; Dir::State::status "$work/status"; Dir::Cache "$work"; Dir::Etc::sourcelist "$work/trixie.sources";
Dir::Etc::sourceparts "/dev/null"; APT::Architecture "arm64"; APT::Architectures { "arm64"; }; APT::Sandbox::User "root";
C
export APT_CONFIG="$work/apt.conf"
apt-get update -qq
apt-get download -qq 'linux-image-6.12.118+deb13-arm64=6.12.118-1' >/dev/null
dpkg-deb --fsys-tarfile linux-image-*.deb | tar -x --wildcards '*/rk3588-orangepi-5-plus.dtb' '*/ac5x-rd-carrier-cn9131.dtb'

# Of `reg`, or `ranges` of a bus that starts at 0: the first window, as "first last".
cells() { fdtget -t x "$(find . -name "$1.dtb")" "$2" "$3"; }
wide() { set -- $(cells "$@"); echo $(((0x$1 << 32) + 0x$2)) $(((0x$1 << 32) + 0x$2 + (0x$3 << 32) + 0x$4 - 1)); } # two cells each
on_bus() { # one cell each, on a bus whose ranges are <0 0 base size>
  base=$(cells "$1" "$2" ranges | cut -d ' ' -f 3)
  set -- $(cells "$1" "$2/$3" reg)
  echo $((0x$base + 0x$1)) $((0x$base + 0x$1 + 0x$2 - 1))
}
show() {
  [ "$3" -le "$6" ] && [ "$7" -le "$4" ] && how=within || how=apart
  printf '%s 0x%x…0x%x    %s 0x%x…0x%x: %s\n' "$2" "$3" "$4" "$5" "$6" "$7" "$how"
  [ "$how" = within ] || { echo "changed"; exit 1; }
}
rock=rk3588-orangepi-5-plus marvell=ac5x-rd-carrier-cn9131
show $rock syscon@fd58a000 $(wide $rock /syscon@fd58a000 reg) syscon@fd58c000 $(wide $rock /syscon@fd58c000 reg)
show $marvell memory@0 $(wide $marvell /memory@0 reg) GICD $(on_bus $marvell /ap807/config-space@f0000000 interrupt-controller@210000)
