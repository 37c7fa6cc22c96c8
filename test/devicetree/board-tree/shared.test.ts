// A board's own tree, shared out: what each partition gets beside what it names, what is said of each mistake, and every decision
// about a node as `plan --why` has it.
import { resolve } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Aarch64Board, Device } from "../../../boards/schema.ts";
import { checkProviders } from "../../../partitions/check/board-tree.ts";
import { readTree, treeFileOf } from "../../../partitions/devicetree/board-tree/file.ts";
import { shareTree, whoHas } from "../../../partitions/devicetree/board-tree/share.ts";
import type { Shared } from "../../../partitions/devicetree/board-tree/share.ts";
import { nodeCalled, why } from "../../../partitions/devicetree/board-tree/why.ts";
import type { Why } from "../../../partitions/devicetree/board-tree/why.ts";
import { compileTree } from "../../../partitions/devicetree/compile.ts";
import type { PartitionRequest } from "../../../partitions/request.ts";
import { profile, qemu, reported, request } from "../../partitions/reported.ts";
import { nodeAt, SMALL, smallBoard, split } from "./small.ts";

const CRU = "/clock-controller@10000000";
const device = (base: number, spis: readonly number[], more: Partial<Device> = {}): Device => ({
  dma: false, behind: "none", node: "page", compatible: ["axv"], dma_coherent: false, clock_names: [],
  windows: [{ base, size: 0x1000 }], spis: spis.map((spi) => ({ spi, trigger: "level" })), ...more,
});
const board: Aarch64Board = {
  ...qemu, name: "small", devices: {
    uart0: device(0x2000_0000, [16]), uart1: device(0x2000_1000, []),
    mac0: device(0x2000_2000, [18], { path: "/soc/ethernet@2000" }),
    lost: device(0x2100_0000, [20]), gone: device(0x2200_0000, [], { path: "/nowhere" }),
  },
};
const linux = profile("linux");
const asked = (name: string, ...devices: string[]): PartitionRequest =>
  request(name, { devices }, { profile: name.startsWith("plc") ? profile("plc") : linux });

interface Told {
  readonly said: string[];
  readonly shared: Shared | undefined;
}
function share(requests: readonly PartitionRequest[], tree = SMALL, on: Aarch64Board = board): Told {
  let shared: Shared | undefined;
  const said = reported((findings) => (shared = shareTree(on, requests, compileTree(tree), findings)));
  return { said, shared };
}
/** Devices of a partition, each with its windows and SPIs. */
function given({ shared }: Told, index = 0): string[] {
  const { board: whole, partitions } = shared?.request ?? { board, partitions: [] };
  const { devices = [], spis = [] } = partitions[index]?.fields ?? {};
  const lines = (list: Device["spis"]): string[] => list.map(({ spi, trigger }) => `${spi} ${trigger}`);
  return [
    ...devices.map((name) => {
      const { windows = [], spis: own = [] } = whole.devices[name] ?? {};
      return [name, ...windows.map(({ base, size }) => `${base.toString(16)}+${size.toString(16)}`), ...lines(own)].join(" ");
    }),
    ...lines(spis),
  ];
}

