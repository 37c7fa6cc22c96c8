// The proof at its edges, of the board: RAM, frames, numbers that the blob has to hold, pCPUs, interrupts, channels and what
// firmware keeps. Of each rule a plan that just keeps it, and beside it one that is off by the least that there is.
import { describe, expect, test } from "vitest";
import { IPA_BITS_MAX, MAX_INITS, MAX_MATCHES, MAX_TEXTS } from "../../partitions/blob/layout.table.ts";
import type {
  Aarch64Plan as Plan, PlannedChannelEnd, Aarch64PlannedCpu as PlannedCpu, PlannedInit, PlannedMatch,
} from "../../partitions/plan/plan.ts";
import { prove } from "../../partitions/plan/prove.ts";
import { inRange } from "../../partitions/plan/prove-range.ts";
import { rows, withPartition } from "./keptAndBroken.ts";
import { here, plan, sound } from "./systems.ts";

const PAGE = 0x1000;
const MIB = 0x10_0000;
const PA_END = 2 ** 38;
const RAM = 0x4000_0000;

const good = sound(plan(here("golden/system.yaml"))).plan;
const gicv2 = sound(plan(here("golden/gicv2.yaml"))).plan;

const withCpu = (of: Plan, cpu: number, change: Partial<PlannedCpu>): Plan =>
  ({ ...of, cpus: of.cpus.map((each, n) => (n === cpu ? { ...each, ...change } : each)) });

