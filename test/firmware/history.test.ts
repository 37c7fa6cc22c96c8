// The history of a disk's slots: what axv-part did, and what boot.scr did meanwhile; whatever the power, or whoever, did to it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { deploy, planDeployment } from "../../tools/firmware/deploy/deploy.ts";
import { copiesOn, placesOn, stateOn } from "../../tools/firmware/deploy/places.ts";
import { recordsOn } from "../../tools/firmware/deploy/remember.ts";
import { commit, rollback, writeStateOn } from "../../tools/firmware/deploy/state.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import { writeEnvironment } from "../../tools/firmware/environment.ts";
import { ofMemory } from "../../tools/firmware/fit/source.ts";
import {
  HISTORY_FIRST, HISTORY_SECTORS, isSameState, readRecords, recordPlace, withFound, writeRecord,
} from "../../tools/firmware/history.ts";
import { entriesOf } from "../../tools/firmware/history-entries.ts";
import { bootSteps, COPIES, otherSlot, STATE_BYTES, UNKNOWN, writeState } from "../../tools/firmware/slots.ts";
import type { SlotState } from "../../tools/firmware/slots.ts";
import { Random } from "../hostile/random.ts";
import { axvPart } from "../output/axvPart.ts";
import { afterCuts } from "./cuts.ts";
import { diskIn, diskWith, RecordingDisk, system } from "./deployDisks.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-history-"));
afterAll(() => rmSync(folder, { recursive: true }));

const OLD = { a: system("old-a", 9_000, 1), b: system("old-b", 12_000, 2) };
const NEW = system("new", 15_000, 3);
const BASE = diskIn(OLD, { booted: "a" });
const places = placesOn(new RecordingDisk(BASE));
const ring = places.state.first + HISTORY_FIRST;

const deployed = (disk: RecordingDisk, fit = NEW): Promise<void> =>
  deploy(disk, planDeployment(disk, ofMemory(fit)), ofMemory(fit), () => undefined);

/** As boot.scr does it, where U-Boot starts all slots but `refused`. */
function started(disk: RecordingDisk, refused?: string): void {
  for (const step of bootSteps(copiesOn(disk, places))) {
    if (step.kind === "write") disk.write(places.state.first + COPIES[step.copy], step.bytes);
    else if (step.slot !== refused) return;
  }
}

const told = (disk: RecordingDisk): string[] =>
  entriesOf(withFound(recordsOn(disk, places), stateOn(disk, places).state)).map(({ slot, what, version, by }) =>
    [slot, what, version ?? "-", by === undefined ? "found" : "recorded"].join(" "),
  );
const BEGIN = ["a good - found", "b good - found"];

