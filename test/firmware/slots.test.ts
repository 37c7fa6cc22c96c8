// The slot state: as libubootenv reads and writes it, whatever the power does to a write, and what is started from it.
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readEnvironment, writeEnvironment } from "../../tools/firmware/environment.ts";
import {
  bootSteps, otherSlot, readState, SLOTS, STATE_BYTES, STATE_NAMES, TRIES, writeState,
} from "../../tools/firmware/slots.ts";
import type { SlotState } from "../../tools/firmware/slots.ts";
import { Random } from "../hostile/random.ts";
import { CASES, EMPTY, HOSTILE, state } from "./slotCases.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-slots-"));
afterAll(() => rmSync(folder, { recursive: true }));

const TRIAL = state({
  generation: 0xabn,
  order: ["b", "a"],
  status: { a: "good", b: "pending" },
  version: { a: "1.0.0", b: "2.0+rc-1" },
  tries: TRIES,
  booted: "a",
});

describe("libubootenv", () => {
  const disk = join(folder, "state.img");
  const config = join(folder, "fw_env.config");
  const at = 0x8_0000;
  writeFileSync(config, `${disk} 0x${at.toString(16)} 0x${STATE_BYTES.toString(16)}\n`);
  const place = (bytes: Uint8Array): void => {
    const whole = Buffer.alloc(2 * at);
    whole.set(bytes, at);
    writeFileSync(disk, whole);
  };
  const found = (): Uint8Array => {
    const file = openSync(disk, "r");
    const bytes = new Uint8Array(STATE_BYTES);
    readSync(file, bytes, 0, STATE_BYTES, at);
    closeSync(file);
    return bytes;
  };

  test("reads every variable", () => {
    place(writeState(TRIAL));
    const said = execFileSync("fw_printenv", ["-c", config], { encoding: "utf8" });
    expect(said.trim().split("\n").sort()).toEqual([
      "axv_a=good", "axv_a_version=1.0.0", "axv_b=pending", "axv_b_version=2.0+rc-1", "axv_booted=a", "axv_gen=ab",
      "axv_order=b a", "axv_tries=3",
    ]);
  });

  test("writes what we read, and leaves the rest", () => {
    place(writeState(TRIAL));
    const changes = join(folder, "changes");
    writeFileSync(changes, "axv_b=good\naxv_tries=\naxv_gen=ac\n");
    execFileSync("fw_setenv", ["-c", config, "-s", changes]);
    const { state: read } = readState([found(), EMPTY]);
    expect(read).toEqual({ ...TRIAL, generation: 0xacn, status: { a: "good", b: "good" }, tries: 0 });
  });
});

test("a state is what has been written, and its copies say which one holds", () => {
  expect(readState([writeState(TRIAL), EMPTY])).toEqual({ state: TRIAL, from: 0, next: 1 });
  const [older, newer] = [writeState({ ...TRIAL, generation: 2n }), writeState({ ...TRIAL, generation: 10n })];
  expect(readState([older, newer])).toMatchObject({ from: 1, next: 0 });
  expect(readState([EMPTY, EMPTY])).toMatchObject({ from: undefined, next: 0, state: { order: ["a", "b"] } });
  expect([...(readEnvironment(writeState(TRIAL))?.keys() ?? [])]).toEqual([...STATE_NAMES]);
});

test("what cannot stand in an environment is not written", () => {
  const write = (name: string, value: string): unknown => writeEnvironment(new Map([[name, value]]), 64);
  expect(() => write("a", "x".repeat(60))).toThrow(RangeError);
  expect(() => write("a", "x\0y")).toThrow(RangeError);
  expect(() => write("a=b", "x")).toThrow(RangeError);
  expect(readEnvironment(writeEnvironment(new Map([["a", "1"], ["b", ""]]), 64))).toEqual(new Map([["a", "1"]]));
  for (const bytes of [0, 4, 5]) expect(readEnvironment(new Uint8Array(bytes))).toBeUndefined();
});

const starts = (copies: readonly [Uint8Array, Uint8Array]): string[] =>
  bootSteps(copies).flatMap((step) => (step.kind === "start" ? [step.slot] : []));

describe("what starts", () => {
  test("a new system is tried three times, then the old one starts again, until it is told to be good", () => {
    let copies: [Uint8Array, Uint8Array] = [writeState(TRIAL), EMPTY];
    const started: string[] = [];
    for (let boot = 0; boot < 5; boot++) {
      // What starts does not come back: nothing behind it is done.
      for (const step of bootSteps(copies)) {
        if (step.kind === "start") {
          started.push(step.slot);
          break;
        }
        copies = step.copy === 0 ? [step.bytes, copies[1]] : [copies[0], step.bytes];
      }
    }
    expect(started).toEqual(["b", "b", "b", "a", "a"]);
    const { state: read } = readState(copies);
    expect(read).toMatchObject({ status: { b: "pending" }, tries: 0, booted: "a" });
    expect(starts([writeState({ ...read, status: { a: "good", b: "good" } }), EMPTY])).toEqual(["b", "a"]);
  });

  test("from any state at least one that is good, if there is one; and never one that is neither good nor on trial", () => {
    for (const copies of [...Object.values(CASES), ...HOSTILE]) {
      const { state: read } = readState(copies);
      const good = SLOTS.filter((slot) => read.status[slot] === "good");
      expect(starts(copies)).toEqual(expect.arrayContaining(good));
      for (const slot of SLOTS)
        if (!["good", "pending"].includes(read.status[slot])) expect(starts(copies)).not.toContain(slot);
    }
  });
});

/** A sector whose write the power has cut off: as it was, as it was to be, or spoilt from some byte on, or altogether. */
function cut(before: Uint8Array, after: Uint8Array, random: Random): Uint8Array {
  const from = random.below(STATE_BYTES);
  const spoilt = after.map((byte, at) => (at < from ? byte : random.below(256)));
  const half = before.map((byte, at) => (at < from ? (after[at] ?? 0) : byte));
  return random.pick([before, after, spoilt, half]);
}

test("the power may fail in any write: the old state holds, or the new one, and a good system starts", () => {
  const random = new Random(1);
  let copies: [Uint8Array, Uint8Array] = [writeState(state({ generation: 1n })), EMPTY];
  const seen = { old: 0, new: 0 };
  for (let round = 0; round < 3000; round++) {
    const { state: held, next } = readState(copies);
    const good = SLOTS.find((slot) => held.status[slot] === "good") ?? "a";
    const change: Partial<SlotState> = random.pick([
      { status: { ...held.status, [otherSlot(good)]: "pending" }, tries: TRIES, order: [otherSlot(good), good] },
      { status: { a: "good", b: "good" }, tries: 0 },
      { order: [held.order[1], held.order[0]] },
      { booted: random.pick(SLOTS), tries: random.below(TRIES + 1) },
    ] as const);
    const wanted = { ...held, ...change, generation: held.generation + 1n };
    const after: [Uint8Array, Uint8Array] = [copies[0], copies[1]];
    after[next] = random.chance(1, 4) ? writeState(wanted) : cut(copies[next], writeState(wanted), random);
    const { state: read } = readState(after);
    expect([held, wanted]).toContainEqual(read);
    seen[read.generation === held.generation ? "old" : "new"]++;
    expect(starts(after)).toContain(SLOTS.find((slot) => read.status[slot] === "good"));
    copies = after;
  }
  expect(Math.min(seen.old, seen.new)).toBeGreaterThan(300);
});
