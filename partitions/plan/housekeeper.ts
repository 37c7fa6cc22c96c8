// Which pCPU keeps house: drains consoles, sends telemetry, looks after watchdogs and mailboxes, once a tick.
import type { Board } from "../../boards/schema.ts";
import { isaOf, pcpusOf } from "../isas.ts";
import type { PartitionRequest } from "../request.ts";

export interface Housekeeper {
  readonly cpu: number;
  /** Whose pCPU it is, when that is a real-time partition. */
  readonly realtimeOwner: PartitionRequest | undefined;
}

/**
 * A direct partition's pCPU takes no interrupt of the hypervisor's, so no tick; where bandwidth is limited, the timer of
 * the tick measures the periods; and a PMU that counts the hypervisor would tell its owner what others do.
 */
export const keepsNoHouse = (board: Board, { fields: { interrupts, bandwidth, pmu } }: PartitionRequest): boolean =>
  (interrupts === "direct" && !isaOf(board).DIRECT_KEEPS_HOUSE) ||
  bandwidth !== undefined ||
  (pmu === true && isaOf(board).countsHypervisor(board));

/** A spare pCPU if there is one; or the first one of a partition that is not real-time, or else of any; undefined: none can. */
export function chooseHousekeeper(board: Board, partitions: readonly PartitionRequest[]): Housekeeper | undefined {
  const owned = new Set(partitions.flatMap(({ fields }) => fields.cpus ?? []));
  const spare = pcpusOf(board).find((cpu) => !owned.has(cpu));
  if (spare !== undefined) return { cpu: spare, realtimeOwner: undefined };
  const able = partitions.filter((partition) => !keepsNoHouse(board, partition));
  const relaxed = able.find(({ profile }) => profile?.realtime === false);
  const owner = relaxed ?? able[0];
  const cpu = owner?.fields.cpus?.[0];
  return cpu === undefined ? undefined : { cpu, realtimeOwner: relaxed === undefined ? owner : undefined };
}