describe("what a partition gets", () => {
  test("is what it names, as board.yaml and the tree have it together, and devices of the tree that these need", () => {
    const told = share([asked("linux", "uart1")]);
    expect(told.said).toEqual([]);
    expect(given(told)).toEqual([
      "uart1 20001000+1000 17 level", "clock-controller@10000000 10000000+1000", "dma-controller@10003000 10003000+1000 3 level",
      "gpio@10002000 10002000+1000 9 level",
    ]);
    expect(told.shared?.request.board.devices["dma-controller@10003000"]).toEqual({
      dma: true, behind: "none", node: "dma-controller", compatible: ["axv,dma"], dma_coherent: false, clock_names: [],
      path: "/dma-controller@10003000", windows: [{ base: 0x1000_3000, size: 0x1000 }], spis: [{ spi: 3, trigger: "level" }],
    });
    expect(board.devices["dma-controller@10003000"]).toBeUndefined();
  });

  test("has more windows and interrupts than board.yaml lists, and coherent what the tree says is", () => {
    const more = SMALL.replace('"axv,mmc"; reg = <0x5000 0x100>;', '"axv,mmc"; dma-coherent; reg = <0x5000 0x100>, <0x6000 ' +
      '0x100>;');
    const told = share([asked("linux", "card")], more, { ...board, devices: { card: device(0x2000_5000, [50]) } });
    expect(given(told)[0]).toBe("card 20005000+1000 20006000+100 50 level 22 level");
    const mmc = share([asked("linux", "mmc@5000")], more).shared?.request.board.devices["mmc@5000"];
    expect(mmc).toMatchObject({ dma_coherent: true, dma: true, node: "mmc", compatible: ["axv,mmc"] });
  });

  test("without a device tree is what it names alone: by path or name, and interrupts of what has no registers", () => {
    const told = share([asked("plc", "uart0", "/soc/ethernet@3000", "regulator")],
      SMALL.replace("vcc: regulator {", "vcc: regulator { interrupts = <0 30 4>;"));
    expect(told.said).toEqual([]);
    expect(given(told)).toEqual(["uart0 20000000+1000 16 level", "/soc/ethernet@3000 20003000+1000 20 level", "30 level"]);
    expect(told.shared?.shared.closures).toEqual([undefined]);
    expect(told.shared?.shared.losses).toEqual([[]]);
  });

  test("is called by its path where its name is another device's", () => {
    const other = { ...board, devices: { ...board.devices, "dma-controller@10003000": device(0x2300_0000, []) } };
    expect(given(share([asked("linux", "uart0")], SMALL, other))).toContain("/dma-controller@10003000 10003000+1000 3 level");
  });
});

describe("mistakes", () => {
  test("a device without a node; one in what another has, or nobody can have", () => {
    expect(share([asked("linux", "uart1", "lost", "gone", "what")]).said).toEqual([
      'partitions.linux.devices.1 AXV-P172 device "lost" has no node in the device tree of small: correct its `path` in ' +
        "board.yaml, or its `reg`, by which it is found without one",
      'partitions.linux.devices.2 AXV-P172 device "gone" has no node in the device tree of small: correct its `path` in ' +
        "board.yaml, or its `reg`, by which it is found without one",
    ]);
    expect(share([asked("linux", "pinctrl"), asked("other", "gpio@10002000")]).said).toContain(
      'partitions.other.devices.0 AXV-P173 "gpio@10002000" is in /pinctrl, which partition "linux" has: give both to one ' +
        'partition',
    );
    expect(share([asked("linux", "interrupt-controller@8000000")]).said).toEqual([
      'partitions.linux.devices.0 AXV-P173 "interrupt-controller@8000000" is in what the hypervisor or firmware has: leave it ' +
        "out: no partition can have it",
    ]);
  });

  test("what several need is told once, for the same ones together, at the first", () => {
    expect(share([asked("linux", "uart0"), asked("other", "uart1")]).said).toEqual([
      `partitions.linux.devices AXV-P174 ${CRU}, /dma-controller@10003000, /pinctrl: partitions "linux" and "other" need this, ` +
        "and each has one owner: name each, by path or name, in `devices` of the one that is to have it: the others get fixed " +
        "clocks, and what it has set",
    ]);
  });

  test("what cannot be without another's, and clocks of which nobody knows the rate, each once", () => {
    const { said } = share([asked("linux", "mac0"), asked("plc", CRU, "/syscon@10001000", "/pinctrl", "/pinctrl/gpio@10002000")]);
    expect(said).toEqual([
      'partitions.linux.devices.0 AXV-P176 /soc/ethernet@2000 has clocks of /clock-controller@10000000, which partition "plc" ' +
        "has, and how fast they are is not known: 3: say it in board.yaml: rates: [{ clock: /clock-controller@10000000, cells: " +
        "[3], hz: 24000000 }, …], or give both to one partition",
      "partitions.linux.devices.0 AXV-P175 /soc/ethernet@2000 does not work without /syscon@10001000 (`syscon`), which " +
        'partition "plc" has: give both to one partition, or leave the device out',
      "partitions.linux.devices.0 AXV-P175 /soc/ethernet@2000/mdio/ethernet-phy@0 does not work without /pinctrl/gpio@10002000 " +
        '(`interrupts`), which partition "plc" has: give both to one partition, or leave the device out',
    ]);
  });

  test("what the tree has not", () => {
    const nowhere = SMALL.replace('"axv,mmc";', '"axv,mmc"; phys = <999 1>, <998>;');
    expect(share([asked("linux", "mmc@5000")], nowhere).said).toEqual([
      "partitions.linux.devices.0 AXV-P175 /soc/mmc@5000 does not work without what the tree has not (`phys`): give both to " +
        "one partition, or leave the device out",
    ]);
  });

  test("an interrupt that is triggered in another way than board.yaml says, at the device, or at all of them", () => {
    const edge = SMALL.replace("<0 0x10 4>", "<0 0x10 1>").replace("<0 3 4>", "<0 3 1>");
    const wrong = { ...board, devices: { ...board.devices, engine: device(0x1000_3000, [3]) } };
    const look = "look at what its `trigger` is; of a wrong one interrupts are lost";
    expect(share([asked("linux", "uart1", "uart0")], edge, wrong).said).toEqual([
      `partitions.linux.devices.1 AXV-P179 SPI 16 of "uart0" is level triggered in board.yaml, and edge triggered in the ` +
        `board's device tree: ${look}`,
      `partitions.linux.devices AXV-P179 SPI 3 of "engine" is level triggered in board.yaml, and edge triggered in the board's ` +
        `device tree: ${look}`,
    ]);
  });

  test("a tree that is none", () => {
    let shared: unknown;
    expect(reported((findings) => (shared = shareTree(board, [], Buffer.from("text"), findings)))).toEqual([
      "board AXV-P171 the device tree of small cannot be used: of 4 bytes: this is no device tree blob: it does not begin with " +
        "0xd00dfeed. Give a .dtb file (dtc -I dts -O dtb makes one) [AXV-P160]: take the tree of this board, from its maker or " +
        "its Linux",
    ]);
    expect(shared).toBeUndefined();
    expect(() => shareTree({ ...board, devices: undefined } as unknown as Aarch64Board, [asked("linux", "uart0")],
      compileTree(SMALL), undefined as never)).toThrow(TypeError);
  });
});

