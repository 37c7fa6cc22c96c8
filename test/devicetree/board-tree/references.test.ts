// What a node's properties point to, entry by entry; and what of the machine comes with a node: registers, interrupts, mastery.
import { describe, expect, test } from "vitest";
import { BoardTree } from "../../../partitions/devicetree/board-tree/board-tree.ts";
import { closureOf } from "../../../partitions/devicetree/board-tree/closure.ts";
import { lossesOf } from "../../../partitions/devicetree/board-tree/losses.ts";
import { Rates } from "../../../partitions/devicetree/board-tree/rates.ts";
import type { KnownRate } from "../../../partitions/devicetree/board-tree/rates.ts";
import { interruptParentOf, referencesOf } from "../../../partitions/devicetree/board-tree/references.ts";
import { mayMaster, resourcesOf } from "../../../partitions/devicetree/board-tree/resources.ts";
import { compileTree } from "../../../partitions/devicetree/compile.ts";
import { readFdt } from "../../../partitions/devicetree/fdt.ts";
import { Places } from "../../../partitions/devicetree/places.ts";
import { nodeAt } from "./small.ts";

const GIC = `gic: interrupt-controller@8000000 {
  reg = <0x8000000 0x10000>; #interrupt-cells = <3>; interrupt-controller; phandle = <1>;
};`;
const source = (nodes: string): string =>
  `/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; interrupt-parent = <1>; ${GIC} ${nodes} };`;
const boardOf = (nodes: string): BoardTree =>
  new BoardTree(readFdt(compileTree(source(nodes))), { controller: 0x800_0000, uart: 0x900_0000, watchdog: 0x910_0000 });

