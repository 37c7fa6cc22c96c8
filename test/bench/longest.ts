// A system whose lists are as long as a blob can have them: what the core has most to check and to do with before any guest runs.
import { MAX_INITS, MAX_MATCHES, MAX_REGIONS } from "../../partitions/blob/layout.table.ts";
import type {
  Aarch64Plan as Plan, PlannedInit, PlannedMatch, Aarch64PlannedPartition as PlannedPartition, PlannedRegion,
} from "../../partitions/plan/plan.ts";

/** What QEMU's virt has for PCIe: nothing answers there, and nobody looks. */
const WINDOWS_AT = 0x1000_0000;
/** In each table of 512 pages one. */
const WINDOW_STEP = 0x20_0000;
const PAGE = 0x1000;
/** Its virtio-mmio transports, without a device behind them; two of their registers, which can be written all the same. */
const TRANSPORTS_AT = 0x0a00_0000;
const TRANSPORT_BYTES = 0x200;
const TRANSPORTS = 32;
const REGISTERS = [0x14, 0x24];
const EVERY_BIT = 0xffff_ffff;

const counted = <T,>(length: number, make: (n: number) => T): T[] => Array.from({ length }, (_, n) => make(n));
const transport = (n: number): number => TRANSPORTS_AT + (n % TRANSPORTS) * TRANSPORT_BYTES;

/** One page each. */
function window(n: number): PlannedRegion {
  const at = WINDOWS_AT + n * WINDOW_STEP;
  return { name: `window ${n}`, ipa: at, pa: at, size: PAGE, kind: "device", access: "rw" };
}

const init = (n: number): PlannedInit => ({
  pa: transport(Math.floor(n / REGISTERS.length)) + (REGISTERS[n % REGISTERS.length] ?? 0),
  mask: EVERY_BIT,
  value: 0,
  by: "bench",
});

/** Of nodes whose names differ in their last characters only. */
const match = (n: number): PlannedMatch => ({
  path: `/virtio_mmio@${transport(n).toString(16)}`,
  property: "compatible",
  how: "is",
  value: "virtio,mmio",
});

const withWindows = (partition: PlannedPartition): PlannedPartition => ({
  ...partition,
  regions: [...partition.regions, ...counted(MAX_REGIONS - partition.regions.length, window)],
});

/** The plan of a system of one partition. */
export const withLongestLists = (plan: Plan): Plan => ({
  ...plan,
  partitions: plan.partitions.map(withWindows),
  inits: counted(MAX_INITS, init),
  firmwareTree: { expected: true, matches: counted(MAX_MATCHES, match) },
});
