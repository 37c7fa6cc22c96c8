// A board.yaml from a device tree: what of the tree is in it, what is judged, and why a tree is no board.
import { describe, expect, test } from "vitest";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import { FdtError } from "../../partitions/devicetree/errors.ts";
import { compose } from "../../tools/board/compose.ts";
import { BoardError } from "../../tools/board/errors.ts";
import { parseRam } from "../../tools/board/ram-option.ts";
import { openTree } from "../../tools/board/tree.ts";
import { made, PARTS } from "./trees.ts";
import type { Parts } from "./trees.ts";

describe("a tree that says everything", () => {
  const { board, leftOut, inUse } = made();

  test("becomes a board", () => {
    expect(board).toEqual({
      name: "maker-board",
      description: "A board, 2 × cortex-a55, GICv3, 1G",
      isa: "aarch64",
      cpus: {
        compatible: "arm,cortex-a55",
        mpidr: [0, 0x100],
        caches: [{ level: 2, kind: "unified", sets: 512, ways: 16, line: 64 }],
        refill_event: 0x17,
      },
      ram: [{ base: 0x4000_0000, size: 0x4000_0000 }],
      gic: { version: 3, gicd: 0xfd40_0000, gicr: 0xfd46_0000, gicr_stride: 0x2_0000, spis: 256, maintenance: 9 },
      timer: { secure: 13, physical: 14, virtual: 11, hypervisor: 10 },
      pmu: { spis: [229, 228] },
      uart: { kind: "ns16550", reg: 0xfe66_0000, spi: 118, clock_hz: 24_000_000, baud: 1_500_000, reg_shift: 2, reg_width: 4 },
      spare_spis: [119, 227],
      boot: { image: 0x4020_0000, conduit: "smc" },
      match: [{ path: "/", property: "compatible", has: "maker,board" }],
      device_kinds: {
        gmac: { size: 0x1_0000, trigger: "level", dma: true, node: "ethernet", compatible: ["x,gmac"], dma_coherent: false },
        gpio: { size: 0x100, trigger: "edge", dma: false, node: "gpio", compatible: ["x,gpio"], dma_coherent: false },
      },
      devices: {
        ethernet0: { kind: "gmac", reg: 0xfe2a_0000, spi: [27, 24], path: "/ethernet@fe2a0000" },
        "gpio-fe740000": { kind: "gpio", reg: 0xfe74_0000, spi: 34, path: "/gpio@fe740000" },
      },
    });
    expect(leftOut).toEqual([]);
    expect([...inUse]).toEqual(["ethernet0"]);
  });
});

describe("watchdog", () => {
  const guarded = (properties: string): Parts => ({
    devices: `${PARTS.devices} guard: watchdog@fe600000 { compatible = "x,wdt", "snps,dw-wdt"; reg = <0 0xfe600000 0 0x100>;
      interrupts = <0 60 4>; ${properties} };`,
  });
  test("the one that the hypervisor can feed is its, and no partition's", () => {
    const { board, remarks } = made(guarded(""));
    expect(board.watchdog).toEqual({ kind: "dw", reg: 0xfe60_0000, clock_hz: 24_000_000 });
    expect(Object.keys(board.devices)).not.toContain("guard");
    expect(remarks.get("watchdog")).toContain("how fast its clock is");
  });
  test("its clock's rate is the tree's, where that says it", () => {
    const { board, remarks } = made(guarded("clock-frequency = <100000000>;"));
    expect(board.watchdog).toMatchObject({ clock_hz: 100_000_000 });
    expect(remarks.has("watchdog")).toBe(false);
  });
  test("i.MX's, too, whose clock is always the same", () => {
    const { board, remarks } = made({ devices: guarded("").devices?.replace('"snps,dw-wdt"', '"fsl,imx21-wdt"') ?? "" });
    expect(board.watchdog).toEqual({ kind: "imx", reg: 0xfe60_0000 });
    expect(remarks.has("watchdog")).toBe(false);
  });
  test("one that is off, or of another kind, is not taken", () => {
    expect(made(guarded('status = "disabled";')).board.watchdog).toBeUndefined();
    const other = guarded("").devices?.replace('"snps,dw-wdt"', '"arm,sbsa-gwdt"') ?? "";
    expect(made({ devices: other }).board.watchdog).toBeUndefined();
  });
});

