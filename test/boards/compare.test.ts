// A board.yaml beside a device tree: what is made of a tree agrees with it, and each fact in which both differ is one difference.
import { describe, expect, test } from "vitest";
import { boardSchema } from "../../boards/schema.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { compareBoard } from "../../tools/board/compare.ts";
import { compose } from "../../tools/board/compose.ts";
import type { BoardFile } from "../../tools/board/file.ts";
import { writeBoard } from "../../tools/board/write.ts";
import { aarch64Board } from "../aarch64.ts";
import { PARTS, treeOf } from "./trees.ts";
import type { Parts } from "./trees.ts";

const V2: Parts = {
  gic: `gic: interrupt-controller@f9010000 { compatible = "arm,gic-400"; #interrupt-cells = <3>; interrupt-controller;
    reg = <0 0xf9010000 0 0x10000>, <0 0xf9020000 0 0x20000>, <0 0xf9040000 0 0x20000>, <0 0xf9060000 0 0x20000>;
    interrupts = <1 9 0xf04>; };`,
};
const whole: Parts = {
  reserved:
    "reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; tee@50000000 { reg = <0 0x50000000 0 0x2000>; }; };",
  timer: PARTS.timer.replace("interrupts", "clock-frequency = <24000000>; interrupts"),
};

/** "line: message" of each. */
function differences(file: BoardFile, parts: Parts, text = ""): string[] {
  const findings = new Findings(new YamlSource("board.yaml", text));
  compareBoard(aarch64Board(boardSchema(file.isa).parse(file)), treeOf(parts), findings);
  return findings.sorted.map(({ line, message }) => (text === "" ? message : `${line}: ${message}`));
}
const fileOf = (parts: Parts): BoardFile => compose(treeOf(parts), []).board;

test.each([
  ["GICv3", whole],
  ["GICv2", { ...whole, ...V2 }],
])("what is made of a tree with a %s agrees with it", (_, parts) => {
  expect(differences(fileOf(parts), parts)).toEqual([]);
});

test("a watchdog where the tree has none that the hypervisor could feed is named", () => {
  const watchdog = { kind: "dw", reg: 0xfe60_0000, clock_hz: 24_000_000 } as const;
  expect(differences({ ...fileOf(whole), watchdog }, whole)).toEqual([
    "the watchdog: the file says 0xfe600000, the tree says no snps,dw-wdt there",
  ]);
  expect(differences({ ...fileOf(whole), watchdog: { kind: "imx", reg: 0xfe60_0000 } }, whole)).toEqual([
    "the watchdog: the file says 0xfe600000, the tree says no fsl,imx21-wdt there",
  ]);
});

test("what is written of it reads as what it was", () => {
  const composed = compose(treeOf(whole), []);
  const source = new YamlSource("board.yaml", writeBoard(composed, "x.dtb"));
  expect(source.diagnostics).toEqual([]);
  expect(source.value).toEqual(composed.board);
  expect(source.text.split("\n").filter((line) => line.length > 130)).toEqual([]);
});

test("a difference is said at its line", () => {
  const composed = compose(treeOf(), []);
  const text = writeBoard({ ...composed, board: { ...composed.board, pmu: 7 } }, "x.dtb");
  const line = text.split("\n").indexOf("pmu: 7") + 1;
  expect(differences({ ...composed.board, pmu: 7 }, {}, text)).toEqual([
    `${line}: the PMU's interrupt: the file says PPI 7, the tree says SPIs [229, 228]`,
  ]);
});

