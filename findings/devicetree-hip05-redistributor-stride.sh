#!/bin/sh
# Linux' device tree of HiSilicon's Hip05: GICv3 redistributors 192 KiB apart, and the node's window divides by the usual 128 KiB as well.
#
# Seen in hip05-d02.dtb of linux-image-6.12.118+deb13-arm64 (Debian 13). A GICv3 redistributor is two frames of 64 KiB, RD and SGI (IHI
# 0069); here each is followed by a third that is nothing. `redistributor-stride` says so, a property that most trees leave out.
# Why it matters: "window / 0x20000" is a natural count of redistributors, and gives 24 of 16 CPUs with nothing left over, so that no
# check of sizes notices. The second redistributor would be taken to be at + 0x20000, where the first's empty frame is, and of all
# addresses so made only each third is right. GICR_TYPER's walk (Last, VLPIS) does not know of such a gap either: it has to step by the property.
# Output seen:  CPUs 16    window / 0x20000: 24, rest 0    window / redistributor-stride: 16, rest 0
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
dpkg-deb --fsys-tarfile linux-image-*.deb | tar -x --wildcards '*/hip05-d02.dtb'
tree=$(find . -name '*.dtb')

gic=/interrupt-controller@8d000000
cpus=$(fdtget -l "$tree" /cpus | grep -c '^cpu@')
stride=$((0x$(fdtget -t x "$tree" $gic redistributor-stride | cut -d ' ' -f 2)))
window=$((0x$(fdtget -t x "$tree" $gic reg | cut -d ' ' -f 8))) # the second pair: GICR
usual="$((window / 0x20000)), rest $((window % 0x20000))"
said="$((window / stride)), rest $((window % stride))"
echo "CPUs $cpus    window / 0x20000: $usual    window / redistributor-stride: $said"
[ "$cpus; $usual; $said" = "16; 24, rest 0; 16, rest 0" ] || { echo "changed"; exit 1; }