describe("what was done, and what was found", () => {
  test("nothing has been recorded yet: both slots are as they are", () => expect(told(new RecordingDisk(BASE))).toEqual(BEGIN));

  test("deployed, started, committed, and left for the one before", async () => {
    const disk = new RecordingDisk(BASE);
    await deployed(disk);
    expect(told(disk)).toEqual([...BEGIN, "b deployed new recorded"]);
    started(disk);
    expect(told(disk)).toEqual([...BEGIN, "b deployed new recorded", "b started new found"]);
    commit(disk);
    rollback(disk);
    const all = [
      ...BEGIN, "b deployed new recorded", "b started new found", "b committed new recorded", "b rolled back new recorded",
    ];
    expect(told(disk)).toEqual(all);
    started(disk);
    expect(told(disk)).toEqual([...all, "a started - found"]);
  });

  test("a trial that is ended", async () => {
    const disk = new RecordingDisk(BASE);
    await deployed(disk);
    started(disk);
    rollback(disk);
    expect(told(disk).slice(2)).toEqual(["b deployed new recorded", "b started new found", "b rolled back new recorded"]);
  });

  test("a trial in vain, which nobody looked at before the next one", async () => {
    const disk = new RecordingDisk(BASE);
    await deployed(disk);
    for (let boot = 0; boot < 4; boot++) started(disk);
    await deployed(disk, system("newer", 15_000, 4));
    expect(told(disk).slice(2)).toEqual(["b deployed new recorded", "b given up new found", "b deployed newer recorded"]);
  });

  test.each([{ refused: "b", said: ["b not started new found"] }, { refused: "a", said: ["b started new found"] }])(
    "U-Boot refuses slot $refused", async ({ refused, said }) => {
      const disk = new RecordingDisk(BASE);
      await deployed(disk);
      started(disk, refused);
      expect(told(disk).slice(3)).toEqual(said);
    });

  test("a deployment that was cut off, and one that took its place", async () => {
    const disk = new RecordingDisk(BASE);
    const { state } = stateOn(disk, places);
    writeStateOn(disk, places, { ...state, status: { a: "good", b: "writing" } });
    expect(told(disk)).toEqual([...BEGIN, "b deploying - recorded"]);
    await deployed(disk);
    expect(told(disk)).toEqual([...BEGIN, "b deployed new recorded"]);
  });

  test("a state that was written anew, with the disk, counts behind what was", async () => {
    const disk = new RecordingDisk(BASE);
    for (let n = 0; n < 3; n++) await deployed(disk, system(`n${n}`, 9000, n));
    const before = told(disk);
    for (const copy of COPIES) disk.write(places.state.first + copy, writeState({ ...UNKNOWN, generation: 1n }));
    expect(told(disk)).toEqual([...before, "b good - found"]);
    await deployed(disk);
    expect(told(disk)).toEqual([...before, "b good - found", "b deployed new recorded"]);
  });
});

test("slots --history: a table, and JSON, with the clock of who wrote it", () => {
  writeFileSync(join(folder, "disk.img"), diskWith(OLD.a));
  writeFileSync(join(folder, "new.itb"), NEW);
  expect(axvPart(folder, "deploy", "disk.img", "--fit", "new.itb").status).toBe(0);
  const { stdout, status } = axvPart(folder, "slots", "disk.img", "--history");
  expect([status, stdout.split("\n")[0]]).toEqual([0, expect.stringMatching(/^when +slot +version +what +by$/)]);
  expect(stdout).toMatch(/^found so +a +good$/m);
  expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ +b +new +deployed, on trial +axv-part \d[\d.]*$/m);
  const entries = JSON.parse(axvPart(folder, "slots", "disk.img", "--history", "--json").stdout) as { time?: string }[];
  expect(entries.at(-1)).toMatchObject({ slot: "b", what: "deployed", version: "new", by: expect.stringMatching(/^axv-part /) });
  expect(Math.abs(Date.parse(entries.at(-1)?.time ?? "") - Date.now())).toBeLessThan(3_600_000);
  expect(axvPart(folder, "slots", "disk.img", "--history", "--commit").status).not.toBe(0);
});

test("libubootenv reads a record", async () => {
  const disk = new RecordingDisk(BASE);
  await deployed(disk);
  const last = recordsOn(disk, places).at(-1);
  const file = join(folder, "record.img");
  writeFileSync(file, disk.read(ring + recordPlace(last?.state.generation ?? 0n), 1));
  writeFileSync(join(folder, "fw_env.config"), `${file} 0x0 0x${STATE_BYTES.toString(16)}\n`);
  const said = execFileSync("fw_printenv", ["-c", join(folder, "fw_env.config")], { encoding: "utf8" });
  expect(said).toMatch(/^axv_b=pending$/m);
  expect(said).toMatch(/^axv_time=\d{8}T\d{6}Z$/m);
});

test("the ring keeps the newest records, and nothing else of the disk is touched", () => {
  const disk = new RecordingDisk(BASE);
  for (let n = 0; n < 3 * HISTORY_SECTORS; n++) {
    const { state } = stateOn(disk, places);
    writeStateOn(disk, places, { ...state, version: { a: `v${n}`, b: "" } });
  }
  const versions = recordsOn(disk, places).map(({ state }) => state.version.a);
  expect(versions).toEqual(Array.from({ length: HISTORY_SECTORS }, (_, n) => `v${2 * HISTORY_SECTORS + n}`));
  const copies = COPIES.map((copy) => places.state.first + copy);
  for (const step of disk.steps)
    if (step.kind === "write" && !copies.includes(step.sector))
      expect([step.sector >= ring, step.sector < ring + HISTORY_SECTORS]).toEqual([true, true]);
});

