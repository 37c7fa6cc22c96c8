// The system that a bridge shows: what of a planned one it needs. Where it is planned that is made of
// system.yaml; where it runs there is neither a compiler for device trees nor an image: there it is read as JSON,
// as `axv-part bridge pack` has written it.
import { readFileSync } from "node:fs";
import * as z from "zod";
import type { PlannedSystem } from "../../partitions/index.ts";
import type { Plan, PlannedUpdate } from "../../partitions/plan/plan.ts";
import type { TagTable } from "../../partitions/tags/table.ts";
import type { PartitionPlan } from "../live/monitor.ts";
import type { SystemMap } from "../web/protocol.ts";
import { BridgeError } from "./errors.ts";

export interface BridgeSystem {
  readonly plan: Pick<Plan, "board" | "counterHz" | "isa" | "version"> & {
    /** Of the partition that can be updated by itself, the index. */
    readonly update?: Pick<PlannedUpdate, "partition">;
    readonly partitions: readonly (Pick<Plan["partitions"][number], "channels" | "tagImage"> & PartitionPlan)[];
  };
  readonly tags: Pick<PlannedSystem["tags"], "table" | "slots">;
  /** Who has what, for the live page; undefined: this has not been told. */
  readonly map?: SystemMap | undefined;
}

/** Of what is written; another one is read by nobody. */
const FORMAT = 3;

export const isPacked = (path: string): boolean => path.endsWith(".json");

export function formatPacked({ plan, tags, map }: BridgeSystem): string {
  const partitions = plan.partitions.map(
    ({ name, channels, tags: guestTags, tagImage, guest, autostart, prints, direct, bandwidth, ways }) => ({
      name,
      channels,
      tags: guestTags,
      tagImage,
      guest,
      autostart,
      prints,
      direct,
      bandwidth,
      ways,
    }),
  );
  const { board, counterHz, isa, version } = plan;
  const updated = plan.update?.partition;
  const table = { table: tags.table, slots: [...tags.slots] };
  const system = { format: FORMAT, board, isa, counterHz, version, updated, partitions, map, ...table };
  return `${JSON.stringify(system)}\n`;
}

/** Nobody writes it by hand: its outline is checked, and that it is of this version. */
const Packed = z.object({
  format: z.literal(FORMAT),
  board: z.string(),
  isa: z.literal("riscv64").optional(),
  counterHz: z.number().nullable(),
  version: z.string().optional(),
  updated: z.int().optional(),
  map: z.looseObject({ board: z.string() }).optional(),
  partitions: z.array(
    z.looseObject({
      name: z.string(),
      guest: z.string(),
      direct: z.boolean(),
      channels: z.array(z.looseObject({ name: z.string() })),
      tags: z.array(z.looseObject({ name: z.string() })),
      tagImage: z.looseObject({ overLink: z.boolean() }).nullable(),
    }),
  ),
  table: z.array(
    z.looseObject({ partition: z.string(), size: z.int(), tags: z.array(z.looseObject({ name: z.string(), offset: z.int() })) }),
  ),
  slots: z.array(z.tuple([z.string(), z.int()])),
});

export function readPacked(path: string): BridgeSystem {
  let written: unknown;
  try {
    written = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new BridgeError("AXV_BRIDGE_SYSTEM", path, error instanceof Error ? error.message : String(error));
  }
  const { data, success } = Packed.safeParse(written);
  if (!success)
    throw new BridgeError("AXV_BRIDGE_SYSTEM", path, `it is not what this version of axv-part writes (format ${FORMAT})`);
  const { board, isa, counterHz, version, updated, partitions, map, table, slots } = data;
  return {
    plan: {
      board,
      ...(isa !== undefined && { isa }),
      counterHz,
      ...(version !== undefined && { version }),
      ...(updated !== undefined && { update: { partition: updated } }),
      partitions: partitions as unknown as BridgeSystem["plan"]["partitions"],
    },
    tags: { table: table as unknown as TagTable, slots: new Map(slots) },
    map: map as unknown as SystemMap | undefined,
  };
}