describe("references", () => {
  /** "property index at+length → target: specifier" of each. */
  const of = (node: string, others = ""): string[] => {
    const places = new Places(readFdt(compileTree(source(`x { ${node} }; ${others}`))));
    const x = places.byPath("/x");
    if (x === undefined) throw new Error("no node");
    return referencesOf(places, x).map(({ property, index, at, length, target, specifier }) =>
      `${property} ${index} ${at}+${length} → ${target?.name ?? "nothing"}: ${specifier.join(" ")}`);
  };
  const CLOCKS = "two { #clock-cells = <2>; phandle = <2>; }; none { #clock-cells = <0>; phandle = <3>; }; bare { phandle = " +
    "<4>; };";

  test("have as many cells as the node says that they point to", () => {
    expect(of("clocks = <2 7 8>, <3>, <2 9 10>;", CLOCKS)).toEqual([
      "clocks 0 0+3 → two: 7 8", "clocks 1 3+1 → none: ", "clocks 2 4+3 → two: 9 10",
    ]);
    expect(of("other = <2 7 8>;", CLOCKS)).toEqual([]);
    expect(of("clocks;", CLOCKS)).toEqual([]);
  });

  test("may be left out, by 0 or all ones, and count all the same", () => {
    expect(of("clocks = <0>, <2 7 8>, <0xffffffff>, <3>;", CLOCKS)).toEqual(["clocks 1 1+3 → two: 7 8", "clocks 3 5+1 → none: "]);
    expect(of("msi-map = <5 0 5 0 6>, <7 2 8 9>;".replace("5 0 5 0 6", "5 0"), CLOCKS)).toEqual(["msi-map 1 2+4 → two: 8 9"]);
  });

  test("to nothing, or to a node that does not say how many cells it takes, take the rest", () => {
    expect(of("clocks = <3>, <99 1 2>;", CLOCKS)).toEqual(["clocks 0 0+1 → none: ", "clocks 1 1+3 → nothing: 1 2"]);
    expect(of("clocks = <4 1>, <3>;", CLOCKS)).toEqual(["clocks 0 0+3 → nothing: 1 3"]);
    expect(of("nvmem-cells = <4>, <3>;", CLOCKS)).toEqual(["nvmem-cells 0 0+1 → bare: ", "nvmem-cells 1 1+1 → none: "]);
  });

  test("that are cut off point to nothing", () => {
    expect(of("clocks = <2 7>;", CLOCKS)).toEqual(["clocks 0 0+2 → nothing: 7"]);
    expect(of("msi-map = <5 2 8>;", CLOCKS)).toEqual(["msi-map 0 0+3 → nothing: 8"]);
    expect(of("msi-map = <5>;", CLOCKS)).toEqual([]);
    expect(of("phy = \"abc\"; syscon = [01 02 03];", CLOCKS)).toEqual(["phy 0 0+1 → nothing: "]);
  });

  test("have what is before them, and what is left behind, where the binding says so", () => {
    expect(of("iommu-map = <5 2 8 9>, <6 3 1 2>;", CLOCKS)).toEqual(["iommu-map 0 0+4 → two: 8 9", "iommu-map 1 4+4 → none: 1 " +
      "2"]);
    expect(of("rockchip,pins = <1 2 3 4>, <5 6 7 2>;", CLOCKS)).toEqual([
      "rockchip,pins 0 0+4 → bare: ", "rockchip,pins 1 4+4 → two: ",
    ]);
    expect(of("syscon = <2 3 3>; gpio-ranges = <3 1 2 3>;", CLOCKS)).toEqual([
      "syscon 0 0+3 → two: 3 3", "gpio-ranges 0 0+4 → none: 1 2 3",
    ]);
    expect(of("reset-gpios = <5 6 7>; nr-gpios = <5>; vcc-supply = <4>; pinctrl-0 = <4 3>; pinctrl-x = <4>;",
      `${CLOCKS} g { #gpio-cells = <2>; phandle = <5>; };`)).toEqual([
      "reset-gpios 0 0+3 → g: 6 7", "vcc-supply 0 0+1 → bare: ", "pinctrl-0 0 0+1 → bare: ", "pinctrl-0 1 1+1 → none: ",
    ]);
  });

  test("of interrupts go to the next parent that takes some, in entries of its size", () => {
    expect(of("interrupts = <0 1 4>, <0 2 1>;")).toEqual([
      "interrupts 0 0+3 → interrupt-controller@8000000: 0 1 4", "interrupts 1 3+3 → interrupt-controller@8000000: 0 2 1",
    ]);
    expect(of("interrupts = <0 1>;")).toEqual(["interrupts 0 0+2 → nothing: 0 1"]);
    expect(of("interrupts;")).toEqual([]);
    const other = "pic { #interrupt-cells = <1>; phandle = <5>; }; zero { #interrupt-cells = <0>; phandle = <6>; };";
    expect(of("interrupt-parent = <5>; interrupts = <3 4>;", other)).toEqual([
      "interrupt-parent 0 0+1 → pic: ", "interrupts 0 0+1 → pic: 3", "interrupts 1 1+1 → pic: 4",
    ]);
    expect(of("interrupt-parent = <6>; interrupts = <3 4>;", other)[1]).toBe("interrupts 0 0+2 → nothing: 3 4");
    expect(of("interrupt-parent = <99>; interrupts = <3>;", other)[1]).toBe("interrupts 0 0+1 → nothing: 3");
    expect(of("interrupts-extended = <5 8>, <1 0 2 4>;", other)).toEqual([
      "interrupts-extended 0 0+2 → pic: 8", "interrupts-extended 1 2+4 → interrupt-controller@8000000: 0 2 4",
    ]);
  });

  test("of interrupts whose parents point in a circle go nowhere", () => {
    const places = new Places(readFdt(compileTree(source(
      "a { interrupt-parent = <5>; phandle = <6>; }; b { interrupt-parent = <6>; phandle = <5>; c { }; };"))));
    const at = (path: string) => {
      const node = places.byPath(path);
      return node && interruptParentOf(places, node)?.name;
    };
    expect([at("/a"), at("/b/c"), at("/interrupt-controller@8000000")]).toEqual(
      [undefined, undefined, "interrupt-controller@8000000"],
    );
  });

  test("of an interrupt map have a child's address and interrupt before them, and a parent's address behind", () => {
    const bridge = "#address-cells = <3>; #interrupt-cells = <1>;";
    const parents = "pic { #interrupt-cells = <2>; #address-cells = <1>; phandle = <5>; };";
    expect(of(`${bridge} interrupt-map = <1 2 3 4 1 0 7 4>, <5 6 7 8 5 9 10 11>;`, parents)).toEqual([
      "interrupt-map 0 0+8 → interrupt-controller@8000000: 0 7 4", "interrupt-map 1 8+8 → pic: 10 11",
    ]);
    expect(of(`${bridge} interrupt-map = <1 2 3 4 1 0 7>;`, parents)).toEqual(["interrupt-map 0 0+7 → nothing: "]);
    expect(of(`${bridge} interrupt-map = <1 2 3 4 99 0 7>;`, parents)).toEqual(["interrupt-map 0 0+7 → nothing: "]);
    expect(of("interrupt-map = <1 0 7 4>, <5 9 10 11>;", parents)).toEqual([
      "interrupt-map 0 0+4 → interrupt-controller@8000000: 0 7 4", "interrupt-map 1 4+4 → pic: 10 11",
    ]);
  });
});