describe("the power may fail at any write: what is told was so, what was told before is told still", async () => {
  const before = new RecordingDisk(BASE);
  await deployed(before);
  for (let boot = 0; boot < 4; boot++) started(before);
  const base = Uint8Array.from(before.read(0, before.count));
  const known = told(before);
  const whole = new RecordingDisk(base);
  await deployed(whole, system("newer", 3_000, 4));
  started(whole);
  commit(whole);
  rollback(whole);
  const end = [
    "b given up new found", "b deployed newer recorded", "b started newer found", "b committed newer recorded",
    "b rolled back newer recorded",
  ];
  test("without a cut", () => expect(told(whole)).toEqual([...known.slice(0, -1), ...end]));

  test("with one", () => {
    const seen = new Set<number>();
    for (const cut of afterCuts(base, whole.steps, new Random(5))) {
      const { state } = stateOn(cut, places);
      const all = withFound(recordsOn(cut, places), state);
      expect(isSameState(all.at(-1)?.state ?? UNKNOWN, state)).toBe(true);
      const now = told(cut);
      expect(now.slice(0, known.length - 1)).toEqual(known.slice(0, -1));
      // Who wrote the last one may be forgotten, and what was found only because he looked.
      const fact = (line: string): string => line.replace(/ \w+$/, "");
      const facts = now.slice(known.length - 1).map(fact).filter((line) => !/ deploying /.test(line));
      const possible = end.map(fact);
      expect(possible.filter((line) => facts.includes(line))).toEqual(facts);
      seen.add(facts.length);
    }
    expect([...seen].sort()).toEqual([1, 2, 3, 4, 5]);
  });

  test("it would be seen, if a record were written before its state", () => {
    const swapped = whole.steps.slice();
    const isRecord = (n: number): boolean => {
      const step = swapped[n];
      return step?.kind === "write" && step.sector >= ring && step.sector < ring + HISTORY_SECTORS;
    };
    const at = swapped.findLastIndex((_, n) => isRecord(n));
    const [state, flush, record, last] = swapped.slice(at - 2);
    if (!state || !flush || !record || !last) throw new Error("no steps");
    swapped.splice(at - 2, 4, record, flush, state, last);
    const wrong = [...afterCuts(base, swapped, new Random(5))].filter((cut) => {
      const facts = told(cut);
      return facts.includes("b rolled back newer recorded") && stateOn(cut, places).state.order[0] === "b";
    });
    expect(wrong.length).toBeGreaterThan(0);
  });
});

