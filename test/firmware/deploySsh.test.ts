// axv-part deploy and slots over ssh, to an OpenSSH server that is here: onto a disk in a file, or a device.
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { placesOn } from "../../tools/firmware/deploy/places.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import { readState, UNKNOWN, writeState } from "../../tools/firmware/slots.ts";
import { MIB } from "../../partitions/units.ts";
import { BUNDLE } from "../bundle.ts";
import type { Result } from "../output/axvPart.ts";
import { diskWith, RecordingDisk, system } from "./deployDisks.ts";
import { Line, SshServer } from "./sshServer.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-deploy-ssh-"));
const image = join(folder, "disk.img");
/** Of more than two chunks, and none of whole sectors. */
const [OLD, NEW] = [system("plant-1.0", 10_000, 1), system("plant-1.1", 10 * MIB + 100, 2)];
const DISK = diskWith(OLD, "gpt", (16 * MIB) / SECTOR);
const { slots: { b }, state } = placesOn(new RecordingDisk(DISK));
writeFileSync(join(folder, "new.itb"), NEW);
writeFileSync(join(folder, "other.itb"), system("plant-1.1", 10_000, 2, ["phytium,pi"]));
const isRoot = userInfo().uid === 0;

let server: SshServer;
let line: Line;
beforeAll(async () => {
  const place = join(folder, "ssh");
  mkdirSync(place);
  server = await SshServer.start(place);
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  writeFileSync(image, DISK);
  server.knows("host", "user");
  line = await Line.to(server.port);
  return () => line.close();
});

