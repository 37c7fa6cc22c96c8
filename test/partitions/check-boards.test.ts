// What boards' files say, one fact with another, at the edges: where each mistake is told, in whole.
import { describe, expect, test } from "vitest";
import type { Aarch64Board, Device, Riscv64Board } from "../../boards/schema.ts";
import { checkBoard, framesOf } from "../../partitions/check/board.ts";
import { directProblems } from "../../partitions/check/riscv64/guests.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { Problem } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { formatSpan, MIB } from "../../partitions/units.ts";
import type { Riscv64Profile } from "../../rtos-guests/profiles/schema.ts";
import { riscv64Board } from "../riscv64.ts";
import { profile, qemu, reported } from "./reported.ts";

const nowhere = new Findings({ file: "", locate: () => ({ line: 1, column: 1 }) });
const riscv = riscv64Board(boards().get("qemu-riscv64", nowhere));

const arm = (change: Partial<Aarch64Board>): string[] => reported((findings) => checkBoard({ ...qemu, ...change }, findings));
const risc = (change: Partial<Riscv64Board>): string[] => reported((findings) => checkBoard({ ...riscv, ...change }, findings));
const fact = (place: string, words: string): string => `${place} AXV-P095 ${words}`;
const device = (base: number, size: number, lines: readonly number[] = [], more: Partial<Device> = {}): Device => ({
  dma: false, behind: "none", node: "x", compatible: ["x"], dma_coherent: false, clock_names: [],
  windows: [{ base, size }], spis: lines.map((spi) => ({ spi, trigger: "level" })), ...more,
});
const LOOK = "look at the board's device tree";
const APART = "each has pages of its own: look at the board's device tree, or leave it out";

