// plc-reader, the Linux end of the channel, as a program: under QEMU's user mode emulation, with a file as its device.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROCESS_IMAGE_SEQUENCE } from "../../rtos-guests/plc/abi.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { PLC_READER } from "../../tools/build/programs.ts";
import { ChannelMemory } from "./channelMemory.ts";
import { CHANNEL, loadLogic } from "./logicProgram.ts";

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-reader-"));
  program = join(folder, "plc-reader");
  copyFileSync((await buildProgram(PLC_READER)).elf, program);
  chmodSync(program, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const EMULATOR = "qemu-aarch64";

const run = (...parameters: string[]): { status: number | null; stderr: string; stdout: string } =>
  spawnSync(EMULATOR, [program, ...parameters], { encoding: "utf8", timeout: 120_000 });

/** The channel's bytes as a file, which can be mapped like the device. */
function device(channel: ChannelMemory): string {
  const path = join(folder, "device");
  writeFileSync(path, channel.bytes);
  return path;
}

/** Runs it until it has printed `count` lines; it never ends by itself. */
async function lines(count: number, path: string, between: () => void = () => undefined, offset = "0x0"): Promise<string[]> {
  const child: ChildProcessWithoutNullStreams = spawn(EMULATOR, [program, path, offset]);
  const read: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    read.push(line);
    between();
    if (read.length === count) break;
  }
  child.kill("SIGKILL");
  await once(child, "close");
  return read;
}

async function written(value: number): Promise<ChannelMemory> {
  const channel = new ChannelMemory(CHANNEL);
  (await loadLogic(channel)).imageWrite(CHANNEL, 0, value);
  return channel;
}

test("prints the process image once a second, as it is then", async () => {
  const path = device(await written(1500));
  const later = await written(-1500);
  const started = Date.now();
  const read = await lines(2, path, () => writeFileSync(path, later.bytes));
  expect(read).toEqual([
    `process image: scans=${(1500n << 32n) | 1500n} in=0x5dc out=0x5dc setpoint=1.500 measured=1.500 actuator=1.500 ` +
      "counter=1500 timer=1500",
    expect.stringMatching(/ in=0xfffffa24 .* setpoint=-1\.500 measured=-1\.500 actuator=-1\.500 /),
  ]);
  expect(Date.now() - started).toBeGreaterThanOrEqual(1000);
});

test("maps the device at the offset that it is given", async () => {
  const image = await written(7);
  const path = join(folder, "memory");
  writeFileSync(path, Buffer.concat([Buffer.alloc(0xab000), image.bytes]));
  expect(await lines(1, path, () => undefined, "0xAB000")).toEqual([expect.stringContaining(" counter=7 ")]);
});

test("says once that there is no image, and then nothing until there is one, and once more when it is gone", async () => {
  const none = new ChannelMemory(CHANNEL).bytes;
  const image = await written(3);
  const path = device(new ChannelMemory(CHANNEL));
  let count = 0;
  const read = await lines(3, path, () => {
    count += 1;
    if (count === 1) void sleep(2500).then(() => writeFileSync(path, image.bytes)); // more than two looks
    if (count === 2) writeFileSync(path, none);
  });
  expect(read.map((line) => line.slice(0, 20))).toEqual(["process image: none:", "process image: scans", "process image: none:"]);
});

test("says that there is no image, and that the writer stands still", async () => {
  expect(await lines(1, device(new ChannelMemory(CHANNEL)))).toEqual([
    "process image: none: the channel has no PLC1 magic (the PLC guest has not written to it)",
  ]);
  const stuck = await written(1);
  stuck.store(PROCESS_IMAGE_SEQUENCE, 32, 3n);
  expect(await lines(1, device(stuck))).toEqual(["process image: busy: its writer stands still in mid-write"]);
});

test("wrong use and a wrong device are told, each with its own status", () => {
  const usage = "usage: plc-reader DEVICE 0xOFFSET    (such as /dev/uio0 0x0, or /dev/mem and the channel's address)\n";
  for (const wrong of [
    [],
    ["a"],
    ["a", "0x0", "b"],
    ["a", "0"],
    ["a", "0x"],
    ["a", "0xg"],
    ["a", ""],
    ["a", "0x10000000000000000"],
  ]) {
    expect(run(...wrong)).toMatchObject({ status: 2, stderr: usage });
  }
  expect(run(join(folder, "none"), "0x0")).toMatchObject({
    status: 3,
    stderr: "plc-reader: open of the device failed, errno 2\n",
  });
  expect(run(folder, "0x0")).toMatchObject({ status: 4, stderr: "plc-reader: mmap of the channel failed, errno 19\n" });
  expect(run(device(new ChannelMemory(CHANNEL)), "0x800")).toMatchObject({
    status: 4,
    stderr: "plc-reader: mmap of the channel failed, errno 22\n",
  });
});

test("ends when nobody reads it any more", () => {
  const result = spawnSync("sh", ["-c", `${EMULATOR} ${program} ${device(new ChannelMemory(CHANNEL))} 0x0 >/dev/full; echo $?`], {
    encoding: "utf8",
    timeout: 20_000,
  });
  expect(result.stdout).toBe("5\n");
});
