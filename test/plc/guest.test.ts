// The whole PLC guest: the wasm that ships, on a simulated CPU.
import { beforeEach, describe, expect, test } from "vitest";
import {
  HYPERCALL_CONSOLE_WRITE, HYPERCALL_DOORBELL, HYPERCALL_TAG_PUBLISH, HYPERCALL_VERSION,
} from "../../arch/aarch64/calls.ts";
import {
  PLC_TAG_CYCLE_AVG, PLC_TAG_CYCLE_LAST, PLC_TAG_CYCLE_MAX, PLC_TAG_CYCLE_MIN, PLC_TAG_CYCLE_RECENT, PLC_TAG_EXEC_AVG,
  PLC_TAG_EXEC_LAST, PLC_TAG_EXEC_MAX, PLC_TAG_EXEC_MIN, PLC_TAG_EXEC_RECENT, PLC_TAG_JITTER_AVG, PLC_TAG_JITTER_LAST,
  PLC_TAG_JITTER_MAX, PLC_TAG_JITTER_MIN, PLC_TAG_JITTER_RECENT, PLC_TAG_OVERRUNS, PLC_TAG_SCANS, PROCESS_IMAGE_COUNTER,
  PROCESS_IMAGE_MAGIC, PROCESS_IMAGE_MEASURED, PROCESS_IMAGE_OUTPUTS, PROCESS_IMAGE_SCANS, PROCESS_IMAGE_SEQUENCE,
  PROCESS_IMAGE_SETPOINT, PROCESS_IMAGE_TIMER,
} from "../../rtos-guests/plc/abi.ts";
import {
  HISTOGRAM_BUCKETS, HISTOGRAM_CYCLE, HISTOGRAM_EXECUTION, HISTOGRAM_JITTER, TIMING_OVERRUNS,
} from "../../rtos-guests/channel/timing.ts";
import { ChannelMemory } from "./channelMemory.ts";
import { CHANNEL_IPA, INTID_PHYSICAL_TIMER, PERIOD, SimulatedCpu, SimulatedGuest, TICK_NS } from "./simulatedGuest.ts";

const WARM_UP = 100;
const ROUND = 100;
const PERIOD_NS = 1_000_000n;

let channel: ChannelMemory;
let cpu: SimulatedCpu;
let guest: SimulatedGuest;
beforeEach(async () => {
  channel = new ChannelMemory(CHANNEL_IPA);
  cpu = new SimulatedCpu(channel);
  guest = await SimulatedGuest.boot(cpu);
});

const scans = (): number => Number(channel.u64(PROCESS_IMAGE_SCANS));
const buckets = (row: number): number[] => Array.from({ length: HISTOGRAM_BUCKETS }, (_, n) => channel.u32(row + 4 * n));
const total = (row: number): number => buckets(row).reduce((sum, count) => sum + count);

/** The tags published since the last look, by index. */
function tags(): Map<number, bigint> {
  const published = cpu.takeHypercalls().others.filter(({ id }) => id === HYPERCALL_TAG_PUBLISH);
  return new Map(published.map(({ x: [tag, value] }) => [Number(tag), value ?? 0n]));
}

/** Runs to the end of a round of reports, then one more: its tags. */
function nextTags(late = 0n): Map<number, bigint> {
  while (scans() % ROUND !== ROUND - 1) guest.scan(late);
  tags();
  guest.scans(ROUND, late);
  return tags();
}

