// axv-part deploy and slots: what they do to a disk image, and what they refuse, of which the disk sees nothing.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { placesOn } from "../../tools/firmware/deploy/places.ts";
import { DeployError } from "../../tools/firmware/deploy/errors.ts";
import { deploy, planDeployment } from "../../tools/firmware/deploy/deploy.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import { ofMemory } from "../../tools/firmware/fit/source.ts";
import { UNKNOWN, writeState } from "../../tools/firmware/slots.ts";
import type { SlotState } from "../../tools/firmware/slots.ts";
import { CodedError } from "../../industrial/link/coded-error.ts";
import { axvPart } from "../output/axvPart.ts";
import { diskWith, RecordingDisk, system } from "./deployDisks.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-deploy-"));
afterAll(() => rmSync(folder, { recursive: true }));
const image = join(folder, "disk.img");
const [OLD, NEW] = [system("plant-1.0", 10_000, 1), system("plant-1.1", 20_000, 2)];
const gpt = diskWith(OLD);
const place = placesOn(new RecordingDisk(gpt));
const write = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder, name), bytes);

beforeEach(() => {
  writeFileSync(image, gpt);
  write("new.itb", NEW);
});

interface Row {
  readonly slot: string;
  readonly startsNext: boolean;
  readonly state: string;
  readonly tries?: number;
  readonly version?: string;
  readonly wrong?: string;
}
const slots = (...more: string[]): Row[] => JSON.parse(axvPart(folder, "slots", "disk.img", "--json", ...more).stdout) as Row[];
const withState = (state: Partial<SlotState>, disk = gpt): Buffer => {
  const bytes = Buffer.from(disk);
  bytes.set(writeState({ ...UNKNOWN, generation: 9n, ...state }), place.state.first * SECTOR);
  return bytes;
};

test.each(["gpt", "mbr"] as const)("onto a disk with a %s: the other slot, on trial; nothing else is touched", (table) => {
  const before = diskWith(OLD, table);
  writeFileSync(image, before);
  const { stdout, stderr, status } = axvPart(folder, "deploy", "disk.img", "--fit", "new.itb");
  expect([status, stderr]).toEqual([0, expect.stringMatching(/written: 100 %.*\nread back: 100 %/)]);
  expect(stdout).toMatch(/^slot b: plant-1.1, .*tried 3 times\nslot a: plant-1.0 stays/);
  expect(slots()).toMatchObject([
    { slot: "a", startsNext: false, state: "good", version: "plant-1.0", boards: ["linux,dummy-virt"] },
    { slot: "b", startsNext: true, state: "pending", tries: 3, version: "plant-1.1", startedLast: false },
  ]);
  const after = readFileSync(image);
  expect(after.length).toBe(before.length);
  const { slots: { b }, state } = placesOn(new RecordingDisk(before));
  for (const { first, sectors } of [{ first: b.first, sectors: Math.ceil(NEW.length / SECTOR) }, state])
    for (const bytes of [before, after]) bytes.fill(0, first * SECTOR, (first + sectors) * SECTOR);
  expect(after.equals(before)).toBe(true);
});

test("--dry-run checks everything, says what would be done, and writes nothing", () => {
  const { stdout, status } = axvPart(folder, "deploy", "disk.img", "--fit", "new.itb", "--dry-run", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    slot: "b", version: "plant-1.1", bytes: NEW.length, isWritten: false, kept: { slot: "a", version: "plant-1.0" },
  });
  expect(readFileSync(image).equals(gpt)).toBe(true);
});

describe("a trial", () => {
  const trial = { order: ["b", "a"], status: { a: "good", b: "pending" }, tries: 2, booted: "b" } as const;

  test("is committed once its system has been started", () => {
    writeFileSync(image, withState({ ...trial, booted: "a" }));
    expect(axvPart(folder, "slots", "disk.img", "--commit").stderr).toMatch(/slot b of disk.img has not been started yet/);
    writeFileSync(image, withState(trial));
    expect(slots("--commit")).toMatchObject([{ state: "good", startsNext: false }, { state: "good", startsNext: true }]);
    expect(axvPart(folder, "slots", "disk.img", "--commit").stderr).toMatch(/no slot of disk.img is on trial/);
  });

  test("is ended, and what was good a step before starts again", () => {
    writeFileSync(image, withState(trial));
    const rows = [{ state: "good", startsNext: true }, { state: "rolled back", startsNext: false }];
    expect(slots("--rollback")).toMatchObject(rows);
    expect(axvPart(folder, "slots", "disk.img", "--rollback").stderr).toMatch(/cannot return to slot b: it is rolled back/);
    expect(slots()).toMatchObject(rows);
  });

  test("of what lay in that slot before says nothing of the next one", () => {
    writeFileSync(image, withState(trial));
    axvPart(folder, "deploy", "disk.img", "--fit", "new.itb");
    expect(axvPart(folder, "slots", "disk.img", "--commit").stderr).toMatch(/has not been started yet/);
  });
});

test("a committed system can be left for the one before, and taken again", () => {
  expect(slots("--rollback")).toMatchObject([{ startsNext: false, state: "good" }, { startsNext: true, state: "good" }]);
  expect(slots("--rollback")).toMatchObject([{ startsNext: true, state: "good" }, { startsNext: false, state: "good" }]);
});

test("keys: the FIT has to be signed by one of them", () => {
  expect(axvPart(folder, "keys", "new", "other").status).toBe(0);
  const { stderr, status } = axvPart(folder, "deploy", "disk.img", "--fit", "new.itb", "--keys", "keys");
  expect([status, stderr]).toEqual([1, expect.stringMatching(/conf-1 is signed by none of these keys: other/)]);
  expect(readFileSync(image).equals(gpt)).toBe(true);
});

