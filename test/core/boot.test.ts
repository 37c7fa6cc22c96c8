// From reset to the guests' first instructions (core/boot.ts, lifecycle.ts).
import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { machineFor } from "../../tools/machine/aarch64/core.ts";
import { PSCI_FEATURES } from "../../tools/machine/aarch64/firmware.ts";
import { exists } from "../../tools/machine/aarch64/features.ts";
import { isRegister, PSTATE_DAIF, PSTATE_EL1H, UNKNOWN } from "../../tools/machine/aarch64/registers.ts";
import type { Registers } from "../../tools/machine/aarch64/registers.ts";
import { ENTRY_OFFSET, LINUX, makeSystem, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench } from "./bench.ts";

const bench = new Bench();
const { machine } = bench;

describe("boot", () => {
  test("each partition's first pCPU runs its guest; its others and the spare ones are parked", () => {
    expect(machine.pcpus.map(({ phase }) => phase)).toEqual(["guest", "parked", "parked", "guest"]);
  });

  test("a guest begins at its entry with x0 as planned, all other registers 0, EL1h, everything masked", () => {
    for (const [pcpu, ram] of [[0, 0x6000_0000], [3, 0x4000_0000]] as const) {
      const guest = bench.guest(pcpu);
      expect(guest.pcpu.pc).toBe(BigInt(ram + ENTRY_OFFSET));
      expect(guest.pcpu.pstate).toBe(PSTATE_EL1H | PSTATE_DAIF);
      expect(guest.x(0)).toBe(BigInt(ram));
      for (let n = 1; n < 31; n++) expect(guest.x(n)).toBe(0n);
    }
  });

  test("no register of EL1, nor any that controls it, is left as reset had it", () => {
    // Written by the hardware at an exception, or by nobody.
    const exceptions = ["ESR_EL2", "FAR_EL2", "HPFAR_EL2"];
    for (const pcpu of [0, 3]) {
      const { registers } = machine.pcpu(pcpu);
      const left = Object.entries(registers).filter(
        ([name, value]) => value === UNKNOWN && !exceptions.includes(name) && isRegister(name) && exists(name, registers),
      );
      expect(left.map(([name]) => name)).toEqual([]);
      expect(machine.pcpu(pcpu).pmu.inUse, "PMU").toBe(0n);
    }
  });

  test("EL1's MMU and caches are off and its timers too (SCTLR_EL1, CNTV_CTL_EL0, CNTP_CTL_EL0)", () => {
    const { registers, virtualTimer, physicalTimer } = machine.pcpu(0);
    expect(registers.SCTLR_EL1).toBe(0x30d0_0800n);
    expect(registers.SCTLR_EL1 & 0x1005n).toBe(0n);
    expect([virtualTimer.control, physicalTimer.control]).toEqual([0n, 0n]);
  });

  // The fields that are not 0, by the bit that each begins at.
  const MODE: readonly (readonly [keyof Registers, Readonly<Record<string, readonly [number, number?]>>])[] = [
    [
      "HCR_EL2",
      {
        VM: [0],
        SWIO: [1],
        PTW: [2],
        FMO: [3],
        IMO: [4],
        AMO: [5],
        TID3: [18],
        TSC: [19],
        TIDCP: [20],
        TACR: [21],
        TSW: [22],
        TVM: [26],
        RW: [31],
        TLOR: [35],
        TERR: [36],
        APK: [40],
        API: [41],
      },
    ],
    ["MDCR_EL2", { HPMN: [0, 6], TPMCR: [5], TPM: [6], TDA: [9], TDOSA: [10], TDRA: [11], TPMS: [14], TTRF: [19], TDCC: [27] }],
    ["CPTR_EL2", { RES1: [0, 0x32ff], TZ: [8], TTA: [20], TAM: [30] }],
    [
      "VTCR_EL2",
      {
        "T0SZ, 40 bits": [0, 24],
        "SL0, level 1": [6],
        IRGN0: [8],
        ORGN0: [10],
        SH0: [12, 3],
        "PS, 40 bits": [16, 2],
        RES1: [31],
      },
    ],
    ["CNTHCTL_EL2", { EL1PCTEN: [0], EL1PCEN: [1] }],
    ["HSTR_EL2", {}],
    ["SPSR_EL2", { "M, EL1h": [0, 5], DAIF: [6, 15] }],
  ];
  test.each(MODE)("%s: what a guest may do by itself, and what is trapped, bit by bit (ARM ARM D17.2)", (name, fields) => {
    const wanted = Object.values(fields).reduce((bits, [at, value = 1]) => bits | (BigInt(value) << BigInt(at)), 0n);
    for (const pcpu of [0, 3]) expect(machine.pcpu(pcpu).registers[name].toString(16)).toBe(wanted.toString(16));
  });

  test("all of the PMU's counters are below HPMN", () => {
    expect(machine.pcpu(0).registers.MDCR_EL2 & 0x1fn).toBe((machine.pcpu(0).pmu.read("PMCR_EL0") >> 11n) & 0x1fn);
  });

  test("a partition that is given the PMU has it untrapped", () => {
    const { registers } = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, pmu: true }] }).machine.pcpu(3);
    expect(registers.MDCR_EL2 & 0x60n).toBe(0n);
  });

  test("guests see the pCPU's MIDR_EL1, and their own affinity: Aff0 is the vCPU's index (VPIDR_EL2, VMPIDR_EL2)", () => {
    expect(machine.pcpus.map(({ registers }) => registers.VPIDR_EL2)).toEqual([
      0x410f_d034n,
      0x410f_d034n,
      UNKNOWN,
      0x410f_d034n,
    ]);
    expect([0, 1, 3].map((n) => machine.pcpu(n).registers.VMPIDR_EL2)).toEqual([0x8000_0000n, 0x8000_0001n, 0x8000_0000n]);
  });

  test("partitions have VMIDs of their own, and none has VMID 0", () => {
    const vmids = [0, 1, 3].map((n) => machine.pcpu(n).registers.VTTBR_EL2 >> 48n);
    expect(vmids).toEqual([1n, 1n, 2n]);
  });

  test("images are copied to their targets, padded to 64 bytes, and nothing else is written outside the hypervisor", () => {
    expect(machine.memory.readBytes(0x6000_0000 + ENTRY_OFFSET, 4096)).toEqual(LINUX.image);
    expect(machine.memory.readBytes(0x4800_0000 + ENTRY_OFFSET, 1000)).toEqual(PLC.image);
    const own = machine.board.imageBase;
    expect(machine.writes.filter(({ pa }) => pa < own || pa >= own + machine.board.imageSize)).toEqual([
      { pa: 0x6000_0000 + ENTRY_OFFSET, size: 4096 }, { pa: 0x4800_0000 + ENTRY_OFFSET, size: 1024 },
    ]);
  });

  test("early text is plain, the first event says where and how long, and each partition's start is an event", () => {
    const [boot] = bench.events(abi.FRAME_HYPERVISOR);
    expect(bench.text).toBe("axv: image at 0x0000000040200000\r\n");
    expect(boot).toMatchObject({ code: abi.EVENT_BOOT, a: 0x4020_0000n, c: 2n });
    expect(boot?.b).toBeGreaterThan(0n);
    expect(bench.events(0)).toMatchObject([{ code: abi.EVENT_STARTED, a: BigInt(0x6000_0000 + ENTRY_OFFSET), b: 0n }]);
    expect(bench.events(1)).toMatchObject([{ code: abi.EVENT_STARTED, a: BigInt(0x4000_0000 + ENTRY_OFFSET), b: 0n }]);
  });

  test("firmware is asked for nothing but whether it has SMCCC_VERSION, and CPU_ON of the other pCPUs", () => {
    expect(machine.firmware.calls.filter((fn) => fn !== PSCI_FEATURES)).toEqual([
      0x8400_0000, 0xc400_0003, 0xc400_0003, 0xc400_0003,
    ]);
  });

  test("a partition without autostart stays off until the host starts it", () => {
    const other = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, autostart: false }] });
    expect(other.guest(3).running).toBe(false);
    expect(other.partition(1).state).toBe("off");
    expect(other.command(1, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(other.guest(3).running).toBe(true);
    expect(other.machine.memory.readBytes(0x4800_0000 + ENTRY_OFFSET, 1000)).toEqual(PLC.image);
  });

  test("a pCPU that firmware does not know is named, and the others start", () => {
    const system = makeSystem({
      ...STANDARD,
      board: { ...STANDARD.board, cpus: STANDARD.board.cpus.map((cpu, n) => (n === 3 ? { ...cpu, mpidr: 0x300n } : cpu)) },
    });
    const missing = machineFor({ ...system, spec: STANDARD });
    missing.boot();
    missing.uart.drain();
    expect(new TextDecoder().decode(Uint8Array.from(missing.uart.sent))).toContain(
      "axv: firmware does not start pCPU 0x0000000000000300: its partition stays off\r\n",
    );
    expect(missing.pcpus.map(({ phase }) => phase)).toEqual(["guest", "parked", "parked", "off"]);
  });

  test("a partition with a pCPU that does not start never runs", () => {
    const spec = {
      ...STANDARD,
      board: { ...STANDARD.board, cpus: STANDARD.board.cpus.map((cpu, n) => (n === 1 ? { ...cpu, mpidr: 0x300n } : cpu)) },
    };
    const without = machineFor({ ...makeSystem(spec), spec: STANDARD });
    without.boot();
    expect(without.pcpus.map(({ phase }) => phase)).toEqual(["parked", "off", "parked", "guest"]);
  });

  test("on another pCPU than the plan's first one it refuses", () => {
    const spec = {
      ...STANDARD,
      board: { ...STANDARD.board, cpus: STANDARD.board.cpus.map((cpu, n) => (n === 0 ? { ...cpu, mpidr: 0x300n } : cpu)) },
    };
    const other = machineFor({ ...makeSystem(spec), spec: STANDARD });
    other.boot();
    other.uart.drain();
    expect(other.pcpu(0).phase).toBe("halted");
    expect(new TextDecoder().decode(Uint8Array.from(other.uart.sent))).toContain(
      "mpidr (boot pCPU first): planned 0x0000000000000300, found 0x0000000000000000",
    );
  });

  test("without a UART in the image nothing is started", () => {
    const silent = machineFor(makeSystem({ ...STANDARD, board: { ...STANDARD.board, uart: 0 } }));
    silent.boot();
    expect([silent.pcpu(0).phase, silent.uart.sent]).toEqual(["halted", []]);
  });
});
