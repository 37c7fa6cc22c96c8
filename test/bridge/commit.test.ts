// axv-commit, as it runs in the Linux partition: a pseudo terminal is its line, a file the disk, and the test the hypervisor.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { numbered } from "../../industrial/link/commands.ts";
import { Demultiplexer } from "../../industrial/link/demultiplexer.ts";
import { encodeFrame } from "../../industrial/link/frame.ts";
import { SECTOR } from "../../partitions/plan/disk.ts";
import { HISTORY_FIRST, HISTORY_SECTORS, readRecords } from "../../tools/firmware/history.ts";
import { readState, STATE_BYTES, UNKNOWN, writeState } from "../../tools/firmware/slots.ts";
import type { SlotState } from "../../tools/firmware/slots.ts";

const SECOND_COPY = 0x8_0000;
const TRIAL: SlotState = {
  ...UNKNOWN, generation: 0xffn, order: ["b", "a"], status: { a: "good", b: "pending" }, version: { a: "1.0", b: "2.0-rc" },
  tries: 2, booted: "b",
};
let folder = "";
let pty: ChildProcess | undefined;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "axv-commit-"))));
afterEach(() => {
  pty?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

interface Outcome {
  readonly status: number;
  readonly said: string;
  /** Codes of the commands that have come, in their order. */
  readonly asked: readonly number[];
  readonly before: Uint8Array;
  readonly state: ReturnType<typeof readState>;
  readonly history: ReturnType<typeof readRecords>;
}

/** `answers`: REPLY_* by command; the last one of a list goes on. */
async function run(
  copies: readonly [Uint8Array, Uint8Array],
  answers: Readonly<Record<number, number[]>>,
  command: readonly string[] = ["axv-commit"],
): Promise<Outcome> {
  const disk = join(folder, "disk.img");
  const before = Buffer.alloc(2 * SECOND_COPY);
  copies.forEach((bytes, n) => before.set(bytes, n * SECOND_COPY));
  writeFileSync(disk, before);
  pty = spawn("script", ["-qfc", "stty raw -echo; tty; exec sleep 120", join(folder, "typescript")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { stdin, stdout } = pty;
  if (!stdin || !stdout) throw new Error("no pipes");
  const [name] = (await once(stdout, "data")) as [Buffer];
  const asked: number[] = [];
  const left = new Map(Object.entries(answers).map(([command, replies]) => [Number(command), [...replies]]));
  const heard = new Demultiplexer((item) => {
    if (!("frame" in item) || item.frame.kind !== abi.FRAME_COMMAND || item.frame.partition !== abi.FRAME_HYPERVISOR) return;
    const { payload } = item.frame;
    const command = payload[0] ?? 0;
    const number = Buffer.from(payload).readUInt32LE(1);
    asked.push(command);
    const replies = left.get(command) ?? [];
    const result = replies.length > 1 ? replies.shift() : replies[0];
    // Among telemetry, as it comes on that line.
    stdin.write(encodeFrame({ kind: abi.FRAME_CONSOLE, partition: 0, sequence: 0x11, payload: Buffer.from("AXV1 \x02AXV1") }));
    if (result !== undefined)
      stdin.write(encodeFrame({ kind: abi.FRAME_REPLY, partition: 0xff, sequence: 0x12, payload: numbered(result, number) }));
  });
  stdout.on("data", (bytes: Buffer) => heard.push(bytes));
  const outcome = await new Promise<{ status: number; said: string }>((resolve) => {
    const [program = "", ...parameters] = command;
    const line = name.toString().trim();
    const env = { ...process.env, AXV_LINE: line, AXV_STATE: disk, AXV_RUN: folder, AXV_COMMIT_PATIENCE: "8" };
    execFile(
      `industrial/bridge/${program}`,
      parameters,
      { env },
      (error, out, err) => resolve({ status: error === null ? 0 : Number(error.code), said: out + err }),
    );
  });
  pty.kill("SIGKILL");
  const after = readFileSync(disk);
  const copy = (n: number): Uint8Array => after.subarray(n * SECOND_COPY, n * SECOND_COPY + STATE_BYTES);
  const ring = after.subarray(HISTORY_FIRST * SECTOR, (HISTORY_FIRST + HISTORY_SECTORS) * SECTOR);
  return { ...outcome, asked, before, state: readState([copy(0), copy(1)]), history: readRecords(ring) };
}

const { REPLY_OK, REPLY_WRONG_STATE, COMMAND_HEALTHY, COMMAND_COMMIT } = abi;
const good = { ...TRIAL, generation: 0x100n, status: { a: "good", b: "good" }, tries: 0 };
const EMPTY = new Uint8Array(STATE_BYTES);
const OLDER = writeState({ ...TRIAL, generation: 0xfen, tries: 3, booted: "a" });

test("waits for health, writes the older copy, and tells the hypervisor", async () => {
  const answers = { [COMMAND_HEALTHY]: [REPLY_WRONG_STATE, REPLY_OK], [COMMAND_COMMIT]: [REPLY_OK] };
  const { status, said, asked, state, history } = await run([OLDER, writeState(TRIAL)], answers);
  expect({ status, said }).toEqual({ status: 0, said: "axv-commit: slot b is committed\n" });
  expect(asked).toEqual([COMMAND_HEALTHY, COMMAND_HEALTHY, COMMAND_COMMIT]);
  expect(state).toEqual({ state: good, from: 0, next: 1 });
  expect(history).toEqual([{ state: good, by: "axv-commit", time: expect.stringMatching(/^20\d\d-\d\d-\d\dT[\d:]+Z$/) }]);
});

test("RAUC has it marked as good: the hypervisor is asked all the same", async () => {
  const command = ["axv-slots", "set-state", "b", "good"];
  const copies = [OLDER, writeState(TRIAL)] as const;
  const refused = await run(copies, { [COMMAND_HEALTHY]: [REPLY_WRONG_STATE] }, command);
  expect(refused).toMatchObject({ status: 1, state: { state: TRIAL } });
  const answers = { [COMMAND_HEALTHY]: [REPLY_OK], [COMMAND_COMMIT]: [REPLY_OK] };
  expect(await run(copies, answers, command)).toMatchObject({ status: 0, state: { state: good, from: 0 } });
});

test("a slot that was marked as bad meanwhile is not made good", async () => {
  const marked = { ...TRIAL, status: { a: "good", b: "bad" } };
  const { status, said, asked, state } = await run([OLDER, writeState(marked)], { [COMMAND_HEALTHY]: [REPLY_OK] });
  expect([status, said]).toEqual([1, expect.stringContaining("slot b does not run on trial")]);
  expect([asked, state.state]).toEqual([[COMMAND_HEALTHY], marked]);
});

test("takes a copy that was cut off for the older one", async () => {
  const answers = { [COMMAND_HEALTHY]: [REPLY_OK], [COMMAND_COMMIT]: [REPLY_OK] };
  const { status, state } = await run([writeState(TRIAL), EMPTY], answers);
  expect([status, state]).toEqual([0, { state: good, from: 1, next: 0 }]);
});

test("writes nothing while the system is not healthy, and says so in the end", async () => {
  const { status, said, asked, state } = await run([OLDER, writeState(TRIAL)], { [COMMAND_HEALTHY]: [REPLY_WRONG_STATE] });
  expect([status, said]).toEqual([1, expect.stringContaining("slot b has not become healthy")]);
  expect(asked).not.toContain(COMMAND_COMMIT);
  expect(state.state).toEqual(TRIAL);
});

test("writes nothing where nobody answers, or where no slot state can be read", async () => {
  expect(await run([OLDER, writeState(TRIAL)], {})).toMatchObject({ status: 1, state: { state: TRIAL }, history: [] });
  const { status, said, asked, before } = await run([EMPTY, EMPTY], { [COMMAND_HEALTHY]: [REPLY_OK] });
  expect([status, said, asked]).toEqual([1, expect.stringContaining("does not say which slot"), []]);
  expect(readFileSync(join(folder, "disk.img")).equals(before)).toBe(true);
});

test("a good slot stays as it is", async () => {
  const state = { ...good, generation: 0xffn };
  const answers = { [COMMAND_HEALTHY]: [REPLY_OK], [COMMAND_COMMIT]: [REPLY_WRONG_STATE] };
  expect(await run([OLDER, writeState(state)], answers)).toMatchObject({ status: 0, state: { state } });
});
