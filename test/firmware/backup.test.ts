// axv-part backup and restore: the same bytes each time, no private key in them, all of them checked before anything is written;
// and a power cut at any write of a restoration leaves a system that is whole.
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backupOf } from "../../tools/firmware/backup/backup.ts";
import { BackupError } from "../../tools/firmware/backup/errors.ts";
import { readBackup } from "../../tools/firmware/backup/format.ts";
import { planRestoration, restore } from "../../tools/firmware/backup/restore.ts";
import { copiesOn, placesOn, sourceOf, stateOn } from "../../tools/firmware/deploy/places.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import { exactly, ofMemory } from "../../tools/firmware/fit/source.ts";
import { bootSteps } from "../../tools/firmware/slots.ts";
import type { Slot, SlotState } from "../../tools/firmware/slots.ts";
import { Random } from "../hostile/random.ts";
import { axvPart } from "../output/axvPart.ts";
import { diskIn, diskWith, RecordingDisk, system, withoutHistory } from "./deployDisks.ts";
import type { DiskStep } from "./deployDisks.ts";

const KEPT = { a: system("kept-a", 9_000, 1), b: system("kept-b", 12_000, 2) };
const THERE = { a: system("there-a", 11_000, 3), b: system("there-b", 8_000, 4) };
const ON_TRIAL: Partial<SlotState> = { order: ["b", "a"], status: { a: "good", b: "pending" }, tries: 2, booted: "b" };

const bytesOf = (base: Buffer): Buffer =>
  Buffer.concat(Array.from(backupOf(new RecordingDisk(base), [], []).stream.chunks(), (chunk) => Buffer.from(chunk)));
const restored = (disk: RecordingDisk, bytes: Buffer): Promise<void> =>
  restore(disk, planRestoration(disk, "backup", readBackup("backup", ofMemory(bytes))), () => undefined);
const holds = (disk: RecordingDisk, slot: Slot, fit: Buffer): boolean =>
  exactly(sourceOf(disk, placesOn(disk).slots[slot]), 0, fit.length).equals(fit);
const started = (disk: RecordingDisk): Slot[] =>
  bootSteps(copiesOn(disk, placesOn(disk))).flatMap((step) => (step.kind === "start" ? [step.slot] : []));

const WHOLE = [KEPT.a, KEPT.b, THERE.a, THERE.b];

/** What is wrong with what boot.scr finds; undefined: nothing. */
function fault(disk: RecordingDisk): string | undefined {
  const { state } = stateOn(disk, placesOn(disk));
  const starts = started(disk);
  const broken = starts.find((slot) => !WHOLE.some((fit) => holds(disk, slot, fit)));
  if (broken !== undefined) return `slot ${broken} starts, and is no whole system`;
  return starts.some((slot) => state.status[slot] === "good") ? undefined : "no good system starts";
}