describe("start", () => {
  test("GICv3: group 1 with affinity routing, the redistributor awake, the timer's PPI alone (IHI 0069)", () => {
    expect(cpu.log.filter((line) => line.startsWith("mmio"))).toEqual([
      "mmio 0x8000000=0x13", // GICD_CTLR: ARE_NS, EnableGrp1A, EnableGrp1
      "mmio 0x80a0014=0x0", // GICR_WAKER.ProcessorSleep
      "mmio 0x80b0180=0xffffffff", // GICR_ICENABLER0
      "mmio 0x80b0080=0xffffffff", // GICR_IGROUPR0
      "mmio 0x80b0418=0x80808080", // GICR_IPRIORITYR6: INTIDs 24 … 27
      "mmio 0x80b0100=0x8000000", // GICR_ISENABLER0: INTID 27
    ]);
    expect(cpu.log.filter((line) => line.startsWith("ICC"))).toEqual([
      "ICC_SRE_EL1=1",
      "ICC_PMR_EL1=255",
      "ICC_BPR1_EL1=0",
      "ICC_CTLR_EL1=0",
      "ICC_IGRPEN1_EL1=1",
    ]);
  });

  test("GICv2, where ID_AA64PFR0_EL1 names no GIC: distributor and CPU interface in memory (IHI 0048)", async () => {
    const old = new SimulatedCpu(channel);
    old.isGicV2 = true;
    const onGicV2 = await SimulatedGuest.boot(old);
    expect(old.log).toEqual([
      "mmio 0x8000180=0xffffffff", // GICD_ICENABLER0
      "mmio 0x8000418=0x80808080", // GICD_IPRIORITYR6: INTIDs 24 … 27
      "mmio 0x8000100=0x8000000", // GICD_ISENABLER0: INTID 27
      "mmio 0x8000000=0x1", // GICD_CTLR
      "mmio 0x8010004=0xff", // GICC_PMR
      "mmio 0x8010008=0x0", // GICC_BPR
      "mmio 0x8010000=0x1", // GICC_CTLR
    ]);
    old.log.length = 0;
    onGicV2.scan();
    onGicV2.interrupt(1023);
    onGicV2.interrupt(40);
    expect(old.log).toEqual(["mmio 0x8010010=0x1b", "mmio 0x8010010=0x28"]); // GICC_EOIR
    expect(scans()).toBe(1);
  });

  test("built for the physical timer: its PPI, its registers, its counter, and the virtual one stays off", async () => {
    const other = new SimulatedCpu(channel);
    other.timerIntid = INTID_PHYSICAL_TIMER;
    const onPhysical = await SimulatedGuest.boot(other);
    expect(other.log).toContain("mmio 0x80b041c=0x80808080"); // GICR_IPRIORITYR7: INTIDs 28 … 31
    expect(other.log).toContain("mmio 0x80b0100=0x40000000"); // GICR_ISENABLER0: INTID 30
    expect(other.deadline).toBe(other.time + PERIOD);
    onPhysical.scans(1000, 5n);
    expect(scans()).toBe(1000);
    expect(other.physical.control).toBe(1n);
    expect(other.virtual).toEqual({ deadline: 0n, control: 0n });
    expect(other.log.at(-1)).toBe("eoi 30");
    expect(channel.u64(TIMING_OVERRUNS)).toBe(0n);
    expect(buckets(HISTOGRAM_JITTER)[7]).toBeGreaterThan(0); // 5 ticks are 80 ns
  });

  test("only ProcessorSleep is changed in GICR_WAKER, and a register that never settles does not hang the guest", async () => {
    const stuck = new SimulatedCpu(channel);
    stuck.setDevice(0x080a_0000n, 0x8); // GICR_CTLR.RWP
    stuck.setDevice(0x080a_0014n, 0x8000_0007); // implementation defined bits, ChildrenAsleep
    await SimulatedGuest.boot(stuck);
    expect(stuck.log).toContain("mmio 0x80a0014=0x80000005");
    expect(stuck.virtual.control).toBe(1n);
  });

  test("the timer's first deadline is one period ahead; the watchdog is armed before it", () => {
    expect(cpu.virtual.control).toBe(1n);
    expect(cpu.deadline).toBe(cpu.time + PERIOD);
    expect(cpu.takeHypercalls().fed).toBe(1);
    expect(cpu.console).toBe("plc: started, 1000 scans a second\r\n");
  });
});

