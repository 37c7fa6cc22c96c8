// The whole disk of a board: its table, boot.scr in the boot partition, the same system in both slots, and their state. Nothing
// is in firmware's sectors, and nothing in data.
import type { Isa } from "../../../boards/isa.ts";
import type { Board } from "../../../boards/schema.ts";
import { HEADER_SIZE } from "../../../partitions/images/arm64-image.ts";
import type { Load } from "../../../partitions/images/contents.ts";
import { recognise } from "../../../partitions/images/recognise.ts";
import { placeDisk, SECTOR } from "../../../partitions/plan/disk.ts";
import type { DiskPlan } from "../../../partitions/plan/disk.ts";
import { contains, end, formatSpan, gapsOf, overlaps } from "../../../partitions/units.ts";
import type { Span } from "../../../partitions/units.ts";
import type { Stream } from "../../output/write.ts";
import { bootScript, TREE_ROOM } from "../boot-script.ts";
import type { Start } from "../boot-script.ts";
import { writeScript } from "../script-image.ts";
import { COPIES, UNKNOWN, writeState } from "../slots.ts";
import { DiskError } from "./errors.ts";
import { writeFat16 } from "./fat16.ts";
import { LEGACY_BOOTABLE, writeGpt } from "./gpt.ts";
import { guidBytes, guidOf } from "./guid.ts";
import { MBR_TYPES, writeMbr } from "./mbr.ts";
import { viewOf } from "./sectors.ts";
import type { Extent, SectorRange } from "./sectors.ts";
import { DiskStream } from "./stream.ts";

/** Partitions as this project calls them, and what type they are of. Slots are of a type of our own. */
export const GPT_TYPES = {
  boot: "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", // what Windows has FATs in, too
  slot: guidOf("axv-part slot"),
  state: "3DE21764-95BD-54BD-A5C3-4ABE786F38A8", // an environment of U-Boot's
  data: "0FC63DAF-8483-4772-8E79-3D69D8477DE4", // a Linux file system
} as const;

/** A system as it lies in a slot. */
export interface Payload {
  readonly content: Load | Stream;
  readonly start: Start;
}

const FDT_MAGIC = 0xd00d_feed;

/** How what begins like this is started; undefined: not at all. */
export function startOf(first: Uint8Array): Start | undefined {
  if (first.length >= 4 && viewOf(first).getUint32(0) === FDT_MAGIC) return "bootm";
  return isBootImage(first) ? "booti" : undefined;
}

/** By its header, of either ISA. */
export const isBootImage = (first: Uint8Array): boolean =>
  first.length >= HEADER_SIZE && ["arm64-image", "riscv-image"].includes(recognise(first).format);

/**
 * What bootm takes of a FIT, behind its address: where U-Boot picks the configuration by the board's tree, nothing. Stock ones
 * for RISC-V cannot (CONFIG_FIT_BEST_MATCH): there boot.scr names it, and who looks whether it is the board is the image itself.
 */
const CONFIGURATION: Readonly<Record<Isa, string>> = { aarch64: "", riscv64: "#conf-1" };

/** What of a board a disk is made of. */
export type DiskBoard = Pick<Board, "isa" | "name" | "layout" | "ram" | "reserved" | "boot">;

const rangeOf = ({ base, size }: Span): SectorRange => ({ first: base, sectors: size });

/** Throws a DiskError where the board has no layout, or one that cannot be: before anything is built. */
export function diskPlan({ name, layout, ram, reserved, boot }: DiskBoard): { plan: DiskPlan; load: number; sectors: number } {
  const plan = layout && placeDisk(layout);
  if (layout === undefined || plan === undefined || "key" in plan) throw new DiskError("AXV_DISK_LAYOUT", name);
  const slot = plan.a.size * SECTOR;
  const loaded = { base: layout.load, size: slot + TREE_ROOM };
  const image = { base: boot.image, size: slot };
  if (!gapsOf(ram, reserved).some((bank) => contains(bank, loaded)) || overlaps(loaded, image))
    throw new DiskError("AXV_DISK_LOAD", name, formatSpan(loaded), formatSpan(image));
  return { plan, load: layout.load, sectors: layout.sectors };
}

/** Throws a DiskError as `diskPlan` does, and where the system is larger than a slot. */
export function diskImage(board: DiskBoard, payload: Payload): DiskStream {
  const { plan, load, sectors } = diskPlan(board);
  const { length } = payload.content;
  if (length > plan.a.size * SECTOR)
    throw new DiskError("AXV_DISK_SLOT", board.name, String(length), String(plan.a.size * SECTOR));
  const identity = `axv-part ${board.name} ${JSON.stringify(plan)}`;
  const start = payload.start === "bootm" ? { start: payload.start, fit: CONFIGURATION[board.isa] } : { start: payload.start };
  const script = writeScript("boot.scr", bootScript(plan, load, board.boot.image, start));
  const volume = viewOf(guidBytes(guidOf(`${identity} boot`))).getUint32(0, true);
  const fat = writeFat16(plan.boot.size, plan.boot.base, volume, "boot", [{ name: "boot.scr", bytes: script }]);
  const state = writeState({ ...UNKNOWN, generation: 1n });
  const table = plan.table.length === 1 ? mbrOf(identity, plan) : gptOf(identity, plan, sectors);
  return new DiskStream(sectors, [
    ...table.map(({ sector, bytes }) => ({ sector, content: bytes })),
    ...fat.map(({ sector, bytes }) => ({ sector: plan.boot.base + sector, content: bytes })),
    ...[plan.a, plan.b].map(({ base }) => ({ sector: base, content: payload.content })),
    ...COPIES.map((copy) => ({ sector: plan.state.base + copy, content: state })),
  ]);
}

function gptOf(identity: string, { boot, a, b, state, data }: DiskPlan, sectors: number): Extent[] {
  const partition = (name: string, type: string, span: Span, attributes = 0n) => ({
    type, guid: guidOf(`${identity} ${name}`), attributes, name, ...rangeOf(span),
  });
  return writeGpt(sectors, guidOf(identity), [
    partition("boot", GPT_TYPES.boot, boot, LEGACY_BOOTABLE),
    partition("slot-a", GPT_TYPES.slot, a),
    partition("slot-b", GPT_TYPES.slot, b),
    partition("state", GPT_TYPES.state, state),
    ...(data === undefined ? [] : [partition("data", GPT_TYPES.data, data)]),
  ]);
}

/** An MBR has four partitions: slots and state are one. */
function mbrOf(identity: string, { boot, a, state, data }: DiskPlan): Extent[] {
  const signature = viewOf(guidBytes(guidOf(identity))).getUint32(0, true);
  return [
    writeMbr(signature, [
      { type: MBR_TYPES.fat16, boots: true, ...rangeOf(boot) },
      { type: MBR_TYPES.raw, boots: false, first: a.base, sectors: end(state) - a.base },
      ...(data === undefined ? [] : [{ type: MBR_TYPES.linux, boots: false, ...rangeOf(data) }]),
    ]),
  ];
}