describe("the board's RAM and frames", () => {
  const banks = (...ram: readonly (readonly [number, number])[]): Plan =>
    ({ ...good, ram: ram.map(([base, size]) => ({ base, size })) });
  const reserved = (base: number, size: number): Plan => ({ ...good, reserved: [{ base, size, what: "firmware" }] });
  const uart = (address: number): Plan => ({ ...good, uart: { ...good.uart, address } });
  const watchdog = (address: number): Plan => ({ ...good, watchdog: { kind: "dw", address, top: 0 } });
  const gicd = (at: number, of = good): Plan => ({ ...of, gic: { ...of.gic, gicd: at } });
  const end = good.image.base + good.image.size;
  const place = /^imagePlace: the image is not in RAM that firmware leaves$/m;
  const cannot = /^frames: the hypervisor's UART cannot be there$/m;
  rows([
    ["the image at RAM's end", { kept: banks([RAM, end - RAM]), broken: banks([RAM, end - RAM - PAGE]) }, place],
    ["the image at RAM's beginning", {
      kept: banks([good.image.base, 0x1000_0000]), broken: banks([good.image.base + PAGE, 0x1000_0000]),
    }, place],
    ["the image across two banks", { kept: good, broken: banks([RAM, 0x20_1000], [RAM + 0x20_1000, 0x3000_0000]) }, place],
    ["firmware behind the image", { kept: reserved(end, PAGE), broken: reserved(end - PAGE, PAGE) }, place],
    ["firmware ahead of the image", {
      kept: reserved(good.image.base - PAGE, PAGE), broken: reserved(good.image.base - PAGE, PAGE + 1),
    }, place],
    ["a bank within a page", { kept: good, broken: banks([RAM, 0x3fff_f800]) }, /^ram: the RAM at 0x40000000 cannot be$/m],
    ["a bank from within a page", {
      kept: good,
      broken: banks([RAM + 1, 0x3fff_ffff]),
    }, /^ram: the RAM at 0x40000001 cannot be$/m],
    ["a bank of nothing", { kept: good, broken: banks([RAM, 0]) }, /^ram: the RAM at 0x40000000 cannot be$/m],
    ["a bank to the end of PAs", { kept: banks([PA_END - PAGE, PAGE]), broken: banks([PA_END - PAGE, 2 * PAGE]) },
      /^ram: the RAM at 0x3ffffff000 cannot be$/m],
    ["banks that touch", {
      kept: banks([RAM, MIB], [RAM + MIB, MIB]), broken: banks([RAM, MIB], [RAM + MIB - PAGE, MIB]),
    }, /^ram: a bank of RAM and a bank of RAM both have 0x400ff000$/m],
    ["a UART's page ahead of RAM", { kept: uart(RAM - 8), broken: uart(RAM) },
      /^frames: (a bank of RAM and the hypervisor's UART|the hypervisor's UART and a bank of RAM) both have/m],
    ["a UART's page behind the watchdog's", {
      kept: { ...uart(0x0a00_0800), watchdog: { kind: "dw", address: 0x09ff_f000, top: 0 } },
      broken: { ...uart(0x0a00_0800), watchdog: { kind: "dw", address: 0x0a00_0000, top: 0 } },
    }, /^frames: the hypervisor's UART and the board's watchdog both have 0xa000000$/m],
    ["a watchdog in its page", { kept: watchdog(0x0c00_0000), broken: watchdog(0x0c00_0004) },
      /^frames: the board's watchdog cannot be there$/m],
    ["a watchdog that a partition has", { kept: watchdog(0x0a00_2000), broken: watchdog(0x0a00_1000) },
      /^hypervisor: ("virtio0, virtio1, virtio8" of linux and )?the board's watchdog/m],
    ["a UART that is nowhere", { kept: uart(PAGE), broken: uart(0x800) }, cannot],
    ["a UART at the end of PAs", { kept: uart(PA_END - 1), broken: uart(PA_END) }, cannot],
    ["GICD ends where the redistributors begin", { kept: gicd(0x0809_0000), broken: gicd(0x0809_1000) },
      /^frames: the physical GICD and the physical GICR of pCPU 0 both have 0x80a0000$/m],
    ["a redistributor ends where the next begins", { kept: good, broken: withCpu(good, 1, { gicr: 0x080b_f000 }) },
      /^frames: the physical GICR of pCPU 0 and the physical GICR of pCPU 1 both have 0x80bf000$/m],
    ["a GICv2's GICD is one page", {
      kept: gicd(0x0800_f000, gicv2), broken: gicd(0x0801_0000, gicv2),
    }, /^frames: the physical GICD and the physical GICC|^frames: the physical GICC and the physical GICD/m],
    ["GICC has two", {
      kept: gicd(0x0801_2000, gicv2), broken: gicd(0x0801_1000, gicv2),
    }, /^frames: the physical GICC and the physical GICD both have 0x8011000$/m],
    ["GICH has two", {
      kept: gicd(0x0803_2000, gicv2), broken: gicd(0x0803_1000, gicv2),
    }, /^frames: the physical GICH and the physical GICD both have 0x8031000$/m],
    ["a GICv2 with redistributors", { kept: gicv2, broken: { ...gicv2, gic: { ...gicv2.gic, version: 3 } } },
      /^frames: the GIC has parts of another one$/m],
    ["colours that are a power of two", {
      kept: { ...good, cache: { ...good.cache, colours: 8 } }, broken: { ...good, cache: { ...good.cache, colours: 12 } },
    }, /^colourCount: 12 colours$/m],
  ]);
});

describe("RAM that partitions have, and firmware's", () => {
  const reserved = (base: number, size = PAGE): Plan => ({ ...good, reserved: [{ base, size, what: "firmware" }] });
  const plc = good.partitions[1]?.regions[0] ?? { pa: 0, size: 0 };
  const device = (pa: number): Plan => withPartition(good, "linux", ({ regions }) =>
    ({ regions: regions.map((region) => (region.name === "rtc" ? { ...region, pa, ipa: pa } : region)) }));
  const leaves = /^ramOnly: "memory" of plc is not RAM that firmware leaves$/m;
  rows([
    ["firmware ahead of it", { kept: reserved(plc.pa - PAGE), broken: reserved(plc.pa - PAGE, PAGE + 1) }, leaves],
    ["firmware behind it", { kept: reserved(plc.pa + plc.size), broken: reserved(plc.pa + plc.size - 1) }, leaves],
    ["a device ahead of RAM", { kept: device(RAM - PAGE), broken: device(RAM) }, /^ramOnly: "rtc" of linux is a device in RAM$/m],
    ["a device behind RAM", {
      kept: device(2 * RAM),
      broken: device(2 * RAM - PAGE),
    }, /^ramOnly: "rtc" of linux is a device in RAM$/m],
    ["a channel of a third partition", {
      kept: good,
      broken: withPartition(good, "old-linux", ({ regions }) =>
        ({ regions: [...regions, ...(good.partitions[0]?.regions.filter(({ name }) => name === "process-image") ?? [])] })),
    }, /^channelShared: channel process-image 1593823232 4096 is shared by linux, plc, old-linux$/m],
    ["a channel of one partition", {
      kept: good,
      broken: withPartition(good, "plc", ({ regions }) => ({ regions: regions.filter(({ name }) => name !== "alarms") })),
    }, /^channelShared: channel alarms 1593827328 8192 is shared by old-linux$/m],
  ]);
});

describe("numbers that the blob has to hold", () => {
  test.each<[string, string, number, number]>([
    ["Header", "watchdogTop", 0, 15],
    ["Header", "watchdogKind", 0, 1],
    ["Header", "uartShift", 0, 3],
    ["Header", "ipaBits", 32, IPA_BITS_MAX],
    ["Machine", "gicVersion", 2, 3],
    ["Machine", "maintenance", 16, 31],
    ["Cpu", "interface", 0, 7],
    ["Partition", "onFailure", 0, 2],
  ])("%s, %s: %d to %d", (record, field, least, most) => {
    for (const value of [least, most]) expect(inRange(good, record, field, value)).toEqual([]);
    for (const value of [least - 1, most + 1, least + 0.5]) {
      expect(inRange(good, record, field, value, " of x")).toEqual([
        { promise: expect.any(String) as string, reason: `${field} of x is ${value}` },
      ]);
    }
  });

  test("0 is there as none, where the table says so, and only there", () => {
    expect(inRange(good, "Partition", "watchdogMicroseconds", 0)).toEqual([]);
    expect(inRange(good, "Partition", "watchdogMicroseconds", 1)).toEqual([
      { promise: "watchdog", reason: "watchdogMicroseconds is 1" },
    ]);
    expect(inRange(good, "Machine", "gicVersion", 0)).toEqual([{ promise: "frames", reason: "gicVersion is 0" }]);
  });

  test("a field that has no range is asked for by mistake", () => {
    expect(() => inRange(good, "Partition", "entry", 0)).toThrow("field entry of Partition has no range");
    expect(() => inRange(good, "Nothing", "entry", 0)).toThrow("field entry of Nothing has no range");
  });

  test.each<[string, Plan, string]>([
    ["a GIC of no version", { ...good, gic: { ...good.gic, version: 4 as 3 } }, "gicVersion is 4"],
    ["an event", { ...good, pmu: { ...good.pmu, refillEvent: -1 } }, "refillEvent is -1"],
    ["bus accesses", { ...good, pmu: { ...good.pmu, busAccesses: -1 } }, "busAccesses is -1"],
    ["SPIs", { ...good, gic: { ...good.gic, spiLimit: 32 } }, "spiLimit is 32"],
    ["a timer that is no PPI", { ...good, timers: { ...good.timers, physical: 15 } }, "maintenance is 15"],
    ["the PMU's interrupt", withCpu(good, 0, { pmuInterrupt: -1 }), "pmuInterrupt is -1"],
    ["a UART's shift", { ...good, uart: { ...good.uart, shift: 9 } }, "uartShift is 9"],
    ["a watchdog's top", { ...good, watchdog: { kind: "dw", address: 0x0c00_0000, top: 16 } }, "watchdogTop is 16"],
    ["bits of IPA", { ...good, ipaBits: 31 }, "ipaBits is 31"],
    ["a tick", { ...good, tickMicroseconds: 0 }, "tickMicroseconds is 0"],
    ["telemetry", { ...good, telemetryMilliseconds: 0 }, "telemetryMilliseconds is 0"],
    ["a trial's health", { ...good, healthyMicroseconds: -1 }, "healthyMicroseconds is -1"],
    ["a trial's end", { ...good, commitMicroseconds: -1 }, "commitMicroseconds is -1"],
    ["colours", { ...good, cache: { ...good.cache, colours: 64 } }, "colourCount is 64"],
    ["a watchdog's time", withPartition(good, "plc", () => ({ watchdogMicroseconds: 1 })), "watchdogMicroseconds of plc is 1"],
    ["a tag", withPartition(good, "plc", () => ({ overrunTag: -1 })), "overrunTag of plc is -1"],
    ["an end", withPartition(good, "plc", () => ({ onFailure: "" as "stop" })), "onFailure of plc is -1"],
    ["a CPU interface", withCpu(gicv2, 3, { interface: 8 }), "interface is 8"],
  ])("%s", (_, broken, words) => {
    expect(prove(broken).map(({ reason }) => reason)).toContain(words);
  });
});

describe("pCPUs and their interrupts", () => {
  const mpidr = (value: number): Plan => withCpu(good, 3, { mpidr: value });
  const limit = (spiLimit: number): Plan => ({ ...good, gic: { ...good.gic, spiLimit } });
  const pmu = (pmuInterrupt: number): Plan => withCpu(good, 3, { pmuInterrupt });
  const housekeeper = (cpu: number, of = good): Plan => ({ ...of, housekeeper: cpu });
  const owning = (intid: number): Plan =>
    withPartition(good, "plc", ({ interrupts }) => ({ interrupts: [...interrupts, { intid, trigger: "edge", use: "" }] }));
  const more = /^affinity: 0x[0-9a-f]+ of pCPU 3 is more than an affinity$/m;
  const nobodys = /^pmuInterrupt: a PMU has an interrupt that is another one's, or nobody's$/m;
  rows([
    ["Aff3 ends", { kept: mpidr(2 ** 40 - 2 ** 32), broken: mpidr(2 ** 40) }, more],
    ["Aff2 ends", { kept: mpidr(2 ** 24 - 1), broken: mpidr(2 ** 24) }, more],
    ["between Aff2 and Aff3 is nothing", { kept: mpidr(2 ** 32), broken: mpidr(2 ** 32 - 1) }, more],
    ["one affinity for two", { kept: good, broken: mpidr(0) }, /^cpuApart: two pCPUs have one affinity$/m],
    ["SPIs end with a register", {
      kept: limit(288),
      broken: limit(260),
    }, /^spiLimit: SPIs end in the middle of a register, at 260$/m],
    ["or where special INTIDs begin", { kept: limit(1020), broken: limit(1019) }, /^spiLimit: SPIs end in the middle/m],
    ["a PMU with a PPI of its own", { kept: pmu(24), broken: pmu(26) }, nobodys],
    ["a PMU with an SPI of the board", { kept: pmu(255), broken: pmu(256) }, nobodys],
    ["one PPI for two things", { kept: good, broken: { ...good, timers: { ...good.timers, physical: 27 } } },
      /^ownPpis: one PPI is for two things$/m],
    ["timers that it does not own", { kept: good, broken: withPartition(good, "plc", () => ({ ppis: [27] })) },
      /^ppis: plc does not own the timers of its pCPUs$/m],
    ["a PMU's PPI without a PMU", { kept: good, broken: withPartition(good, "linux", () => ({ pmu: false })) },
      /^ppis: linux has a PPI that is not for it$/m],
    ["a housekeeper", { kept: housekeeper(2), broken: housekeeper(-1) }, /^housekeeper: the housekeeper is not there$/m],
    ["the last pCPU as one", { kept: housekeeper(3), broken: housekeeper(4) }, /^housekeeper: the housekeeper is not there$/m],
    ["who has direct interrupts keeps house", { kept: housekeeper(2, gicv2), broken: housekeeper(3, gicv2) },
      /^housekeeper: direct-linux has direct interrupts, so its pCPU 3 cannot keep house$/m],
    ["who has the PMU keeps house", { kept: good, broken: housekeeper(0) },
      /^housekeeper: linux has the PMU of pCPU 0, which keeps house and counts it$/m],
    ["but not where it counts no hypervisor", {
      kept: { ...housekeeper(0), pmu: { ...good.pmu, countsEl2: false } }, broken: housekeeper(0),
    }, /^housekeeper: linux has the PMU/m],
    ["or where it may see that", {
      kept: withPartition(housekeeper(0), "linux", () => ({ countEl2: true })), broken: housekeeper(0),
    }, /^housekeeper: linux has the PMU/m],
    ["a pCPU below 0", { kept: good, broken: withPartition(good, "plc", () => ({ cpus: [3, -1] })) },
      /^cpuThere: plc has a pCPU that is not there$/m],
    ["a spare pCPU that knows a partition", { kept: gicv2, broken: withCpu(gicv2, 2, { partition: 0 }) },
      /^cpuKnows: pCPU 2 does not know its partition$/m],
    ["an interrupt twice", {
      kept: good,
      broken: withPartition(good, "plc", ({ interrupts }) => ({ interrupts: [...interrupts, ...interrupts.slice(0, 1)] })),
    }, /^lineOnce: INTID 233 of plc is there twice$/m],
    ["an interrupt of another partition", { kept: owning(250), broken: owning(48) },
      /^lineOwner: INTID 48 belongs to linux and to plc$/m],
    ["the board's last SPI", {
      kept: owning(255),
      broken: owning(256),
    }, /^lineOwner: INTID 256 of plc is no SPI of the board$/m],
    ["a PPI as an SPI", {
      kept: good,
      broken: owning(31),
    }, /^lineOwner: INTID 31 of plc is no SPI of the board$/m],
    ["a console's interrupt that is level", {
      kept: good,
      broken: withPartition(good, "plc", ({ interrupts }) =>
        ({ interrupts: interrupts.map((each) => (each.use === "console" ? { ...each, trigger: "level" } : each)) })),
    }, /^console: plc does not own its console's interrupt$/m],
    ["no console, no interrupt of one", {
      kept: withPartition(good, "plc", () => ({ console: 0, consoleInterrupt: 0 })),
      broken: withPartition(good, "plc", () => ({ consoleInterrupt: 0 })),
    }, /^console: plc does not own its console's interrupt$/m],
  ]);

  test("a partition without pCPUs says so once, with its promise", () => {
    const about = prove(withPartition(good, "plc", () => ({ cpus: [] }))).filter(({ reason }) => reason.includes("not a set"));
    expect(about).toEqual([{ promise: "cpuThere", reason: "the pCPUs of plc are not a set" }]);
  });
});

describe("channels", () => {
  const end = (name: string, channel: string, change: Partial<PlannedChannelEnd>): Plan =>
    withPartition(good, name, ({ channels }) =>
      ({ channels: channels.map((each) => (each.name === channel ? { ...each, ...change } : each)) }));
  const partner = /^channelEnds: channel alarms at plc has no partner$/m;
  const rings = /^doorbell: the doorbell of channel alarms at plc does not ring at its peer$/m;
  const line = (name: string, intid: number, trigger: "edge" | "level"): Plan =>
    withPartition(good, name, ({ interrupts }) =>
      ({ interrupts: interrupts.map((each) => (each.intid === intid ? { ...each, trigger } : each)) }));
  rows([
    ["a size that is not the memory's", { kept: good, broken: end("plc", "alarms", { size: PAGE }) }, partner],
    ["an end that lies on another one's memory", {
      kept: good, broken: end("plc", "alarms", { ipa: 0x5000_0000, size: PAGE }),
    }, partner],
    ["an end that lies on no memory", { kept: good, broken: end("plc", "alarms", { ipa: 0x7000_0000 }) }, partner],
    ["the partner's end lies on no memory", { kept: good, broken: end("old-linux", "alarms", { ipa: 0x7000_0000 }) }, partner],
    ["an end that the partner has not", { kept: good, broken: end("old-linux", "alarms", { name: "other" }) }, partner],
    ["a partner that is somebody else", { kept: good, broken: end("plc", "alarms", { peer: 0 }) }, partner],
    ["a partner that is not there", { kept: good, broken: end("plc", "alarms", { peer: 3 }) }, partner],
    ["a partner that means another", { kept: good, broken: end("old-linux", "alarms", { peer: 0 }) }, partner],
    ["memory of a channel without an end", {
      kept: good,
      broken: withPartition(good, "plc", ({ channels }) => ({ channels: channels.filter(({ name }) => name !== "alarms") })),
    }, /^channelEnds: "alarms" of plc is no end of a channel$/m],
    ["a doorbell that is level", { kept: good, broken: line("old-linux", 236, "level") }, rings],
    ["a doorbell of another channel", { kept: good, broken: end("plc", "alarms", { doorbell: 240 }) }, rings],
    ["a doorbell that nobody has", { kept: good, broken: end("plc", "alarms", { doorbell: 250 }) }, rings],
    ["a doorbell for two", { kept: good, broken: end("linux", "recipes", { doorbell: 236 }) }, rings],
    ["a doorbell that is the console's", {
      kept: good, broken: withPartition(good, "old-linux", () => ({ consoleInterrupt: 236 })),
    }, rings],
    ["an end that is rung by another line", { kept: good, broken: end("old-linux", "alarms", { interrupt: 240 }) }, rings],
  ]);
});

describe("what is written and compared before any guest starts", () => {
  const init = (change: Partial<PlannedInit>): Plan =>
    ({ ...good, inits: [{ pa: 0x0d00_0000, mask: 0xff, value: 1, by: "plc", ...change }] });
  const inits = (count: number): Plan =>
    ({ ...good, inits: Array.from({ length: count }, () => ({ pa: 0x0d00_0000, mask: 1, value: 1, by: "plc" })) });
  const match: PlannedMatch = { path: "/", property: "model", how: "is", value: "x" };
  const matches = (list: readonly PlannedMatch[]): Plan => ({ ...good, firmwareTree: { expected: true, matches: list } });
  /** Of words: the property's one, the path's one, and the value's, in which a NUL is. */
  const text = (words: number): Plan => matches([{ ...match, value: "x".repeat(8 * (words - 2) - 1) }]);
  const written = /^inits: 0x[0-9a-f]+ is not to be written$/m;
  rows([
    ["a register", { kept: init({}), broken: init({ pa: 0x0d00_0002 }) }, written],
    ["a register at the end of PAs", { kept: init({ pa: PA_END - 4 }), broken: init({ pa: PA_END }) }, written],
    ["a value within its mask", { kept: init({ value: 0xff }), broken: init({ value: 0x100 }) }, written],
    ["a register ahead of the UART", { kept: init({ pa: 0x08ff_fffc }), broken: init({ pa: 0x0900_0000 }) }, written],
    ["a register behind the UART", { kept: init({ pa: 0x0900_1000 }), broken: init({ pa: 0x0900_0ffc }) }, written],
    ["a register ahead of RAM", { kept: init({ pa: RAM - 4 }), broken: init({ pa: RAM }) }, written],
    ["a register behind RAM", { kept: init({ pa: 2 * RAM }), broken: init({ pa: 2 * RAM - 4 }) }, written],
    ["as many as there is room for", { kept: inits(MAX_INITS), broken: inits(MAX_INITS + 1) },
      /^inits: \d+ registers are written$/m],
    ["as many properties", {
      kept: matches(Array.from({ length: MAX_MATCHES }, () => match)),
      broken: matches(Array.from({ length: MAX_MATCHES + 1 }, () => match)),
    }, /^matches: \d+ properties, 3 words: too many to compare$/m],
    ["as many words", { kept: text(MAX_TEXTS), broken: text(MAX_TEXTS + 1) },
      /^matches: 1 properties, \d+ words: too many to compare$/m],
  ]);
});