const V2 = (windows: string): Parts => ({
  gic: `gic: interrupt-controller@f9010000 { compatible = "arm,gic-400"; #interrupt-cells = <3>; interrupt-controller;
    reg = ${windows}; interrupts = <1 9 0xf04>; };`,
});
const gicOf = (parts: Parts): unknown => made(parts).board.gic;

describe("GIC", () => {
  test("a GICv2 whose windows are 128 KiB repeats its pages: the last repetition of the first one is used", () => {
    const parts = V2("<0 0xf9010000 0 0x10000>, <0 0xf9020000 0 0x20000>, <0 0xf9040000 0 0x20000>, <0 0xf9060000 0 0x20000>");
    expect(gicOf(parts)).toMatchObject({ gicd: 0xf901_0000, gicc: 0xf902_f000, gich: 0xf904_0000, gicv: 0xf906_f000 });
    expect(made(parts).remarks.get("gic")).toContain("repeated 16 times");
  });

  test("one whose windows are 8 KiB does not", () => {
    const parts = V2("<0 0xf9010000 0 0x1000>, <0 0xf9020000 0 0x2000>, <0 0xf9040000 0 0x2000>, <0 0xf9060000 0 0x2000>");
    expect(gicOf(parts)).toMatchObject({ version: 2, gicc: 0xf902_0000, gich: 0xf904_0000, gicv: 0xf906_0000 });
    expect(made(parts).remarks.has("gic")).toBe(false);
  });

  test("a GICv3's stride is written, or that of two frames", () => {
    const v3 = (more: string): Parts => ({
      gic: PARTS.gic.replace("interrupts = <1 9 4>;", `interrupts = <1 9 4>; ${more}`),
    });
    expect(gicOf(v3("redistributor-stride = <0 0x40000>;"))).toMatchObject({ gicr_stride: 0x4_0000 });
    expect(gicOf(v3("redistributor-stride = <0x60000>;"))).toMatchObject({ gicr_stride: 0x6_0000 });
    expect(gicOf(v3(""))).toMatchObject({ gicr_stride: 0x2_0000 });
  });

  describe("redistributors in several regions", () => {
    const regions = (list: string, more = ""): Parts => ({
      gic: PARTS.gic.replace("<0 0xfd460000 0 0x100000>", list).replace("interrupts = <1 9 4>;", `interrupts = <1 9 4>; ${more}`),
    });

    test("are listed; one row is that, however many regions it is in", () => {
      const apart = "<0 0xfd460000 0 0x20000>, <0 0xfd560000 0 0x20000>";
      const { board, remarks } = made(regions(apart, "#redistributor-regions = <2>;"));
      expect(board.cpus.mpidr).toEqual([0, 0x100]);
      expect(board.gic).toEqual({
        version: 3, gicd: 0xfd40_0000, gicr: [0xfd46_0000, 0xfd56_0000], spis: 256, maintenance: 9,
      });
      expect(remarks.has("cpus")).toBe(false);
      const row = "<0 0xfd460000 0 0x20000>, <0 0xfd480000 0 0x20000>";
      expect(gicOf(regions(row, "#redistributor-regions = <2>;"))).toMatchObject({ gicr: 0xfd46_0000, gicr_stride: 0x2_0000 });
      const wide = "<0 0xfd460000 0 0x40000>, <0 0xfd560000 0 0x40000>";
      const strided = "#redistributor-regions = <2>; redistributor-stride = <0x40000>;";
      expect(gicOf(regions(wide, strided))).toMatchObject({ gicr: [0xfd46_0000, 0xfd56_0000] });
    });

    test("of which the tree does not say that they are any: pCPUs without one are left out, and that is said", () => {
      const { board, remarks } = made(regions("<0 0xfd460000 0 0x20000>, <0 0xfd560000 0 0x20000>"));
      expect(board.cpus.mpidr).toEqual([0]);
      expect(remarks.get("cpus")).toContain("that there are redistributors for");
    });
  });
});