test("who provides what: told of others' and of firmware's, by each that is named, until it is accepted", () => {
  const firmware = SMALL.replace("soc {", `firmware { scmi { compatible = "arm,scmi"; protocol: protocol { #clock-cells = <1>;
    #power-domain-cells = <1>; }; }; }; soc {`)
    .replace("clocks = <&cru 2>, <&osc>;", "clocks = <&cru 2>, <&protocol 1>; power-domains = <&protocol 2>;");
  const requests = [asked("plc", "uart0", "uart1"), asked("linux", "/soc/mmc@5000", CRU, "/pinctrl")];
  const told = (...parts: readonly PartitionRequest[]): string[] => {
    const { shared } = share(parts, firmware);
    return reported((findings) => shared && checkProviders(shared.shared, parts, findings));
  };
  const other = (what: string, from: string, name: string): string =>
    `partitions.plc.devices AXV-P178 "${name}" has its ${what} from ${from}, which partition "linux" has: that one can change ` +
    "them, or switch them off: ";
  const accept = 'see what depends on it by `plan --why`; if that is known and accepted, say so with "accepts: [providers]"';
  const words = 'with "clk_ignore_unused" in its `cmdline`, "linux" leaves on what it does not use; ';
  expect(told(...requests)).toEqual([
    `${other("clocks and resets", CRU, "serial@0")}${words}${accept}`,
    `${other("pins", "/pinctrl", "serial@0")}${accept}`,
    'partitions.plc.devices AXV-P180 "serial@1000" has its clocks and power from /firmware/scmi/protocol, which is ' +
      'firmware\'s, ' +
      "and no guest can call that: they stay as it leaves them: if it is known to leave them on, say so with \"accepts: " +
      '[providers]"',
    `${other("clocks", CRU, "serial@1000")}${words}${accept}`,
    `${other("pins", "/pinctrl", "serial@1000")}${accept}`,
  ]);
  const [plc, rest] = requests;
  if (plc === undefined || rest === undefined) throw new Error("no requests");
  expect(told({ ...plc, fields: { ...plc.fields, accepts: ["providers"] } }, rest)).toEqual([]);
  expect(told({ ...plc, fields: { ...plc.fields, accepts: ["dma"] } }, rest)).toHaveLength(5);
  expect(told(asked("linux", "uart0"))).toEqual([]);
});

