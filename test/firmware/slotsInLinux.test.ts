// axv-slots: what it says and does of a slot state, in dash and in busybox, is what slots.ts and a deployment do.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bootSteps, COPIES, otherSlot, readState, SLOTS, STATE_BYTES, TRIES, writeState } from "../../tools/firmware/slots.ts";
import type { Slot, SlotState } from "../../tools/firmware/slots.ts";
import { HISTORY_FIRST, HISTORY_SECTORS, readRecords } from "../../tools/firmware/history.ts";
import { SECTOR, STATE_SECTORS } from "../../partitions/plan/disk.ts";
import { Random } from "../hostile/random.ts";
import { CASES, EMPTY, HOSTILE, state } from "./slotCases.ts";
import type { Copies } from "./slotCases.ts";

/** Within which a clock is the same, however busy the machine. */
const HOUR_MS = 3_600_000;
const SCRIPT = "industrial/bridge/axv-slots";
/** By what it is run, and where it finds all else. */
const SHELLS: Readonly<Record<string, readonly string[]>> = { dash: ["dash"], busybox: ["busybox", "sh"] };

let folder = "";
/** busybox's own, so that nothing of coreutils is called. */
let bin = "";
beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), "axv-busybox-"));
  expect(spawnSync("busybox", ["--install", "-s", bin]).status).toBe(0);
});
afterAll(() => rmSync(bin, { recursive: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-slots-in-linux-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const disk = (): string => join(folder, "state.img");
function place(copies: Copies): void {
  const whole = Buffer.alloc(STATE_SECTORS * SECTOR, 0xa5);
  copies.forEach((bytes, n) => whole.set(bytes, (COPIES[n] ?? 0) * SECTOR));
  writeFileSync(disk(), whole);
}
function found(): [Uint8Array, Uint8Array] {
  const whole = readFileSync(disk());
  expect(whole.length).toBe(STATE_SECTORS * SECTOR);
  const copy = (at: number): Uint8Array => new Uint8Array(whole.subarray(at * SECTOR, at * SECTOR + STATE_BYTES));
  return [copy(COPIES[0]), copy(COPIES[1])];
}
const environment = (shell: string): NodeJS.ProcessEnv => ({
  PATH: shell === "busybox" ? bin : process.env["PATH"], AXV_STATE: disk(), AXV_RUN: folder,
});

interface Answer {
  readonly status: number | null;
  readonly said: string;
  readonly why: string;
}
function axvSlots(shell: string, ...parameters: string[]): Answer {
  const [program = "", ...more] = SHELLS[shell] ?? [];
  const path = shell === "busybox" ? "/bin/busybox" : program;
  const env = environment(shell);
  const { status, stdout, stderr } = spawnSync(path, [...more, SCRIPT, ...parameters], { encoding: "utf8", env });
  return { status, said: stdout.trim(), why: stderr };
}

/** What boot.scr would start from what has been read, of both slots. */
const canStart = ({ status, tries }: SlotState, slot: Slot): boolean =>
  status[slot] === "good" || (status[slot] === "pending" && tries > 0);
const startsNext = (copies: Copies): Slot | undefined =>
  bootSteps([copies[0], copies[1]]).flatMap((step) => (step.kind === "start" ? [step.slot] : []))[0];

/** As `deploy` and `rollback` of tools/firmware/deploy change it, without the system itself. Undefined: refused. */
function changed(held: SlotState, command: string, slot: Slot): SlotState | undefined {
  const other = otherSlot(slot);
  const { status } = held;
  const trial: SlotState | undefined = status[other] === "good"
    ? {
        ...held,
        status: { ...status, [slot]: "pending" },
        version: { ...held.version, [slot]: "" },
        tries: TRIES,
        booted: held.booted === slot ? undefined : held.booted,
      }
    : undefined;
  switch (command) {
    case "set-primary": {
      const before = status[slot] === "good" ? { ...held, tries: 0 } : canStart(held, slot) ? held : trial;
      const left = status[other] === "pending" ? "rolled back" : status[other];
      return before && { ...before, order: [slot, other], status: { ...before.status, [other]: left } };
    }
    case "set-state bad":
      if (status[other] !== "good") return undefined;
      return { ...held, status: { ...status, [slot]: "bad" }, tries: status[slot] === "pending" ? 0 : held.tries };
    case "set-state good":
      return status[slot] === "good" ? held : trial;
    default:
      if (status[slot] === "good") return held;
      if (status[slot] !== "pending" || held.booted !== slot) return undefined;
      return { ...held, status: { ...status, [slot]: "good" }, tries: 0 };
  }
}

/** It is the older copy that is written, with the next generation; and nothing where nothing changes, or it is refused. */
function compareChange(shell: string, copies: Copies, command: string, slot: Slot): void {
  place(copies);
  const { state: held, from, next } = readState([copies[0], copies[1]]);
  // What is not taken of a value is not written again either.
  const [name = "", ...more] = command.split(" ");
  const answer = axvSlots(shell, name, slot, ...more);
  const wanted = changed(held, command, slot);
  const where = `${command} ${slot}: ${answer.why}`;
  const isWritten = wanted !== undefined && wanted !== held && from !== undefined;
  expect(answer.status === 0, where).toBe(wanted !== undefined && (wanted === held || from !== undefined));
  const after = found();
  const expected: Uint8Array[] = [copies[0], copies[1]];
  if (isWritten) expected[next] = writeState({ ...wanted, generation: BigInt.asUintN(64, held.generation + 1n) });
  // All of it, byte by byte: both write the same environment.
  expect(after.map((bytes) => Buffer.from(bytes).toString("latin1")), where)
    .toEqual(expected.map((bytes) => Buffer.from(bytes).toString("latin1")));
}

const COMMANDS = ["set-primary", "set-state bad", "set-state good", "commit"];
/** That runs axv-commit, which asks the hypervisor: test/bridge/commit.test.ts. */
const asksHypervisor = ({ status, booted }: SlotState, command: string, slot: Slot): boolean =>
  command === "set-state good" && status[slot] === "pending" && booted === slot;

/** What it says of a slot state, and one change of it, by turns: a call takes some thirty programs. */
function compare(shell: string, copies: Copies, turn: number): void {
  const { state: held } = readState([copies[0], copies[1]]);
  const slot = SLOTS[turn % SLOTS.length] ?? "a";
  const command = COMMANDS[Math.floor(turn / SLOTS.length) % COMMANDS.length] ?? "";
  place(copies);
  const answer = (said: Slot | undefined) => (said === undefined ? { status: 1, said: "" } : { status: 0, said });
  if (turn % 3 === 0) expect(axvSlots(shell, "get-current")).toMatchObject(answer(held.booted));
  else if (turn % 3 === 1) expect(axvSlots(shell, "get-primary")).toMatchObject(answer(startsNext(copies)));
  else expect(axvSlots(shell, "get-state", slot)).toMatchObject({ status: 0, said: canStart(held, slot) ? "good" : "bad" });
  if (!asksHypervisor(held, command, slot)) compareChange(shell, copies, command, slot);
}

describe.each(Object.keys(SHELLS))("in %s", (shell) => {
  const first = Object.keys(SHELLS).indexOf(shell);
  test.each(Object.entries(CASES).map(([name, copies], n) => [name, copies, n + first] as const))("%s", (_, copies, turn) =>
    compare(shell, copies, turn),
  );

  test("what would run something if it were more than text is nothing", () => {
    for (const [n, copies] of HOSTILE.entries()) compare(shell, copies, n + first);
  });
});

test("each change of each kind of state", () => {
  const version = { a: "1.0", b: "2.0" };
  const GOOD = state({ generation: 7n, status: { a: "good", b: "good" }, version, booted: "a" });
  const TRIAL = state({ ...GOOD, order: ["b", "a"], status: { a: "good", b: "pending" }, tries: 2, booted: "b" });
  const SPENT = { ...TRIAL, tries: 0, booted: "a" } as const;
  for (const held of [GOOD, TRIAL, SPENT, { ...GOOD, status: { a: "good", b: "bad" } }])
    for (const slot of SLOTS)
      for (const command of COMMANDS)
        if (!asksHypervisor(held, command, slot)) compareChange("dash", [writeState(held), EMPTY], command, slot);
});

test("generations are compared and counted in 64 bits, as U-Boot does", () => {
  const at = (generation: bigint, first: Slot): Uint8Array =>
    writeState(state({ generation, order: first === "a" ? ["a", "b"] : ["b", "a"], booted: "a" }));
  const ends = [0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
  for (const [n, generation] of ends.entries()) {
    const other = n % 3 === 0 ? 1n : 2n ** 63n;
    compareChange(n % 2 === 0 ? "busybox" : "dash", [at(generation, "a"), at(other, "b")], "set-state bad", "b");
  }
});

test("a generation that a program could take for an option of its own is no number", () => {
  for (const [shell, strange] of [["dash", "-n"], ["busybox", "-e 5"]] as const) {
    const bytes = Buffer.from(writeState(state({ generation: 1n, booted: "a" })));
    const data = bytes.toString("latin1", 4).replace("axv_gen=1", `axv_gen=${strange}`);
    bytes.write(data.slice(0, STATE_BYTES - 4), 4, "latin1");
    bytes.writeUInt32LE(crc32(bytes.subarray(4)));
    compareChange(shell, [bytes, writeState(state({ generation: 0n, order: ["b", "a"] }))], "set-primary", "b");
  }
});

test("each change has its record in the history", () => {
  const good = state({ generation: 200n, status: { a: "good", b: "good" }, version: { a: "1.0", b: "2.0" }, booted: "a" });
  place([writeState(good), EMPTY]);
  expect(axvSlots("busybox", "set-state", "b", "bad")).toMatchObject({ status: 0, why: "" });
  expect(axvSlots("dash", "set-primary", "b")).toMatchObject({ status: 0, why: "" });
  const ring = readFileSync(disk()).subarray(HISTORY_FIRST * SECTOR, (HISTORY_FIRST + HISTORY_SECTORS) * SECTOR);
  const records = readRecords(ring);
  expect(records).toMatchObject([
    { by: "axv-slots", state: { generation: 201n, status: { a: "good", b: "bad" } } },
    { by: "axv-slots", state: readState(found()).state },
  ]);
  for (const { time = "" } of records) expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(HOUR_MS);
});

test("any bytes: the same as slots.ts says", () => {
  const random = new Random(12);
  const whole = writeState(state({ generation: 9n, status: { a: "good", b: "pending" }, tries: 2, booted: "a" }));
  for (let round = 0; round < 6; round++) {
    const bytes = whole.slice();
    // Where the CRC-32 still holds, what is in it is strange.
    const at = 4 + random.below(100);
    bytes[at] = random.below(256);
    const sealed = Buffer.from(bytes);
    sealed.writeUInt32LE(crc32(sealed.subarray(4)));
    compare("dash", random.chance(1, 2) ? [sealed, EMPTY] : [bytes, whole], round);
  }
});

test("two at a time: neither change gets lost", async () => {
  const good = state({ generation: 1n, status: { a: "good", b: "good" }, booted: "a" });
  place([writeState(good), EMPTY]);
  const run = (...parameters: string[]): Promise<number | null> =>
    new Promise((done) => {
      spawn("dash", [SCRIPT, ...parameters], { env: environment("dash"), stdio: "ignore" }).on("close", done);
    });
  expect(await Promise.all([run("set-state", "b", "bad"), run("set-primary", "a"), run("set-primary", "a")])).toEqual([0, 0, 0]);
  expect(readState(found()).state).toEqual({ ...good, generation: 4n, status: { a: "good", b: "bad" } });
});

test("what cannot be done is said, and nothing is written", () => {
  const copies = [writeState(state({ generation: 1n })), EMPTY] as const;
  const refusals: readonly (readonly [string, ...string[]])[] = [
    ["there is no command ''"], ["there is no command 'status'", "status"], ["there is no slot 'c'", "get-state", "c"],
    ["there is no slot ''", "set-primary"], ["there is no state 'pending'", "set-state", "b", "pending"],
  ];
  for (const [why, ...parameters] of refusals) {
    place(copies);
    expect(axvSlots("dash", ...parameters)).toMatchObject({ status: 1, said: "", why: expect.stringContaining(why) });
    expect(found()).toEqual([new Uint8Array(copies[0]), EMPTY]);
  }
  rmSync(disk());
  expect(axvSlots("dash", "get-primary").why).toContain(`${disk()} cannot be read: set AXV_STATE`);
  // What is written is longer than what was there: it fits just so, and its record, which is longer, does not; or it fits not.
  const text = "axv_a=good\0axv_a_version=\0axv_b=pending\0axv_gen=2\0axv_order=b a\0axv_tries=3\0\0";
  const room = STATE_BYTES - 4 - text.length;
  for (const [length, status] of [[room, 0], [room + 1, 1]] as const) {
    const version = { a: "1".repeat(length), b: "" };
    place([writeState(state({ generation: 1n, status: { a: "good", b: "x" }, version })), EMPTY]);
    expect(axvSlots("dash", "set-primary", "b")).toMatchObject({
      status, why: expect.stringContaining(status === 0 ? "the history has no record" : "does not fit into a sector"),
    });
  }
});

test("set-state good of the system on trial asks the hypervisor first", () => {
  const trial = state({ generation: 1n, status: { a: "good", b: "pending" }, order: ["b", "a"], tries: 2, booted: "b" });
  place([writeState(trial), EMPTY]);
  const { status, why } = axvSlots("dash", "set-state", "b", "good");
  expect([status, why]).toEqual([1, expect.stringContaining("axv-commit: /dev/ttyAMA1 is no line")]);
  expect(readState(found()).state).toEqual(trial);
});
