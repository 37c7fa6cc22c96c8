// What a person reads when a run, or a look at one, goes wrong: every message, whole.
import { expect, test } from "vitest";
import { MESSAGES, RunError, type RunErrorCode } from "../../tools/run/errors.ts";

const messageOf = (code: RunErrorCode, parameters: readonly string[]): string =>
  (MESSAGES[code] as (...parts: readonly string[]) => string)(...parameters);

const CASES: readonly [code: RunErrorCode, parameters: readonly string[], message: string][] = [
  ["AXV_PROGRAM_MISSING", ["dtc", "device-tree-compiler"],
    "dtc is not installed. Install it with: apt-get install device-tree-compiler"],
  ["AXV_QEMU_FAILED", ["ended by itself with status 3", "nonsense"], "QEMU ended by itself with status 3. It said:\nnonsense"],
  ["AXV_QEMU_FAILED", ["was killed by SIGKILL", ""], "QEMU was killed by SIGKILL"],
  ["AXV_QEMU_SILENT", ["120"],
    "QEMU did not come up within 120 s. Is the machine overloaded? Try again, and look at its load with: top"],
  ["AXV_QEMU_PORT", ["Failed to find an available port: Address already in use"],
    "a port that QEMU needs is in use: end what holds it (ss -ltnp shows it), or choose another one. QEMU said:\n" +
      "Failed to find an available port: Address already in use"],
  ["AXV_RUN_REFUSED", ["  axv: no blob"], "the hypervisor refused to start anything. It said:\n  axv: no blob"],
  ["AXV_RUN_PANIC", ["  axv: PANIC"],
    "the hypervisor has panicked, and that is a mistake of its own. Please report it, with the image. It said:\n  axv: PANIC"],
  ["AXV_RUN_SILENT", ["60", " from its start on"],
    "the hypervisor has been silent for 60 s from its start on: the board stands still, or has reset itself"],
  ["AXV_RUN_MUTE", ["plc", "20", "plc"],
    "plc has run for 20 s without printing anything, and every plc prints as it starts: is its image built for this CPU, its " +
      "load address and its console?"],
  ["AXV_RUN_NOT_STARTED", ["linux and plc have", "60"],
    "linux and plc have not started within 60 s, and nobody has said why"],
  ["AXV_IMAGE_MISSING", ["build/image.bin"], "there is no image build/image.bin: build it with axv-part build"],
  ["AXV_DURATION", ["soon"], '"soon" is no duration: write a number and a unit, such as 500ms, 30s or 2m'],
  ["AXV_LIMIT", ["jiter=5us", "scans, jitter"],
    '"jiter=5us" is no limit: write NAME=VALUE or PARTITION.NAME=VALUE, such as jitter=50us. Names: scans, jitter'],
  ["AXV_LIMIT_UNIT", ["jitter=5", "a time, such as 50us"], '"jitter=5" is no limit: its value is to be a time, such as 50us'],
  ["AXV_LIMIT_ALONE", [], "--limit is judged at the end of a run that has one: add --for, such as --for 30s"],
  ["AXV_BOARD_GONE", ["/dev/ttyUSB0", "the other side hung up"],
    "nothing comes from /dev/ttyUSB0 any more: the other side hung up. Check the cable and the board, then start monitor again"],
  ["AXV_RUN_NONE", [], "nothing runs here: start a system with axv-part run SYSTEM.yaml in another terminal first"],
  ["AXV_RUN_SEVERAL", ["  a.sock\n  b.sock"], "several systems run: choose one with --link PATH:\n  a.sock\n  b.sock"],
  ["AXV_RUN_GONE", ["a.sock"], "no run answers on a.sock: it has ended. Leave --link out to have the runs searched"],
  ["AXV_RUN_PROTOCOL", ["a.sock"], "what answers on a.sock is not axv-part run, or not of this version"],
  ["AXV_RUN_FOLDER", ["/run/axv-part", "it is not a folder"],
    "cannot use /run/axv-part for the run's socket: it is not a folder"],
  ["AXV_RUN_PATH", ["a.sock", "listen EACCES"], "cannot listen on a.sock: listen EACCES. Choose another path with --link"],
  ["AXV_PARTITION_UNKNOWN", ["windows", "linux, plc"], 'there is no partition "windows": write one of linux, plc'],
  ["AXV_CONTROL_WHOM", ["stop", ""], "stop needs a partition: write its name behind it"],
  ["AXV_CONTROL_WHOM", ["commit", "plc"], 'commit is of the whole system: leave "plc" out'],
  ["AXV_NO_MAXIMA", ["linux"],
    'linux publishes no values whose maxima could begin anew: its guest would need a tag such as "jitter recent" (its ' +
      "profile names them)"],
  ["AXV_PARTITION_INDEX", ["plc"],
    '"plc" on a serial line: name the system file with --system SYSTEM.yaml, or write the partition\'s index (0, 1, …)'],
  ["AXV_CONSOLE_CLOSED", ["the run has ended"], "the console was closed: the run has ended"],
  ["AXV_RUN_FIRMWARE", ["grub"], 'there is no firmware "grub": write u-boot, or leave --firmware out'],
  ["AXV_RUN_FIRMWARE_BOARD", ["xlnx-zcu102"],
    'there is no U-Boot for QEMU\'s "xlnx-zcu102", but for QEMU\'s virt: choose the board qemu-aarch64 or qemu-riscv64, or ' +
      "leave --firmware out"],
  ["AXV_DEMO_BOARD", ["pc", "qemu-aarch64"], "there is no demo for the board pc: write qemu-aarch64"],
  ["AXV_NO_QEMU_BOARD", ["plc-3568"],
    "the board plc-3568 cannot be emulated: boot its image on the board, and attach with axv-part console PARTITION --serial " +
      "DEVICE"],
];

test.each(CASES)("%s %j", (code, parameters, message) => expect(messageOf(code, parameters)).toBe(message));

test("every message is among them", () => {
  expect(new Set(CASES.map(([code]) => code))).toEqual(new Set(Object.keys(MESSAGES)));
});

test("an error has its code, its message, and the name of its kind", () => {
  const error = new RunError("AXV_RUN_GONE", "a.sock");
  expect([error.name, error.code, error.message]).toEqual([
    "RunError",
    "AXV_RUN_GONE",
    "no run answers on a.sock: it has ended. Leave --link out to have the runs searched",
  ]);
});
