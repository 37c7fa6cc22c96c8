// Tags, from end to end in QEMU: a guest in C sets them with the generated header, Debian in the partition beside it hands the images on,
// and the bridge's end reads them: whole, in order, and as the guest has made them.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeBatch } from "../../industrial/tags/batch.ts";
import { TagSnapshots } from "../../industrial/tags/snapshots.ts";
import { readValue } from "../../industrial/tags/value.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { layoutSum, ringsAt } from "../../partitions/tags/table.ts";
import { TAG_STREAM_TRAILER } from "../../rtos-guests/channel/tagImageLayout.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { PLC } from "../../tools/build/programs.ts";
import { flatten, readElf } from "../../tools/build/elf.ts";
import { CLANG, LLD, runTool } from "../../tools/build/native.ts";
import { planFile } from "../../tools/plan/file.ts";
import { cHeader } from "../../tools/tags/c-header.ts";
import { BootedSystem } from "../system/bootedSystem.ts";

let folder: string;
let system: BootedSystem | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-tags-"));
});
afterEach(async () => {
  await system?.stop();
  rmSync(folder, { recursive: true });
});

const IMAGES = 20;
const yaml = (image: string): string => `
board: qemu-aarch64
partitions:
  linux: { guest: linux, cpus: [0, 1], memory: 256M, devices: [virtio0, virtio1], accepts: [dma] }
  guest:
    guest: plc                 # its machine: RAM, channel
    image: ${image}
    cpus: [3]
    memory: 16M
    interrupts: direct
    tags:
      - { name: Scans, type: u64 }
      - { name: Low, type: u32 }
      - { name: Even, type: bool }
      - { name: List, type: "i32[100]" }
      - { name: Minus, type: i64 }
      - { name: Setpoint, type: i32, range: [0, 100], access: rw }
channels:
  values: { between: [guest, linux], carries: tags }
`;

test("a guest's tags reach Linux, each image whole, without an exit of the guest", async () => {
  const path = (name: string): string => join(folder, name);
  mkdirSync(path("plan"));
  // Where channels are does not depend on the image, and this one is there.
  writeFileSync(path("plan/system.yaml"), yaml(resolve((await buildProgram(PLC)).binary)));
  const { system: planned, diagnostics } = planFile(path("plan/system.yaml"));
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  const [table] = planned?.tags.table ?? [];
  const [inGuest, inLinux] = ["guest", "linux"].map((name) => planned?.plan.partitions.find((each) => each.name === name)?.channels.find(({ carriesTags }) => carriesTags));
  if (table === undefined || inGuest === undefined || inLinux === undefined) throw new Error("the system has no tags");
  writeFileSync(path("tags.h"), cHeader(table, "system.yaml", inGuest.ipa));
  const flags = ["--target=aarch64-none-elf", "-march=armv8-a", "-std=c99", "-O2", "-ffreestanding", "-mgeneral-regs-only", "-mstrict-align", "-Wall", "-Wextra", "-Werror", `-I${folder}`, "-Irtos-guests/library"];
  runTool(CLANG, [...flags, "-c", "test/tags/guest.c", "-o", path("guest.o")]);
  runTool(CLANG, ["--target=aarch64-none-elf", "-c", "test/library/guest/start.S", "-o", path("start.o")]);
  runTool(LLD, ["-static", "-T", "test/library/guest/guest.ld", path("start.o"), path("guest.o"), "-o", path("guest.elf")]);
  writeFileSync(path("guest.bin"), flatten(readElf(readFileSync(path("guest.elf")))));

  system = await BootedSystem.boot("tags", yaml(path("guest.bin")));
  await system.line("guest", /^guest: tags/);
  await system.line("linux", /^axv: linux=/);
  const exits = (): number => (system?.partition("guest").exits ?? []).reduce((sum, count) => sum + count, 0);
  const before = exits();
  const bytes = IMAGES * (table.size + TAG_STREAM_TRAILER);
  const hex = (value: number): string => `0x${value.toString(16)}`;
  // The kernel's own messages (a link that comes up) must not stand among the lines.
  system.type("linux", `dmesg -n 1; tag-reader /dev/mem ${hex(inLinux.ipa)} ${hex(inLinux.size)} | head -c ${bytes} | xxd -p -c 32; echo tags: end\r`);
  await system.line("linux", /^tags: end/);
  const said = system.said("linux").filter((line) => /^[0-9a-f]{2,64}$/.test(line)).join("");
  expect(system.partition("linux").telemetry?.consoleDropped, "bytes that the console lost").toBe(0);
  expect(said).toHaveLength(2 * bytes);

  const stream = new PassThrough();
  const snapshots = new TagSnapshots(stream, { table: layoutSum(table), size: table.size });
  const images: { values: Record<string, TagValue>; time: bigint }[] = [];
  snapshots.on("image", (image, time) => images.push({ values: Object.fromEntries(table.tags.map(({ name, offset, type }) => [name, readValue(image, offset, type)])), time }));
  stream.emit("data", Buffer.from(said, "hex"));
  expect(images).toHaveLength(IMAGES);
  expect(snapshots.skipped).toBe(0);
  let last = { scan: 0n, time: 0n };
  for (const { values, time } of images) {
    const scan = values["Scans"] as bigint;
    const low = Number(scan);
    expect(values).toEqual({ Setpoint: 7, Scans: scan, Low: low, Even: low % 2 === 0, List: Array.from({ length: 100 }, (_, n) => low + n), Minus: -scan });
    expect(scan > last.scan && time > last.time, "in order").toBe(true);
    last = { scan, time };
  }

  // The other way: a batch that the guest takes, and one that it refuses.
  const setpoint = table.tags.find(({ name }) => name === "Setpoint");
  const rings = ringsAt(table);
  if (setpoint === undefined || rings === undefined) throw new Error("nothing can be written");
  const input = [20, 101].map((value, number) => encodeBatch(number, table, [{ tag: setpoint, value }])).flatMap((batch) => [...Uint8Array.of(batch.length, 0, 0, 0), ...batch]);
  const octal = input.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  // Line by line: a console takes no more than its ring holds before the shell reads.
  const lines = [
    `printf '${octal}' > /tmp/in`,
    `(cat /tmp/in; sleep 1) | tag-reader /dev/mem ${hex(inLinux.ipa)} ${hex(inLinux.size)} ${hex(rings)} > /tmp/out`,
    "xxd -p /tmp/out | tr -d '\\n' | grep -o '41585641.\\{24\\}'", // answers
    `tail -c ${table.size + TAG_STREAM_TRAILER - setpoint.offset} /tmp/out | head -c 4 | xxd -p`, // in the last image
  ];
  for (const [n, line] of lines.entries()) {
    system.type("linux", `${line}; echo line ${n}\r`);
    await system.line("linux", new RegExp(`^line ${n}`));
  }
  expect(system.said("linux").filter((line) => /^[0-9a-f]{8}$|^[0-9a-f]{32}$/.test(line)).slice(-3)).toEqual([
    "415856410000000000000000ffffffff", // batch 0: done
    "415856410100000004000000feffffff", // batch 1: out of range
    "14000000",
  ]);
  expect(exits(), "not one exit for it").toBe(before);
});
