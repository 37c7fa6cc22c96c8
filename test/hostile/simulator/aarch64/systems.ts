// The systems that are attacked on the simulated machine: an attacker of two vCPUs, a bystander like the PLC guest of one, a
// channel between them, a spare pCPU; with each version of the GIC, and with the interrupts of both of them injected and direct.
import { qemuVirt, qemuVirtGicv2 } from "../../../../tools/machine/aarch64/board.ts";
import type { Board } from "../../../../tools/machine/aarch64/board.ts";
import { device, edge, level, mailbox, ram, shared } from "../../../../tools/machine/aarch64/system.ts";
import type { PartitionSpec, SystemSpec } from "../../../../tools/machine/aarch64/system.ts";
import { ATTACKER, BYSTANDER } from "../attack.ts";
import type { Field } from "../attack.ts";

const MIB = 0x10_0000;
/** Above all that there is physically. */
const ATTACKER_RAM = 0x1_0000_0000;
const RTC = 0x0901_0000;
const RTC_SPI = 34;

const attacker: PartitionSpec = {
  name: ATTACKER,
  cpus: [1, 2],
  regions: [
    ram(ATTACKER_RAM, 0x6000_0000, 2 * MIB), device(RTC, 0x1000), shared(0x7000_0000, 0x5000_0000),
    mailbox(0x7000_1000, 0x5000_1000),
  ],
  interrupts: [level(180), level(181), level(RTC_SPI), edge(232), edge(233)],
  consoleInterrupt: 232,
  channels: [{
    name: "process-image", ipa: 0x7000_0000, size: 0x1000, peer: 1, doorbell: 235, interrupt: 233, carriesImage: false,
    carriesTags: false,
  }],
  onFailure: "restart",
  watchdogMicroseconds: 50_000,
  image: Uint8Array.from({ length: 256 }, (_, n) => (n * 7 + 1) & 0xff),
};

const bystander: PartitionSpec = {
  name: BYSTANDER,
  cpus: [0], // whoever takes a number out of range for the first one, hits it
  regions: [ram(0x4000_0000, 0x4800_0000, 2 * MIB), shared(0x5000_0000, 0x5000_0000), mailbox(0x5000_1000, 0x5000_2000)],
  interrupts: [level(60), edge(61), edge(234), edge(235)],
  consoleInterrupt: 234,
  channels: [{
    name: "process-image", ipa: 0x5000_0000, size: 0x1000, peer: 0, doorbell: 233, interrupt: 235, carriesImage: false,
    carriesTags: false,
  }],
  onFailure: "stop",
  image: Uint8Array.from({ length: 1000 }, (_, n) => (n * 13 + 5) & 0xff),
};

const system = (board: Board, attackerDirect: boolean, bystanderDirect: boolean): SystemSpec =>
  ({ board, housekeeper: 3, partitions: [{ ...attacker, direct: attackerDirect }, { ...bystander, direct: bystanderDirect }] });

/** Pages of the two in turn, in one stretch of memory. */
const SPAN = 0x6000_0000;
const coloured = (partition: PartitionSpec, colours: readonly number[]): PartitionSpec =>
  (
    {
      ...partition,
      regions: partition.regions.map((region) => (region.kind === "ram" ? { ...region, pa: SPAN, colours } : region)),
    }
  );
const interleaved: SystemSpec = {
  ...system(qemuVirt, false, false),
  partitions: [coloured(attacker, [0, 1, 4, 5, 8, 9, 12, 13]), coloured(bystander, [2, 3, 6, 7, 10, 11, 14, 15])],
};

export const FIELDS: readonly Field<SystemSpec>[] = [
  { name: "GICv3, both injected", spec: system(qemuVirt, false, false) },
  { name: "GICv3, both direct", spec: system(qemuVirt, true, true) },
  { name: "GICv3, the attacker direct", spec: system(qemuVirt, true, false) },
  { name: "GICv3, the bystander direct", spec: system(qemuVirt, false, true) },
  { name: "GICv2, both injected", spec: system(qemuVirtGicv2, false, false) },
  { name: "GICv2, both direct", spec: system(qemuVirtGicv2, true, true) },
  { name: "GICv2, the attacker direct", spec: system(qemuVirtGicv2, true, false) },
  { name: "GICv3, coloured memory", spec: interleaved },
];
