// Tags, from end to end in QEMU: a guest in C sets them with the generated header, Debian in the partition beside it hands
// the images on, and the bridge's end reads them: whole, in order, and as the guest has made them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeBatch } from "../../industrial/tags/batch.ts";
import { TagMirror } from "../../industrial/tags/mirror.ts";
import { TagSnapshots } from "../../industrial/tags/snapshots.ts";
import { readValue } from "../../industrial/tags/value.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { layoutSum, ringsAt } from "../../partitions/tags/table.ts";
import { TAG_STREAM_TRAILER } from "../../rtos-guests/channel/tagImageLayout.ts";
import { BootedSystem } from "../system/bootedSystem.ts";
import { buildTagGuest } from "./guestImage.ts";
import type { TagGuest } from "./guestImage.ts";

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

/** What the guest makes of its scan's number. */
function valuesOf(scan: bigint): Record<string, TagValue> {
  const low = Number(scan);
  return {
    Setpoint: 7,
    Scans: scan,
    Low: low,
    Even: low % 2 === 0,
    List: Array.from({ length: 100 }, (_, n) => low + n),
    Minus: -scan,
  };
}

/** The hypervisor sends the same image: all of it is one piece, and so of one scan, which takes a few frames. */
async function expectOverLink({ session, plan }: BootedSystem, { table }: TagGuest): Promise<void> {
  const told: { values: Record<string, TagValue>; scan: bigint }[] = [];
  const mirror = new TagMirror(table, {
    image: (image, scan) => {
      if (told.at(-1)?.scan === scan) told.pop(); // another frame of it
      told.push({
        scan,
        values: Object.fromEntries(table.tags.map(({ name, offset, type }) => [name, readValue(image, offset, type)])),
      });
    },
    mismatch: () => expect.fail("another table"),
  });
  session.link.on("tags", (changes) => mirror.take(changes));
  await session.link.askForTags(plan.partitions.findIndex(({ name }) => name === "guest"));
  await expect.poll(() => told.length).toBeGreaterThan(IMAGES);
  const whole = told.slice(1, -1);
  for (const { values } of whole) expect(values).toEqual(valuesOf(values["Scans"] as bigint));
  expect(whole.map(({ scan }) => scan)).toEqual(whole.map(({ scan }) => scan).toSorted((a, b) => Number(a - b)));
}

test("a guest's tags reach Linux and the hypervisor's link, each image whole, without an exit of the guest", async () => {
  const guest = await buildTagGuest(folder, "test/tags/guest.c", yaml);
  const { table } = guest;
  const inLinux = guest.system.plan.partitions
    .find(({ name }) => name === "linux")
    ?.channels.find(({ carriesTags }) => carriesTags);
  if (inLinux === undefined) throw new Error("no channel carries the tags");

  system = await BootedSystem.boot("tags", yaml(guest.image));
  await system.line("guest", /^guest: tags/);
  await system.line("linux", /^axv: linux=/);
  const exits = (): number => (system?.partition("guest").exits ?? []).reduce((sum, count) => sum + count, 0);
  const before = exits();
  const bytes = IMAGES * (table.size + TAG_STREAM_TRAILER);
  const hex = (value: number): string => `0x${value.toString(16)}`;
  // The kernel's own messages (a link that comes up) must not stand among the lines.
  system.type(
    "linux",
    `dmesg -n 1; tag-reader /dev/mem ${hex(inLinux.ipa)} ${hex(inLinux.size)} | head -c ${bytes} | xxd -p -c 32; echo tags: ` +
      "end\r",
  );
  await system.line("linux", /^tags: end/);
  const said = system.said("linux").filter((line) => /^[0-9a-f]{2,64}$/.test(line)).join("");
  expect(system.partition("linux").telemetry?.consoleDropped, "bytes that the console lost").toBe(0);
  expect(said).toHaveLength(2 * bytes);

  const stream = new PassThrough();
  const snapshots = new TagSnapshots(stream, { table: layoutSum(table), size: table.size });
  const images: { values: Record<string, TagValue>; time: bigint }[] = [];
  snapshots.on("image", (image, time) =>
    images.push({
      values: Object.fromEntries(table.tags.map(({ name, offset, type }) => [name, readValue(image, offset, type)])),
      time,
    }),
  );
  stream.emit("data", Buffer.from(said, "hex"));
  expect(images).toHaveLength(IMAGES);
  expect(snapshots.skipped).toBe(0);
  await expectOverLink(system, guest);
  let last = { scan: 0n, time: 0n };
  for (const { values, time } of images) {
    const scan = values["Scans"] as bigint;
    expect(values).toEqual(valuesOf(scan));
    expect(scan > last.scan && time > last.time, "in order").toBe(true);
    last = { scan, time };
  }

  // The other way: a batch that the guest takes, and one that it refuses.
  const setpoint = table.tags.find(({ name }) => name === "Setpoint");
  const rings = ringsAt(table);
  if (setpoint === undefined || rings === undefined) throw new Error("nothing can be written");
  const input = [20, 101]
    .map((value, number) => encodeBatch(number, table, [{ tag: setpoint, value }]))
    .flatMap((batch) => [...Uint8Array.of(batch.length, 0, 0, 0), ...batch]);
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
