// What an image holds of a guest's files: read when it is made, and from them.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileChangedError, Load } from "../../partitions/images/contents.ts";
import { MIB } from "../../partitions/units.ts";
import { arm64Image } from "./imageFiles.ts";
import { planText, sound } from "./systems.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-contents-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

describe("a load", () => {
  test("has its parts at their offsets, from files and from memory, zeros between and behind", () => {
    const path = file("six", Uint8Array.of(1, 2, 3, 4, 5, 6));
    const load = new Load(9, [{ at: 1, contents: { path, offset: 2, length: 3 } }, { at: 7, contents: Uint8Array.of(9) }]);
    expect(load.length).toBe(64);
    expect([...load.bytes()]).toEqual([0, 3, 4, 5, 0, 0, 0, 9, ...new Uint8Array(56)]);
    for (let from = 0; from < 10; from++) {
      for (let to = from; to <= 10; to++) {
        const piece = new Uint8Array(to - from);
        load.copyTo(piece, from);
        expect([...piece]).toEqual([...load.bytes().subarray(from, to)]);
      }
    }
  });

  test("of a file that has become shorter, or is gone, says so", () => {
    const path = file("short", new Uint8Array(10));
    const load = new Load(10, [{ at: 0, contents: { path, offset: 0, length: 10 } }]);
    truncateSync(path, 5);
    expect(() => load.bytes()).toThrow(FileChangedError);
    expect(() => load.bytes()).toThrow(/short has changed while it was put into the image: try again/);
    rmSync(path);
    expect(() => load.bytes()).toThrow(FileChangedError);
  });
});

test("a kernel and its initrd are not read to plan, and are whole in the image", () => {
  const kernel = arm64Image(0, 16 * MIB, 9 * MIB);
  kernel.fill(7, 64);
  const initrd = new Uint8Array(3 * MIB).fill(0x1f).fill(0x8b, 1, 2);
  const [image, disk] = [file("Image", kernel), file("initrd.gz", initrd)];
  const before = process.memoryUsage().arrayBuffers;
  const { loads } = sound(
    planText(`board: qemu-aarch64\npartitions: { a: { guest: linux, cpus: [0], image: ${image}, initrd: ${disk} } }\n`),
  );
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3 * MIB);
  expect(Buffer.compare(loads[0]?.bytes() ?? Buffer.of(), kernel)).toBe(0);
  expect(Buffer.compare(loads[1]?.bytes() ?? Buffer.of(), initrd)).toBe(0);
});