describe("every decision about a node", () => {
  const init = { reg: 0x1000_0ffc, value: 1, mask: 3 };
  const decided = (): Shared["shared"] => {
    const [first, second] = [asked("linux", "uart1"), asked("plc", CRU, "/pinctrl", "uart0")];
    const { shared } = share([first, { ...second, fields: { ...second.fields, init: [init] } }]);
    if (shared === undefined) throw new Error("nothing was shared out");
    return shared.shared;
  };
  const of = (name: string): Why => {
    const shared = decided();
    const node = nodeCalled(shared, name);
    if (node === undefined) throw new Error(`no ${name}`);
    return why(shared, node);
  };
  const lostClock = {
    node: "/soc/serial@1000", property: "clocks", entry: 0, target: CRU, cells: [2], whose: 'partition "plc" has', done: "clock",
    hz: 50_000_000,
  };
  const lostPins = (entry: number, target: string) => ({
    node: "/soc/serial@1000", property: `pinctrl-${entry}`, entry: 0, target, cells: [], whose: 'partition "plc" has',
    done: "remove", hz: null,
  });

  test("that is named, with what was changed in it", () => {
    expect(of("uart1")).toEqual({
      node: "/soc/serial@1000", unit: "/soc/serial@1000", kind: "device", owner: "linux", rule: "named", lost: [],
      needs: [], inits: [],
      partitions: [{
        partition: "linux", chain: [], enabled: false,
        changes: [lostClock, lostPins(0, "/pinctrl/uart1-pins"), lostPins(1, "/pinctrl/uart1-rts")],
      }],
    });
  });

  test("that others would have needed, with what is written to it at first", () => {
    expect(of(CRU)).toEqual({
      node: CRU, unit: CRU, kind: "device", owner: "plc", rule: "named",
      partitions: [{ partition: "plc", chain: [], enabled: false, changes: [] }],
      lost: [
        { partition: "linux", ...lostClock },
        { partition: "linux", node: "/dma-controller@10003000", property: "clocks", entry: 0, target: CRU, cells: [1],
          whose: 'partition "plc" has', done: "clock", hz: 100_000_000 },
      ],
      needs: [{ property: "clocks", target: "/oscillator", cells: [], whose: "nobody has", hz: 24_000_000 }],
      inits: [{ pa: init.reg, value: 1, mask: 3, by: "plc" }],
    });
  });

  test("of a partition without a device tree, with what it has to find as it needs it", () => {
    expect(of("uart0").needs).toEqual([
      { property: "clocks", target: CRU, cells: [1], whose: 'partition "plc" has', hz: 100_000_000 },
      { property: "clocks", target: "/oscillator", cells: [], whose: "nobody has", hz: 24_000_000 },
      { property: "resets", target: CRU, cells: [1], whose: 'partition "plc" has', hz: null },
      { property: "dmas", target: "/dma-controller@10003000", cells: [0], whose: 'partition "linux" has', hz: null },
      { property: "dmas", target: "/dma-controller@10003000", cells: [1], whose: 'partition "linux" has', hz: null },
      { property: "pinctrl-0", target: "/pinctrl/uart0-pins", cells: [], whose: 'partition "plc" has', hz: null },
    ]);
  });

  test("that a partition has by what it names, through a chain", () => {
    expect(of("/dma-controller@10003000")).toMatchObject({
      owner: "linux", rule: "only user",
      partitions: [{ partition: "linux", chain: [{ node: "/soc/serial@1000", by: "dmas" }], enabled: false }],
    });
    expect(of("regulator").partitions).toMatchObject([
      { partition: "linux", chain: [{ node: "/soc/serial@1000", by: "vcc-supply" }] },
    ]);
    expect(of("/soc").partitions).toMatchObject([
      { partition: "linux", chain: [{ node: "/soc/serial@1000", by: "is in it" }] },
    ]);
    expect(of("/soc")).toMatchObject({ kind: "bus", owner: null, rule: null });
  });

  test("that is nobody's, or the hypervisor's", () => {
    const nothing = { partitions: [], lost: [], needs: [], inits: [] };
    expect(of("/soc/mmc@5000")).toEqual({
      node: "/soc/mmc@5000", unit: "/soc/mmc@5000", kind: "device", owner: null, rule: null, ...nothing,
    });
    expect(of("interrupt-controller")).toEqual({
      node: "/interrupt-controller@8000000", unit: "/interrupt-controller@8000000", kind: "hypervisor", owner: null, rule: null,
      ...nothing,
    });
    expect(of("/")).toMatchObject({ node: "/", unit: "/", kind: "hypervisor", owner: null });
    const shared = decided();
    expect([CRU, "/interrupt-controller@8000000", "/soc/mmc@5000"].map((path) => whoHas(shared, nodeAt(shared.tree, path))))
      .toEqual(
      ['partition "plc" has', "the hypervisor or firmware has", "nobody has"],
    );
    expect(whoHas(shared, shared.tree.places.root)).toBe("the hypervisor or firmware has");
  });

  test("is found by board.yaml's or the tree's name for it, by path, alias, or a name without an address", () => {
    const shared = decided();
    const path = (text: string): string | undefined => nodeCalled(shared, text)?.path;
    expect(["mac0", "serial1", "/soc/i2c@4000", "pmic@20", "pmic", "serial", "nothing", "lost"].map(path)).toEqual(
      ["/soc/ethernet@2000", "/soc/serial@1000", "/soc/i2c@4000", "/soc/i2c@4000/pmic@20", "/soc/i2c@4000/pmic@20", undefined,
        undefined, undefined],
    );
  });

  test("that was off, and is on", () => {
    const { shared } = share([asked("linux", "ethernet@3000")]).shared ?? {};
    expect(shared && why(shared, nodeAt(shared.tree, "/soc/ethernet@3000")).partitions).toMatchObject([
      { partition: "linux", enabled: true },
    ]);
  });
});

