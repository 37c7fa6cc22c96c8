// A system whose lists are as long as a blob can have them: what the core has most to check and to do with before any guest runs.
import { MAX_INITS, MAX_MATCHES, MAX_REGIONS } from "../../partitions/blob/layout.table.ts";
import { withPartitions } from "../../partitions/plan/plan.ts";
import type { Plan, PlannedInit, PlannedMatch, PlannedRegion } from "../../partitions/plan/plan.ts";

/** In each table of 512 pages one. */
const WINDOW_STEP = 0x20_0000;
const PAGE = 0x1000;
/** Two of a transport's registers, which can be written also where no device is behind it. */
const REGISTERS = [0x14, 0x24];
const EVERY_BIT = 0xffff_ffff;

/** Of QEMU's virt. */
interface Places {
  /** What it has for PCIe: nothing answers there, and nobody looks. */
  readonly windows: number;
  /** Its virtio-mmio transports, and how the device tree calls the first one. */
  readonly transports: { readonly at: number; readonly bytes: number; readonly count: number; readonly path: string };
}
export const LONGEST_ON_AARCH64: Places = {
  windows: 0x1000_0000, transports: { at: 0x0a00_0000, bytes: 0x200, count: 32, path: "/virtio_mmio@" },
};
export const LONGEST_ON_RISCV64: Places = {
  windows: 0x4000_0000, transports: { at: 0x1000_1000, bytes: 0x1000, count: 8, path: "/soc/virtio_mmio@" },
};

const counted = <T,>(length: number, make: (n: number) => T): T[] => Array.from({ length }, (_, n) => make(n));
const transport = ({ transports: { at, bytes, count } }: Places, n: number): number => at + (n % count) * bytes;

/** One page each. */
function window({ windows }: Places, n: number): PlannedRegion {
  const at = windows + n * WINDOW_STEP;
  return { name: `window ${n}`, ipa: at, pa: at, size: PAGE, kind: "device", access: "rw" };
}

const init = (places: Places, n: number): PlannedInit => ({
  pa: transport(places, Math.floor(n / REGISTERS.length)) + (REGISTERS[n % REGISTERS.length] ?? 0),
  mask: EVERY_BIT,
  value: 0,
  by: "bench",
});

/** Of nodes whose names differ in their last characters only. */
const match = (places: Places, n: number): PlannedMatch => ({
  path: places.transports.path + transport(places, n).toString(16),
  property: "compatible",
  how: "is",
  value: "virtio,mmio",
});

/** The plan of a system of one partition. */
export const withLongestLists = (plan: Plan, places: Places): Plan => ({
  ...withPartitions(plan, ({ regions }) => ({
    regions: [...regions, ...counted(MAX_REGIONS - regions.length, (n) => window(places, n))],
  })),
  inits: counted(MAX_INITS, (n) => init(places, n)),
  firmwareTree: { expected: true, matches: counted(MAX_MATCHES, (n) => match(places, n)) },
});
