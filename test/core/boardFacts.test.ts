// What the plan says of the board is compared with what the hardware says, on the pCPU that can see it
// (arch/aarch64/boardCheck.ts).
import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { qemuVirt, qemuVirtGicv2 } from "../../tools/machine/aarch64/board.ts";
import type { Board } from "../../tools/machine/aarch64/board.ts";
import { machineFor } from "../../tools/machine/aarch64/core.ts";
import { Gicv3 } from "../../tools/machine/aarch64/gic/gicv3.ts";
import type { Redistributor } from "../../tools/machine/aarch64/gic/redistributor.ts";
import type { Aarch64Machine } from "../../tools/machine/aarch64/machine.ts";
import type { Registers } from "../../tools/machine/aarch64/registers.ts";
import { edge, LINUX, makeSystem, PLC, ram, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec, SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench, GICS } from "./bench.ts";

describe.each(GICS)("%s: list registers are counted on each pCPU (ICH_VTR_EL2.ListRegs)", (_, board) => {
  const many = Array.from({ length: 6 }, (_, n) => 64 + n);
  const interrupts = [...LINUX.interrupts.filter(({ intid }) => intid >= 200), ...many.map(edge)];

  test.each([[2, 16], [16, 2]])("%i where the guest runs, %i elsewhere: all its interrupts arrive", (own, others) => {
    const cpus = board.cpus.map((cpu, n) => ({ ...cpu, listRegisters: n === 0 ? own : others }));
    const bench = new Bench({ ...STANDARD, board: { ...board, cpus }, partitions: [{ ...LINUX, interrupts }, PLC] });
    const guest = bench.openInterrupts(0);
    for (const intid of many) bench.enable(0, intid);
    for (const intid of many) bench.machine.setLine(intid, true);
    bench.machine.settle();
    const taken: number[] = [];
    for (let intid = guest.acknowledge(); intid < 1020; intid = guest.acknowledge()) {
      taken.push(intid);
      guest.endOfInterrupt(intid);
      bench.machine.settle();
    }
    expect(taken.sort((a, b) => a - b)).toEqual(many);
  });
});

/** What a board says at boot that is not the one of the plan, or that something has been done to; "" if it runs. */
function bootsOn(
  hardware: Partial<Board>,
  planned: Board = qemuVirt,
  spec: SystemSpec = STANDARD,
  damage: (machine: Aarch64Machine) => void = () => undefined,
): string {
  const machine = machineFor({
    ...makeSystem({ ...spec, board: planned }),
    spec: { ...spec, board: { ...planned, ...hardware } },
  });
  damage(machine);
  machine.boot();
  machine.uart.drain();
  const text = new TextDecoder().decode(Uint8Array.from(machine.uart.sent));
  if (machine.pcpu(0).phase !== "halted") return "";
  expect(machine.pcpus.filter(({ phase }) => phase === "guest")).toEqual([]);
  machine.clock.advance(1_000_000_000);
  machine.settle();
  machine.uart.drain();
  expect(new TextDecoder().decode(Uint8Array.from(machine.uart.sent)), "silence, no frames").toBe(text);
  const [, line] = /^axv: image at 0x[0-9a-f]{16}\r\n(axv: [^\r\n]*)\r\n$/.exec(text) ?? [];
  return line ?? `not one line: ${text}`;
}

test("a CPU without CRC32 instructions, which the blob is checked with: one line, and nothing starts", () => {
  const machine = machineFor(makeSystem({ ...STANDARD, board: { ...qemuVirt, ...oneWith(0, { ID_AA64ISAR0_EL1: 0x1120n }) } }));
  machine.boot();
  machine.uart.drain();
  expect(new TextDecoder().decode(Uint8Array.from(machine.uart.sent))).toBe("axv: the CPU has no CRC32 instructions\r\n");
  expect(machine.pcpus.filter(({ phase }) => phase === "guest")).toEqual([]);
});

const hex16 = (value: number | bigint): string => `0x${value.toString(16).padStart(16, "0")}`;
const mismatch = (pcpu: number, fact: string, planned: number | bigint, found: number | bigint): string =>
  `axv: pCPU ${hex16(pcpu)}: ${fact}: planned ${hex16(planned)}, found ${hex16(found)}`;
