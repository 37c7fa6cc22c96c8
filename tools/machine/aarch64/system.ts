// The systems that AArch64's tests run. The standard one is the demo in small: a partition of two vCPUs, one of one vCPU, a
// channel between them, a spare pCPU.
import type { Aarch64Plan as Plan, PlannedRegion } from "../../../partitions/plan/plan.ts";
import { PL011_UART } from "../uart.ts";
import { COLOURS, device, edge, level, makeSystemOf, PAGE, ram, shared } from "../system.ts";
import type { OwnPlan, PartitionSpec, System as AnySystem, SystemSpec as AnySystemSpec } from "../system.ts";
import { qemuVirt } from "./board.ts";
import { pmuOf } from "./board.ts";
import type { Board } from "./board.ts";
import { GUEST_GICC, GUEST_GICD } from "./gicDriver.ts";
import { INTERFACE_BYTES } from "./gic/gicv2Registers.ts";
import { EVENT_L2D_CACHE_REFILL } from "./pmu.ts";

export {
  COLOURS, device, edge, ENTRY_OFFSET, level, mailbox, pagesOf, ram, shared, TELEMETRY_MILLISECONDS, TICK_MICROSECONDS,
} from "../system.ts";
export type { PartitionSpec } from "../system.ts";
export type SystemSpec = AnySystemSpec<Board>;
export type System = AnySystem<Board, Plan>;

const MIB = 0x10_0000;
const FIRST_SPI = 32;

/** Where a partition sees its emulated devices. */
export const GUEST_GICR = 0x080a_0000;
export const GUEST_UART = 0x0900_0000;
export { GUEST_GICC, GUEST_GICD };
/** Way groups of a cluster that has them. */
const WAY_GROUPS = 4;
/** As the simulated pCPUs' ID_AA64MMFR0_EL1 says. */
const IPA_BITS = 40;

/** Partition 0 of the standard system: identity mapped, as Linux with its DMA devices is. */
export const LINUX: PartitionSpec = {
  name: "linux",
  cpus: [0, 1],
  regions: [ram(0x6000_0000, 0x6000_0000, 32 * MIB), device(0x0a00_0000, 0x4000), shared(0x7000_0000, 0x5000_0000)],
  interrupts: [level(48), level(49), edge(50), edge(232), edge(233)],
  consoleInterrupt: 232,
  channels: [
    {
      name: "process", ipa: 0x7000_0000, size: 0x1000, peer: 1, doorbell: 235, interrupt: 233, carriesImage: false,
      carriesTags: false,
    }
  ],
  onFailure: "stop",
  quiesce: [{ pa: 0x0a00_0070, value: 0 }, { pa: 0x0a00_0270, value: 0 }],
  image: Uint8Array.from({ length: 4096 }, (_, n) => (n * 7 + 1) & 0xff),
};

/** Partition 1 of the standard system. */
export const PLC: PartitionSpec = {
  name: "plc",
  cpus: [3],
  regions: [ram(0x4000_0000, 0x4800_0000, 16 * MIB), shared(0x5000_0000, 0x5000_0000)],
  interrupts: [level(60), edge(61), edge(234), edge(235)],
  consoleInterrupt: 234,
  channels: [
    {
      name: "process", ipa: 0x5000_0000, size: 0x1000, peer: 0, doorbell: 233, interrupt: 235, carriesImage: false,
      carriesTags: false,
    }
  ],
  onFailure: "restart",
  watchdogMicroseconds: 100_000,
  image: Uint8Array.from({ length: 1000 }, (_, n) => (n * 13 + 5) & 0xff),
};

export const STANDARD: SystemSpec = { board: qemuVirt, housekeeper: 2, partitions: [LINUX, PLC] };

/**
 * What a partition on a board with GICv2 sees as its CPU interface: the virtual one, or the physical one but for GICC_DIR's page.
 */
function cpuInterface({ gicVersion, gicc, gicv }: Board, direct: boolean): PlannedRegion[] {
  if (gicVersion !== 2) return [];
  const [pa, size] = direct ? [gicc, PAGE] : [gicv, INTERFACE_BYTES];
  return [{ name: "GICC", ipa: GUEST_GICC, pa, size, kind: "interface", access: "rw" }];
}

function ownPlan({ board, ipaBits, refillEvent, busAccesses, firmwareTree }: SystemSpec): OwnPlan {
  const isGicv2 = board.gicVersion === 2;
  return {
    partition: ({ consoleInterrupt, direct = false, pmu = false }) => ({
      gicd: GUEST_GICD, gicr: isGicv2 ? null : GUEST_GICR,
      console: consoleInterrupt === 0 ? 0 : GUEST_UART,
      ppis: [board.virtualTimer, board.physicalTimer, ...(pmu && board.pmuInterrupt < FIRST_SPI ? [board.pmuInterrupt] : [])],
      regions: cpuInterface(board, direct),
    }),
    plan: {
      ipaBits: ipaBits ?? IPA_BITS,
      gic: {
        gicd: board.gicd, version: board.gicVersion, cpuInterface: isGicv2
          ? { gicc: board.gicc, gich: board.gich, gicv: board.gicv }
          : null,
        spiLimit: board.spiLimit, maintenance: board.maintenance,
      },
      timers: { hypervisor: board.hypervisorTimer, virtual: board.virtualTimer, physical: board.physicalTimer },
      pmu: {
        refillEvent: refillEvent ?? EVENT_L2D_CACHE_REFILL, busAccesses: busAccesses ?? 0,
        countsEl2: false,
      },
      cache: {
        level: 2, sets: 1024, ways: 16, line: 64, colours: COLOURS, wayGroups: board.cluster === "absent" ? 0 : WAY_GROUPS,
      },
      uart: { ...(board.uartFacts ?? PL011_UART), address: board.uart },
      firmwareTree: { expected: false, matches: [], ...firmwareTree },
    },
    cpu: (n) => {
      const { mpidr, gicr, interface: number = n } = board.cpus[n] ?? { mpidr: 0n, gicr: 0 };
      return { mpidr: Number(mpidr), gicr, interface: isGicv2 ? number : 0, pmuInterrupt: pmuOf(board, n) };
    },
  };
}

export const makeSystem = (spec: SystemSpec): System => makeSystemOf(spec, ownPlan(spec));