describe("interrupts", () => {
  test("of a PPI that groups of pCPUs have by turns, with a fourth cell, are one PPI", () => {
    const four = (text: string): string => text.replaceAll(/(interrupts = |, )<(\d) (\d+) 4>/g, "$1<$2 $3 4 0>");
    const { board } = made({
      gic: four(PARTS.gic)
        .replace("#interrupt-cells = <3>", "#interrupt-cells = <4>")
        .replace(
          "interrupts = <1 9 4 0>;",
          `interrupts = <1 9 4 0>; ppi-partitions {
          p0: interrupt-partition-0 { affinity = <&c0>; }; p1: interrupt-partition-1 { affinity = <&c1>; }; };`,
        ),
      timer: four(PARTS.timer),
      pmu: `pmu-a { compatible = "arm,cortex-a53-pmu"; interrupts = <1 7 8 &p0>; };
            pmu-b { compatible = "arm,cortex-a72-pmu"; interrupts = <1 7 8 &p1>; };`,
      uart: four(PARTS.uart),
      devices: four(PARTS.devices).replace("<0 34 1>", "<0 34 1 0>"),
    });
    expect(board.pmu).toBe(7);
    expect(board.devices["ethernet0"]).toMatchObject({ spi: [27, 24] });
  });

  test("of PMUs in several nodes are each pCPU's own", () => {
    const pmu = `pmu-a { compatible = "arm,cortex-a53-pmu"; interrupts = <0 50 4>; interrupt-affinity = <&c1>; };
                 pmu-b { compatible = "arm,cortex-a72-pmu"; interrupts = <0 51 4>; interrupt-affinity = <&c0>; };`;
    expect(made({ pmu }).board.pmu).toEqual({ spis: [51, 50] });
  });

  test("of a PMU that is not wired to each pCPU are left out, and that is said", () => {
    const { board, remarks } = made({ pmu: 'pmu { compatible = "arm,armv8-pmuv3"; interrupts = <0 50 4>; };' });
    expect(board).not.toHaveProperty("pmu");
    expect(remarks.get("pmu")).toContain("does not say");
  });

  test("come by extended lists, by controllers that only hand them on, and through a bus' map; others' do not", () => {
    const { board } = made({
      devices: `wakeup: wakeup@fd000000 { compatible = "x,gpc"; reg = <0 0xfd000000 0 0x1000>; interrupt-controller;
          #interrupt-cells = <3>; interrupt-parent = <&gic>; };
        pins: pins@fd001000 { compatible = "x,pins"; reg = <0 0xfd001000 0 0x1000>; interrupt-controller; #interrupt-cells = <2>;
          interrupts = <0 60 4>; };
        a@fd002000 { compatible = "x,a"; reg = <0 0xfd002000 0 0x1000>;
          interrupts-extended = <&gic 0 61 1>, <&pins 3 1>, <&wakeup 0 62 4>; };
        b@fd003000 { compatible = "x,b"; reg = <0 0xfd003000 0 0x1000>; interrupt-parent = <&wakeup>; interrupts = <0 63 4>; };
        pcie@fd004000 { compatible = "pci-host-ecam-generic"; reg = <0 0xfd004000 0 0x1000>; #address-cells = <3>;
          #size-cells = <2>; #interrupt-cells = <1>; interrupt-map = <0 0 0 1 &gic 0 64 4>, <0 0 0 2 &gic 0 65 4>; };
        bus@fd005000 { compatible = "simple-bus"; #address-cells = <2>; #size-cells = <1>; ranges = <0 0 0 0xfd005000 0x1000>;
          #interrupt-cells = <1>; interrupt-map-mask = <0 0 63>; interrupt-map = <0 0 5 &gic 0 66 4>, <0 0 6 &gic 0 67 1>;
          c@0 { compatible = "x,c"; reg = <0 0 0x100>; interrupts = <6>; }; };`,
      chosen: PARTS.chosen.replace("ethernet0 = &eth;", ""),
    });
    expect(Object.fromEntries(Object.entries(board.devices).map(([name, { spi }]) => [name, spi]))).toEqual({
      "wakeup-fd000000": [],
      "pins-fd001000": 60,
      "a-fd002000": [61, 62],
      "b-fd003000": 63,
      "pcie-fd004000": [64, 65],
      "c-fd005000": 67,
    });
    expect(board.device_kinds["a"]?.trigger).toEqual(["edge", "level"]);
    expect(board.device_kinds["pci-host-ecam-generic"]?.trigger).toBe("level");
  });

  test("that messages make pending are no spare ones", () => {
    const gic = PARTS.gic.replace("interrupts = <1 9 4>;", "interrupts = <1 9 4>; mbi-ranges = <160 90>;");
    expect(made({ gic }).board.spare_spis).toEqual([35, 117]);
  });
});

