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
  expect(entries).toEqual(["one", "started", "hostile: ready", "two"]);
  expect(text).toBe("one\nhostile: ready\ntwo\n");
});

test("a line is none before its end has come; a prompt is, when nothing more comes", () => {
  let now = 1000;
  const made = new Transcript(() => now);
  made.print(bytes("guest: done"));
  expect(made.entries).toEqual([]);
  made.print(bytes(" 0\r\n~ # "));
  now += 399;
  expect(made.entries).toEqual(["guest: done 0"]);
  now += 1;
  expect(made.entries).toEqual(["guest: done 0", "~ # "]);
  made.print(bytes("ls\r\n"));
  expect(made.entries).toEqual(["guest: done 0", "~ # ls"]);
});

test("what stands before a carriage return has been written over", () => {
  expect(transcript("old\rnew\r\n").entries).toEqual(["new"]);
});

test("a character that comes in two pieces is one", () => {
  const made = new Transcript();
  const [first, ...rest] = bytes("é\n");
  made.print(Uint8Array.of(first ?? 0));
  made.print(Uint8Array.from(rest));
  expect(made.entries).toEqual(["é"]);
});
