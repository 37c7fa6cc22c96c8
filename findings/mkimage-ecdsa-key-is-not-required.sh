#!/bin/sh
# mkimage of U-Boot 2023.01 (Debian 12), -K with -r: an RSA key is written into the control tree with `required`, `algo` and
# `key-name-hint`; an ECDSA key with its curve and its point, and none of the three.
#
# A good guess is that -r ("the key is required") means the same for either. U-Boot refuses an unsigned configuration only where a key
# under /signature has `required` (doc/uImage.FIT/signature.txt), so with an ECDSA key written this way it is a hint and nothing more.
# Why it matters: the board still starts the signed image, and whoever tests that alone believes that it starts no other.
# The three properties have to be written by hand (fdtput), or by a tool of one's own, and so has an empty /signature before.
#
# Seen (properties of /signature/key-line, and of /signature/line: the name differs, too):
#   rsa2048:  algo key-name-hint required rsa,exponent rsa,modulus rsa,n0-inverse rsa,num-bits rsa,r-squared
#   ecdsa256: ecdsa,curve ecdsa,x-point ecdsa,y-point
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download -qq 'u-boot-tools=2023.01+dfsg-2+deb12u3' 'device-tree-compiler=1.6.1-4+b1' 'libfdt1=1.6.1-4+b1' >/dev/null
for package in *.deb; do dpkg -x "$package" tools; done
LD_LIBRARY_PATH=$(dirname "$(find "$work/tools" -name 'libfdt.so.1')") # mkimage runs the dtc that is found first
PATH=$work/tools/usr/bin:$PATH
export LD_LIBRARY_PATH PATH
mkdir keys
openssl genrsa -out keys/line.key 2048 2>/dev/null
openssl req -batch -new -x509 -key keys/line.key -out keys/line.crt -subj /CN=line 2>/dev/null
openssl ecparam -name prime256v1 -genkey -noout -out keys/line.pem # where mkimage looks for an ECDSA key
head -c 4096 /dev/zero >kernel
row() {
  cat >image.its <<I
/dts-v1/;
/ { description = "d"; #address-cells = <1>;
  images { kernel-1 { description = "k"; data = /incbin/("kernel"); type = "kernel"; arch = "arm64"; os = "linux"; compression = "none";
    load = <0x40200000>; entry = <0x40200000>; hash-1 { algo = "sha256"; }; }; };
  configurations { default = "conf-1"; conf-1 { kernel = "kernel-1";
    signature-1 { algo = "sha256,$1"; key-name-hint = "line"; sign-images = "kernel"; }; }; };
};
I
  echo '/dts-v1/; / { signature { }; };' | dtc -q -I dts -O dtb -o control.dtb -
  mkimage -f image.its image.itb >/dev/null
  mkimage -F -k keys -K control.dtb -r image.itb >/dev/null
  echo "$1: $(fdtget -p control.dtb "/signature/$2" | sort | tr '\n' ' ')"
}
{ row rsa2048 key-line; row ecdsa256 line; } | tee out
grep -q '^rsa2048: algo key-name-hint required rsa,exponent ' out && grep -qx 'ecdsa256: ecdsa,curve ecdsa,x-point ecdsa,y-point ' out
