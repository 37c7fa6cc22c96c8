import { expect, test } from "vitest";
import { coloured, labelFormat, paintFor, plain } from "../../tools/run/paint.ts";

const stream = (isTTY: boolean, colours: boolean): NodeJS.WriteStream =>
  ({ isTTY, hasColors: () => colours }) as unknown as NodeJS.WriteStream;

test("only a terminal that has colours gets them", () => {
  expect(paintFor(stream(true, true))).toBe(coloured);
  expect(paintFor(stream(true, false))).toBe(plain);
  expect(paintFor(stream(false, true))).toBe(plain);
  expect(paintFor({ isTTY: false } as NodeJS.WriteStream)).toBe(plain);
});

test("colours stand around the text, whatever the process's own output is", () => {
  expect(coloured("red", "text")).toBe("\u001b[31mtext\u001b[39m");
  expect(plain("red", "text")).toBe("text");
});

test("labels have five colours, in turn", () => {
  expect([0, 1, 2, 3, 4, 5, 6].map(labelFormat)).toEqual(["cyan", "magenta", "green", "blue", "yellow", "cyan", "magenta"]);
});
