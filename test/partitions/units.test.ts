// Sizes, durations, addresses; and what "did you mean" means.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { closest, distance, suggest } from "../../partitions/diagnostics/suggest.ts";
import {
  alignDown,
  alignUp,
  formatDuration,
  formatNumbers,
  formatSize,
  formatSpan,
  overlaps,
  pagesOf,
  parseDuration,
  parseSize,
} from "../../partitions/units.ts";

describe("sizes", () => {
  test.each([
    ["4K", 4096],
    ["512M", 0x20000000],
    ["1G", 0x40000000],
    ["0K", 0],
    ["1", undefined],
    ["1k", undefined],
    ["1 M", undefined],
    ["-1M", undefined],
    ["1.5G", undefined],
    ["1MiB", undefined],
  ])("%s is %s", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test("are shown in the largest unit that divides them", () => {
    expect([4096, 0x20000000, 0x40000000, 6144, 1536 * 0x100000, 5000, 0].map(formatSize)).toEqual([
      "4K",
      "512M",
      "1G",
      "6K",
      "1536M",
      "5000 bytes",
      "0 bytes",
    ]);
  });

  test("are read as they are shown", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 30 }), (kib) => parseSize(formatSize(kib * 1024)) === kib * 1024),
    );
  });
});

describe("durations", () => {
  test.each([
    ["50ms", 50_000],
    ["200us", 200],
    ["1s", 1_000_000],
    ["50", undefined],
    ["1m", undefined],
    ["0.5s", undefined],
  ])("%s is %s µs", (text, microseconds) => {
    expect(parseDuration(text)).toBe(microseconds);
  });

  test("are read as they are shown", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), (microseconds) => parseDuration(formatDuration(microseconds)) === microseconds),
    );
  });
});

describe("addresses", () => {
  test("beyond 32 bits stay exact", () => {
    expect(alignUp(0x20_0000_0001, 0x1000)).toBe(0x20_0000_1000);
    expect(alignDown(0x20_0000_1fff, 0x1000)).toBe(0x20_0000_1000);
    expect(formatSpan({ base: 0x20_0000_0000, size: 0x1000 })).toBe("0x2000000000…0x2000001000");
  });

  test("numbers in a row are shown as a range", () => {
    expect([[], [3], [0, 1, 2, 3], [0, 2, 3, 15]].map(formatNumbers)).toEqual(["", "3", "0-3", "0, 2-3, 15"]);
  });

  test("spans that touch do not overlap", () => {
    expect(overlaps({ base: 0, size: 16 }, { base: 16, size: 16 })).toBe(false);
    expect(overlaps({ base: 0, size: 17 }, { base: 16, size: 16 })).toBe(true);
    expect(pagesOf({ base: 0x0a000e00, size: 0x400 })).toEqual({ base: 0x0a000000, size: 0x2000 });
  });
});

describe("did you mean", () => {
  test.each([
    ["", "abc", 3],
    ["abc", "abc", 0],
    ["linus", "linux", 1],
    ["kitten", "sitting", 3],
    ["virtoi0", "virtio0", 2],
  ])("%s to %s takes %i changes", (a, b, changes) => {
    expect(distance(a, b)).toBe(changes);
    expect(distance(b, a)).toBe(changes);
  });

  test("guesses what is near, and only that", () => {
    expect(closest("qemu-arch64", ["rk3568", "qemu-aarch64"])).toBe("qemu-aarch64");
    expect(closest("LINUX", ["linux", "plc"])).toBe("linux");
    expect(closest("zephyr", ["linux", "plc"])).toBeUndefined();
  });

  test("otherwise names what there is", () => {
    expect(suggest("zephyr", ["linux", "plc"])).toBe("write one of: linux, plc");
    expect(suggest("x", [])).toBe("there is none to choose from");
    expect(
      suggest(
        "zzzz",
        Array.from({ length: 20 }, (_, n) => `device${n}`),
      ),
    ).toMatch(/device11, … \(20 in all\)$/);
  });
});