const uartOf = (compatible: string, more = ""): Parts => ({
  uart: `uart: serial@fe660000 { compatible = ${compatible}; reg = <0 0xfe660000 0 0x1000>; interrupts = <0 118 4>; ${more} };`,
});

describe("UART", () => {
  test.each([
    ['"arm,pl011", "arm,primecell"', { kind: "pl011" }],
    ['"xlnx,zynqmp-uart", "cdns,uart-r1p12"', { kind: "cadence" }],
    ['"fsl,imx8mp-uart", "fsl,imx6q-uart"', { kind: "imx" }],
    ['"ns16550a"', { kind: "ns16550", reg_shift: 0, reg_width: 1 }],
    ['"nvidia,tegra194-uart", "nvidia,tegra20-uart"', { kind: "ns16550", reg_shift: 2, reg_width: 1 }],
  ])("%s", (compatible, uart) => {
    const { board, remarks } = made(uartOf(compatible));
    expect(board.uart).toEqual({ ...uart, reg: 0xfe66_0000, spi: 118, clock_hz: 24_000_000 });
    expect(remarks.get("uart")).toContain("does not say how fast");
  });

  test("its rate is the console's, or current-speed, where its clock is known", () => {
    const uart = uartOf('"arm,pl011"', "clock-frequency = <48000000>; current-speed = <9600>;");
    expect(made(uart).board.uart).toMatchObject({ clock_hz: 48_000_000, baud: 1_500_000 });
    expect(made({ ...uart, chosen: "chosen { stdout-path = &uart; };" }).board.uart).toMatchObject({ baud: 9600 });
    // 26 MHz / 16 is no multiple of 921600: such a UART has a divider of its own.
    const own = uartOf('"mediatek,mt6577-uart"', "clock-frequency = <26000000>; current-speed = <921600>;");
    expect(made({ ...own, chosen: "chosen { stdout-path = &uart; };" }).board.uart).not.toHaveProperty("baud");
  });

  test("without stdout-path it is serial0, or the first that can be driven", () => {
    expect(made({ chosen: "aliases { serial0 = &uart; };" }).board.uart.reg).toBe(0xfe66_0000);
    expect(made({ chosen: "" }).board.uart.reg).toBe(0xfe66_0000);
  });
});

const RESERVED = (...rows: readonly string[]): Parts => ({
  reserved: `reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; ${rows.join(" ")} };`,
});

describe("memory", () => {
  test("what firmware keeps is reserved, in whole pages, and joined", () => {
    const parts = RESERVED(
      "secure@50000000 { reg = <0 0x50000000 0 0x1800>; no-map; };",
      "frames@50001000 { reg = <0 0x50001000 0 0x1000>; };",
      "outside@10000000 { reg = <0 0x10000000 0 0x1000>; };",
      "pool { size = <0 0x100000>; };",
      'off@60000000 { reg = <0 0x60000000 0 0x1000>; status = "disabled"; };',
    );
    expect(made(parts, [], "/memreserve/ 0x40000000 0x10000;").board.reserved).toEqual([
      { base: 0x4000_0000, size: 0x1_0000, what: "/memreserve/" },
      { base: 0x5000_0000, size: 0x2000, what: "secure, frames" },
    ]);
  });

  test("where it leaves more stretches than there is room for, the smallest are given up", () => {
    const rows = Array.from({ length: 12 }, (_, n) => {
      const base = (0x4100_0000 + (n * 0x0100_0000 * (n + 1)) / 4).toString(16);
      return `r${n}@${base} { reg = <0 0x${base} 0 0x1000>; };`;
    });
    const { board, remarks } = made(RESERVED(...rows));
    expect(board.reserved).toHaveLength(8);
    expect(remarks.get("reserved")).toContain("with 5 stretches");
  });

  test("--ram goes before the tree's, and is needed where it has none", () => {
    expect(made({}, [parseRam("0x80000000+512M")]).board.ram).toEqual([{ base: 0x8000_0000, size: 0x2000_0000 }]);
    expect(made({ memory: "" }, [parseRam("1073741824+0x10000000")]).board.ram).toEqual([
      { base: 0x4000_0000, size: 0x1000_0000 },
    ]);
    expect(made({ memory: "" }, ["0x80000000+1G", "0x40000000+1M"].map(parseRam)).board.boot.image).toBe(0x8020_0000);
  });

  test.each([
    "",
    "0x40000000",
    "1G",
    "0x40000000+1",
    "0x40000001+1G",
    "0x40000000+0",
    "0x4000000000+1G",
    "a+b",
    "1+2+3",
    "0x40000000+1G+1G",
  ])("--ram %s is refused", (text) => {
    expect(() => parseRam(text)).toThrow(`--ram ${text} is no RAM`);
  });
});