describe("the scan", () => {
  test("absolute deadlines: late scans never shift later ones", () => {
    const first = cpu.deadline;
    for (let i = 0; i < 500; i++) guest.scan(BigInt((i * 7919) % Number(PERIOD)));
    expect(scans()).toBe(500);
    expect(cpu.deadline).toBe(first + 500n * PERIOD);
    expect(nextTags().get(PLC_TAG_OVERRUNS)).toBe(0n);
  });

  test("an overrun skips the deadlines that went by and counts them; the grid stays", () => {
    const first = cpu.deadline;
    guest.scans(10);
    cpu.logicTicks = (PERIOD * 5n) / 2n; // past two deadlines
    guest.scan();
    expect(cpu.deadline).toBe(first + 13n * PERIOD);
    cpu.logicTicks = PERIOD; // to the tick: the next deadline is not to come any more
    guest.scan();
    expect(cpu.deadline).toBe(first + 15n * PERIOD);
    cpu.logicTicks = PERIOD - 1n;
    guest.scan();
    expect(cpu.deadline).toBe(first + 16n * PERIOD);
    cpu.logicTicks = 0n;
    expect(nextTags().get(PLC_TAG_OVERRUNS)).toBe(3n);
    expect(channel.u64(TIMING_OVERRUNS)).toBe(3n);
  });

  test("a start that comes late by periods, as after a pause, is an overrun too", () => {
    guest.scans(10);
    guest.scan(1000n * PERIOD);
    expect(nextTags().get(PLC_TAG_OVERRUNS)).toBe(1000n);
  });

  test("the logic is told how much time went by: its timer counts ms, not scans", () => {
    guest.scans(100);
    const before = channel.u32(PROCESS_IMAGE_TIMER);
    cpu.logicTicks = 20n * PERIOD;
    guest.scan(); // this one still sees 1 ms
    cpu.logicTicks = 0n;
    expect(channel.u32(PROCESS_IMAGE_TIMER)).toBe(before + 1);
    guest.scan();
    expect(channel.u32(PROCESS_IMAGE_TIMER)).toBe(before + 1 + 21);
  });

  test("the process lives: parts are counted, the furnace follows its setpoint up and down", () => {
    const seen = new Map<number, number>();
    guest.scans(2900); // the part is there until 3.0 s
    seen.set(channel.u32(PROCESS_IMAGE_SETPOINT), channel.u32(PROCESS_IMAGE_MEASURED));
    guest.scans(1400); // gone until 4.5 s
    seen.set(channel.u32(PROCESS_IMAGE_SETPOINT), channel.u32(PROCESS_IMAGE_MEASURED));
    expect([...seen.keys()]).toEqual([60_000, 40_000]);
    expect(Math.abs((seen.get(60_000) ?? 0) - 60_000)).toBeLessThan(3000);
    expect(Math.abs((seen.get(40_000) ?? 0) - 40_000)).toBeLessThan(3000);
    expect(channel.u32(PROCESS_IMAGE_COUNTER)).toBe(1);
    const BATCH_FULL = 1 << 1;
    guest.scans(38_000 - 4300); // the tenth part was accepted at 36.5 s
    expect(channel.u32(PROCESS_IMAGE_COUNTER)).toBe(10);
    expect(channel.u32(PROCESS_IMAGE_OUTPUTS) & BATCH_FULL).toBe(BATCH_FULL);
    guest.scans(3000); // the eleventh at 40.5 s, the first of the next batch
    expect(channel.u32(PROCESS_IMAGE_COUNTER)).toBe(1);
    expect(channel.u32(PROCESS_IMAGE_OUTPUTS) & BATCH_FULL).toBe(0);
  });

  test("a timer interrupt ends after the deadline has moved on; a withdrawn one is not ended; a foreign one is no scan", () => {
    cpu.log.length = 0;
    guest.scan();
    expect(cpu.log).toEqual(["eoi 27"]);
    guest.interrupt(1023);
    expect(cpu.log).toEqual(["eoi 27"]);
    guest.interrupt(40);
    expect(cpu.log).toEqual(["eoi 27", "eoi 40"]);
    expect(scans()).toBe(1);
  });
});

