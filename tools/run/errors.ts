// Everything that can go wrong when a system is run or attached to, each with a stable code and one message that says
// what to do.
import { CodedError } from "../../industrial/link/coded-error.ts";

export const MESSAGES = {
  AXV_PROGRAM_MISSING: (program: string, debianPackage: string) =>
    `${program} is not installed. Install it with: apt-get install ${debianPackage}`,
  AXV_QEMU_FAILED: (how: string, said: string) => `QEMU ${how}${said === "" ? "" : `. It said:\n${said}`}`,
  AXV_QEMU_SILENT: (seconds: string) =>
    `QEMU did not come up within ${seconds} s. Is the machine overloaded? Try again, and look at its load with: top`,
  AXV_QEMU_PORT: (said: string) =>
    `a port that QEMU needs is in use: end what holds it (ss -ltnp shows it), or choose another one. QEMU said:\n${said}`,
  AXV_RUN_REFUSED: (said: string) =>
    `the hypervisor refused to start anything. It said:\n${said}`,
  AXV_RUN_PANIC: (said: string) =>
    `the hypervisor has panicked, and that is a mistake of its own. Please report it, with the image. It said:\n${said}`,
  AXV_RUN_SILENT: (seconds: string, after: string) =>
    `the hypervisor has been silent for ${seconds} s${after}: the board stands still, or has reset itself`,
  AXV_RUN_MUTE: (partition: string, seconds: string, guest: string) =>
    `${partition} has run for ${seconds} s without printing anything, and every ${guest} prints as it starts: ` +
    "is its image built for this CPU, its load address and its console?",
  AXV_RUN_NOT_STARTED: (who: string, seconds: string) => `${who} not started within ${seconds} s, and nobody has said why`,
  AXV_IMAGE_MISSING: (image: string) => `there is no image ${image}: build it with axv-part build`,
  AXV_DURATION: (text: string) => `"${text}" is no duration: write a number and a unit, such as 500ms, 30s or 2m`,
  AXV_LIMIT: (text: string, known: string) =>
    `"${text}" is no limit: write NAME=VALUE or PARTITION.NAME=VALUE, such as jitter=50us. Names: ${known}`,
  AXV_LIMIT_UNIT: (text: string, wanted: string) => `"${text}" is no limit: its value is to be ${wanted}`,
  AXV_LIMIT_ALONE: () => "--limit is judged at the end of a run that has one: add --for, such as --for 30s",
  AXV_BOARD_GONE: (address: string, why: string) =>
    `nothing comes from ${address} any more: ${why}. Check the cable and the board, then start monitor again`,
  AXV_RUN_NONE: () => "nothing runs here: start a system with axv-part run SYSTEM.yaml in another terminal first",
  AXV_RUN_SEVERAL: (runs: string) => `several systems run: choose one with --link PATH:\n${runs}`,
  AXV_RUN_GONE: (path: string) => `no run answers on ${path}: it has ended. Leave --link out to have the runs searched`,
  AXV_RUN_PROTOCOL: (path: string) => `what answers on ${path} is not axv-part run, or not of this version`,
  AXV_RUN_FOLDER: (folder: string, why: string) => `cannot use ${folder} for the run's socket: ${why}`,
  AXV_RUN_PATH: (path: string, why: string) => `cannot listen on ${path}: ${why}. Choose another path with --link`,
  AXV_PARTITION_UNKNOWN: (name: string, known: string) => `there is no partition "${name}": write one of ${known}`,
  AXV_CONTROL_WHOM: (action: string, partition: string) =>
    partition === ""
      ? `${action} needs a partition: write its name behind it`
      : `${action} is of the whole system: leave "${partition}" out`,
  AXV_NO_MAXIMA: (name: string) =>
    `${name} publishes no values whose maxima could begin anew: its guest would need a tag such as "jitter recent" ` +
    "(its profile names them)",
  AXV_PARTITION_INDEX: (name: string) =>
    `"${name}" on a serial line: name the system file with --system SYSTEM.yaml, or write the partition's index (0, 1, …)`,
  AXV_CONSOLE_CLOSED: (why: string) => `the console was closed: ${why}`,
  AXV_RUN_FIRMWARE: (name: string) => `there is no firmware "${name}": write u-boot, or leave --firmware out`,
  AXV_RUN_FIRMWARE_BOARD: (board: string) =>
    `there is no U-Boot for QEMU's "${board}", but for QEMU's virt: choose the board qemu-aarch64 or qemu-riscv64, or ` +
    "leave --firmware out",
  AXV_DEMO_BOARD: (board: string, known: string) => `there is no demo for the board ${board}: write ${known}`,
  AXV_NO_QEMU_BOARD: (board: string) =>
    `the board ${board} cannot be emulated: boot its image on the board, and attach with ` +
    "axv-part console PARTITION --serial DEVICE",
} as const;

export type RunErrorCode = keyof typeof MESSAGES;

export class RunError<C extends RunErrorCode = RunErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("RunError", MESSAGES, code, parameters);
  }
}
