// Whole disks of every board that has a layout, as util-linux, gdisk and dosfstools read them; and that nothing of them is where
// firmware is, on these boards and on any other.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Layout } from "../../../boards/layout.ts";
import type { Board } from "../../../boards/schema.ts";
import { Findings } from "../../../partitions/diagnostics/diagnostic.ts";
import { placeDisk } from "../../../partitions/plan/disk.ts";
import type { DiskPlan } from "../../../partitions/plan/disk.ts";
import { boards } from "../../../partitions/shelf.ts";
import { YamlSource } from "../../../partitions/source/yaml.ts";
import { placesOn } from "../../../tools/firmware/deploy/places.ts";
import { readFat16 } from "../../../tools/firmware/disk/fat16-read.ts";
import { diskImage, startOf } from "../../../tools/firmware/disk/image.ts";
import type { Payload } from "../../../tools/firmware/disk/image.ts";
import { SECTOR } from "../../../tools/firmware/disk/sectors.ts";
import type { Stream } from "../../../tools/output/write.ts";
import { readScript } from "../../../tools/firmware/script-image.ts";
import { COPIES, readState, UNKNOWN } from "../../../tools/firmware/slots.ts";
import { Random } from "../../hostile/random.ts";
import { MemoryDisk } from "./disks.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-disk-"));
afterAll(() => rmSync(folder, { recursive: true }));

const boardNamed = (name: string): Board => {
  const board = boards().get(name, new Findings(new YamlSource("none", "")));
  if (board === undefined) throw new Error(name);
  return board;
};
const BOARDS = boards().names.map(boardNamed).filter(({ layout }) => layout !== undefined);
const planOf = (layout: Layout | undefined): DiskPlan => {
  const plan = layout && placeDisk(layout);
  if (plan === undefined || "key" in plan) throw new Error("no plan");
  return plan;
};
/** Bytes of which none is zero, so that they are seen wherever they are. */
const filled = (length: number): Uint8Array => Buffer.alloc(length, Uint8Array.from({ length: 251 }, (_, n) => n + 1));
const MIB = Buffer.alloc(1024 * 1024);
const payloadOf = (bytes: Uint8Array): Payload => ({
  content: { length: bytes.length, chunks: () => [bytes.subarray(0, 5000), bytes.subarray(5000)] },
  start: "bootm",
});
const SYSTEM = filled(3_000_001);

/** As a file with holes. Gives back a sum of what is not zeros, and where. */
function save(stream: Stream, path: string): string {
  const sum = createHash("sha256");
  const file = openSync(path, "w");
  ftruncateSync(file, stream.length);
  let at = 0;
  for (const chunk of stream.chunks()) {
    if (!MIB.subarray(0, chunk.length).equals(chunk)) {
      sum.update(`${at}`).update(chunk);
      writeSync(file, chunk, 0, chunk.length, at);
    }
    at += chunk.length;
  }
  closeSync(file);
  expect(at).toBe(stream.length);
  return sum.digest("hex");
}

function part(path: string, first: number, bytes: number): Buffer {
  const file = openSync(path, "r");
  const found = Buffer.alloc(bytes);
  readSync(file, found, 0, bytes, first * SECTOR);
  closeSync(file);
  return found;
}

test("boards of which a disk can be made", () => {
  expect(BOARDS.map(({ name }) => name)).toEqual(
    ["daoli-plc", "orangepi-5-plus", "phytium-pi", "qemu-aarch64", "qemu-aarch64-gicv2", "qemu-riscv64", "roc-rk3568-pc"],
  );
});

describe.each(BOARDS.map((board) => [board.name, board] as const))("the disk of %s", (name, board) => {
  const plan = planOf(board.layout);
  const path = join(folder, `${name}.img`);
  const sum = save(diskImage(board, payloadOf(SYSTEM)), path);

  test("has a table that others find sound, with what is meant in it", () => {
    const { partitiontable: table } = JSON.parse(execFileSync("/usr/sbin/sfdisk", ["--json", path], { encoding: "utf8" })) as {
      partitiontable: { label: string; partitions: { start: number; size: number; name?: string }[] };
    };
    const found = table.partitions.map(({ start, size }) => [start, size]);
    const { a, b, boot, state, data } = plan;
    const pair = ({ base, size }: { base: number; size: number }): number[] => [base, size];
    const last = data === undefined ? [] : [pair(data)];
    if (table.label === "gpt") {
      expect(found).toEqual([pair(boot), pair(a), pair(b), pair(state), ...last]);
      expect(execFileSync("/usr/sbin/sgdisk", ["-v", path], { encoding: "utf8" })).toContain("No problems found.");
    } else expect(found).toEqual([pair(boot), [a.base, state.base + state.size - a.base], ...last]);
    expect(execFileSync("/usr/sbin/sfdisk", ["--verify", path], { encoding: "utf8" })).toContain("No errors detected.");
  });

  test("has a boot partition with boot.scr", () => {
    const fat = join(folder, `${name}.fat`);
    execFileSync("dd", [`if=${path}`, `of=${fat}`, "bs=512", `skip=${plan.boot.base}`, `count=${plan.boot.size}`, "status=none"]);
    expect(spawnSync("/usr/sbin/fsck.vfat", ["-n", fat]).status).toBe(0);
    const copy = join(folder, `${name}.scr`);
    execFileSync("mcopy", ["-n", "-i", fat, "::boot.scr", copy]);
    const script = execFileSync("mkimage", ["-l", copy], { encoding: "utf8" });
    expect(script).toContain("AArch64 Linux Script (uncompressed)");
    rmSync(fat);
  });

  test("has the system in both slots, and a state that says so", () => {
    for (const slot of [plan.a, plan.b]) expect(part(path, slot.base, SYSTEM.length).equals(SYSTEM)).toBe(true);
    const [first, second] = COPIES.map((at) => part(path, plan.state.base + at, SECTOR));
    expect(readState([first ?? SYSTEM, second ?? SYSTEM])).toEqual({ state: { ...UNKNOWN, generation: 1n }, from: 0, next: 1 });
  });

  test("has nothing in firmware's sectors, and is the same each time", () => {
    for (const { base, size } of plan.reserved)
      expect(part(path, base, size * SECTOR).equals(Buffer.alloc(size * SECTOR))).toBe(true);
    expect(save(diskImage(board, payloadOf(SYSTEM)), path)).toBe(sum);
    rmSync(path);
  });
});

