import { expect, test } from "vitest";
import { Transcript } from "./transcript.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function transcript(...items: readonly (string | { readonly event: string })[]): Transcript {
  const made = new Transcript();
  for (const item of items) {
    if (typeof item === "string") made.print(bytes(item));
    else made.add(item.event);
  }
  return made;
}

test("an event in the middle of a line does not cut it in two", () => {
  const { entries, text } = transcript("one\nhostile: read", { event: "started" }, "y\ntwo\n");
  expect(entries).toEqual(["one", "hostile: ready", "started", "two"]);
  expect(text).toBe("one\nhostile: ready\ntwo\n");
});

test("a prompt is seen before its line has an end, and an empty line is none", () => {
  expect(transcript("\n\r\n~ # ").entries).toEqual(["", "~ # "]);
  expect(transcript("~ # ", "ls\r\n").entries).toEqual(["~ # ls"]);
});

test("what stands before a carriage return has been written over", () => {
  expect(transcript("old\rnew\r\n").entries).toEqual(["new"]);
});

test("a character that comes in two pieces is one", () => {
  const made = new Transcript();
  const [first, ...rest] = bytes("é");
  made.print(Uint8Array.of(first ?? 0));
  made.print(Uint8Array.from(rest));
  expect(made.entries).toEqual(["é"]);
});