describe("measuring itself", () => {
  const LATE = 5n;

  test("jitter, cycle and execution in ns, as tags; the first scans are left out, a later outlier is not", () => {
    guest.scans(WARM_UP - 1);
    guest.scan(PERIOD / 2n); // the last of the warm-up
    cpu.logicTicks = 10n;
    guest.scans(ROUND, LATE);
    const values = nextTags(LATE);
    const ns = (ticks: bigint): bigint => ticks * TICK_NS;
    expect(values.get(PLC_TAG_JITTER_MIN)).toBe(ns(LATE));
    expect(values.get(PLC_TAG_JITTER_MAX)).toBe(ns(LATE));
    expect(values.get(PLC_TAG_JITTER_AVG)).toBe(ns(LATE));
    expect(values.get(PLC_TAG_EXEC_MIN)).toBe(ns(10n));
    expect(values.get(PLC_TAG_EXEC_AVG)).toBe(ns(10n));
    expect(values.get(PLC_TAG_EXEC_MAX)).toBe(ns(10n));
    expect(values.get(PLC_TAG_CYCLE_MIN)).toBe(PERIOD_NS - ns(PERIOD / 2n - LATE)); // after the late one
    expect(values.get(PLC_TAG_CYCLE_MAX)).toBe(PERIOD_NS);

    guest.scan(100n);
    const later = nextTags(LATE);
    expect(later.get(PLC_TAG_JITTER_MAX)).toBe(ns(100n));
    expect(later.get(PLC_TAG_CYCLE_MAX)).toBe(PERIOD_NS + ns(100n - LATE));
    expect(later.get(PLC_TAG_CYCLE_AVG)).toBeLessThanOrEqual(PERIOD_NS);
    expect(later.get(PLC_TAG_JITTER_AVG)).toBeGreaterThanOrEqual(ns(LATE));
  });

  test("the last values are the last scan's; the recent ones hold an outlier for one to two seconds, and then forget it", () => {
    const ns = (ticks: bigint): bigint => ticks * TICK_NS;
    cpu.logicTicks = 10n;
    guest.scans(WARM_UP + ROUND, LATE);
    guest.scan(100n); // scan 201: recorded after second 0 has begun, which ends in scan 1000
    const rounds = Array.from({ length: 20 }, () => nextTags(LATE));
    expect(rounds[0]?.get(PLC_TAG_JITTER_LAST)).toBe(ns(LATE));
    expect(rounds[0]?.get(PLC_TAG_CYCLE_LAST)).toBe(PERIOD_NS);
    expect(rounds[0]?.get(PLC_TAG_EXEC_LAST)).toBe(ns(10n));
    expect(rounds[0]?.get(PLC_TAG_EXEC_RECENT)).toBe(ns(10n));
    const remembered = rounds
      .filter((values) => values.get(PLC_TAG_JITTER_RECENT) === ns(100n))
      .map((values) => values.get(PLC_TAG_SCANS));
    expect(remembered).toEqual(Array.from({ length: 18 }, (_, round) => BigInt(300 + round * ROUND))); // 300 … 2000
    expect(rounds[18]?.get(PLC_TAG_JITTER_RECENT)).toBe(ns(LATE));
    expect(rounds[0]?.get(PLC_TAG_CYCLE_RECENT)).toBe(PERIOD_NS + ns(100n - LATE));
    expect(rounds[18]?.get(PLC_TAG_CYCLE_RECENT)).toBe(PERIOD_NS);
    expect(rounds[18]?.get(PLC_TAG_JITTER_MAX)).toBe(ns(100n));
  });

  test("the tags of one round are of one moment, each of them once, one a scan", () => {
    guest.scans(ROUND - 1);
    cpu.takeHypercalls();
    for (let round = 1; round <= 3; round++) {
      const published: number[] = [];
      let scansTag: bigint | undefined;
      for (let i = 0; i < ROUND; i++) {
        guest.scan();
        const now = [...tags()];
        expect(now.length).toBeLessThanOrEqual(1);
        published.push(...now.map(([tag]) => tag));
        scansTag = new Map(now).get(PLC_TAG_SCANS) ?? scansTag;
      }
      expect(published).toEqual(Array.from({ length: PLC_TAG_EXEC_RECENT + 1 }, (_, tag) => tag));
      expect(scansTag).toBe(BigInt(round * ROUND));
    }
  });

  test("the histograms in the channel hold every scan after the warm-up, ten times a second", () => {
    guest.scans(WARM_UP, PERIOD / 2n);
    guest.scans(400, LATE);
    // The rows were renewed in scans 418, 419 and 420, before those scans were recorded themselves.
    guest.scans(20, LATE);
    expect([total(HISTOGRAM_JITTER), total(HISTOGRAM_CYCLE), total(HISTOGRAM_EXECUTION)]).toEqual([417, 418, 419]);
    expect(buckets(HISTOGRAM_JITTER)[7]).toBe(417); // 80 ns: 64 … 127
    expect(buckets(HISTOGRAM_CYCLE)[0]).toBe(417);
    expect(buckets(HISTOGRAM_CYCLE)[19]).toBe(1); // 499,920 ns short, once: 2^18 … 2^19 - 1
  });
});

