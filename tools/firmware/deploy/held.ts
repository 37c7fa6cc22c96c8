// Whether the new image of one partition, which a slot is held for, runs: the hypervisor says which version does, and since when.
import type { Link } from "../../../industrial/link/link.ts";
import type { PartitionTelemetry } from "../../../industrial/link/telemetry.ts";
import type { Sectors } from "../disk/sectors.ts";
import { DeployError } from "./errors.ts";
import { updatedIn } from "./one-partition.ts";
import { placesOn, sourceOf, stateOn } from "./places.ts";
import { heldSlot } from "./state.ts";
import { wholeSystem } from "./system.ts";
import type { Slot } from "../slots.ts";

export interface Held {
  readonly slot: Slot;
  readonly index: number;
  readonly partition: string;
  readonly version: number;
  readonly healthyMicroseconds: number;
}

/** Undefined: no slot is held. Throws an error of ours where what is in it cannot be used. */
export function heldOn(disk: Sectors): Held | undefined {
  const places = placesOn(disk);
  const slot = heldSlot(stateOn(disk, places).state);
  if (slot === undefined) return undefined;
  const source = sourceOf(disk, places.slots[slot]);
  const updated = updatedIn(source, wholeSystem(source).fit);
  if (updated === undefined) throw new DeployError("AXV_DEPLOY_NOT_ALONE", "no partition has `update:`");
  return { slot, ...updated };
}

/** A partition's telemetry comes several times a second. */
const PATIENCE_MS = 10_000;
const NANOSECONDS = 1000n;

/** Throws a DeployError where its partition does not run with it, or not for `healthy_after` yet. */
export async function runsWithIt(link: Link, { slot, index, partition, version, healthyMicroseconds }: Held): Promise<void> {
  const telemetry = await nextOf(link, index);
  const why = whyNot(telemetry, version, BigInt(healthyMicroseconds) * NANOSECONDS);
  if (why !== undefined) throw new DeployError("AXV_SLOTS_NOT_RUNNING", slot, partition, String(version), why);
}

function nextOf(link: Link, index: number): Promise<PartitionTelemetry | undefined> {
  return new Promise((settle) => {
    const patience = setTimeout(() => settle(undefined), PATIENCE_MS);
    link.on("partition", (telemetry) => {
      if (telemetry.partition !== index) return;
      clearTimeout(patience);
      settle(telemetry);
    });
    link.once("close", () => {
      clearTimeout(patience);
      settle(undefined);
    });
  });
}

function whyNot(telemetry: PartitionTelemetry | undefined, version: number, healthy: bigint): string | undefined {
  if (telemetry === undefined) return "nothing is heard of it";
  const { state, uptime, update } = telemetry;
  if (update === undefined) return "the hypervisor there cannot update it";
  if (update.running !== version) return `runs version ${update.running}`;
  if (update.next !== version) return `begins with version ${update.next} next`;
  if (state !== "running") return `is ${state}`;
  if (uptime >= healthy) return undefined;
  const [ran, wanted] = [uptime, healthy].map((nanoseconds) => nanoseconds / 1_000_000_000n);
  return `has run for ${ran} s of the ${wanted} that \`healthy_after\` asks for`;
}