test("each node is there for a reason: who names it, what points to it, or what it is in", () => {
  const tree = smallBoard();
  const [closure] = split(tree, { linux: ["/soc/mmc@5000"] }).closures;
  const reasons = [...(closure?.nodes ?? [])].map(([{ path }, { from, by }]) => `${path} ← ${from?.path ?? "itself"} ${by}`);
  expect(reasons).toEqual([
    "/soc/mmc@5000 ← itself devices", "/soc ← /soc/mmc@5000 is in it", "/oscillator ← /soc/mmc@5000 clocks",
    "/soc/i2c@4000/pmic@20/regulators/vdd ← /soc/mmc@5000 vmmc-supply",
    "/soc/i2c@4000/pmic@20/regulators ← /soc/mmc@5000 vmmc-supply", "/soc/i2c@4000/pmic@20 ← /soc/mmc@5000 vmmc-supply",
    "/soc/i2c@4000 ← /soc/mmc@5000 vmmc-supply", "/soc/i2c@4000/codec@30 ← /soc/i2c@4000 is in it",
    `${CRU} ← /soc/i2c@4000/codec@30 clocks`,
  ]);
  expect([...(closure?.wanted ?? [])].map(({ path }) => path)).not.toContain("/soc/i2c@4000/codec@30");
});

describe("where a board's tree is", () => {
  afterEach(() => void delete process.env["AXV_TREE_TEST"]);
  const of = (tree: Aarch64Board["tree"]): unknown => treeFileOf({ ...board, tree });

  test("beside board.yaml, where a variable says, or where the tools fetch it", () => {
    expect(of(undefined)).toBeUndefined();
    expect(of({ file: "/x.dtb" })).toEqual({ path: "/x.dtb", fetched: undefined });
    const debian = { debian: "x.dtb", variable: "AXV_TREE_TEST" } as Aarch64Board["tree"];
    const fetched = { path: resolve("build/trees/x.dtb"), fetched: "build/trees/x.dtb" };
    expect(of(debian)).toEqual(fetched);
    process.env["AXV_TREE_TEST"] = "";
    expect(of(debian)).toEqual(fetched);
    process.env["AXV_TREE_TEST"] = "mine.dtb";
    expect(of(debian)).toEqual({ path: resolve("mine.dtb"), fetched: undefined });
    const file = { file: "/x.dtb", variable: "AXV_TREE_TEST" } as Aarch64Board["tree"];
    expect(of(file)).toMatchObject({ path: resolve("mine.dtb") });
  });

  test("and what is said when it is not there", () => {
    const said = (fetched: string | undefined): string[] =>
      reported((findings) => readTree(board, { path: resolve("no.dtb"), fetched }, findings));
    const words = "board AXV-P170 the device tree of small, no.dtb, cannot be read: there is no such file: ";
    expect(said(undefined)).toEqual([
      `${words}put the board's own there: /sys/firmware/fdt of a Linux that runs on it is one`,
    ]);
    expect(said("build/trees/x.dtb")).toEqual([
      `${words}it is fetched from Debian's kernel package: connect this machine to its archive once, or name another by the ` +
        "variable",
    ]);
    const file = resolve(import.meta.dirname, "small.ts");
    expect(reported((findings) =>
      expect(readTree(board, { path: file, fetched: undefined }, findings)?.length).toBeGreaterThan(1)))
      .toEqual([]);
  });
});