test("nothing is ever where firmware is, on any board, with slots that are full", () => {
  const random = new Random(42);
  const { ram, boot, reserved: kept } = boardNamed("qemu-aarch64");
  let made = 0;
  for (let round = 0; round < 50; round++) {
    const sectors = 32_768 + random.below(20_000);
    const layout: Layout = {
      table: random.pick(["gpt", "mbr"] as const),
      sectors,
      reserved: Array.from({ length: random.below(4) }, () => ({
        first: random.below(random.chance(1, 2) ? 3000 : sectors),
        sectors: 1 + random.below(random.pick([1, 64, 4000])),
        what: "x",
      })),
      slots: { sectors: 1 + random.below(9000), first: random.chance(1, 4) ? random.below(8) * 2048 : undefined },
      boot: { sectors: 8192 + random.below(2000) },
      load: 0x4800_0000,
    };
    const plan = placeDisk(layout);
    if ("key" in plan) continue;
    made += 1;
    const system = filled(layout.slots.sectors * SECTOR);
    const disk = new MemoryDisk(sectors);
    let at = 0;
    const board = { isa: "aarch64" as const, name: "any", layout, ram, reserved: kept, boot };
    for (const chunk of diskImage(board, payloadOf(system)).chunks()) {
      disk.bytes.set(chunk, at);
      at += chunk.length;
    }
    for (const { base, size } of plan.reserved)
      expect(Buffer.from(disk.read(base, size)).equals(Buffer.alloc(size * SECTOR)), JSON.stringify(layout)).toBe(true);
    for (const { base } of [plan.a, plan.b]) expect(Buffer.from(disk.read(base, layout.slots.sectors)).equals(system)).toBe(true);
    const [file] = readFat16(disk, { first: plan.boot.base, sectors: plan.boot.size });
    const read = readScript(file?.bytes ?? new Uint8Array());
    // Of what may be written into a slot by its table, the script reads all.
    for (const { first, sectors: size } of Object.values(placesOn(disk).slots)) {
      for (const said of [`axv_at 0x${first.toString(16)}\n`, `_at} 0x${size.toString(16)}; then`])
        expect([layout, read]).toEqual([layout, { script: expect.stringContaining(said) as unknown }]);
    }
  }
  expect(made).toBeGreaterThan(15);
});

describe("no disk is made", () => {
  const board = boardNamed("qemu-aarch64");
  test("of a board without a layout", () => {
    expect(() => diskImage(boardNamed("xlnx-zcu102"), payloadOf(SYSTEM))).toThrow(/"xlnx-zcu102" does not say how its disk/);
  });

  test("with a system that is larger than a slot", () => {
    const large: Payload = { start: "bootm", content: { length: 64 * 1024 * 1024 + 1, chunks: () => [] } };
    expect(() => diskImage(board, large)).toThrow(/has 67108865 bytes, and a slot on the disk of "qemu-aarch64" 67108864/);
  });

  test.each([0x4400_0000, 0x7e00_0000, 0x1000])("with slots that are read to 0x%x", (load) => {
    const layout = board.layout && { ...board.layout, load };
    expect(() => diskImage({ ...board, layout }, payloadOf(SYSTEM))).toThrow(/not in RAM that firmware leaves, clear of/);
  });
});

test("what is in a slot is started as what it is", () => {
  const image = new Uint8Array(64);
  image.set([0x41, 0x52, 0x4d, 0x64], 56);
  expect(startOf(image)).toBe("booti");
  const riscv = new Uint8Array(64);
  riscv.set([0x52, 0x53, 0x43, 0x05], 56);
  expect(startOf(riscv)).toBe("booti");
  expect(startOf(Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed))).toBe("bootm");
  expect([new Uint8Array(), filled(64), image.subarray(0, 63)].map(startOf)).toEqual([undefined, undefined, undefined]);
});