describe("a RISC-V board", () => {
  const cpus = (change: Partial<Riscv64Board["cpus"]>): string[] => risc({ cpus: { ...riscv.cpus, ...change } });
  const imsic = (change: Partial<Riscv64Board["imsic"]>): string[] => risc({ imsic: { ...riscv.imsic, ...change } });
  const devices = (list: Record<string, Device>, more: Partial<Riscv64Board> = {}): string[] => risc({ devices: list, ...more });

  test("as it is", () => expect(risc({})).toEqual([]));

  test("has harts, each once, and of all of them what it says of each", () => {
    expect(cpus({ harts: [0, 1, 0, 1] }).slice(0, 2)).toEqual([
      fact("cpus.harts.2", "pCPU 0 is hart 0, too: give each pCPU its own"),
      fact("cpus.harts.3", "pCPU 1 is hart 1, too: give each pCPU its own"),
    ]);
    expect(cpus({ compatible: ["riscv"] })).toEqual([
      fact("cpus.compatible", "1 models are listed, and there are 4 pCPUs: list 4"),
    ]);
    expect(cpus({ guest_files: [1, 1, 1, 1, 1] })).toEqual([
      fact("cpus.guest_files", "5 numbers are listed, and there are 4 pCPUs: list 4"),
    ]);
  });

  test("has the extensions that the core needs", () => {
    const needs = (name: string, what: string): string =>
      fact("cpus.extensions", `its harts have no "${name}": the hypervisor needs ${what}: it runs on boards that have it`);
    expect(cpus({ extensions: [] })).toEqual([
      needs("h", "the hypervisor extension"), needs("ssaia", "the Advanced Interrupt Architecture (AIA)"),
      needs("sstc", "a supervisor's timer of its own (Sstc)"),
    ]);
    expect(cpus({ extensions: ["h", "ssaia", "sstc"] })).toEqual([]);
  });

  test("has interrupt files with room for those of guests", () => {
    expect(imsic({ stride: 0x4000 })).toEqual([]);
    expect(imsic({ stride: 0x3000 })).toEqual([fact("imsic.stride", "0x00003000 is no power of two: it is 4K times one")]);
    expect(imsic({ identities: 127 })).toEqual([]);
    const multiple = (count: number): string =>
      fact("imsic.identities", `${count} identities: a file has a multiple of 64, less 1`);
    expect([126, 128].map((identities) => imsic({ identities }))).toEqual([[multiple(126)], [multiple(128)]]);
    const tooMany = (count: number, hart: number): string =>
      fact("cpus.guest_files", `${count} guest files of hart ${hart} are more than the 1 that there is room for: correct ` +
        "`stride` " +
        "of `imsic`, or write fewer");
    expect(cpus({ harts: [0, 1, 2, 7], guest_files: [0, 1, 1, 2] }).slice(0, 1)).toEqual([tooMany(2, 7)]);
    expect(cpus({ guest_files: [1, 1, 1, 1, 3] })).toContain(tooMany(3, 4));
  });

  test("has no tree of its own", () => {
    expect(risc({ tree: { file: "x.dtb" } })).toEqual([
      fact("tree", "a device tree of the board's own: leave it out: on RISC-V guests are told of devices as this file has them"),
    ]);
  });

  test("has a rate that its clock makes", () => {
    expect(risc({ uart: { ...riscv.uart, baud: 1_000_000 } })).toEqual([
      fact("uart.baud", "of 3686400 Hz its clock makes 230400 baud at best: write another rate, or leave it to firmware (no " +
        "`baud`)"),
    ]);
  });

  test("has sources with one use each; devices share one that is triggered as one", () => {
    const [a, b] = [0x1100_0000, 0x1100_1000];
    expect(devices({ a: device(a, 16, [1]), b: device(b, 16, [2, 1]) })).toEqual([]);
    expect(devices({ a: device(a, 16, [10]), b: device(b, 16, [3, 10]) })).toEqual([
      fact("devices.a.source", `source 10 of "a" is the UART's, too: ${LOOK}`),
      fact("devices.b.source.1", `source 10 of "b" is the UART's, too: ${LOOK}`),
    ]);
    expect(devices({ a: device(a, 16, [3, 4, 3]) })).toEqual([
      fact("devices.a.source.2", `source 3 of "a" is listed twice: ${LOOK}`),
    ]);
    const edge = device(b, 16, [], { spis: [{ spi: 3, trigger: "edge" }] });
    expect(devices({ a: device(a, 16, [3]), b: edge, c: device(0x1100_2000, 16, [3]) })).toEqual([
      fact("devices.b.source", 'source 3 is level triggered for one device and edge triggered for "b": it is one of the two'),
    ]);
  });

  test("has sources that nobody else has to spare, all of the APLIC's, each with an identity", () => {
    const spare = (first: number, last: number): string[] => risc({ spare_sources: [first, last] });
    expect([spare(12, 12), spare(12, 96), spare(9, 9)]).toEqual([[], [], []]);
    expect(spare(63, 40)).toEqual([fact("spare_sources", "63 is behind 40: write the lower number first")]);
    const taken = (place: string, source: number, use: string): string =>
      fact(place, `source ${source} of ${use} is one of the spare ones, 10 to 11: give others as \`spare_sources\``);
    expect(spare(10, 11)).toEqual([taken("uart.source", 10, "the UART"), taken("devices.rtc.source", 11, '"rtc"')]);
    expect(spare(12, 97)).toEqual([
      fact("spare_sources.1", "source 97 of the spare ones is none of the APLIC's: it has 1 to 96"),
    ]);
    const own = (place: string, use: string, source: number): string =>
      fact(place, `source ${source} of ${use} has no identity in a hart's interrupt file: leave it out: sources 1 to 62 have ` +
        "one, beside the hypervisor's own");
    const few = { imsic: { ...riscv.imsic, identities: 63 } };
    expect(devices({ a: device(0x1100_0000, 16, [62]) }, { ...few, spare_sources: [40, 61] })).toEqual([]);
    expect(devices({}, { ...few, spare_sources: [40, 62] })).toEqual([]);
    expect(devices({ a: device(0x1100_0000, 16, [70, 64]) }, { ...few, spare_sources: [40, 63] })).toEqual([
      own("devices.a.source.0", '"a"', 70), own("devices.a.source.1", '"a"', 64), own("spare_sources.1", "the spare ones", 63),
    ]);
    expect(risc({ uart: { ...riscv.uart, source: 97 } })).toEqual([
      fact("uart.source", "source 97 of the UART is none of the APLIC's: it has 1 to 96"),
    ]);
  });

  test("has its AIA where nothing else is: of guests' files as many as there are", () => {
    const names = (files: number[]): string[] =>
      framesOf({ ...riscv, cpus: { ...riscv.cpus, harts: [0, 2], guest_files: files } })
        .map(({ what, span, at }) => `${what} ${formatSpan(span)} ${at.join(".")}`);
    const rest = ["the UART 0x10000000…0x10001000 uart.reg"];
    const aplic = "the APLIC 0x0d000000…0x0d004000 aplic.base";
    expect(names([0, 1])).toEqual([
      aplic, "the interrupt file of hart 0 0x28000000…0x28001000 imsic.base",
      "the interrupt file of hart 2 0x28004000…0x28005000 imsic.base", "the guest files of hart 2 0x28005000…0x28006000 " +
        "imsic.base",
      ...rest,
    ]);
    expect(names([3])).toEqual([
      aplic, "the interrupt file of hart 0 0x28000000…0x28001000 imsic.base",
      "the guest files of hart 0 0x28001000…0x28004000 imsic.base", "the interrupt file of hart 2 0x28004000…0x28005000 " +
        "imsic.base",
      ...rest,
    ]);
    expect(devices({ a: device(0x0d00_3000, 4), b: device(0x0d00_4000, 4), c: device(0x2800_2000, 4) })).toEqual([
      fact("devices.a.reg", `"a" at 0x0d003000…0x0d004000 is over the APLIC at 0x0d000000…0x0d004000: ${APART}`),
      fact("devices.c.reg", `"c" at 0x28002000…0x28003000 is over the interrupt file of hart 1 at 0x28002000…0x28003000: ` +
        APART),
    ]);
  });

  test("has direct interrupts for guests that know its files, on harts that have some", () => {
    const old = { ...profile("plc", "riscv64"), name: "old" } as Riscv64Profile;
    const said = (cpuList: number[], controllers?: readonly string[]): string[] =>
      directProblems({ ...riscv, cpus: { ...riscv.cpus, harts: [5, 6, 7, 8], guest_files: [1, 0, 0, 1] } }, cpuList,
        controllers && { ...old, controllers } as Riscv64Profile).map(({ code, message, remedy }: Problem) =>
        `${code} ${message}: ${remedy}`);
    expect([said([0, 3], []), said([0], ["imsic"]), said([0], ["plic", "imsic"]), said([3, 4])]).toEqual([[], [], [], []]);
    const files = (harts: string): string => `AXV-P184 interrupts cannot be direct: hart ${harts} of qemu-riscv64 has no ` +
      "interrupt file for guests: leave interrupts injected, or use harts that have one (QEMU: aia-guests=1)";
    expect(said([0, 1])).toEqual([files("6")]);
    expect(said([1, 2, 3], ["plic"])).toEqual([
      files("6, 7"),
      'AXV-P184 interrupts cannot be direct: guest profile "old" knows no interrupt controller but a PLIC, which is emulated: ' +
        "leave its interrupts injected",
    ]);
  });
});

