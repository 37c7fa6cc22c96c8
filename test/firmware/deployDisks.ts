// A small disk with a system in each slot, and what a deployment does to it.
import { diskImage } from "../../tools/firmware/disk/image.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import { LocalDisk } from "../../tools/firmware/deploy/local-disk.ts";
import { placesOn } from "../../tools/firmware/deploy/places.ts";
import type { Places } from "../../tools/firmware/deploy/places.ts";
import { HISTORY_FIRST, HISTORY_SECTORS } from "../../tools/firmware/history.ts";
import { COPIES, UNKNOWN, writeState } from "../../tools/firmware/slots.ts";
import type { Slot, SlotState } from "../../tools/firmware/slots.ts";
import type { Layout } from "../../boards/layout.ts";
import { Load } from "../../partitions/images/contents.ts";
import { CONTENTS, fitOf, keyPair } from "./fits.ts";

export const PLANT = keyPair("plant", "rsa2048");

/** `seed`: no two have the same bytes. */
export function system(name: string, bytes: number, seed: number, compatible = CONTENTS.compatible): Buffer {
  const contents = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) contents.writeUInt32LE(Math.imul(at + seed, 0x9e37_79b1) >>> 0, at);
  return fitOf(new Load(bytes, [{ at: 0, contents }]), [PLANT], { ...CONTENTS, name, compatible });
}

/** 1 MiB a slot, where nobody says more. */
const SLOT_SECTORS = 2048;
const layout: Layout = {
  table: "gpt", sectors: 32_768, reserved: [], slots: { sectors: SLOT_SECTORS }, boot: { sectors: 8192 }, load: 0x4800_0000,
};
const ram = [{ base: 0x4000_0000, size: 0x4000_0000 }];
const boot = { image: 0x4020_0000, conduit: "smc" } as const;

export function diskWith(fit: Buffer, table: "gpt" | "mbr" = "gpt", slot = SLOT_SECTORS): Buffer {
  const sectors = layout.sectors + 2 * (slot - SLOT_SECTORS);
  const sized = { ...layout, table, sectors, slots: { sectors: slot } };
  const board = { isa: "aarch64" as const, name: "small", ram, reserved: [], boot, layout: sized };
  const stream = diskImage(board, { content: { length: fit.length, chunks: () => [fit] }, start: "bootm" });
  return Buffer.concat(Array.from(stream.chunks(), (chunk) => Buffer.from(chunk)));
}

/** Each slot has its own. `state`: in the first copy; in the second one an older state, by which both are good. */
export function diskIn(systems: Readonly<Record<Slot, Buffer>>, state: Partial<SlotState>, slot = SLOT_SECTORS): Buffer {
  const disk = diskWith(systems.a, "gpt", slot);
  const places = placesOn(new RecordingDisk(disk));
  disk.set(systems.b, places.slots.b.first * SECTOR);
  const copies = [writeState({ ...UNKNOWN, generation: 7n, ...state }), writeState({ ...UNKNOWN, generation: 6n })];
  for (const [copy, bytes] of copies.entries()) disk.set(bytes, (places.state.first + (COPIES[copy] ?? 0)) * SECTOR);
  return disk;
}

export type DiskStep =
  | { readonly kind: "write"; readonly sector: number; readonly bytes: Uint8Array }
  | { readonly kind: "flush" };

/** What is done of all these with slots and state: nobody's start hangs on the history. */
export function withoutHistory(steps: readonly DiskStep[], { state }: Places): DiskStep[] {
  const [from, to] = [state.first + HISTORY_FIRST, state.first + HISTORY_FIRST + HISTORY_SECTORS];
  const isHistory = (step: DiskStep | undefined): boolean => step?.kind === "write" && step.sector >= from && step.sector < to;
  return steps.filter((step, n) => !isHistory(step) && !(step.kind === "flush" && isHistory(steps[n - 1])));
}

/** A disk of which each sector that is written, and each flush, is remembered. What `base` has stays as it is. */
export class RecordingDisk extends LocalDisk {
  readonly name = "disk.img";
  readonly model = undefined;
  readonly count: number;
  readonly steps: DiskStep[] = [];
  readonly #base: Uint8Array;
  readonly #written = new Map<number, Uint8Array>();

  constructor(base: Uint8Array) {
    super();
    this.#base = base;
    this.count = Math.floor(base.length / SECTOR);
  }

  read(first: number, sectors: number): Uint8Array {
    this.#check(first, sectors);
    const bytes = Uint8Array.from(this.#base.subarray(first * SECTOR, (first + sectors) * SECTOR));
    for (let n = 0; n < sectors; n++) {
      const written = this.#written.get(first + n);
      if (written !== undefined) bytes.set(written, n * SECTOR);
    }
    return bytes;
  }

  write(first: number, bytes: Uint8Array): void {
    this.#check(first, bytes.length / SECTOR);
    for (let at = 0; at < bytes.length; at += SECTOR) {
      const sector = Uint8Array.from(bytes.subarray(at, at + SECTOR));
      const step = { kind: "write", sector: first + at / SECTOR, bytes: sector } as const;
      this.#written.set(step.sector, step.bytes);
      this.steps.push(step);
    }
  }

  flush(): void {
    this.steps.push({ kind: "flush" });
  }

  #check(first: number, sectors: number): void {
    const areCounts = [first, sectors].every((each) => Number.isSafeInteger(each) && each >= 0);
    if (!areCounts || first + sectors > this.count)
      throw new RangeError(`sectors ${first} to ${first + sectors} of ${this.count}`);
  }
}