function refusalOf(work: () => unknown): { readonly code: unknown; readonly message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
  throw new Error("nothing is refused");
}

describe("one clear message, and the disk is as it was", () => {
  const damaged = Buffer.from(NEW);
  damaged.writeUInt8(damaged.readUInt8(9000) ^ 1, 9000);
  const spoilt = (disk: Buffer, slot: "a" | "b"): Buffer => {
    const bytes = Buffer.from(disk);
    return bytes.fill(0x55, place.slots[slot].first * SECTOR + 5000, place.slots[slot].first * SECTOR + 5100);
  };
  const noState = Buffer.from(gpt).fill(0, place.state.first * SECTOR, (place.state.first + place.state.sectors) * SECTOR);

  test.each<[string, Uint8Array, Uint8Array, RegExp]>([
    ["a FIT that is too large", gpt, system("large", 1_100_000, 3), /AXV_DEPLOY_SIZE.* bytes, and slot b has 1048576/],
    ["a FIT for another board", gpt, system("x", 5000, 3, ["phytium,pi"]), /AXV_DEPLOY_BOARD.*phytium,pi.*linux,dummy-virt/],
    ["a damaged FIT", gpt, damaged, /AXV_FIT_HASH/],
    ["half a FIT", gpt, NEW.subarray(0, 8000), /AXV_FIT_SHORT/],
    ["what is no FIT", gpt, Buffer.from("hello\n"), /AXV_FIT_NONE/],
    ["no slot state", noState, NEW, /AXV_DEPLOY_NO_STATE/],
    ["a file that is no disk", NEW, NEW, /AXV_DEPLOY_NO_DISK/],
    ["an empty file", Buffer.alloc(0), NEW, /AXV_DEPLOY_NO_DISK/],
    ["a disk that is cut off", gpt.subarray(0, 5000 * SECTOR), NEW, /AXV_DISK_GPT/],
    ["two slots that are damaged", spoilt(spoilt(gpt, "a"), "b"), NEW, /AXV_DEPLOY_NOTHING_STAYS.*slot a: .*slot b: /],
    [
      "two slots that are not good", withState({ status: { a: "bad", b: "pending" }, tries: 1 }), NEW,
      /AXV_DEPLOY_NOTHING_STAYS.*slot a: it is bad; slot b: it is pending/,
    ],
  ])("of %s", (_, bytes, fit, message) => {
    const disk = new RecordingDisk(bytes);
    const refused = refusalOf(() => planDeployment(disk, ofMemory(fit)));
    expect(`${refused.code} ${refused.message}`).toMatch(message);
    expect(refused.message).not.toContain("\n");
    expect(disk.steps).toEqual([]);
  });

  test("as JSON, too", () => {
    write("new.itb", damaged);
    const { stdout, stderr, status } = axvPart(folder, "deploy", "disk.img", "--fit", "new.itb", "--json");
    expect([status, stderr.trim().split("\n").length]).toEqual([1, 1]);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "AXV_FIT_HASH" } });
    expect(readFileSync(image).equals(gpt)).toBe(true);
  });

  test("of what is no file", () => {
    const { stderr } = axvPart(folder, "deploy", "none.img", "--fit", "new.itb");
    expect(stderr).toMatch(/none.img cannot be written to: no such file/);
    expect(axvPart(folder, "deploy", "disk.img", "--fit", "none").stderr).toMatch(/none cannot be read: there is no such file/);
    expect(axvPart(folder, "deploy", ".", "--fit", "new.itb").stderr).toMatch(/it is neither a file nor a disk/);
    expect(axvPart(folder, "slots", "none.img").stderr).toMatch(/none.img cannot be written to/);
  });

  test("a slot that is damaged, or good in name only, is the one that is written", () => {
    writeFileSync(image, spoilt(gpt, "a"));
    expect(axvPart(folder, "deploy", "disk.img", "--fit", "new.itb").stdout).toMatch(/^slot a: plant-1.1/);
    expect(slots()).toMatchObject([{ state: "pending", startsNext: true }, { state: "good", version: "plant-1.0" }]);
  });
});

describe("a disk that fails on the way: what started before starts again", () => {
  const run = (disk: RecordingDisk): Promise<void> =>
    deploy(disk, planDeployment(disk, ofMemory(NEW)), ofMemory(NEW), () => undefined);
  const isStarted = (disk: RecordingDisk): unknown => planDeployment(disk, ofMemory(NEW)).slot;

  test("where it cannot be written", async () => {
    class Full extends RecordingDisk {
      override write(first: number, bytes: Uint8Array): void {
        const full = new Error("ENOSPC: no space left on device, write");
        if (first === place.slots.b.first) throw Object.assign(full, { syscall: "write" });
        super.write(first, bytes);
      }
    }
    const disk = new Full(gpt);
    await expect(run(disk)).rejects.toThrow(/writing slot b of disk.img failed: no space left on device. What started before/);
    expect(isStarted(disk)).toBe("b");
  });

  test("where it does not keep what is written", async () => {
    class Worn extends RecordingDisk {
      override read(first: number, sectors: number): Uint8Array {
        const bytes = super.read(first, sectors);
        const at = place.slots.b.first + 9 - first;
        if (at >= 0 && at < sectors && this.steps.length > 20) bytes.fill(0xee, at * SECTOR, (at + 1) * SECTOR);
        return bytes;
      }
    }
    const disk = new Worn(gpt);
    await expect(run(disk)).rejects.toThrow(DeployError);
    await expect(run(new Worn(gpt))).rejects.toThrow(/slot b of disk.img does not read back/);
    expect(isStarted(disk)).toBe("b");
  });
});
