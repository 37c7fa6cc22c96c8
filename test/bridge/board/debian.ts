// A small Debian with systemd for the Linux partition, as an initramfs that comes behind the demo's
// (tools/linux/initramfs.ts): from that one are busybox and the modules, from Debian's archive systemd and what Node is
// linked with, all as their packages have them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cpio, directory, file, program, symlink } from "../../../tools/linux/cpio.ts";
import type { CpioEntry } from "../../../tools/linux/cpio.ts";
import { ensureLinux } from "../../../tools/linux/linux.ts";
import { debianRoot } from "../../linux/debian.ts";
import { entriesOf } from "../../linux/rootFolder.ts";

const PACKAGES = ["systemd", "libstdc++6", "libatomic1"];
const LEFT_OUT = /^usr\/share\/|\/hwdb\.d$/;
/** What a board with a terminal, a disk and users to log in has: here each would wait for something that there is not. */
const MASKED = [
  "getty.target",
  "getty-static.service",
  "systemd-logind.service",
  "systemd-user-sessions.service",
  "systemd-update-utmp.service",
  "systemd-update-utmp-runlevel.service",
  "systemd-random-seed.service",
  "systemd-sysusers.service",
  "systemd-journal-flush.service",
  "systemd-modules-load.service",
  "systemd-remount-fs.service",
  "modprobe@.service",
];
const UNITS = "etc/systemd/system";
/**
 * The loader is found by an absolute path; where Debian has everything below /usr (13), /lib is a link, but here it is a
 * folder.
 */
const LOADER = "lib/ld-linux-aarch64.so.1";
const ALIGNMENT = 4;

/** Gives back the kernel and an initramfs with `more` in it, and a program /init of test/bridge/board. */
export async function debian(
  folder: string,
  more: readonly CpioEntry[],
): Promise<{ readonly kernel: string; readonly initrd: string }> {
  const linux = await ensureLinux();
  const root = join(folder, "root");
  mkdirSync(root);
  await debianRoot(root, "systemd", PACKAGES);
  const packages = entriesOf(root, (path) => !LEFT_OUT.test(path));
  const isMerged = !packages.some(({ name }) => name === LOADER);
  const entries: CpioEntry[] = [
    ...["opt", "run", "sbin", "usr", "var", "var/lib", "var/log", "etc/systemd", UNITS, `${UNITS}/axv-bridge.service.d`].map(
      directory,
    ),
    ...packages,
    ...(isMerged ? [symlink(LOADER, `/usr/${LOADER}`), symlink("lib/systemd", "/usr/lib/systemd")] : []),
    program("init", readFileSync(join(import.meta.dirname, "init"))),
    file("etc/passwd", Buffer.from("root:x:0:0:root:/root:/bin/sh\n")),
    file("etc/group", Buffer.from("root:x:0:\n")),
    file("etc/machine-id", Buffer.from(`${"0".repeat(31)}1\n`)), // one that has none is being installed, systemd thinks
    file("etc/os-release", Buffer.from("ID=debian\n")),
    file("etc/systemd/system.conf", Buffer.from("[Manager]\nShowStatus=no\nLogLevel=warning\n")),
    // For the test to see.
    file(`${UNITS}/axv-bridge.service.d/console.conf`, Buffer.from("[Service]\nStandardOutput=journal+console\n")),
    symlink(`${UNITS}/default.target`, "/lib/systemd/system/multi-user.target"),
    ...MASKED.map((unit) => symlink(`${UNITS}/${unit}`, "/dev/null")),
    ...more,
  ];
  const first = readFileSync(linux.initramfs);
  const initrd = join(folder, "initramfs");
  // Not compressed: to unpack it is the emulated board's work.
  writeFileSync(
    initrd,
    Buffer.concat([first, Buffer.alloc((ALIGNMENT - (first.length % ALIGNMENT)) % ALIGNMENT), cpio(entries)]),
  );
  return { kernel: linux.kernel, initrd };
}
