#!/bin/sh
# Linux 6.1's device tree of the IPQ6018: its PCIe interrupt-map, read by the Devicetree Specification, points at a phandle that nobody has.
#
# Seen in ipq6018-cp01-c1.dtb of linux-image-6.1.0-57-arm64 (Debian 12). An entry holds as many cells of the parent's address as the parent
# has #address-cells (specification 0.4, 2.4.3), which here is 2 for the GIC: 10 cells. The map was written as if it were 0, 8 cells each:
# the second entry then begins two cells late, and where its parent should be there is 0x4e, the number of an SPI.
# Why it matters: Debian 13's kernel has it right, so the file of one name is read well or not by its version. Who follows phandles to learn
# which controllers a device needs (to hand a guest a closed piece of the tree) meets one of nobody; who skips it loses that
# interrupt in silence. The node is disabled on this board: it may be left out before its map is read. dtc 1.6.1 does not warn of it.
# Output seen:
#   32 cells; an entry: 3 + 1, the parent, 2 + 3
#   parent of entry 1: 0x1, nodes with that phandle: 1
#   parent of entry 2: 0x4e, nodes with that phandle: 0
#   cells left over: 2
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# An apt of its own (lists, status and cache in this folder) for arm64, of the sources of this Debian 12. fdtget as installed.
mkdir -p lists/partial archives/partial
: >status
cat >apt.conf <<C
Dir::State "$work"; Dir::State::status "$work/status"; Dir::Cache "$work";
APT::Architecture "arm64"; APT::Architectures { "arm64"; }; APT::Sandbox::User "root";
C
export APT_CONFIG="$work/apt.conf"
apt-get update -qq
apt-get download -qq 'linux-image-6.1.0-57-arm64=6.1.192-3' >/dev/null
dpkg-deb --fsys-tarfile linux-image-*.deb | tar -x --wildcards '*/ipq6018-cp01-c1.dtb'
tree=$(find . -name '*.dtb')

dtc -q -I dtb -O dts "$tree" >tree.dts
cells() { fdtget -t x "$tree" "$1" "$2"; }
owners() { grep -c "[[:space:]]phandle = <0x0*$1>;" tree.dts || true; }
pci=/soc/pci@20000000 gic=/soc/interrupt-controller@b000000
child=$((0x$(cells $pci '#address-cells') + 0x$(cells $pci '#interrupt-cells')))
address=$((0x$(cells $gic '#address-cells'))) specifier=$((0x$(cells $gic '#interrupt-cells')))
size=$((child + 1 + address + specifier))
set -- $(cells $pci interrupt-map)
first=$(echo "$@" | cut -d ' ' -f $((child + 1)))
second=$(echo "$@" | cut -d ' ' -f $((size + child + 1)))
echo "$# cells; an entry: $((child - 1)) + 1, the parent, $address + $specifier"
echo "parent of entry 1: 0x$first, nodes with that phandle: $(owners "$first")"
echo "parent of entry 2: 0x$second, nodes with that phandle: $(owners "$second")"
echo "cells left over: $(($# % size))"
[ "$(owners "$first") $(owners "$second") $(($# % size))" = "1 0 2" ] || { echo "changed"; exit 1; }