describe("caches", () => {
  test.each([
    ["nothing of a cache", { cpus: PARTS.cpus.replaceAll("next-level-cache = <&l2>;", "") }],
    [
      "do not share one",
      {
        cpus: PARTS.cpus.replace("next-level-cache = <&l2>;", "next-level-cache = <&other>;"),
        cache: `${PARTS.cache} other: other { cache-level = <2>; };`,
      },
    ],
    ["size, sets and lines", { cache: "l2: cache { cache-level = <2>; cache-unified; };" }],
    ["size, sets and lines", { cache: PARTS.cache.replace("<512>", "<500>") }],
  ])("of which the tree says %s are none", (why, parts: Parts) => {
    expect(made(parts).board.cpus.caches).toEqual({ none: expect.stringContaining(why) as string });
  });

  test("of each pCPU's own and the shared one are all there", () => {
    const own = "d-cache-size = <0x8000>; d-cache-line-size = <64>; d-cache-sets = <128>; next-level-cache = <&own>;";
    const { cpus } = made({
      cpus: PARTS.cpus.replaceAll("next-level-cache = <&l2>;", own),
      cache: `own: own { cache-level = <2>; cache-unified; cache-size = <0x40000>; cache-line-size = <64>; cache-sets = <512>;
        next-level-cache = <&l2>; }; ${PARTS.cache.replace("cache-level = <2>", "cache-level = <3>")}`,
    }).board;
    expect(cpus).toMatchObject({
      refill_event: 0x2a,
      caches: [
        { level: 1, kind: "data", sets: 128, ways: 4, line: 64 },
        { level: 2, kind: "unified", sets: 512, ways: 8, line: 64 },
        { level: 3, kind: "unified", sets: 512, ways: 16, line: 64 },
      ],
    });
  });
});

