// The Modbus map of a system: where its tags are, and behind them what the bridge itself has to say. One map for all partitions,
// counted from 0. Holding registers (FC 3) and input registers (FC 4) read the same, and so do coils (FC 1) and discrete inputs
// (FC 2); what may be written is written by the holding registers' and coils' functions.
//
//       0 …            tags, as the lock file says
//  60,000 …            test values: a client whose word order is right reads these
//  60,100 + 100·slot   state of the partition of that slot
//  61,000 + 200·slot   what its guest publishes by HYPERCALL_TAG_PUBLISH, four registers each, by tag index
import type { PlannedTag } from "../plan/plan.ts";
import { REGISTERS_END } from "./schema.ts";
import type { Scalar } from "./type.ts";
import { isBit, registersOf } from "./table.ts";
import type { TagTable } from "./table.ts";
import { formatType, parseType } from "./type.ts";

/** One value of the map. */
export interface RegisterRow {
  readonly kind: "bits" | "registers";
  readonly first: number;
  readonly count: number;
  readonly name: string;
  readonly type: string;
  readonly writable: boolean;
  readonly unit: string;
  readonly range: string;
  readonly meaning: string;
}

export const TEST_AT = REGISTERS_END;
/** Byte k of each is k + 1, and the f32 is a number that no other word order makes anything near of. */
export const TEST_VALUES = [
  { name: "test.u16", type: "u16", at: 0, value: 0x0102n },
  { name: "test.u32", type: "u32", at: 1, value: 0x0102_0304n },
  { name: "test.u64", type: "u64", at: 3, value: 0x0102_0304_0506_0708n },
  { name: "test.f32", type: "f32", at: 7, value: 123.5 },
] as const;

export const STATE_AT = REGISTERS_END + 100;
export const STATE_STRIDE = 100;
/** The partition's own state, and how old it is. */
export const STATE_VALUES = [
  { name: "state", type: "u16", at: 0, unit: "", meaning: "0 off, 1 running, 2 stopping, 3 failed, 4 inspect, 5 paused" },
  { name: "quality", type: "u16", at: 1, unit: "", meaning: "of all its values: 0 good, 1 uncertain (old), 2 bad" },
  { name: "age", type: "u32", at: 2, unit: "ms", meaning: "since it was last heard of; 4,294,967,295: never" },
  { name: "uptime", type: "u32", at: 4, unit: "s", meaning: "since its last start" },
  { name: "restarts", type: "u32", at: 6, unit: "", meaning: "times that it has started again" },
  { name: "watchdog_expired", type: "u32", at: 8, unit: "", meaning: "times that its watchdog has expired" },
  { name: "console_dropped", type: "u32", at: 10, unit: "", meaning: "characters of its console that were lost" },
] as const satisfies readonly { name: string; type: Scalar; at: number; unit: string; meaning: string }[];

export const GUEST_AT = REGISTERS_END + 1000;
export const GUEST_STRIDE = 200;
export const GUEST_TYPE = parseType("u64");
const GUEST_REGISTERS = registersOf(GUEST_TYPE);

/** A partition as the map needs it. */
export interface MappedPartition {
  readonly name: string;
  readonly slot: number;
  readonly guestTags: readonly PlannedTag[];
}

/** What a guest's own tag, "jitter max", is called in protocols: plc.guest.jitter_max. */
export const guestTagName = (partition: string, name: string): string =>
  `${partition}.guest.${name.replace(/[^A-Za-z0-9_]+/g, "_")}`;

export const guestTagRegister = (slot: number, index: number): number => GUEST_AT + GUEST_STRIDE * slot + GUEST_REGISTERS * index;

/** Everything, in the order of its addresses: bits first. */
export function registerMap(table: TagTable, partitions: readonly MappedPartition[]): RegisterRow[] {
  const rows: RegisterRow[] = table.flatMap(({ partition, tags }) =>
    tags.map((tag) => ({
      kind: isBit(tag.type) ? "bits" : "registers",
      first: tag.register,
      count: registersOf(tag.type),
      name: `${partition}.${tag.name}`,
      type: formatType(tag.type),
      writable: tag.writable,
      unit: tag.unit ?? "",
      range: tag.range === undefined ? "" : tag.range.join("…"),
      meaning: tag.description ?? "",
    })),
  );
  const fixed = (name: string, type: string, first: number, count: number, unit: string, meaning: string): void =>
    void rows.push({ kind: "registers", first, count, name, type, writable: false, unit, range: "", meaning });
  for (const { name, type, at, value } of TEST_VALUES)
    fixed(
      name,
      type,
      TEST_AT + at,
      widthOf(type),
      "",
      `always ${typeof value === "bigint" ? `0x${value.toString(16).padStart(2 * 2 * widthOf(type), "0")}` : value}`,
    );
  for (const { name, slot, guestTags } of partitions) {
    for (const value of STATE_VALUES)
      fixed(
        `${name}.${value.name}`,
        value.type,
        STATE_AT + STATE_STRIDE * slot + value.at,
        widthOf(value.type),
        value.unit,
        value.meaning,
      );
    for (const [index, tag] of guestTags.entries())
      fixed(
        guestTagName(name, tag.name),
        "u64",
        guestTagRegister(slot, index),
        GUEST_REGISTERS,
        tag.unit === "ns" ? "ns" : "",
        tag.name,
      );
  }
  return rows.sort((a, b) => (a.kind === b.kind ? a.first - b.first : a.kind === "bits" ? -1 : 1));
}

const widthOf = (type: Scalar): number => registersOf(parseType(type));
