// The plant of the endurance run: what the three programs of it have to agree on (load.ts, tag-reader.ts, inside.ts).
import type { PartitionTags } from "../../../partitions/tags/table.ts";

export const TAGS = 40;
/** So many change with each scan. */
export const CHANGING = 4;
/** Of the board that it runs on. */
export const COUNTER_HZ = 62_500_000;
/** Of a plant. */
export const SCANS_PER_SECOND = 20;

const numbers = Array.from(
  { length: TAGS },
  (_, k) => `      - { name: T${k}, type: f32, unit: m, register: ${10 + 2 * k} }`,
).join("\n");
export const SYSTEM = `
board: qemu-aarch64
partitions:
  plc:
    guest: plc
    cpus: [3]
    memory: 16M
    tags:
      - { name: Setpoint, type: i16, range: [0, 100], access: rw, register: 0 }
${numbers}
  linux: { guest: linux, cpus: [0, 1], memory: 256M }
channels:
  values: { between: [plc, linux], carries: tags }
`;

/** What the reader is told, in a file. */
export interface ReaderOrder {
  readonly table: PartitionTags;
  /** So many as fast as this, then as a plant does. */
  readonly scans: number;
  readonly perSecond: number;
}
/** Names that file. */
export const ORDER_VARIABLE = "AXV_STEADY_ORDER";

/** What the bridge says of itself when it is asked, with its garbage collected. */
export interface Usage {
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
  readonly descriptors: number;
  /** Microseconds of processor time, from its start. */
  readonly cpu: number;
}
