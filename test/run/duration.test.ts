import { expect, test } from "vitest";
import { parseDuration } from "../../tools/run/duration.ts";

test.each([
  ["500ms", 500],
  ["1ms", 1],
  ["30s", 30_000],
  ["1.5s", 1500],
  ["1.25s", 1250],
  ["2m", 120_000],
  ["1h", 3_600_000],
  [" 30s ", 30_000],
  ["2147483647ms", 2_147_483_647],
])("%s", (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

test.each([
  "", "30", "s", "-1s", "0s", "0.1ms", "30 seconds", "1e3s", "99999h", "Infinitys", "30S", "x30s", "30sx", "1.s", ".5s",
  "2147483648ms",
])("%j is no duration", (text) => {
  expect(() => parseDuration(text)).toThrow(
    `"${text}" is no duration: write a number and a unit, such as 500ms, 30s or 2m`,
  );
});
