// Blobs that are not what the planner wrote, and what the core says to them.
import { crc32 } from "node:zlib";
import { expect } from "vitest";
import type { BlobRecord, FieldValue } from "../../partitions/blob/codec.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { encodeBlob } from "../../partitions/blob/write.ts";
import { machineFor } from "../../tools/machine/aarch64/core.ts";
import type { Range } from "../../tools/machine/memory.ts";
import { makeSystem } from "../../tools/machine/aarch64/system.ts";
import type { System, SystemSpec } from "../../tools/machine/aarch64/system.ts";

/** Everything behind the checksum is what it is of. */
const CHECKSUM_OFFSET = 12;
const CHECKED_FROM = 16;

export type Change = Readonly<Record<string, FieldValue>>;

export const show = (change: Change): string => Object.entries(change).map(([name, value]) => `${name} ${String(value)}`).join();

export class BlobBench {
  readonly system: System;

  constructor(spec: SystemSpec) {
    this.system = makeSystem(spec);
  }

  /** What a machine with this blob says at boot; "runs" if it starts guests. `memory`: that of its partitions. */
  boot(blob: Uint8Array = this.system.blob, memory: readonly Range[] = this.system.partitionMemory): string {
    const machine = machineFor({ ...this.system, blob, partitionMemory: memory });
    machine.boot();
    machine.uart.drain();
    const text = new TextDecoder().decode(Uint8Array.from(machine.uart.sent));
    if (machine.pcpu(0).phase !== "halted") return "runs";
    expect(machine.pcpus.slice(1).map(({ phase }) => phase)).toEqual(machine.pcpus.slice(1).map(() => "off"));
    expect(machine.writes.filter(({ pa }) => pa >= machine.board.imageBase + machine.board.imageSize)).toEqual([]);
    return text;
  }

  /** The blob with fields of one record changed, and a right checksum. */
  changed(kind: string, index: number, change: Change | ((before: BlobRecord) => Change)): Uint8Array {
    const blob = readBlob(this.system.blob);
    const { records } = blob;
    const list = (records[kind] ?? []).map((record, n) =>
      n === index ? { ...record, ...(typeof change === "function" ? change(record) : change) } : record,
    );
    return encodeBlob({ ...blob, records: { ...records, [kind]: list } });
  }

  /** The blob with each partition's regions in another order. */
  reordered(random: (below: number) => number): Uint8Array {
    const blob = readBlob(this.system.blob);
    const regions = [...(blob.records["Region"] ?? [])];
    for (const { regionFirst, regionCount } of blob.records["Partition"] ?? []) {
      const [first, count] = [Number(regionFirst), Number(regionCount)];
      const own = regions.slice(first, first + count).map((region) => ({ region, key: random(2 ** 16) }));
      regions.splice(first, count, ...own.sort((one, other) => one.key - other.key).map(({ region }) => region));
    }
    return encodeBlob({ ...blob, records: { ...blob.records, Region: regions } });
  }

  /** Header fields that encodeBlob derives can only be changed afterwards. */
  patched(offset: number, value: number): Uint8Array {
    const bytes = this.system.blob.slice();
    new DataView(bytes.buffer).setUint32(offset, value, true);
    return offset >= CHECKED_FROM ? this.resealed(bytes) : bytes;
  }

  /** Those bytes with a right checksum. */
  resealed(bytes: Uint8Array): Uint8Array {
    const sealed = bytes.slice();
    new DataView(sealed.buffer).setUint32(CHECKSUM_OFFSET, crc32(sealed.subarray(CHECKED_FROM)), true);
    return sealed;
  }

  headerWith(change: Change): Uint8Array {
    const blob = readBlob(this.system.blob);
    return encodeBlob({ ...blob, header: { ...blob.header, ...change } });
  }

  machineWith(change: Change): Uint8Array {
    const blob = readBlob(this.system.blob);
    return encodeBlob({ ...blob, machine: { ...blob.machine, ...change } });
  }
}
