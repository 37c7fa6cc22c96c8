// AArch64, as the tests that are the same for every ISA try it out.
import type { Board } from "../../../../tools/machine/aarch64/board.ts";
import { qemuVirt, qemuVirtGicv2 } from "../../../../tools/machine/aarch64/board.ts";
import { instrumentedCore } from "../../../../tools/machine/aarch64/core.ts";
import { LINUX, mailbox, PLC, STANDARD } from "../../../../tools/machine/aarch64/system.ts";
import type { PartitionSpec, SystemSpec } from "../../../../tools/machine/aarch64/system.ts";
import type { Trial } from "../trial.ts";
import { hostile, orderly } from "./actions.ts";
import type { OwnAction } from "./actions.ts";
import { Aarch64World } from "./world.ts";

const FIRST: PartitionSpec = { ...LINUX, onFailure: "restart" };
const FAILING: SystemSpec = { ...STANDARD, partitions: [FIRST, PLC] };
/** A budget for each millisecond, which is also the tick. */
const LIMITED: PartitionSpec = { ...FIRST, bandwidth: { budget: 128_000, refills: 1000, periodMicroseconds: 1000 } };
const MAILED: PartitionSpec = { ...PLC, regions: [...PLC.regions, mailbox(0x5000_1000, 0x5000_1000)] };
/** No spare pCPU: both partitions have two vCPUs, and the housekeeper runs a guest. */
const crowded = (direct: boolean): SystemSpec =>
  ({ ...FAILING, housekeeper: 0, partitions: [FIRST, { ...PLC, cpus: [3, 2], direct }] });
/** The first partition races, its neighbour looks on. */
export const racing = (board: Board, direct: boolean): SystemSpec =>
  ({ ...STANDARD, board, partitions: [{ ...FIRST, direct }, PLC] });

export const AARCH64_TRIAL: Trial<SystemSpec, OwnAction> = {
  name: "aarch64",
  standard: STANDARD,
  systems: [
    ["a partition of two vCPUs, one of one vCPU, a spare pCPU", FAILING],
    ["no spare pCPU: the housekeeper runs a guest, and both partitions have two vCPUs", crowded(false)],
    ["two list registers only", { ...FAILING, board: { ...qemuVirt, listRegisters: 2 } }],
    ["a direct partition", { ...FAILING, partitions: [FIRST, { ...PLC, direct: true }] }],
    ["a partition with a bandwidth, one with a mailbox", { ...FAILING, partitions: [LIMITED, MAILED] }],
    ["a direct partition of two vCPUs, no spare pCPU", crowded(true)],
    ["GICv2, no spare pCPU", { ...crowded(false), board: qemuVirtGicv2 }],
    [
      "GICv2, a direct partition of two vCPUs, two list registers",
      { ...crowded(true), board: { ...qemuVirtGicv2, listRegisters: 2 } },
    ],
  ],
  // With GICv2 the lifecycle is the same code: some races will do.
  racing: [
    { name: "injected", spec: racing(qemuVirt, false), all: true },
    { name: "direct", spec: racing(qemuVirt, true), all: true },
    { name: "direct, GICv2", spec: racing(qemuVirtGicv2, true), all: false },
  ],
  orderly: (alphabet, { board }) => orderly(alphabet, board.gicVersion === 2),
  hostile: (alphabet, { board }) => hostile(alphabet, board.gicVersion === 2),
  world: (spec, core) => new Aarch64World(spec, core),
  instrumentedCore,
};