describe("kinds of nodes", () => {
  const kindOf = (node: string): string => {
    const board = boardOf(node);
    const [, name = ""] = /^(?:\w+: )?(\S+) \{/.exec(node) ?? [];
    return board.kindOf(board.unitOf(nodeAt(board, `/${name}`)) ?? nodeAt(board, `/${name}`));
  };

  test.each([
    ["hypervisor", [
      "uart@9000000 { reg = <0x9000000 4>; };", "dog@9100000 { reg = <0x9100000 4>; };", "chosen { };", "aliases { };",
      "cpus { };", "memory@0 { };", "memory { };", "pmu { };", "pmu-a53 { };", "psci { };", "thermal-zones { };",
      "__symbols__ { };", "firmware { };", 'x { compatible = "arm,scmi-smc"; };', 'x { compatible = "linaro,optee-tz"; };',
      'x { compatible = "arm,armv8-timer"; };', 'x { compatible = "arm,armv8-pmuv3"; };',
    ]],
    ["bus", [
      'x { compatible = "simple-bus"; };', 'x { compatible = "simple-pm-bus"; };', "reserved-memory { };", "x { ranges; };",
    ]],
    ["data", [
      "x { };", "memoryx { };", "pmux { };", 'x { compatible = "fixed-clock"; };', 'x { compatible = "regulator-fixed"; };',
      'x { compatible = "operating-points-v2-qcom"; };', 'x { compatible = "a", "operating-points-v2-b"; };',
    ]],
    ["device", ["x { reg = <1 2>; };", 'x { compatible = "a"; };', 'x { compatible = "fixed-clock"; reg = <1 2>; };',
      'x { compatible = "a"; ranges; };', 'x { compatible = "v2-operating-points-v2"; };']],
  ])("%s", (kind, nodes) => {
    expect(nodes.map((node) => `${node} ${kindOf(node)}`)).toEqual(nodes.map((node) => `${node} ${kind}`));
  });

  test("what is kept of memory is nobody's where it says its place, and what is in the hypervisor's is the hypervisor's", () => {
    const board = boardOf(`reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;
      kept@50000000 { reg = <0x50000000 0x1000>; }; pool { size = <0x1000>; }; };
      firmware { scmi { protocol@14 { }; }; };
      outer@1000 { reg = <0x1000 0x100>; #address-cells = <1>; #size-cells = <1>; ranges; in@1010 { reg = <0x1010 4>; }; chip ` +
        "{ }; };");
    const kind = (path: string): string => board.kindOf(nodeAt(board, path));
    expect(["/reserved-memory", "/reserved-memory/kept@50000000", "/reserved-memory/pool"].map(kind)).toEqual(
      ["bus", "hypervisor", "data"],
    );
    expect(["/outer@1000", "/outer@1000/in@1010", "/outer@1000/chip"].map((path) => board.isUnit(nodeAt(board, path)))).toEqual(
      [true, true, false],
    );
    expect(board.unitOf(nodeAt(board, "/outer@1000/chip"))?.name).toBe("outer@1000");
    expect(board.above(nodeAt(board, "/outer@1000/in@1010"))?.name).toBe("outer@1000");
    expect(board.unitOf(board.places.root)).toBeUndefined();
    expect(board.unitOf(nodeAt(board, "/firmware/scmi/protocol@14"))?.name).toBe("firmware");
    expect(board.at(0x1010)?.name).toBe("in@1010");
    expect(board.windowsOf(nodeAt(board, "/outer@1000/chip"))).toEqual([]);
  });

  test("the interrupt controller has to be where board.yaml has it", () => {
    const tree = readFdt(compileTree(source("")));
    expect(() => new BoardTree(tree, { controller: 0x10, uart: 0 })).toThrow(
      "board.yaml has the GIC at 0x00000010, where no node has registers: the device tree names what it does not have",
    );
  });
});

describe("what of the machine comes with a node", () => {
  const resources = (nodes: string, ...named: string[]): unknown => {
    const board = boardOf(nodes);
    const closure = closureOf(board, named.map((path) => nodeAt(board, path)), () => false);
    return resourcesOf(board, closure, lossesOf(board, closure, new Rates(board, []))).map(({ unit, windows, spis }) =>
      [unit.name, ...windows.map(({ base, size }) => `${base.toString(16)}+${size.toString(16)}`),
        ...spis.map(({ spi, trigger }) => `${spi} ${trigger}`)].join(" "));
  };

  test("are its registers, but for empty ones, and its SPIs", () => {
    expect(resources("x@10 { reg = <0x10 4>, <0x20 0>, <0x30 8>; interrupts = <0 5 4>, <1 6 4>, <0 7 1>, <0 5 1>; };", "/x@10"))
      .toEqual(["x@10 10+4 30+8 5 edge 7 edge"]);
    expect(resources("x { interrupts-extended = <1 0 9 4>; };", "/x")).toEqual(["x 9 level"]);
    expect(resources("x { };", "/x")).toEqual([]);
  });

  test("with those of what is in it; what is off has none", () => {
    expect(resources("x@10 { reg = <0x10 4>; chip { interrupts = <0 8 4>; }; };", "/x@10")).toEqual(["x@10 10+4 8 level"]);
    expect(resources('x@10 { reg = <0x10 4>; chip { status = "disabled"; interrupts = <0 8 4>; }; };', "/x@10")).toEqual(
      ["x@10 10+4"],
    );
  });

  test("and of a PCI host bridge what it shows of the bus behind it", () => {
    const pci = (more: string, ranges: string): string =>
      `x@10 { reg = <0x10 4>; #address-cells = <3>; #size-cells = <2>; ${more} ranges = ${ranges}; };`;
    const ranges = "<0x1000000 0 0 0x3000000 0 0x100>, <0x2000000 0 0 0x4000000 1 0>, <0x2000000 0 0 0x5000000 0 0>";
    expect(resources(pci('device_type = "pci";', ranges), "/x@10")).toEqual(["x@10 10+4 3000000+100 4000000+100000000"]);
    expect(resources(pci("", ranges), "/x@10")).toEqual(["x@10 10+4"]);
    expect(resources(pci('device_type = "pci";', "<0 0 0 0x3000000 0x1fffff 0xffffffff>"), "/x@10")).toEqual(["x@10 10+4"]);
    const behind = `soc { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ranges; ${
      pci('device_type = "pci";', ranges)} };`;
    expect(resources(behind, "/soc/x@10")).toEqual(["x@10 10+4"]);
  });

  test("of which ranges that are no rows are refused, as those of every other bus", () => {
    const pci = (cells: string, ranges: string): string =>
      `x@10 { compatible = "axv,x"; device_type = "pci"; ${cells} ranges = <${ranges}>; };`;
    expect(() => resources(pci("#address-cells = <3>; #size-cells = <2>;", "1 2 3 4 5 6 7"), "/x@10")).toThrow(
      "`ranges` of /x@10 has 7 cells, in rows of 6: ",
    );
    const none = new BoardTree(readFdt(compileTree(`/dts-v1/; / { #address-cells = <0>; #size-cells = <0>;
      bus { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0x10000000>; ${GIC} };
      ${pci("#address-cells = <0>; #size-cells = <0>;", "1")} };`)), { controller: 0x800_0000, uart: 0 });
    const closure = closureOf(none, [nodeAt(none, "/x@10")], () => false);
    expect(() => resourcesOf(none, closure, [])).toThrow("`ranges` of /x@10 has 1 cells, in rows of 0: ");
    expect(resources(pci("#address-cells = <3>; #size-cells = <2>;", ""), "/x@10")).toEqual([]);
  });

  test("it may master the bus, unless it is of a kind that does not, or says so", () => {
    const board = boardOf(`serial@1 { reg = <1 1>; }; serial { }; uart-2@2 { reg = <2 1>; }; i2c4@3 { reg = <3 1>; };
      ethernet@4 { reg = <4 1>; }; spi@5 { reg = <5 1>; dma-coherent; }; gpio@6 { reg = <6 1>; #dma-cells = <1>; };
      serialx@7 { reg = <7 1>; }; xserial@8 { reg = <8 1>; }; timer@9 { reg = <9 1>; iommus = <1>; };`);
    const masters = board.places.root.children.filter(mayMaster).map(({ name }) => name);
    expect(masters).toEqual(["ethernet@4", "spi@5", "gpio@6", "serialx@7", "xserial@8", "timer@9"]);
  });
});

describe("rates of clocks", () => {
  const FACTOR = 'compatible = "fixed-factor-clock"; #clock-cells = <0>;';
  const NODES = `osc: osc { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; phandle = <2>; };
    cru: cru { compatible = "x"; #clock-cells = <1>; phandle = <3>;
      assigned-clocks = <3 1>, <3 2>, <3 3>, <0>, <3 5>; assigned-clock-rates = <100>, <0>, <300>, <400>, <500>; };
    y { assigned-clocks = <3 3>, <3 1>, <99>; assigned-clock-rates = <301>, <100>, <7>; };
    half { ${FACTOR} clocks = <2>; clock-div = <2>; clock-mult = <3>; phandle = <4>; };
    odd { ${FACTOR} clocks = <3 1>; clock-div = <3>; clock-mult = <1>; phandle = <5>; };
    none { ${FACTOR} clocks = <2>; clock-mult = <1>; phandle = <6>; };
    zero { ${FACTOR} clocks = <2>; clock-div = <1>; phandle = <7>; };
    lost { ${FACTOR} clock-div = <1>; clock-mult = <1>; phandle = <8>; };
    ring { ${FACTOR} clocks = <9>; clock-div = <1>; clock-mult = <1>; phandle = ` +
      "<9>; };";
  const of = (path: string, cells: readonly number[] = [], known: readonly KnownRate[] = []): number | undefined => {
    const board = boardOf(NODES);
    return new Rates(board, known).of(nodeAt(board, path), cells);
  };

  test("are those of fixed ones, what the tree sets where it is of one mind, and what board.yaml says before all", () => {
    expect(of("/osc")).toBe(24_000_000);
    expect([1, 2, 3, 4, 5].map((cell) => of("/cru", [cell]))).toEqual([100, undefined, undefined, undefined, 500]);
    expect(of("/cru", [1], [{ clock: "/cru", cells: [1], hz: 7 }])).toBe(7);
    expect(of("/cru", [3], [{ clock: "/cru", cells: [3], hz: 7 }])).toBe(7);
    expect(of("/osc", [], [{ clock: "/osc", cells: [], hz: 7 }])).toBe(7);
  });

  test("go through factors, as far as these are known, and no further than there are any", () => {
    expect([of("/half"), of("/odd"), of("/none"), of("/zero"), of("/lost"), of("/ring")]).toEqual(
      [36_000_000, 33, undefined, 0, undefined, undefined],
    );
    const chain = (steps: number): number | undefined => {
      const board = boardOf(`c0 { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <5>; phandle = <20>; }; ${
        Array.from({ length: steps }, (_, n) => `c${n + 1} { ${FACTOR} clocks = <${
          n + 20}>; clock-div = <1>; clock-mult = <1>; phandle = <${n + 21}>; };`).join("\n")}`);
      return new Rates(board, []).of(nodeAt(board, `/c${steps}`), []);
    };
    expect([chain(8), chain(9)]).toEqual([5, undefined]);
  });
});
