import { expect, test } from "vitest";
import { withoutQuestions } from "../../industrial/live/control-sequences.ts";

const ESC = "\u001b";

test("what a terminal would answer goes, and nothing else, byte for byte", () => {
  const bytes = Buffer.concat([
    Buffer.from(`${ESC}[1mb\u00f6ot${ESC}[0m\r\n~ # ${ESC}[6n${ESC}[J${ESC}[?6n${ESC}[>0c${ESC}[c`),
    Buffer.from([0xff, 0x1b]),
  ]);
  expect(withoutQuestions(bytes)).toEqual(
    Buffer.concat([Buffer.from(`${ESC}[1mb\u00f6ot${ESC}[0m\r\n~ # ${ESC}[J`), Buffer.from([0xff, 0x1b])]),
  );
});
