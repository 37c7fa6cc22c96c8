import { describe, expect, test } from "vitest";
import { parseBegin, parseCycles, parseGuest, parseLinux, parsePair } from "./parse.ts";

describe("what the benchmark guest prints", () => {
  test("becomes samples, of one path from all its lines; other lines do not matter", () => {
    const lines = [
      "axv: image at 0x40200000",
      "bench: reset 62160",
      "bench: physical-timer 55x9990 56x10",
      "bench: physical-timer 60x1",
      "bench: sgi 2x3",
      "bench: end",
    ];
    const { reset, paths } = parseGuest(lines);
    expect(reset).toBe(62160);
    expect([...paths].map(([name, samples]) => [name, [...samples]])).toEqual([
      [
        "physical-timer",
        [
          [55, 9990],
          [56, 10],
          [60, 1],
        ],
      ],
      ["sgi", [[2, 3]]],
    ]);
  });

  test("is refused when it reports a failure", () => {
    expect(() => parseGuest(["bench: reset 1", "bench: sgi 2x2", "bench: failed 1b 22 4"])).toThrow(/did not expect: 1b 22 4/);
  });

  test.each([[["bench: sgi 2x2"]], [["bench: reset 1"]], [[]]])("is refused when figures are missing: %j", (lines) => {
    expect(() => parseGuest(lines)).toThrow(/no figures/);
  });
});

describe("what a pair of guests prints", () => {
  const BOTH = ["bench: doorbell 184x9799 191x201", "bench: rung", "bench: restart 824512", "bench: restart-cached 900000"];

  test("becomes the doorbell's samples and the restart's time", () => {
    const { doorbell, restart, restartCached } = parsePair(BOTH);
    expect([...doorbell]).toEqual([[184, 9799], [191, 201]]);
    expect([restart, restartCached]).toEqual([824512, 900000]);
  });

  test.each([0, 2, 3])("is refused without line %i", (left) => {
    expect(() => parsePair(BOTH.filter((_, at) => at !== left))).toThrow(/no figures/);
  });
});

test("where firmware is done with, and a guest's number alone on a line, in hexadecimal digits", () => {
  const lines = ["OpenSBI v1.1", "bench: begins 0000000001e07141", "axv: image at 0x0000000080200000", "0000000001e14d05 "];
  expect([parseBegin(lines), parseCycles(lines)]).toEqual([0x1e0_7141, 0x1e1_4d05]);
  expect(() => parseCycles(lines.slice(0, 3))).toThrow(/image at/);
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