describe("devices", () => {
  const kindOf = (more: string, name = "x"): unknown =>
    made({ devices: `eth: ${name}@fe2a0000 { compatible = "a,b"; reg = <0 0xfe2a0000 0 0x1000>; ${more} };` }).board.device_kinds[
      "b"
    ];

  test("master the bus, unless they have another's DMA channels, or are of a kind that never does", () => {
    expect(kindOf("")).toMatchObject({ dma: true });
    expect(kindOf("", "serial")).toMatchObject({ dma: false });
    expect(kindOf("dmas = <&xin 1>;")).toMatchObject({ dma: false });
    expect(kindOf("dmas = <&xin 1>; iommus = <&xin 1>;")).toMatchObject({ dma: true });
  });

  test("are coherent as the nearest one up the tree says", () => {
    const under = (bus: string, own: string): unknown =>
      made({
        devices: `soc { compatible = "simple-bus"; #address-cells = <2>; #size-cells = <2>; ranges; ${bus}
          eth: x@fe2a0000 { compatible = "a,b"; reg = <0 0xfe2a0000 0 0x1000>; ${own} }; };`,
      }).board.device_kinds["b"];
    expect(under("dma-coherent;", "")).toMatchObject({ dma_coherent: true });
    expect(under("", "dma-coherent;")).toMatchObject({ dma_coherent: true });
    expect(under("dma-coherent;", "dma-noncoherent;")).toMatchObject({ dma_coherent: false });
    expect(under("", "")).toMatchObject({ dma_coherent: false });
  });

  test("with several windows are a kind of as many sizes", () => {
    const { board } = made({
      devices: 'eth: x@fe2a0000 { compatible = "a,b"; reg = <0 0xfe2a0000 0 0x1000>, <0 0xfe2b0000 0 4>; };',
    });
    expect(board.device_kinds["b"]?.size).toEqual([0x1000, 4]);
    expect(board.devices["ethernet0"]?.reg).toEqual([0xfe2a_0000, 0xfe2b_0000]);
  });

  test.each([
    ["registers of another one", 'b@fe2a0800 { compatible = "a,b"; reg = <0 0xfe2a0800 0 4>; };'],
    ["pages of RAM, GIC or UART", 'b@fe660800 { compatible = "a,b"; reg = <0 0xfe660800 0 4>; };'],
    ["pages of RAM, GIC or UART", 'b@40001000 { compatible = "a,b"; reg = <0 0x40001000 0 4>; };'],
    [
      "an interrupt of the hypervisor's own UART or of a PMU",
      'b@1000 { compatible = "a,b"; reg = <0 0x1000 0 4>; interrupts = <0 118 4>; };',
    ],
    ["registers that no guest reaches", 'b@1001 { compatible = "a,b"; reg = <0 0x1001 0 4>; };'],
    ["registers that no guest reaches", 'b@10000000000 { compatible = "a,b"; reg = <0x100 0 0 4>; };'],
    ["names that no board.yaml can hold", 'b@1000 { compatible = "a b"; reg = <0 0x1000 0 4>; };'],
    [
      "too many windows or interrupts",
      `b@1000 { compatible = "a,b"; reg = ${Array.from({ length: 17 }, (_, n) => `<0 ${0x1000 + 4 * n} 0 4>`).join(", ")}; };`,
    ],
  ])("that have %s are left out, and that is said", (why, node) => {
    const { leftOut, board } = made({ devices: `${PARTS.devices} ${node}` });
    expect(leftOut).toEqual([{ path: `/${node.split(" ")[0] ?? ""}`, why }]);
    expect(Object.keys(board.devices)).toHaveLength(2);
  });

  test("have names of their own, whatever the tree calls them", () => {
    const { board } = made({
      devices: `eth: x@1000 { compatible = "a,b"; reg = <0 0x1000 0 4>; };
        soc { #address-cells = <2>; #size-cells = <2>; ranges;
          constructor@2000 { compatible = "a,constructor"; reg = <0 0x2000 0 4>; };
          x@3000 { compatible = "c,b"; reg = <0 0x3000 0 4>; }; }; more { #address-cells = <2>; #size-cells = <2>; ranges;
          ethernet0@2004 { compatible = "a,b"; reg = <0 0x2004 0 4>; }; };`,
    });
    expect(Object.keys(board.devices)).toEqual(["ethernet0", "constructor-2000", "x-3000", "ethernet0-2004"]);
    expect(Object.keys(board.device_kinds)).toEqual(["b", "constructor", "b-2", "b-3"]);
  });
});