describe("whatever stands in the ring", () => {
  const text = (variables: Readonly<Record<string, string>>): Uint8Array =>
    writeEnvironment(new Map(Object.entries(variables)), SECTOR);
  const ringWith = (place: number, bytes: Uint8Array): Uint8Array => {
    const all = new Uint8Array(HISTORY_SECTORS * SECTOR);
    all.set(bytes, place * SECTOR);
    return all;
  };
  const record = (state: Partial<SlotState>, time?: string, by?: string): Uint8Array =>
    writeRecord({ state: { ...UNKNOWN, ...state }, time, by }) ?? new Uint8Array(SECTOR);

  test("a record of another place, of none, or of a generation that nobody has counted to, is none", () => {
    expect(readRecords(ringWith(5, record({ generation: 5n })))).toHaveLength(1);
    expect(readRecords(ringWith(6, record({ generation: 5n })))).toEqual([]);
    expect(readRecords(ringWith(0, text({ axv_a: "good" })))).toEqual([]);
    for (const generation of [1n << 62n, (1n << 63n) + 5n, (1n << 64n) - 1n])
      expect(readRecords(ringWith(recordPlace(generation), record({ generation })))).toEqual([]);
    expect(readRecords(new Uint8Array(HISTORY_SECTORS * SECTOR).fill(0xff))).toEqual([]);
    expect(readRecords(new Uint8Array(100))).toEqual([]);
  });

  test("a time that is none, and who cannot be written, are nobody's", () => {
    const known = { axv_gen: "1", axv_a: "good", axv_order: "a b" };
    for (const more of [{ axv_time: "yesterday" }, { axv_time: "20261130T0801" }, { axv_by: " " }])
      expect(readRecords(ringWith(1, text({ ...known, ...more })))[0]?.time).toBeUndefined();
    const evil = Buffer.from(text({ ...known, axv_by: "axv-part XY" }));
    const bytes = Buffer.from(evil.toString("latin1").replace("-part XY", "\u001b[31mXYZ"), "latin1");
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
    expect(readRecords(ringWith(1, bytes))).toMatchObject([{ by: undefined, state: { generation: 1n } }]);
  });

  test("a state that leaves no room for a record is not recorded, and deploying goes on", async () => {
    const state = { ...UNKNOWN, generation: 9n, version: { a: "v".repeat(200), b: "v".repeat(190) }, booted: "a" } as const;
    expect(writeRecord({ state, time: new Date().toISOString(), by: "axv-part" })).toBeUndefined();
    const disk = new RecordingDisk(diskIn(OLD, state));
    await deployed(disk);
    expect(told(disk)).toContain("b deployed new recorded");
  });

  test("a ring of noise changes nothing of the slots, and is written over", async () => {
    const random = new Random(3);
    for (let round = 0; round < 20; round++) {
      const disk = new RecordingDisk(BASE);
      for (let n = 0; n < HISTORY_SECTORS; n++) {
        const generation = random.value();
        const bytes = random.chance(1, 2)
          ? Uint8Array.from({ length: SECTOR }, () => random.below(256))
          : record({ generation, order: random.pick([["a", "b"], ["b", "a"]] as const), tries: random.below(4) });
        disk.write(ring + (random.chance(1, 2) ? recordPlace(generation) : n), bytes);
      }
      const newest = recordsOn(disk, places).at(-1)?.state.generation ?? 0n;
      const kept = otherSlot(planDeployment(disk, ofMemory(NEW)).slot);
      await deployed(disk);
      const { state } = stateOn(disk, places);
      expect(state).toMatchObject({ order: [otherSlot(kept), kept], status: { a: "good", b: "pending" } });
      expect(BigInt.asIntN(64, state.generation) > newest).toBe(true);
      expect(told(disk).at(-1)).toBe("b deployed new recorded");
    }
  });

  test("a disk on which no record can be written is deployed to all the same", async () => {
    class Worn extends RecordingDisk {
      override write(first: number, bytes: Uint8Array): void {
        const isRecord = first >= ring && first < ring + HISTORY_SECTORS;
        if (isRecord) throw Object.assign(new Error("EIO: i/o error, write"), { syscall: "write" });
        super.write(first, bytes);
      }
    }
    const disk = new Worn(BASE);
    await deployed(disk);
    expect(stateOn(disk, places).state).toMatchObject({ order: ["b", "a"], status: { b: "pending" } });
    expect(told(disk)).toEqual(["a good - found", "b deployed new found"]);
  });
});

test("the ring is clear of both copies, in blocks of flash of its own", () => {
  const block = 0x4_0000 / SECTOR;
  const blocks = (first: number, sectors: number): number[] =>
    [first, first + sectors - 1].map((sector) => Math.floor(sector / block));
  expect(COPIES.flatMap((copy) => blocks(copy, 1))).not.toEqual(
    expect.arrayContaining([blocks(HISTORY_FIRST, HISTORY_SECTORS)[0]]),
  );
  expect(new Set(blocks(HISTORY_FIRST, HISTORY_SECTORS)).size).toBe(1);
});
