#!/bin/sh
# Debian's U-Boot for QEMU: the one for riscv64 finds no configuration of a FIT by the board's compatible, and checks no signature.
#
# Seen with u-boot-qemu 2023.01+dfsg-2+deb12u3 on QEMU 7.2 (Debian 12). One package, one version, one FIT: qemu_arm64 has
# CONFIG_FIT_BEST_MATCH and CONFIG_FIT_SIGNATURE, qemu-riscv64_smode neither. `bootm ADDRESS` of a FIT whose configurations name no
# default takes the one for this board on arm64, and ends with "Could not find configuration node" on riscv64; and of RSA there is not
# a word in it: a key in its control device tree changes nothing, which nothing says.
# Why it matters: a boot script that lets U-Boot choose works on one ISA alone; name the configuration (ADDRESS#conf-1). And who
# tries a chain of signatures there has tried nothing: build U-Boot with CONFIG_FIT_SIGNATURE.
# Output seen:  arm64: takes conf-1, knows RSA: yes    riscv64: finds none, knows RSA: no; told #conf-1: takes conf-1
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# QEMU for both ISAs, opensbi and device-tree-compiler as installed.
apt-get download -qq 'u-boot-qemu=2023.01+dfsg-2+deb12u3' 'u-boot-tools=2023.01+dfsg-2+deb12u3' >/dev/null
for package in *.deb; do dpkg -x "$package" .; done

fit() { # of an empty kernel and tree, for one board: $1 as mkimage calls the ISA, $2 the board's compatible
  printf 'stop' >kernel.bin
  echo "/dts-v1/; / { compatible = \"$2\"; };" | dtc -q -O dtb -o board.dtb
  cat >fit.its <<ITS
/dts-v1/;
/ {
  description = "which one"; #address-cells = <1>;
  images {
    kernel { data = /incbin/("kernel.bin"); type = "kernel"; arch = "$1"; os = "linux"; compression = "none"; load = <$3>; entry = <$3>; };
    fdt { data = /incbin/("board.dtb"); type = "flat_dt"; arch = "$1"; compression = "none"; };
  };
  configurations { conf-1 { compatible = "$2"; kernel = "kernel"; fdt = "fdt"; }; };
};
ITS
  ./usr/bin/mkimage -f fit.its fit.itb >/dev/null
}
says() { # $1: what bootm is given; then QEMU. iminfo and bootm start: nothing of the kernel is run
  argument=$1; shift
  (sleep 3; printf '\n'; sleep 1; printf 'bootm start %s\n' "$argument"; sleep 3) |
    timeout 20 "$@" -m 512M -nic none -display none -monitor none -serial stdio 2>/dev/null |
    sed -n "s/.*Using '\(.*\)' configuration.*/takes \1/p; s/.*Could not find configuration node.*/finds none/p" | head -n 1
}
knows() { if grep -qa 'rsa2048' "usr/lib/u-boot/$1/u-boot.bin"; then echo yes; else echo no; fi; }
fit arm64 linux,dummy-virt 0x50000000
arm() { says "$1" qemu-system-aarch64 -M virt -cpu cortex-a53 -bios usr/lib/u-boot/qemu_arm64/u-boot.bin -device loader,file=fit.itb,addr=0x48000000; }
one="arm64: $(arm 0x48000000), knows RSA: $(knows qemu_arm64)"
fit riscv riscv-virtio 0x90000000
riscv() { says "$1" qemu-system-riscv64 -M virt -kernel usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin -device loader,file=fit.itb,addr=0x88000000; }
other="riscv64: $(riscv 0x88000000), knows RSA: $(knows qemu-riscv64_smode); told #conf-1: $(riscv '0x88000000#conf-1')"
echo "$one    $other"
[ "$one" = "arm64: takes conf-1, knows RSA: yes" ] || { echo "changed"; exit 1; }
[ "$other" = "riscv64: finds none, knows RSA: no; told #conf-1: takes conf-1" ] || { echo "changed"; exit 1; }