/** The same board, one pCPU of which has other registers. */
const oneWith = (pcpu: number, registers: Partial<Registers>): Partial<Board> => ({
  cpus: qemuVirt.cpus.map((cpu, n) => (n === pcpu ? { ...cpu, registers } : cpu)),
});

describe("a board that is not as planned: one line, and nothing starts", () => {
  test("GICD_PIDR2.ArchRev: another version of the GIC, either way", () => {
    expect(bootsOn({ ...qemuVirtGicv2 })).toBe(mismatch(0, "GIC version", 3, 2));
    expect(bootsOn({ ...qemuVirt }, qemuVirtGicv2)).toBe(mismatch(0, "GIC version", 2, 0));
  });

  test("GICC's pages repeat every 4 KiB, and the planned address is not that of the last repetition (ZynqMP)", () => {
    expect(bootsOn({ repeatsPages: true }, qemuVirtGicv2)).toBe(mismatch(0, "GICC_IIDR + 4 KiB (see gicc)", 0, 0x0202_143b));
  });

  test.each([...GICS])("%s: GICD_TYPER.ITLinesNumber: fewer SPIs; more do no harm, and are quiet", (_, board) => {
    const planned = { ...board, spiLimit: 288 };
    expect(bootsOn({ spiLimit: 256 }, planned)).toBe(mismatch(0, "GIC INTIDs", 288, 256));
    for (const spiLimit of [320, 1020]) {
      const machine = machineFor({
        ...makeSystem({ ...STANDARD, board: planned }),
        spec: { ...STANDARD, board: { ...planned, spiLimit } },
      });
      const { bank } = machine.gic.distributor;
      for (let word = 1; word < bank.words; word++) bank.enabled[word] = word < 31 ? 0xffff_ffff : 0x0fff_ffff;
      machine.boot();
      expect(machine.pcpus.map(({ phase }) => phase)).toEqual(["guest", "parked", "parked", "guest"]);
      expect(Array.from(bank.enabled, (bits, word) => (word === 0 ? 0 : bits))).toEqual(Array.from(bank.enabled, () => 0));
    }
  });

  test("GICR_TYPER.VLPIS: a GICv4's redistributors are 256 KiB apart", () => {
    expect(bootsOn({ virtualLpis: true })).toBe(mismatch(0, "gicr_stride", 0x20000, 0x40000));
    const two = { ...qemuVirt, cpus: qemuVirt.cpus.slice(0, 2) };
    const pair = { ...STANDARD, housekeeper: 0, partitions: [{ ...LINUX, channels: [], regions: LINUX.regions.slice(0, 2) }] };
    expect(bootsOn({ virtualLpis: true }, two, pair)).toBe(mismatch(0, "gicr_stride", 0x20000, 0x40000));
    const wide = {
      ...qemuVirt,
      virtualLpis: true,
      cpus: qemuVirt.cpus.map((cpu, n) => ({ ...cpu, gicr: 0x080a_0000 + n * 0x40000 })),
    };
    expect(bootsOn({}, wide), "as planned").toBe("");
  });

  test.each([...GICS])("%s: a board with one pCPU, which does everything", (_, board) => {
    const alone: Board = { ...board, cpus: board.cpus.slice(0, 1) };
    const one = {
      ...STANDARD,
      board: alone,
      housekeeper: 0,
      partitions: [{ ...LINUX, cpus: [0], channels: [], regions: LINUX.regions.slice(0, 2) }],
    };
    const bench = new Bench(one);
    expect(bench.command(0, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(bench.guest(0).running).toBe(true);
  });

  test("GICR_TYPER: redistributors are found by affinity, in whichever order they are", () => {
    const swapped = (frames: readonly number[]): Board => ({
      ...qemuVirt,
      cpus: [0n, 1n, 3n, 2n].map((mpidr, n) => ({ mpidr, gicr: 0x080a_0000 + (frames[n] ?? 0) * 0x20000 })),
    });
    expect(bootsOn(swapped([0, 1, 3, 2]), swapped([0, 1, 2, 3]))).toBe("");
    const bench = new Bench({ ...STANDARD, board: swapped([0, 1, 3, 2]) });
    expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(bench.guest(3).running).toBe(true);
  });

  test("GICR_TYPER: in two regions, with gaps, in another order", () => {
    const places = [0x080e_0000, 0x2000_0000, 0x080a_0000, 0x2006_0000];
    const placed = (order: readonly number[]): Board => ({
      ...qemuVirt,
      cpus: qemuVirt.cpus.map((cpu, n) => ({ ...cpu, gicr: places[order[n] ?? 0] ?? 0 })),
    });
    expect(bootsOn(placed([3, 0, 2, 1]), placed([0, 1, 2, 3]))).toBe("");
    const bench = new Bench({ ...STANDARD, board: placed([1, 3, 0, 2]) });
    expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(bench.guest(3).running).toBe(true);
  });

  test("GICR_PIDR2: a further frame of a GICv4's is no redistributor, though it says the affinity 0", () => {
    const frames = (all: readonly number[]): Board => ({
      ...qemuVirt,
      virtualLpis: true,
      cpus: qemuVirt.cpus.map((cpu, n) => ({ ...cpu, gicr: 0x080a_0000 + (all[n] ?? 0) * 0x20000 })),
    });
    expect(bootsOn(frames([2, 0, 4, 6]), frames([1, 0, 4, 6]))).toBe(mismatch(0, "gicr", 0x080c_0000, 0));
  });

  test("GICR_TYPER, IROUTER, SGI1R, PSCI: pCPUs that differ in one level of affinity alone, any of the four", () => {
    const cpus = [0n, 1n, 0x1_0000_0000n, 0x80_0000_0000n].map((mpidr, n) => ({ mpidr, gicr: 0x080a_0000 + n * 0x20000 }));
    const inner = [0n, 0x100n, 0x8000n, 0x80_0000n].map((mpidr, n) => ({ mpidr, gicr: 0x080a_0000 + n * 0x20000 }));
    for (const some of [cpus, inner]) {
      const bench = new Bench({ ...STANDARD, board: { ...qemuVirt, cpus: some } });
      expect(bench.machine.pcpus.map(({ phase }) => phase)).toEqual(["guest", "parked", "parked", "guest"]);
      bench.openInterrupts(3);
      bench.enable(3, 60);
      bench.machine.setLine(60, true);
      bench.machine.settle();
      expect(bench.guest(3).acknowledge()).toBe(60);
      expect(bench.command(1, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
      expect(bench.guest(3).running).toBe(true);
    }
  });

  test("GICR_TYPER: none has a pCPU's affinity", () => {
    // Where the plan looks for pCPU 3's there is another one's.
    const cpus = [...qemuVirt.cpus.slice(0, 3), { mpidr: 3n, gicr: 0x0812_0000 }, { mpidr: 4n, gicr: 0x0810_0000 }];
    expect(bootsOn({ cpus })).toBe(mismatch(3, "gicr", 0x0810_0000, 0));
  });

  test("GICD_ITARGETSR0: a pCPU that has another CPU interface", () => {
    expect(
      bootsOn({ cpus: qemuVirtGicv2.cpus.map((cpu, n) => ({ ...cpu, interface: [0, 1, 3, 2][n] ?? 0 })) }, qemuVirtGicv2),
    ).toBe(mismatch(3, "CPU interface", 8, 4));
  });

  test("CNTFRQ_EL0 that firmware has not set, or not everywhere", () => {
    expect(bootsOn({ registers: { CNTFRQ_EL0: 0n } })).toBe(mismatch(0, "CNTFRQ_EL0", 1, 0));
    expect(bootsOn(oneWith(1, { CNTFRQ_EL0: 0n }))).toBe(mismatch(1, "CNTFRQ_EL0", 62_500_000, 0));
  });

  test("PMUVer: a partition with the PMU on the housekeeper's pCPU would see what is done for others", () => {
    const of = (plc: Partial<PartitionSpec>): SystemSpec => ({
      ...STANDARD,
      housekeeper: 3,
      partitions: [LINUX, { ...PLC, ...plc }],
    });
    const version = (n: bigint): Partial<Board> => oneWith(3, { ID_AA64DFR0_EL1: 0x1030_5006n | (n << 8n) });
    expect(bootsOn(version(5n), qemuVirt, of({ pmu: true }))).toBe(mismatch(3, "PMUVer where house is kept", 6, 5));
    expect(bootsOn(version(6n), qemuVirt, of({ pmu: true }))).toBe("");
    expect(bootsOn(version(5n), qemuVirt, of({ pmu: true, countEl2: true }))).toBe("");
    expect(bootsOn(version(5n), qemuVirt, of({}))).toBe("");
  });

  test("CTR_EL0.DminLine: a line that is shorter than the steps of cache maintenance; a longer one does no harm", () => {
    expect(bootsOn(oneWith(2, { CTR_EL0: 0x8443_8004n }))).toBe(mismatch(2, "cache line", 64, 32));
    expect(bootsOn(oneWith(2, { CTR_EL0: 0x8453_8004n })), "whatever stands above it: ERG").toBe(
      mismatch(2, "cache line", 64, 32),
    );
    expect(bootsOn({ registers: { CTR_EL0: 0x8445_8004n } })).toBe("");
  });

  test("ID_AA64MMFR0_EL1.PARange: memory above it, or a pCPU that has another one", () => {
    expect(bootsOn(oneWith(3, { ID_AA64MMFR0_EL1: 0x1121n }))).toBe(mismatch(3, "PA bits", 40, 36));
    expect(bootsOn(oneWith(3, { ID_AA64MMFR0_EL1: 0x1125n })), "a larger one: guests have 40 bits at most").toBe("");
    const high = {
      ...STANDARD,
      partitions: [LINUX, { ...PLC, regions: [ram(0x4000_0000, 0x10_0000_0000, 0x100_0000), ...PLC.regions.slice(1)] }],
    };
    const highBoard = { ...qemuVirt, ram: [...qemuVirt.ram, { pa: 0x10_0000_0000, size: 0x100_0000 }] };
    expect(bootsOn({ registers: { ID_AA64MMFR0_EL1: 0x1121n } }, highBoard, high)).toBe(mismatch(0, "PA bits", 40, 36));
    expect(bootsOn({}, highBoard, high)).toBe("");
    const low = { registers: { ID_AA64MMFR0_EL1: 0x1121n } };
    expect(
      bootsOn(low, highBoard, { ...high, ipaBits: 36 }),
      "IPAs that every pCPU has, for a PA that this one has not",
    ).toContain("lies above the PA space");
    expect(bootsOn(low, qemuVirt, { ...STANDARD, ipaBits: 36 })).toBe("");
  });

  test("ID_AA64PFR0_EL1.GIC: without the CPU interface's system registers there is no GICv3 for us", () => {
    expect(bootsOn({ registers: { ID_AA64PFR0_EL1: 0x2222n } })).toBe(mismatch(0, "GIC system registers", 1, 0));
  });

  test("HCR_EL2.E2H that cannot be cleared (no FEAT_E2H0): of all pCPUs, or of one", () => {
    const fixed = { HCR_EL2: 1n << 34n };
    expect(bootsOn({ registers: fixed })).toBe(mismatch(0, "HCR_EL2.E2H (this CPU has VHE only)", 0, 1));
    expect(bootsOn(oneWith(2, fixed))).toBe(mismatch(2, "HCR_EL2.E2H (this CPU has VHE only)", 0, 1));
  });

  test("MPIDR_EL1: another pCPU than the one that firmware was asked for", () => {
    expect(bootsOn(oneWith(2, { MPIDR_EL1: 0x8000_0102n }))).toBe(mismatch(2 + 0x100, "mpidr (boot pCPU first)", 2, 0x102));
  });

  test("a pCPU that firmware says it has started, and that says nothing", () => {
    expect(bootsOn({ cpus: qemuVirt.cpus.map((cpu, n) => ({ ...cpu, dead: n === 1 })) })).toBe(
      `axv: no sign of life of pCPU ${hex16(1)}`,
    );
  });
});

describe("page colours: the last cache (CLIDR_EL1) has as many sets as the plan takes for granted (CCSIDR_EL1)", () => {
  const coloured: SystemSpec = {
    ...STANDARD,
    partitions: [
      { ...LINUX, regions: [{ ...ram(0x6000_0000, 0x6000_0000, 0x80_0000), colours: [0, 1, 2, 3] }, ...LINUX.regions.slice(1)] },
      PLC,
    ],
  };
  const last = (ccsidr: bigint, registers: Partial<Registers> = {}): string =>
    bootsOn({ caches: [0n, 0n, ccsidr], registers }, qemuVirt, coloured);

  test("16 of 64 KiB a way; fewer are refused, more are not", () => {
    expect(last(0x707f_e07an)).toBe("");
    expect(last(0x703f_e07an)).toBe(mismatch(0, "page colours", 16, 8));
    expect(last(0x70ff_e07an)).toBe("");
  });

  test("with FEAT_CCIDX the sets are in the upper half (ID_AA64MMFR2_EL1.CCIDX)", () => {
    const wide = { ID_AA64MMFR2_EL1: 1n << 20n };
    expect(last((1023n << 32n) | (15n << 3n) | 2n, wide)).toBe("");
    expect(last((511n << 32n) | (15n << 3n) | 2n, wide)).toBe(mismatch(0, "page colours", 16, 8));
  });

  test("of L3, where there is one; where CLIDR_EL1 tells of no cache, the plan is believed", () => {
    expect(
      bootsOn({ caches: [0n, 0n, 0x707f_e07an, 0n, 0x70ff_e07an], registers: { CLIDR_EL1: 0x0a20_0123n } }, qemuVirt, coloured),
    ).toBe("");
    expect(
      bootsOn({ caches: [0n, 0n, 0x70ff_e07an, 0n, 0x701f_e07an], registers: { CLIDR_EL1: 0x0a20_0123n } }, qemuVirt, coloured),
    ).toBe(mismatch(0, "page colours", 16, 4));
    const seventh = {
      caches: [0n, 0n, 0x707f_e07an, ...Array<bigint>(9).fill(0n), 0x701f_e07an],
      registers: { CLIDR_EL1: 0x23n | (4n << 18n) },
    };
    expect(bootsOn(seventh, qemuVirt, coloured), "seven levels").toBe(mismatch(0, "page colours", 16, 4));
    expect(bootsOn({ registers: { CLIDR_EL1: 0n } }, qemuVirt, coloured)).toBe("");
  });

  test("nobody is coloured: it does not matter", () => expect(bootsOn({ caches: [0n, 0n, 0n] })).toBe(""));
});

const redistributorOf = ({ gic }: Aarch64Machine, pcpu: number): Redistributor => {
  if (gic instanceof Gicv3 && gic.cpus[pcpu] !== undefined) return gic.cpus[pcpu].redistributor;
  throw new Error("a GICv3");
};

describe("a GIC that does not follow", () => {
  const without = (pcpu: number, damage: (redistributor: Redistributor) => void): string =>
    bootsOn({}, qemuVirt, STANDARD, (machine) => damage(redistributorOf(machine, pcpu)));
  const never = Infinity;

  test.each([0, 2, 3])(
    "pCPU %i's LPIs cannot be switched off (GICR_CTLR.EnableLPIs, CES): they would be written to memory that is a guest's now",
    (pcpu) => {
      expect(
        without(pcpu, (gicr) => {
          gicr.keepsLpis = true;
        }),
      ).toBe(mismatch(pcpu, "GICR_CTLR (EnableLPIs, RWP)", 0, 1));
      expect(
        without(pcpu, (gicr) => {
          [gicr.keepsLpis, gicr.lpis, gicr.lpisEnabled] = [true, false, false];
        }),
        "they were off",
      ).toBe("");
    },
  );

  test.each([0, 3])(
    "pCPU %i's redistributor does not carry out what is written to it (GICR_CTLR.RWP), " +
      "or does not wake up (GICR_WAKER.ChildrenAsleep)",
    (pcpu) => {
      expect(
        without(pcpu, (gicr) => {
          gicr.rwpReads = never;
        }),
      ).toBe(mismatch(pcpu, "GICR_CTLR (EnableLPIs, RWP)", 0, 8));
      expect(
        without(pcpu, (gicr) => {
          gicr.wakeReads = never;
        }),
      ).toBe(mismatch(pcpu, "GICR_WAKER.ChildrenAsleep", 0, 4));
      expect(
        without(pcpu, (gicr) => {
          [gicr.rwpReads, gicr.wakeReads] = [1000, 1000];
        }),
        "slowly",
      ).toBe("");
    },
  );

  test("the distributor does not (GICD_CTLR.RWP)", () => {
    const slowly = (reads: number): string =>
      bootsOn({}, qemuVirt, STANDARD, ({ gic }) => {
        if (gic instanceof Gicv3) gic.distributor.rwpReads = reads;
      });
    expect(slowly(never)).toBe(mismatch(0, "GICD_CTLR.RWP", 0, 0x8000_0000));
    expect(slowly(1000)).toBe("");
  });

  test("when a partition's interrupts are switched off: the host hears of it, and the partition stops all the same", () => {
    const bench = new Bench({ ...STANDARD, partitions: [{ ...LINUX, cpus: [0] }, PLC] });
    const late = (): bigint[] => bench.events(0).filter(({ code }) => code === abi.EVENT_CONTROLLER_LATE).map(({ a }) => a);
    expect(bench.command(0, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect(late()).toEqual([]);
    if (bench.machine.gic instanceof Gicv3) bench.machine.gic.distributor.rwpReads = never;
    redistributorOf(bench.machine, 0).rwpReads = never;
    expect(bench.command(0, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    expect([...new Set(late())].sort()).toEqual([BigInt(qemuVirt.gicd), BigInt(qemuVirt.cpus[0]?.gicr ?? 0)]);
    expect(bench.partition(0).state).toBe("off");
  });
});

describe("what firmware has left on is off when guests begin", () => {
  test("the UART's interrupts (UARTIMSC), LPIs (GICR_CTLR.EnableLPIs), extended SPIs and PPIs (ICENABLER<n>E)", () => {
    const { machine } = new Bench({ ...STANDARD, board: { ...qemuVirt, uartMask: 0x7ff, extendedSpis: 64, extendedPpis: 64 } });
    expect(machine.uart.read(0x38)).toBe(0);
    if (!(machine.gic instanceof Gicv3)) throw new Error("a GICv3");
    expect(machine.gic.cpus.map(({ redistributor }) => redistributor.lpis)).toEqual([false, false, false, false]);
    expect([...machine.gic.distributor.extended]).toEqual([0, 0]);
    expect(machine.gic.cpus.map(({ redistributor }) => [...redistributor.extended])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });

  test("and what it has left off is on: the GIC's system registers, for us and for guests (ICC_SRE_EL2)", () => {
    const { machine } = new Bench({ ...STANDARD, board: { ...qemuVirt, registers: { ICC_SRE_EL1: 0n, ICC_SRE_EL2: 0n } } });
    expect(machine.pcpus.map(({ registers }) => registers.ICC_SRE_EL2)).toEqual([15n, 15n, 15n, 15n]);
    expect([0, 3].map((pcpu) => machine.pcpu(pcpu).registers.ICC_SRE_EL1)).toEqual([7n, 7n]);
  });

  test.each([
    [1, 0n],
    [4, 1n << 17n],
    [5, 1n << 17n],
    [6, (1n << 17n) | (1n << 23n)],
  ])("PMUVer %i: EL2 is not counted where the PMU can leave it out (MDCR_EL2.HPMD, HCCD)", (version, bits) => {
    const registers = { ID_AA64DFR0_EL1: 0x1030_5006n | (BigInt(version) << 8n) };
    const { machine } = new Bench({ ...STANDARD, board: { ...qemuVirt, registers }, partitions: [LINUX, { ...PLC, pmu: true }] });
    for (const pcpu of [0, 3]) expect(machine.pcpu(pcpu).registers.MDCR_EL2 & ((1n << 17n) | (1n << 23n))).toBe(bits);
  });
});