/** What the tree says in another way than the file, which is of `whole`. */
const TREES: readonly (readonly [string, Parts, readonly string[]])[] = [
  [
    "a pCPU more",
    { cpus: PARTS.cpus.replace("c1:", 'cpu@200 { compatible = "arm,cortex-a55"; reg = <0x200>; }; c1:') },
    ["a pCPU: the file says no such pCPU, the tree says 0x00000200"],
  ],
  [
    "another pCPU",
    { cpus: PARTS.cpus.replace("reg = <0x100>", "reg = <1>") },
    [
      "pCPU 1: the file says 0x00000100, the tree says no such pCPU",
      "a pCPU: the file says no such pCPU, the tree says 0x00000001",
    ],
  ],
  [
    "another model",
    { cpus: PARTS.cpus.replace("cortex-a55", "cortex-a76") },
    ["the model of pCPU 0: the file says arm,cortex-a55, the tree says arm,cortex-a76"],
  ],
  [
    "another cache",
    { cache: PARTS.cache.replace("0x80000", "0x40000") },
    ["the unified cache of level 2: the file says 512 sets, 16 ways, lines of 64, the tree says 512 sets, 8 ways, lines of 64"],
  ],
  ["another GIC", V2, ["the GIC's version: the file says 3, the tree says 2"]],
  [
    "another place of it",
    { gic: PARTS.gic.replaceAll("fd46", "fd48") },
    ["a GICR: the file says 0xfd460000, the tree says 0xfd480000…0xfd580000"],
  ],
  [
    "another maintenance interrupt",
    { gic: PARTS.gic.replace("<1 9 4>", "<1 8 4>") },
    ["MAINTENANCE: the file says 0x00000009, the tree says 0x00000008"],
  ],
  [
    "more SPIs",
    { devices: `${PARTS.devices} x { interrupts = <0 300 4>; };` },
    ["SPIs: the file says 256, the tree says 320 at least"],
  ],
  [
    "a use of spare SPIs",
    { devices: `${PARTS.devices} x { interrupts = <0 200 4>, <0 120 4>; };` },
    ["spare SPIs: the file says 119 to 227, the tree says [120, 200] have a use"],
  ],
  [
    "another timer",
    { timer: PARTS.timer.replace("1 11", "1 12") },
    ["the PPI of the virtual timer: the file says 11, the tree says 12"],
  ],
  [
    "another counter",
    { timer: PARTS.timer.replace("interrupts", "clock-frequency = <50000000>; interrupts") },
    ["CNTFRQ_EL0: the file says 24000000, the tree says 50000000"],
  ],
  [
    "other PMUs",
    { pmu: PARTS.pmu.replace("<&c1>, <&c0>", "<&c0>, <&c1>") },
    ["the PMU's interrupt: the file says SPIs [229, 228], the tree says SPIs [228, 229]"],
  ],
  [
    "no UART there",
    { uart: PARTS.uart.replaceAll("fe660000", "fe670000") },
    ["the UART: the file says 0xfe660000, the tree says no node is there"],
  ],
  [
    "another UART",
    { uart: PARTS.uart.replace("snps,dw-apb-uart", "arm,pl011") },
    ["the UART's kind: the file says ns16550, the tree says pl011"],
  ],
  [
    "another spacing of it",
    { uart: PARTS.uart.replace("<2>", "<0>") },
    ["the UART's reg_shift: the file says 2, the tree says 0"],
  ],
  [
    "another clock of it",
    { clock: PARTS.clock.replace("24000000", "50000000") },
    ["the UART's clock_hz: the file says 24000000, the tree says 50000000"],
  ],
  [
    "less RAM",
    { memory: PARTS.memory.replace("0 0x40000000>", "0 0x20000000>") },
    ["RAM: the file says 0x40000000…0x80000000, the tree says 0x40000000…0x60000000"],
  ],
  [
    "more memory of firmware's",
    { reserved: whole.reserved?.replace("0x2000>", "0x4000>") ?? "" },
    ["memory of firmware's (tee): the file says nothing, the tree says 0x50002000…0x50004000"],
  ],
  [
    "another board",
    { top: 'compatible = "maker,other";' },
    ['`compatible` of /: the file says "maker,board", the tree says "maker,other"'],
  ],
  [
    "other registers",
    { devices: PARTS.devices.replace("0x10000>", "0x8000>") },
    ['the registers of "ethernet0": the file says 0xfe2a0000…0xfe2b0000, the tree says 0xfe2a0000…0xfe2a8000'],
  ],
  [
    "other interrupts",
    { devices: PARTS.devices.replace("<0 27 4>, ", "") },
    ['the SPIs of "ethernet0": the file says [27, 24], the tree says [24]'],
  ],
  [
    "another trigger",
    { devices: PARTS.devices.replace("<0 34 1>", "<0 34 4>") },
    ['the trigger of SPI 34 of "gpio-fe740000": the file says edge, the tree says level'],
  ],
  [
    "another trigger of one of several interrupts",
    { devices: PARTS.devices.replace("<0 24 4>", "<0 24 1>") },
    ['the trigger of SPI 24 of "ethernet0": the file says level, the tree says edge'],
  ],
  [
    "another driver",
    { devices: PARTS.devices.replace('"x,gpio"', '"x,gpio", "y,gpio"') },
    ['"gpio-fe740000" is compatible: the file says x,gpio, the tree says x,gpio, y,gpio'],
  ],
  [
    "coherence",
    { devices: PARTS.devices.replace('"x,gpio";', '"x,gpio"; dma-coherent;') },
    ['the coherence of "gpio-fe740000": the file says not dma-coherent, the tree says dma-coherent'],
  ],
  [
    "the UART's clock",
    { devices: PARTS.devices.replace('"x,gpio";', '"x,gpio"; clocks = <&xin>; clock-names = "bus";') },
    ['clocks of "gpio-fe740000" that are the UART\'s: the file says , the tree says bus'],
  ],
  [
    "no such device",
    { devices: PARTS.devices.replaceAll("fe740000", "fe750000") },
    ['"gpio-fe740000": the file says /gpio@fe740000, the tree says no such device'],
  ],
];