describe("a board of AArch64", () => {
  test("as it is", () => expect(arm({})).toEqual([]));

  test("has SPIs with one use each: where each is told", () => {
    const shared = { a: device(0xb00_0000, 4, [60]), b: device(0xb00_1000, 4, [60, 61]) };
    expect(arm({ devices: { ...shared, c: device(0xb00_2000, 4, [1, 201, 224]) } })).toEqual([
      fact("devices.c.spi.0", `SPI 1 of "c" is the UART's, too: ${LOOK}`),
      fact("devices.c.spi.1", 'SPI 201 of "c" is one of the spare ones, 200 to 223: give others as `spare_spis`'),
      fact("devices.c.spi.2", `SPI 224 of "c" is none of the GIC's: it has 0 to 223`),
    ]);
    const edge = device(0xb00_3000, 4, [], { spis: [{ spi: 60, trigger: "edge" }] });
    expect(arm({ devices: { a: device(0xb00_0000, 4, [60]), edge, b: device(0xb00_1000, 4, [60]) } })).toEqual([
      fact("devices.edge.spi", 'SPI 60 is level triggered for one device and edge triggered for "edge": it is one of the two'),
      fact("devices.b.spi", 'SPI 60 is edge triggered for one device and level triggered for "b": it is one of the two'),
    ]);
    expect(arm({ devices: { a: device(0xb00_0000, 4, [223]) }, spare_spis: [200, 222] })).toEqual([]);
    expect(arm({ devices: { a: device(0xb00_0000, 4, [200]) }, spare_spis: [201, 223] })).toEqual([]);
  });

  test("has devices that share pages and no registers; it is told over which of two that end alike", () => {
    const [one, two, three] = [device(0xb00_0000, 0x1000), device(0xb00_0800, 0x800), device(0xb00_0e00, 0x100)];
    const over = (name: string, other: string): string =>
      fact(`devices.${name}.reg`, `"${name}" at 0x0b000000…0x0b001000 is over "${other}" at 0x0b000000…0x0b001000: ${APART}`);
    expect(arm({ devices: { three, two, one } })).toEqual([over("two", "one"), over("three", "one")]);
    expect(arm({ devices: { one, next: device(0xb00_1000, 4) } })).toEqual([]);
    const wide = device(0xb00_4000, 4, [], { windows: [{ base: 0xb00_4000, size: 4 }, { base: 0xb00_0f00, size: 4 }] });
    expect(arm({ devices: { one, wide } })).toEqual([
      fact("devices.wide.reg.1", `window 1 of "wide" at 0x0b000000…0x0b001000 is over "one" at 0x0b000000…0x0b001000: ${APART}`),
    ]);
  });

  test("has a register that quiesces in a device's first window, up to its end", () => {
    const silenced = (offset: number): string[] =>
      arm({ devices: { a: device(0xb00_0000, 0x20, [], { quiesce: { offset, value: 0 } }) } });
    expect(silenced(0x1c)).toEqual([]);
    expect(silenced(0x20)).toEqual([
      fact("devices.a", 'the register 0x00000020 that quiesces "a" is none of its 32 bytes: correct `offset` or `size` of its ' +
        'kind'),
    ]);
    expect(arm({ devices: { a: device(0xb00_0000, 0x20) } })).toEqual([]);
  });

  test("compares as much text as there is room for", () => {
    const match = (length: number): Aarch64Board["match"] => [{ path: "/", property: "p", is: "v".repeat(length) }];
    expect(arm({ match: match(4096 - 8 - 8 - 1) })).toEqual([]);
    expect(arm({ match: match(4096 - 8 - 8) })).toEqual([
      fact("match", "its texts have 4104 bytes, and there is room for 4096: compare fewer properties"),
    ]);
  });

  test("has memory of firmware's that is RAM, and leaves few stretches, with the image in one of them", () => {
    const kept = (...reserved: readonly (readonly [number, number])[]): string[] =>
      arm({ reserved: reserved.map(([base, size]) => ({ base, size, what: "TF-A" })) });
    const base = 0x4000_0000;
    expect(kept([base, MIB], [base + MIB, MIB], [0x7fff_f000, 0x1000])).toEqual([]);
    expect(kept([0x7fff_f000, 0x2000])).toEqual([
      fact("reserved.0", "firmware's memory (TF-A) at 0x7ffff000…0x80001000 is not all RAM: leave out what is no RAM: nobody " +
        "is given that"),
    ]);
    expect(kept([0x5000_0000, 0x2000], [0x5000_1000, 0x1000], [0x5000_2000, 0x1000])).toEqual([
      fact("reserved.1", "firmware's memory (TF-A) at 0x50001000…0x50002000 is over that at 0x50000000…0x50002000 (TF-A): make " +
        "one stretch of both"),
    ]);
    const holes = (count: number): string[] =>
      kept(...Array.from({ length: count }, (_, n) => [0x5000_0000 + n * 0x2000, 0x1000] as const));
    expect(holes(7)).toEqual([]);
    expect(holes(8)).toEqual([
      fact("reserved", "firmware's memory leaves 9 stretches of RAM: make larger ones of it: there is room for 8"),
    ]);
    expect(kept([0x4020_1000, MIB])).toEqual([]);
    expect(kept([0x4020_0000, MIB])).toEqual([
      fact("boot.image", "the image at 0x40200000 is not in RAM that firmware leaves: load it into 0x40000000…0x40200000 or " +
        "0x40300000…0x80000000"),
    ]);
  });

  test("has registers to write at first that are nobody's, and in reach", () => {
    const inits = (...list: readonly (readonly [number, number])[]): string[] =>
      arm({ init_registers: list.map(([base, size]) => ({ base, size, what: "CRU" })) });
    expect(inits([0x900_1000, 4], [0x8ff_fffc, 4], [2 ** 38 - 4, 4])).toEqual([]);
    expect(inits([0x8ff_fffc, 8])).toEqual([
      fact("init_registers.0", "what may be written at first (CRU) at 0x08fffffc…0x09000004 is over the UART at " +
        `0x09000000…0x09001000: ${APART}`),
    ]);
    expect(inits([0xb00_0000, 4], [2 ** 38 - 4, 8])).toEqual([
      fact("init_registers.1", "what may be written at first (CRU) at 0x3ffffffffc…0x4000000004 is not all below 0x4000000000: " +
        "the hypervisor reaches no more: leave the rest out"),
    ]);
  });

  test("has a watchdog in a page of its own", () => {
    const watchdog = (reg: number): string[] => arm({ watchdog: { kind: "imx", reg } });
    expect(watchdog(0xb00_0000)).toEqual([]);
    expect(watchdog(0x900_0000)).toEqual([
      fact("watchdog.reg", `the watchdog at 0x09000000…0x09001000 is over the UART at 0x09000000…0x09001000: ${APART}`),
    ]);
  });
});
