import { describe, expect, test } from "vitest";
import { parseGuest, parseLinux } from "./parse.ts";

describe("what the benchmark guest prints", () => {
  test("becomes figures; other lines do not matter", () => {
    const { reset, paths } = parseGuest(["axv: image at 0x40200000", "bench: reset 62160", "bench: gicr-isenabler-write 173 175", "bench: end"]);
    expect(reset).toBe(62160);
    expect([...paths]).toEqual([["gicr-isenabler-write", { least: 173, most: 175 }]]);
  });

  test("is refused when it reports a failure", () => {
    expect(() => parseGuest(["bench: reset 1", "bench: sgi 2 2", "bench: failed 1b 22 4"])).toThrow(/did not expect: 1b 22 4/);
  });

  test.each([[["bench: sgi 2 2"]], [["bench: reset 1"]], [[]]])("is refused when figures are missing: %j", (lines) => {
    expect(() => parseGuest(lines)).toThrow(/no figures/);
  });
});

describe("what Linux prints", () => {
  test("becomes seconds, whatever the kernel puts before it", () => {
    const line = "[    0.822262] bench: init 0000000003b9aca0 0000000003b9aca0";
    expect(parseLinux(["Run /bench-init as init process", line])).toBe(1);
  });

  test("is refused without the line", () => {
    expect(() => parseLinux(["Kernel panic - not syncing"])).toThrow(/Kernel panic/);
  });
});
