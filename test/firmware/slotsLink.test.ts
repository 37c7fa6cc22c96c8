// axv-part slots --commit of a board that runs: its hypervisor says whether the system is healthy, before anything is written,
// and is told when its slot is good.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { axvPart, axvPartLater } from "../output/axvPart.ts";
import type { Result } from "../output/axvPart.ts";
import { FakeBoard } from "../run/fake-board.ts";
import { diskIn, system } from "./deployDisks.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-slots-link-"));
afterAll(() => rmSync(folder, { recursive: true }));
const SYSTEMS = { a: system("old", 9_000, 1), b: system("new", 12_000, 2) };
const TRIAL = diskIn(SYSTEMS, { order: ["b", "a"], status: { a: "good", b: "pending" }, tries: 2, booted: "b" });
const image = join(folder, "disk.img");

let server: Server;
let boards: FakeBoard[];
let update = abi.UPDATE_NONE as number;
beforeEach(async () => {
  writeFileSync(image, TRIAL);
  boards = [];
  server = createServer((socket) => {
    const board = new FakeBoard(socket);
    board.update = update;
    boards.push(board);
  });
  await new Promise<void>((done) => server.listen(join(folder, "uart"), done));
});
afterEach(() => new Promise((done) => server.close(done)));

const committed = (): Promise<Result> => axvPartLater(folder, "slots", "disk.img", "--commit", "--link", "uart", "--json");

test("one that is healthy is good on the disk, and its trial is over", async () => {
  update = abi.UPDATE_HEALTHY;
  const { status, stdout, stderr } = await committed();
  expect([status, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toMatchObject([{ state: "good" }, { state: "good", startsNext: true, version: "new" }]);
  expect(boards.map((board) => board.update)).toEqual([abi.UPDATE_COMMITTED]);
});

test("one that is not healthy yet stays on trial: nothing is written, nothing is told", async () => {
  update = abi.UPDATE_PENDING;
  const { status, stderr } = await committed();
  expect([status, stderr]).toEqual([1, expect.stringMatching(/refused "healthy": .*\(it is on trial, and not healthy yet\)/)]);
  expect(boards.map((board) => board.update)).toEqual([abi.UPDATE_PENDING]);
  expect(readFileSync(image).equals(TRIAL)).toBe(true);
});

test("where the disk says that nothing is on trial the hypervisor is not told so", async () => {
  update = abi.UPDATE_HEALTHY;
  writeFileSync(image, diskIn(SYSTEMS, { booted: "a" }));
  const { status, stderr } = await committed();
  expect([status, stderr]).toEqual([1, expect.stringMatching(/no slot of disk.img is on trial/)]);
  expect(boards.map((board) => board.update)).toEqual([abi.UPDATE_HEALTHY]);
});

test("--link alone is refused", () => {
  expect(axvPart(folder, "slots", "disk.img", "--link", "uart").stderr).toMatch(/--link goes with --commit alone/);
});