const refusal = (parts: Parts): string => {
  try {
    made(parts);
  } catch (error) {
    if (error instanceof BoardError || error instanceof FdtError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "none";
};

describe("a tree that is no board is refused with one sentence", () => {
  test.each([
    ["AXV_BOARD_CPUS", "it has none in /cpus", { cpus: "", pmu: "" }],
    ["AXV_BOARD_CPUS", "/cpus/cpu@0 is none", { cpus: PARTS.cpus.replace("reg = <0>;", 'reg = <0>; riscv,isa = "rv64";') }],
    ["AXV_BOARD_CPUS", "/cpus/cpu@0 is none", { cpus: PARTS.cpus.replace("reg = <0>;", "reg = <1 0 0>;") }],
    [
      "AXV_BOARD_FACTS",
      "0x01000000 has bits that are no affinity",
      { cpus: PARTS.cpus.replace("reg = <0>;", "reg = <0x1000000>;") },
    ],
    ["AXV_BOARD_PSCI", "this tree has no node of it", { psci: "" }],
    ["AXV_BOARD_PSCI", "/cpus/cpu@0 is started by spin-table", { cpus: PARTS.cpus.replace('"psci"', '"spin-table"') }],
    ["AXV_BOARD_PSCI", "another hypervisor has EL2", { psci: PARTS.psci.replace("smc", "hvc") }],
    ["AXV_BOARD_PSCI", "/psci is called by nothing", { psci: PARTS.psci.replace('method = "smc";', "") }],
    ["AXV_BOARD_GIC", "this tree has neither", { gic: PARTS.gic.replace("arm,gic-v3", "brcm,bcm2836-l1-intc") }],
    ["AXV_BOARD_GIC", "has no maintenance interrupt", { gic: PARTS.gic.replace("interrupts = <1 9 4>;", "") }],
    ["AXV_BOARD_GIC", "are not all in its `reg`", { gic: PARTS.gic.replace(", <0 0xfd460000 0 0x100000>", "") }],
    ["AXV_BOARD_GIC", "has no GICH and GICV", V2("<0 0xf9010000 0 0x1000>, <0 0xf9020000 0 0x2000>")],
    [
      "AXV_BOARD_GIC",
      "at 0x4000000000, which the hypervisor does not reach",
      { gic: PARTS.gic.replace("<0 0xfd460000", "<0x40 0") },
    ],
    [
      "AXV_BOARD_GIC",
      "are 0x00030000 apart",
      { gic: PARTS.gic.replace("interrupts", "redistributor-stride = <0x30000>; interrupts") },
    ],
    ["AXV_BOARD_TIMER", "has no arm,armv8-timer", { timer: "" }],
    ["AXV_BOARD_TIMER", "no PPI of the hypervisor timer", { timer: PARTS.timer.replace(", <1 10 4>", "") }],
    ["AXV_BOARD_UART", "is x,unknown", uartOf('"x,unknown"')],
    ["AXV_BOARD_UART", "is x\\u000aunknown", uartOf('"x\\nunknown"')],
    ["AXV_BOARD_UART", "names no console", { ...uartOf('"x,unknown"'), chosen: "" }],
    ["AXV_BOARD_UART", "has no SPI", { uart: PARTS.uart.replace("interrupts = <0 118 4>;", "") }],
    ["AXV_BOARD_UART", "is at 0xfe660100", { uart: PARTS.uart.replaceAll("fe660000", "fe660100") }],
    ["AXV_BOARD_UART", "16 bytes apart", { uart: PARTS.uart.replace("reg-shift = <2>", "reg-shift = <4>") }],
    ["AXV_BOARD_RAM", "--ram BASE+SIZE", { memory: "" }],
    ["AXV_BOARD_RAM", "leaves no RAM", { memory: PARTS.memory.replace("0 0x40000000>", "0 0x400000>") }],
    ["AXV_BOARD_SPIS", "never 4 in a row", { gic: PARTS.gic.replace("interrupts", "mbi-ranges = <32 256>; interrupts") }],
    ["AXV_BOARD_FACTS", "GICD at", { memory: PARTS.memory.replace("0 0x40000000>", "0 0xc0000000>") }],
    [
      "AXV-P164",
      "`interrupts` of /ethernet@fe2a0000 has 2 cells, in rows of 3",
      { devices: PARTS.devices.replace("<0 27 4>, <0 24 4>", "<0 27>") },
    ],
    [
      "AXV-P165",
      "`interrupt-parent` of /ethernet@fe2a0000 points to phandle 99",
      { devices: PARTS.devices.replace("<0 24 4>", "<0 24 4>; interrupt-parent = <99>") },
    ],
    [
      "AXV-P165",
      "`interrupts-extended` of /gpio@fe740000 points to phandle 98",
      { devices: PARTS.devices.replace("interrupts = <0 34 1>", "interrupts-extended = <98 1>") },
    ],
  ])("%s: %s", (code, words, parts: Parts) => {
    expect(refusal(parts)).toContain(`${code}: `);
    expect(refusal(parts)).toContain(words);
  });

  test("one of another kind, too", () => {
    const empty = compileTree("/dts-v1/; / { };");
    expect(() => compose(openTree(empty), [])).toThrow("Give the tree of an arm64 board");
  });
});