describe("hypercalls", () => {
  test("at most two a scan, one of them the watchdog's; a doorbell every 100 scans on channel 0", () => {
    cpu.takeHypercalls();
    let doorbells = 0;
    for (let i = 0; i < 5000; i++) {
      guest.scan();
      const { fed, others } = cpu.takeHypercalls();
      expect(fed).toBe(1);
      expect(others.length).toBeLessThanOrEqual(1);
      doorbells += others.filter(({ id, x }) => id === HYPERCALL_DOORBELL && x[0] === 0n).length;
    }
    expect(doorbells).toBe(50);
  });

  test("a line a second on the console", () => {
    cpu.console = "";
    guest.scans(3100, 5n);
    const lines = cpu.console.split("\r\n");
    expect(lines).toHaveLength(5); // after 0.02, 1.02, 2.02 and 3.02 s
    expect(lines[3]).toMatch(
      /^plc: scans=3030 overruns=0 jitter=80\/80\/80 ns exec=0\/0\/0 ns setpoint=\d+\.\d{3} measured=\d+\.\d{3}$/,
    );
  });

  test("a slow console delays a line, and no scan", () => {
    cpu.console = "";
    cpu.consoleTakes = 3;
    guest.scans(500);
    expect(cpu.console).toMatch(/^plc: scans=30 .*\r\n$/);
  });

  test("a console that takes nothing loses a line after a bounded number of tries; the next one is whole", () => {
    cpu.console = "";
    cpu.consoleTakes = 0;
    cpu.takeHypercalls();
    guest.scans(900);
    expect(cpu.takeHypercalls().others.filter(({ id }) => id === HYPERCALL_CONSOLE_WRITE)).toHaveLength(101);
    cpu.consoleTakes = 48;
    guest.scans(200);
    expect(cpu.console).toMatch(/^plc: scans=1030 .*\r\n$/);
  });

  test("without a hypervisor it asks once, and runs on alone", async () => {
    const bare = new SimulatedCpu(channel, false);
    const alone = await SimulatedGuest.boot(bare);
    alone.scans(2500);
    expect(bare.hypercalls.map(({ id }) => id)).toEqual([HYPERCALL_VERSION]); // not even for a mailbox
    expect(scans()).toBe(2500);
  });
});

describe("the channel", () => {
  test("the image is there after the first scan, its cache line written back after every write", () => {
    cpu.cleaned.length = 0;
    guest.scans(10);
    expect(channel.u32(0)).toBe(PROCESS_IMAGE_MAGIC);
    expect(channel.u32(PROCESS_IMAGE_SEQUENCE)).toBe(20);
    expect(cpu.cleaned.filter((address) => address === CHANNEL_IPA)).toEqual(Array.from({ length: 10 }, () => CHANNEL_IPA));
  });

  test("a restart in mid-write: the new life's counts start anew, its sequence goes on, even and changed", async () => {
    guest.scans(10);
    channel.store(PROCESS_IMAGE_SEQUENCE, 32, 21n); // killed while it wrote
    const again = await SimulatedGuest.boot(new SimulatedCpu(channel));
    expect(channel.u32(PROCESS_IMAGE_SEQUENCE)).toBe(21);
    again.scan();
    expect(channel.u32(PROCESS_IMAGE_SEQUENCE)).toBe(22);
    expect(scans()).toBe(1);
  });

  test("a partition without a channel: its address is never touched, the PLC runs and reports", async () => {
    const alone = new SimulatedCpu(channel);
    alone.hasChannel = false;
    channel.before = ({ kind }) => expect(kind).toBe("no access");
    const unseen = await SimulatedGuest.boot(alone);
    unseen.scans(1100);
    expect(alone.cleaned).toEqual([]);
    expect(alone.console).toMatch(/plc: scans=1030 overruns=0 .*\r\n$/);
    expect(alone.hypercalls.filter(({ id }) => id === HYPERCALL_DOORBELL)).toHaveLength(1); // how it found out
  });

  test("a peer that writes to the channel does not change what the guest does", () => {
    guest.scans(10);
    channel.bytes.fill(0xff);
    guest.scan();
    expect(channel.u32(PROCESS_IMAGE_SEQUENCE)).toBe(22);
    expect(scans()).toBe(11);
  });
});

test("a panic says where and why, also over a line that was under way", () => {
  guest.scans(31); // the line of scan 30 has begun
  cpu.console = "";
  guest.panic(0x9600_0047n, 0x4000_1234n, 0x41_0000_0000n);
  expect(cpu.console).toBe("plc: panic esr=0x96000047 elr=0x40001234 far=0x4100000000\r\n");
});