function axvPart(...parameters: string[]): Promise<Result> {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, PATH: `${server.programs}:${process.env["PATH"]}` };
  return new Promise((resolve) => {
    execFile(process.execPath, [BUNDLE, ...parameters], { cwd: folder, encoding: "utf8", env }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}
const deployed = (path = image, fit = "new.itb"): Promise<Result> =>
  axvPart("deploy", server.address(path, line.port), "--fit", fit);
const stateOf = (disk: Buffer): ReturnType<typeof readState>["state"] => {
  const copy = (at: number): Buffer => disk.subarray((state.first + at) * SECTOR, (state.first + at + 1) * SECTOR);
  return readState([copy(0), copy(1024)]).state;
};
const slotB = (disk: Buffer, bytes = NEW.length): Buffer => disk.subarray(b.first * SECTOR, b.first * SECTOR + bytes);

test("a system is written into the other slot through one connection, put on trial, and committed", async () => {
  const { status, stdout, stderr } = await deployed();
  expect([status, stderr]).toEqual([0, expect.stringMatching(/written: 100 % of .*MiB\/s\n(.*\n)*read back: 100 %/)]);
  expect(stdout).toMatch(/^slot b: plant-1.1, .*, written and read back; it is tried 3 times\nslot a: plant-1.0 stays/);
  expect(line.connections).toBe(1);
  const after = readFileSync(image);
  expect([after.length, slotB(after).equals(NEW)]).toEqual([DISK.length, true]);
  expect(stateOf(after)).toMatchObject({ order: ["b", "a"], status: { a: "good", b: "pending" }, tries: 3 });

  after.set(writeState({ ...stateOf(after), generation: 90n, booted: "b" }), state.first * SECTOR);
  writeFileSync(image, after);
  const committed = await axvPart("slots", server.address(image), "--commit", "--json");
  const rows = [{ state: "good" }, { state: "good", startsNext: true, version: "plant-1.1" }];
  expect(JSON.parse(committed.stdout)).toMatchObject(rows);
});

test("a backup is read through it, and restored: all of it, and what starts; cut off, a whole system starts", async () => {
  const backup = (name: string): Promise<Result> => axvPart("backup", server.address(image), name, "--json");
  expect(JSON.parse((await backup("plant.axv")).stdout)).toMatchObject({ slots: { a: { version: "plant-1.0" } } });
  await deployed();
  const before = readFileSync(image);
  const restored = (): Promise<Result> => axvPart("restore", "plant.axv", server.address(image, line.port));
  expect((await axvPart("restore", "plant.axv", server.address(image), "--dry-run")).stdout).toMatch(/would be restored/);
  expect(readFileSync(image).equals(before)).toBe(true);

  // Of what is sent in all, 10 KB are a system.
  [line.cutAfter, line.sent] = [20_000, 0];
  const cut = await restored();
  expect([cut.status, cut.stderr]).toEqual([1, expect.stringMatching(/writing to ssh:.* failed: .*What starts there is whole/)]);
  const rows = JSON.parse((await axvPart("slots", server.address(image), "--json")).stdout) as { startsNext: boolean }[];
  expect(rows.filter(({ startsNext }) => startsNext)).toMatchObject([{ version: expect.stringMatching(/^plant-1/) }]);

  line.cutAfter = Infinity;
  expect(await restored()).toMatchObject({ status: 0, stdout: "slots a and b: restored\n" });
  expect(stateOf(readFileSync(image))).toMatchObject({ order: ["a", "b"], status: { a: "good", b: "good" } });
  expect((await backup("again.axv")).status).toBe(0);
  const [one, other] = ["plant.axv", "again.axv"].map((name) => readFileSync(join(folder, name)));
  expect(one?.equals(other ?? Buffer.alloc(0))).toBe(true);
});

test("a connection that is lost on the way leaves what started before; what has arrived is not sent again", async () => {
  line.cutAfter = 7 * MIB;
  const { status, stderr } = await deployed();
  expect([status, stderr]).toEqual([1, expect.stringMatching(/the connection to ssh:.* was lost while slot b was written: /)]);
  expect(stateOf(readFileSync(image))).toMatchObject({ order: ["a", "b"], status: { a: "good", b: "writing" } });

  [line.cutAfter, line.sent] = [Infinity, 0];
  const again = await deployed();
  expect([again.status, again.stderr]).toEqual([0, expect.stringMatching(/already there: .*\n(.*\n)*written: 100 %/)]);
  expect(line.sent).toBeLessThan(7 * MIB);
  expect(slotB(readFileSync(image)).equals(NEW)).toBe(true);
});

test("what has arrived is compared, not believed", async () => {
  const disk = Buffer.from(DISK);
  disk.set(writeState({ ...UNKNOWN, generation: 90n, status: { a: "good", b: "writing" } }), state.first * SECTOR);
  disk.set(NEW, b.first * SECTOR);
  disk.fill(0xee, b.first * SECTOR + 100, b.first * SECTOR + 101);
  writeFileSync(image, disk);
  expect((await deployed()).status).toBe(0);
  expect(line.sent).toBeGreaterThan(NEW.length);
  expect(slotB(readFileSync(image)).equals(NEW)).toBe(true);
});

describe("one clear message, and the disk is as it was", () => {
  const refused = async (message: RegExp, path = image, fit = "new.itb"): Promise<void> => {
    const { status, stdout, stderr } = await deployed(path, fit);
    expect([status, stdout, stderr]).toEqual([1, "", expect.stringMatching(message)]);
    expect(stderr.trim().split("\n").length).toBe(1);
    expect(readFileSync(image).equals(DISK)).toBe(true);
  };
  test("of a host with another key", async () => {
    server.knows("other-host", "user");
    await refused(/ssh does not reach ssh:.*: Host key verification failed.* Try ssh with the same host/);
  });
  test("of a user whom the host does not know", async () => {
    server.knows("host", "stranger");
    await refused(/ssh does not reach ssh:.*: .*Permission denied \(publickey/);
  });
  test("of a connection that ends at once", async () => {
    line.cutAfter = 0;
    await refused(/ssh does not reach ssh:/);
  });
  test("of a disk that is not there", () => refused(/cannot be used: there is no such disk, and no such file/, "/dev/none"));
  test("of what is no disk", () => refused(/is no disk: it has neither/, join(folder, "new.itb")));
  test("of another board", () => refused(/the FIT is for the board phytium,pi, and the disk is of/, image, "other.itb"));
});

describe.skipIf(!isRoot)("a disk that cannot be written (root only: it takes a device, and a mount)", () => {
  test("because nobody may", async () => {
    const device = execFileSync("losetup", ["--find", "--show", "--read-only", image], { encoding: "utf8" }).trim();
    try {
      const { status, stderr } = await deployed(device);
      expect([status, stderr]).toEqual([1, expect.stringMatching(/writing slot b of ssh:.* failed: dd: .*What started before/)]);
      expect(readFileSync(image).equals(DISK)).toBe(true);
    } finally {
      execFileSync("losetup", ["--detach", device]);
    }
  });

  test("because it is full", async () => {
    const small = join(folder, "small");
    mkdirSync(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4M", "none", small]);
    try {
      const path = join(small, "disk.img");
      execFileSync("cp", ["--sparse=always", image, path]);
      const { status, stderr } = await deployed(path);
      expect([status, stderr]).toEqual([1, expect.stringMatching(/writing slot b of .* failed: dd: .*No space left on device/)]);
      expect(stateOf(readFileSync(path))).toMatchObject({ order: ["a", "b"], status: { a: "good" } });
    } finally {
      execFileSync("umount", [small]);
    }
  });
});

test("of what is there nothing is needed but busybox", async () => {
  const place = join(folder, "busybox");
  const programs = join(place, "programs");
  mkdirSync(programs, { recursive: true });
  const found = execFileSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).trim();
  for (const name of ["sh", "cat", "dd", "sha256sum", "head", "tail", "ls", "readlink"]) symlinkSync(found, join(programs, name));
  const other = await SshServer.start(place, programs);
  try {
    line.close();
    line = await Line.to(other.port);
    other.alsoFor(server);
    expect((await deployed()).stderr).toMatch(/written: 100 %.*\n(.*\n)*read back: 100 %/);
    expect(slotB(readFileSync(image)).equals(NEW)).toBe(true);
  } finally {
    await other.stop();
  }
});
