// The power may fail at every write of a deployment: what boot.scr finds then is the old system or the new one, whole.
import { describe, expect, test } from "vitest";
import { deploy, planDeployment } from "../../tools/firmware/deploy/deploy.ts";
import { copiesOn, placesOn, sourceOf } from "../../tools/firmware/deploy/places.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import { exactly, ofMemory } from "../../tools/firmware/fit/source.ts";
import { bootSteps, otherSlot } from "../../tools/firmware/slots.ts";
import type { Slot, SlotState } from "../../tools/firmware/slots.ts";
import { Random } from "../hostile/random.ts";
import { afterCuts, VARIANTS } from "./cuts.ts";
import { diskIn, RecordingDisk, system, withoutHistory } from "./deployDisks.ts";
import type { DiskStep } from "./deployDisks.ts";

const OLD: Readonly<Record<Slot, Buffer>> = { a: system("old-a", 9_000, 1), b: system("old-b", 12_000, 2) };
const NEW = system("new", 15_000, 3);

/** What is wrong with that which boot.scr finds, if `kept` was not to be written; undefined: nothing. */
function fault(disk: RecordingDisk, kept: Slot): string | undefined {
  const places = placesOn(disk);
  const holds = (slot: Slot, bytes: Buffer): boolean =>
    exactly(sourceOf(disk, places.slots[slot]), 0, bytes.length).equals(bytes);
  const started = bootSteps(copiesOn(disk, places)).flatMap((step) => (step.kind === "start" ? [step.slot] : []));
  if (!started.includes(kept)) return `slot ${kept} does not start any more`;
  const broken = started.find((slot) => !holds(slot, OLD[slot]) && (slot === kept || !holds(slot, NEW)));
  return broken && `slot ${broken} starts, and is neither the old system nor the new one`;
}

const deployed = async (disk: RecordingDisk): Promise<Slot> => {
  const plan = planDeployment(disk, ofMemory(NEW));
  await deploy(disk, plan, ofMemory(NEW), () => undefined);
  return otherSlot(plan.slot);
};

const STATES: readonly [string, Partial<SlotState>, Slot][] = [
  ["both slots are good", {}, "a"],
  ["the second one starts", { order: ["b", "a"], booted: "b" }, "b"],
  ["the second one is on trial", { order: ["b", "a"], status: { a: "good", b: "pending" }, tries: 2, booted: "b" }, "a"],
  ["a trial was in vain", { order: ["b", "a"], status: { a: "good", b: "pending" }, tries: 0, booted: "a" }, "a"],
  ["a deployment was cut off before", { status: { a: "good", b: "writing" }, booted: "a" }, "a"],
];

describe.each(STATES)("where %s", async (_, state, kept) => {
  const base = diskIn(OLD, state);
  const disk = new RecordingDisk(base);
  const keptNow = await deployed(disk);
  const { steps } = disk;
  const writes = steps.filter(({ kind }) => kind === "write").length;

  test("the new system is in the other slot, and is tried first", () => {
    expect(keptNow).toBe(kept);
    const places = placesOn(disk);
    const slot = otherSlot(kept);
    expect(bootSteps(copiesOn(disk, places)).map((step) => step.kind === "start" ? step.slot : step.needed)).toEqual(
      expect.arrayContaining([true, slot, kept]),
    );
    expect(exactly(sourceOf(disk, places.slots[slot]), 0, NEW.length)).toEqual(NEW);
    expect(writes).toBeGreaterThan(NEW.length / SECTOR);
  });

  test("a cut at any write leaves the old system or the new one, whole; and deploying once more works", async () => {
    let cuts = 0;
    for (const cut of afterCuts(base, steps, new Random(12))) {
      expect(fault(cut, kept), `cut ${cuts}`).toBeUndefined();
      cuts += 1;
      if (cuts % 5 !== 0) continue;
      const again = await deployed(cut);
      expect(again).toBe(kept);
      expect(fault(cut, kept)).toBeUndefined();
    }
    expect(cuts).toBe(writes * VARIANTS);
  });
});

describe("this would be seen, if", async () => {
  const base = diskIn(OLD, { order: ["b", "a"], status: { a: "good", b: "pending" }, tries: 2 });
  const disk = new RecordingDisk(base);
  await deployed(disk);
  const all = withoutHistory(disk.steps, placesOn(disk));
  const faults = (steps: readonly DiskStep[]): number =>
    [...afterCuts(base, steps, new Random(12))].filter((cut) => fault(cut, "a") !== undefined).length;

  test("nothing were flushed", () => expect(faults(all.filter(({ kind }) => kind === "write"))).toBeGreaterThan(10));
  test("the slot were still started while it is written", () => expect(faults(all.slice(2))).toBeGreaterThan(10));
  test("the state were written before the slot", () => {
    const [invalid, flush, ...rest] = all;
    const [state, last] = rest.slice(-2);
    if (!invalid || !flush || !state || !last) throw new Error("no steps");
    expect(faults([invalid, flush, state, last, ...rest.slice(0, -2)])).toBeGreaterThan(10);
  });
});