describe("what a tree says in another way", () => {
  test.each(TREES)("%s", (_, parts, said) => {
    expect(differences(fileOf(whole), { ...whole, ...parts })).toEqual([...said]);
  });

  test("and what it does not say is no difference", () => {
    const silent: Parts = {
      cache: "",
      memory: "",
      pmu: "",
      timer: PARTS.timer,
      clock: 'xin: clock { compatible = "x,pll"; };',
      cpus: PARTS.cpus.replaceAll("next-level-cache = <&l2>;", ""),
    };
    expect(differences(fileOf(whole), { ...whole, ...silent })).toEqual([]);
  });

  test("a board file may leave out devices and RAM, and name a device by its place alone", () => {
    const {
      devices: { ethernet0, ...devices },
      ...file
    } = fileOf(whole);
    expect(ethernet0).toBeDefined();
    const gpio = devices["gpio-fe740000"];
    const { path, ...placed } = gpio ?? { kind: "", reg: 0, spi: 0 };
    expect(path).toBe("/gpio@fe740000");
    const less = { ...file, ram: [{ base: 0x4000_0000, size: 0x1000_0000 }], reserved: [], devices: { pins: placed } };
    expect(differences(less, whole)).toEqual([]);
  });

  test.each([
    [{ path: "/", property: "model", is: "A board" }, []],
    [{ path: "/", property: "model", is: "A" }, ['`model` of /: the file says "A", the tree says "A board"']],
    [
      { path: "/", property: "compatible", is: "maker,chip" },
      ['`compatible` of /: the file says "maker,chip", the tree says "maker,board", "maker,chip"'],
    ],
    [{ path: "/", property: "compatible", has: "maker,chip" }, []],
    [{ path: "/none", property: "status", absent: true as const }, []],
    [
      { path: "/gpio@fe740000", property: "status", absent: true as const },
      ['`status` of /gpio@fe740000: the file says nothing, the tree says "disabled"'],
    ],
    [{ path: "/none", property: "status", is: "okay" }, ['`status` of /none: the file says "okay", the tree says nothing']],
  ])("match: %j", (match, said) => {
    expect(differences({ ...fileOf(whole), match: [match] }, whole)).toEqual(said);
  });
});
