// What a partition begins with in its memory (core/loads.ts): zeros that the image has only a page of.
import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { writeBlob } from "../../partitions/blob/write.ts";
import { machineFor } from "../../tools/machine/aarch64/core.ts";
import { ENTRY_OFFSET, LINUX, makeSystem, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench } from "./bench.ts";

const RAM = 0x4800_0000; // of PLC
const START = RAM + ENTRY_OFFSET;
const DIRTY = 0xa5;

describe.each([
  ["whole pages", 4096, 0x8000],
  ["that begin and end within pages", 1000, 0x9240],
  ["one line more than a page", 64, 0x1040],
  ["more than a step of copying", 8128, 0x2_1000],
])("zeros behind an image: %s", (_, bytes, zeros) => {
  const image = new Uint8Array(bytes).map((_, n) => (n % 251) + 1);
  const size = Math.ceil(bytes / 64) * 64 + zeros;
  const bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, image, zeros, autostart: false }] });
  const { memory } = bench.machine;
  const inMemory = (): Uint8Array => memory.readBytes(START, size + 64);
  const expected = Uint8Array.from({ length: size + 64 }, (_, n) => image[n] ?? (n < size ? 0 : DIRTY));

  test("at the first start, and at each one after that; what is behind them stays as it is", () => {
    for (const command of [abi.COMMAND_START, abi.COMMAND_RESTART]) {
      memory.writeBytes(START, new Uint8Array(size + 64).fill(DIRTY));
      expect(bench.command(1, command)).toBe(abi.REPLY_OK);
      expect(bench.partition(1).state).toBe("running");
      expect(Buffer.compare(inMemory(), expected)).toBe(0);
    }
  });
});

test("each image of a partition goes to its own place: two of either partition", () => {
  const APART = 0x2_0000;
  const system = makeSystem(STANDARD);
  const partitions = system.plan.partitions.map((planned) => ({
    ...planned,
    loads: planned.loads.flatMap((load) =>
      [0, 1].map((n) => ({ ...load, source: load.source + (n * load.size) / 2, ipa: load.ipa + n * APART, size: load.size / 2 })),
    ),
  }));
  const machine = machineFor({ ...system, blob: writeBlob({ ...system.plan, partitions }) });
  machine.boot();
  for (const [n, { image = new Uint8Array() }] of STANDARD.partitions.entries()) {
    const half = (partitions[n]?.loads[0]?.size ?? 0);
    const at = (partitions[n]?.regions[0]?.pa ?? 0) + ENTRY_OFFSET;
    const found = [0, APART].flatMap((offset) => [...machine.memory.readBytes(at + offset, half)]);
    expect(found.slice(0, image.length)).toEqual([...image]);
  }
});