/** Of the writes since the last flush all have been done, or some; the last one, which was cut off, in part. */
function* afterCuts(base: Buffer, steps: readonly DiskStep[]): Generator<RecordingDisk> {
  const random = new Random(7);
  let flushed = 0;
  for (const [index, step] of steps.entries()) {
    if (step.kind === "flush") {
      flushed = index;
      continue;
    }
    for (const isInOrder of [true, false]) {
      const cut = new RecordingDisk(base);
      for (const [earlier, done] of steps.slice(0, index).entries())
        if (done.kind === "write" && (earlier < flushed || isInOrder || random.chance(1, 2))) cut.write(done.sector, done.bytes);
      const before = cut.read(step.sector, 1);
      const from = random.below(SECTOR);
      cut.write(step.sector, step.bytes.map((byte, n) => (n < from ? byte : (before[n] ?? 0))));
      yield cut;
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), "axv-backup-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const STATES: Readonly<Record<string, Partial<SlotState>>> = {
  "both are good": {},
  "the second one is on trial": ON_TRIAL,
  "the first one was being written": { order: ["b", "a"], status: { a: "writing", b: "good" }, booted: "b" },
};

describe.each(Object.entries(STATES))("a backup where %s", (_, kept) => {
  const bytes = bytesOf(diskIn(KEPT, kept));

  test("is the same each time", () => expect(bytesOf(diskIn(KEPT, kept)).equals(bytes)).toBe(true));

  test.each(Object.entries(STATES))("is restored, and what is cut off at any write is whole: where %s", async (_, there) => {
    const base = diskIn(THERE, there);
    const disk = new RecordingDisk(base);
    await restored(disk, bytes);
    const was = stateOn(new RecordingDisk(diskIn(KEPT, kept)), placesOn(disk)).state;
    const { generation, ...is } = stateOn(disk, placesOn(disk)).state;
    expect(generation).toBeGreaterThan(7n);
    const isIn = (slot: Slot): boolean => was.status[slot] === "good" || was.status[slot] === "pending";
    const status = { a: isIn("a") ? was.status.a : "", b: isIn("b") ? was.status.b : "" };
    expect(is).toEqual({ ...was, generation: undefined, status });
    for (const slot of ["a", "b"] as const) if (isIn(slot)) expect(holds(disk, slot, KEPT[slot])).toBe(true);

    for (const [n, cut] of [...afterCuts(base, disk.steps)].entries()) {
      expect(fault(cut), `cut ${n}`).toBeUndefined();
      if (n % 9 !== 0) continue;
      await restored(cut, bytes);
      expect(started(cut)).toEqual(started(disk));
    }
  });
});

describe("this would be seen, if", async () => {
  const base = diskIn(THERE, {});
  const disk = new RecordingDisk(base);
  await restored(disk, bytesOf(diskIn(KEPT, {})));
  const all = withoutHistory(disk.steps, placesOn(disk));
  const faults = (steps: readonly DiskStep[]): number =>
    [...afterCuts(base, steps)].filter((cut) => fault(cut) !== undefined).length;

  test("nothing were flushed", () => expect(faults(all.filter(({ kind }) => kind === "write"))).toBeGreaterThan(10));
  test("a slot were still started while it is written", () => {
    const state = placesOn(disk).state.first;
    const written = all.flatMap((step, n) => (step.kind === "write" && step.sector >= state ? [n] : []));
    expect(written).toHaveLength(5);
    for (const left of [written[0], written[2]])
      expect(faults(all.filter((_, n) => n !== left)), `write ${left}`).toBeGreaterThan(10);
  });
});

describe("refused, and nothing is written:", () => {
  const bytes = bytesOf(diskIn(KEPT, {}));
  const refused = async (base: Buffer, backup: Buffer): Promise<string> => {
    const disk = new RecordingDisk(base);
    try {
      await restored(disk, backup);
    } catch (error) {
      expect(disk.steps).toEqual([]);
      expect(error).toBeInstanceOf(BackupError);
      return (error as BackupError).code;
    }
    return "";
  };

  test("one of which any byte has changed, or is missing", async () => {
    const base = diskIn(THERE, {});
    const random = new Random(5);
    const places = [...Array.from({ length: 64 }, (_, n) => n), ...Array.from({ length: 100 }, () => random.below(bytes.length))];
    for (const place of [...places, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[place] = (changed[place] ?? 0) ^ (1 << random.below(8));
      expect([place, await refused(base, changed)]).toEqual([place, "AXV_BACKUP_MALFORMED"]);
      expect([place, await refused(base, bytes.subarray(0, place))]).toEqual([place, "AXV_BACKUP_MALFORMED"]);
    }
    expect(await refused(base, Buffer.concat([bytes, Buffer.alloc(1)]))).toBe("AXV_BACKUP_MALFORMED");
  });

  test("one of another board", async () =>
    expect(await refused(diskWith(system("other", 9000, 1, ["some,board"])), bytes)).toBe("AXV_BACKUP_BOARD"));

  test("one that is larger than a slot", async () => {
    const large = bytesOf(diskWith(system("large", 1024 * 1024, 9), "gpt", 4096));
    expect(await refused(diskIn(THERE, {}), large)).toBe("AXV_BACKUP_SIZE");
  });

  test("a disk of which nothing good can be kept", () => {
    const disk = new RecordingDisk(diskIn(KEPT, { status: { a: "bad", b: "pending" }, tries: 1 }));
    expect(() => backupOf(disk, [], [])).toThrow("no slot of disk.img holds a good system (slot a: it is bad; slot b: it is on");
  });
});

describe("by the command line", () => {
  beforeAll(() => {
    writeFileSync(at("disk.img"), diskIn(KEPT, ON_TRIAL));
    writeFileSync(at("other.img"), diskIn(THERE, {}));
    writeFileSync(at("system.yaml"), "board: small\n");
    expect(axvPart(folder, "keys", "new", "line")).toMatchObject({ status: 0 });
  });
  const backup = (...more: string[]): ReturnType<typeof axvPart> => axvPart(folder, "backup", "disk.img", "disk.axv", ...more);

  test("with the public half of a key and system.yaml, which come back; the private half is not in it", () => {
    expect(backup("--keys", "keys", "--with", "system.yaml")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^slot a: kept-a, .*\nslot b: kept-b, .*\ndisk.axv: .*linux,dummy-virt/) as unknown,
    });
    const bytes = readFileSync(at("disk.axv"));
    const pem = readFileSync(at("keys/line.pem"), "latin1");
    const der = Buffer.from(pem.replace(/-----.*-----|\s/g, ""), "base64");
    // The public half is a part of the private one: what is not in the backup is any stretch behind it.
    for (let from = der.length / 2; from + 32 <= der.length; from += 16)
      expect(bytes.includes(der.subarray(from, from + 32))).toBe(false);
    expect(bytes.includes("PRIVATE")).toBe(false);

    const checked = axvPart(folder, "restore", "disk.axv", "other.img", "--dry-run");
    expect([checked.status, checked.stdout]).toEqual([0, "slots a and b: would be restored\n"]);
    expect(readFileSync(at("other.img")).equals(diskIn(THERE, {}))).toBe(true);
    const done = axvPart(folder, "restore", "disk.axv", "other.img", "--files", "back");
    expect([done.status, done.stdout]).toEqual([0, "slots a and b: restored\n"]);
    expect(done.stderr).toContain("read back: 100 %");
    expect(readFileSync(at("back/system.yaml"), "utf8")).toBe("board: small\n");
    expect(readFileSync(at("back/line.pub.der")).toString("base64")).toBe(
      readFileSync(at("keys/line.pub.pem"), "latin1").replace(/-----.*-----|\s/g, ""),
    );
    expect(readdirSync(at("back")).sort()).toEqual(["line.pub.der", "system.yaml"]);
    // The disk that was restored has the same backup as the first one.
    expect(axvPart(folder, "backup", "other.img", "again.axv", "--keys", "keys", "--with", "system.yaml").status).toBe(0);
    expect(readFileSync(at("again.axv")).equals(bytes)).toBe(true);
  });

  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const PRIVATE: Readonly<Record<string, Buffer | string>> = {
    "in PEM": privateKey.export({ type: "pkcs8", format: "pem" }),
    "behind other text": `# ours\n${privateKey.export({ type: "sec1", format: "pem" }).toString()}`,
    "with a passphrase": privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }),
    "in DER": privateKey.export({ type: "pkcs8", format: "der" }),
    "in SEC 1": privateKey.export({ type: "sec1", format: "der" }),
  };
  test.each(Object.entries(PRIVATE))("no private key %s", (_, key) => {
    writeFileSync(at("secret"), key);
    rmSync(at("disk.axv"), { force: true });
    const { status, stderr } = backup("--with", "secret");
    expect([status, stderr]).toEqual([1, expect.stringContaining("holds a private key")]);
    expect(existsSync(at("disk.axv"))).toBe(false);
  });

  test("with what is not there: one clear message", () => {
    const { status, stderr } = backup("--with", "none");
    expect([status, stderr]).toEqual([1, expect.stringContaining("none cannot be read")]);
    for (const [file, disk] of [["none", "other.img"], ["system.yaml", "other.img"], ["disk.img", "other.img"]] as const)
      expect(axvPart(folder, "restore", file, disk)).toMatchObject({
        status: 1, stderr: expect.stringMatching(/cannot be read|is no sound backup/) as unknown,
      });
  });
});
