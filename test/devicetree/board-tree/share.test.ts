// What can be wrong with a system on a board whose own device tree is known: each mistake where it is, with what to do.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, describe, expect, test, vi } from "vitest";
import { planSystem } from "../../../partitions/index.ts";
import type { Outcome } from "../../../partitions/index.ts";
import { nodeCalled, why } from "../../../partitions/devicetree/board-tree/why.ts";
import type { Why } from "../../../partitions/devicetree/board-tree/why.ts";
import { compileTree } from "../../../partitions/devicetree/compile.ts";
import { displayPath } from "../../../partitions/project.ts";
import { imageLayout } from "../../../tools/build/pack.ts";
import { register } from "../../../tools/commands/plan.ts";
import { formatWhy } from "../../../tools/plan/why.ts";
import { SMALL } from "./small.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-share-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BOARD = `
extends: qemu-aarch64
uart: { kind: pl011, reg: 0x09000000, spi: 1, clock_hz: 24000000 }
device_kinds:
  page: { size: 0x1000, trigger: level, dma: false, dma_coherent: false, node: page, compatible: [axv] }
  mac: { size: 0x1000, trigger: [level, edge], dma: false, dma_coherent: false, node: page, compatible: [axv] }
devices:
  uart0: { kind: page, reg: 0x20000000, spi: 16 }
  uart1: { kind: page, reg: 0x20001000, spi: 17 }
  mac0: { kind: mac, reg: 0x20002000, spi: [18, 19], path: /soc/ethernet@2000 }
  lost: { kind: page, reg: 0x21000000, spi: 20 }
`;

function planned(partitions: string, tree: Uint8Array | string = compileTree(SMALL), more = "", board = BOARD): Outcome {
  mkdirSync(join(folder, "boards/small"), { recursive: true });
  rmSync(join(folder, "boards/small/small.dtb"), { force: true });
  if (tree !== "none") writeFileSync(join(folder, "boards/small/small.dtb"), tree);
  writeFileSync(join(folder, "boards/small/board.yaml"), `${board}tree: { file: small.dtb, variable: AXV_TREE_SMALL }\n${more}`);
  const file = join(folder, "system.yaml");
  writeFileSync(file, `board: small\npartitions:\n${partitions}`);
  return planSystem(file, (blob, loads) => imageLayout(0x10_0000, blob, loads), "to be built");
}
const said = ({ diagnostics }: Outcome): string[] =>
  diagnostics.map(
    ({ code, line, column, message }) => `${line}:${column} ${code} ${message.replaceAll(`${displayPath(folder)}/`, "")}`,
  );

const LINUX = "  linux: { guest: linux, cpus: [0], accepts: [dma, providers], devices: ";

test("a tree that is not there, or is none", () => {
  expect(said(planned(`${LINUX}[uart0] }\n`, "none"))[0]).toMatch(
    /^1:8 AXV-P170 the device tree of small, .*boards\/small\/small.dtb, cannot be read: there is no such file$/,
  );
  expect(said(planned(`${LINUX}[uart0] }\n`, "a text"))[0]).toMatch(/^1:8 AXV-P171 the device tree of small cannot be used: /);
  const elsewhere = compileTree(SMALL.replace("reg = <0 0x8000000 0 0x10000>", "reg = <0 0x7000000 0 0x10000>"));
  expect(said(planned(`${LINUX}[uart0] }\n`, elsewhere))[0]).toMatch(/AXV-P171 .* the GIC at 0x08000000, where no node/);
});

test("nobody asks for the tree where no guest is told of devices", () => {
  expect(said(planned("  plc: { guest: plc, cpus: [0] }\n", "none"))).toEqual([]);
});

test("a variable names another tree", () => {
  process.env["AXV_TREE_SMALL"] = join(folder, "nowhere.dtb");
  try {
    expect(said(planned(`${LINUX}[uart0] }\n`))).toEqual([
      "1:8 AXV-P170 the device tree of small, nowhere.dtb, cannot be read: there is no such file",
    ]);
  } finally {
    delete process.env["AXV_TREE_SMALL"];
  }
});

test("a device that the tree has not, and one that is in another partition's", () => {
  expect(said(planned(`${LINUX}[uart0, lost] }\n`))).toEqual([
    '3:81 AXV-P172 device "lost" has no node in the device tree of small',
  ]);
  const other = "  other: { guest: linux, memory: 64M, cpus: [1], accepts: [dma, providers], devices: [gpio@10002000] }\n";
  expect(said(planned(`${LINUX}[pinctrl, uart0] }\n${other}`)).filter((text) => text.startsWith("4"))).toEqual([
    '4:87 AXV-P173 "gpio@10002000" is in /pinctrl, which partition "linux" has',
  ]);
});

describe("each interrupt has its own trigger", () => {
  const linesOf = ({ system }: Outcome, index = 0): (readonly [number, string, string])[] =>
    system?.plan.partitions[index]?.interrupts
      .filter(({ use }) => !use.startsWith("console"))
      .map(({ intid, trigger, use }) => [intid - 32, trigger, use]) ?? [];

  test("of a device that board.yaml does not list, and of a node without registers", () => {
    const tree = SMALL.replace("interrupts = <0 0x16 4>;", "interrupts = <0 0x16 4>, <0 0x17 1>;").replace(
      "vcc: regulator {",
      "vcc: regulator { interrupts = <0 0x18 1>, <0 0x19 4>;",
    );
    const made = planned(`${LINUX}[mmc@5000, regulator] }\n`, compileTree(tree));
    expect(said(made)).toEqual([]);
    expect(linesOf(made)).toEqual(
      expect.arrayContaining([
        [0x16, "level", "mmc@5000"],
        [0x17, "edge", "mmc@5000"],
        [0x18, "edge", "spis"],
        [0x19, "level", "spis"],
      ]),
    );
  });

  test("of one that board.yaml lists as the tree has it; where it says another one, that is refused", () => {
    expect(linesOf(planned(`${LINUX}[mac0] }\n`))).toEqual(
      expect.arrayContaining([
        [18, "level", "mac0"],
        [19, "edge", "mac0"],
      ]),
    );
    const other = compileTree(SMALL.replace("<0 0x12 4>, <0 0x13 1>", "<0 0x12 1>, <0 0x13 1>"));
    expect(said(planned(`${LINUX}[mac0] }\n`, other))).toEqual([
      '3:74 AXV-P179 SPI 18 of "mac0" is level triggered in board.yaml, and edge triggered in the board\'s device tree',
    ]);
  });

  test("a list of them has one for each interrupt", () => {
    const kind = "device_kinds: { odd: { size: 4, trigger: [level, edge], dma: false, dma_coherent: false, node: odd, " +
      "compatible: [axv] } }\ndevices: { odd: { kind: odd, reg: 0x22000000, spi: 40 } }\n";
    const board = BOARD.replace(/device_kinds:[^]*/, kind);
    const { diagnostics } = planned("  plc: { guest: plc, cpus: [0] }\n", "none", "", board);
    expect(diagnostics.map(({ code, remedy }) => `${code} ${remedy}`)).toEqual([
      'AXV-P006 write as many SPIs as "odd" has triggers: 2',
    ]);
  });
});

describe("memory-region", () => {
  const kept = `reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
      frames: frames@50000000 { reg = <0 0x50000000 0 0x100000>; no-map; };
      pool: pool { compatible = "shared-dma-pool"; size = <0 0x400000>; reusable; };
    };
    soc {`;
  const tree = (regions: string): Uint8Array =>
    compileTree(SMALL.replace("soc {", kept).replace('"axv,mmc";', `"axv,mmc"; memory-region = ${regions};`));

  test("of a pool that the kernel makes of its own memory: whose device needs it has its node", () => {
    const other = "  other: { guest: linux, memory: 64M, cpus: [1], accepts: [dma, providers], devices: [/soc/ethernet@3000] }\n";
    const made = planned(`${LINUX}[mmc@5000, uart1] }\n${other}`, tree("<&pool>"));
    expect(said(made)).toEqual([]);
    const has = (name: string): boolean => made.system?.deviceTrees.get(name)?.().includes("shared-dma-pool") === true;
    expect([has("linux"), has("other")]).toEqual([true, false]);
  });

  test("at a place of its own: what needs it is refused; nobody gets that", () => {
    const { diagnostics } = planned(`${LINUX}[mmc@5000] }\n`, tree("<&frames>"));
    expect(diagnostics.map(({ code, message, remedy }) => `${code} ${message}: ${remedy}`)).toEqual([
      "AXV-P175 /soc/mmc@5000 does not work without /reserved-memory/frames@50000000 (`memory-region`), which the hypervisor " +
        "or firmware has: leave it out",
    ]);
  });
});

describe("what firmware does by SCMI, which no guest can call", () => {
  const scmi = `firmware { scmi { compatible = "arm,scmi-smc"; #address-cells = <1>; #size-cells = <0>;
      power: protocol@11 { reg = <0x11>; #power-domain-cells = <1>; };
      rate: protocol@14 { reg = <0x14>; #clock-cells = <1>; };
      reset: protocol@16 { reg = <0x16>; #reset-cells = <1>; };
    }; };
    soc {`;
  const tree = (more: string): Uint8Array =>
    compileTree(SMALL.replace("soc {", scmi).replace(/"axv,mmc";(.*)clocks = <&osc>;/, `"axv,mmc";$1${more}`));
  const told = (more: string, accepts: string, rates = ""): string[] => {
    const linux = `  linux: { guest: linux, cpus: [0], accepts: [${accepts}], devices: [mmc@5000] }\n`;
    return planned(linux, tree(more), rates).diagnostics.map(
      ({ severity, code, message, remedy }) => `${severity} ${code} ${message}: ${remedy}`,
    );
  };

  test("resets and power stay as it leaves them: a warning, until that is accepted", () => {
    const needs = "resets = <&reset 1>; power-domains = <&power 2>;";
    expect(told(needs, "dma")).toEqual([
      'warning AXV-P180 "mmc@5000" has its resets from /firmware/scmi/protocol@16, which is firmware\'s, and no guest can call ' +
        'that: they stay as it leaves them: if it is known to leave them on, say so with "accepts: [providers]"',
      'warning AXV-P180 "mmc@5000" has its power from /firmware/scmi/protocol@11, which is firmware\'s, and no guest can call ' +
        'that: they stay as it leaves them: if it is known to leave them on, say so with "accepts: [providers]"',
    ]);
    expect(told(needs, "dma, providers")).toEqual([]);
  });

  test("a clock is a fixed one of the rate that is known, and without one refused", () => {
    const needs = "clocks = <&rate 5>; clock-names = \"bus\";";
    expect(told(needs, "dma, providers")).toEqual([
      "error AXV-P176 /soc/mmc@5000 has clocks of /firmware/scmi/protocol@14, which the hypervisor or firmware has, and how " +
        "fast they are is not known: 5: say it in board.yaml: rates: [{ clock: /firmware/scmi/protocol@14, cells: [5], " +
        "hz: 24000000 }, …], or leave the device out",
    ]);
    const rates = "rates: [{ clock: /firmware/scmi/protocol@14, cells: [5], hz: 1234567 }]\n";
    expect(told(needs, "dma, providers", rates)).toEqual([]);
    expect(told(needs, "dma", rates)).toEqual([expect.stringMatching(/AXV-P180 "mmc@5000" has its clocks from .*protocol@14/)]);
  });
});

test("a page of the hypervisor's UART is nobody's", () => {
  const tree = compileTree(SMALL.replaceAll("10001000", "9000800"));
  expect(said(planned(`${LINUX}[mac0] }\n`, tree))).toContainEqual(
    expect.stringMatching(/^3:\d+ AXV-P173 "syscon@9000800" is in a 4 KiB page of the UART$/),
  );
});

test("more registers than the hypervisor has room for", () => {
  const many = Array.from({ length: 70 }, (_, n) => `many${n}: m@${(0x3000_0000 + n * 0x2000).toString(16)} { compatible = "m";
    reg = <0 0x${(0x3000_0000 + n * 0x2000).toString(16)} 0 4>; clocks = <&osc>; };`);
  const needs = `sound-dai = ${many.map((_, n) => `<&many${n}>`).join(", ")};`;
  const tree = SMALL.replace("soc {", `${many.join("\n")} soc {`).replace('"axv,mmc";', `"axv,mmc"; ${needs}`);
  const cells = tree.replaceAll('compatible = "m";', 'compatible = "m"; #sound-dai-cells = <0>;');
  expect(said(planned(`${LINUX}[mmc@5000] }\n`, compileTree(cells)))[0]).toMatch(/AXV-P177 .* 7\d stretches .* room for 64$/);
});

test("who depends on another partition's clocks is told so, once for each provider, until it is accepted", () => {
  const rtos = (accepts: string): string =>
    `  rtos: { guest: plc, cpus: [1], devices: [uart0]${accepts} }\n${LINUX}[uart1] }\n`;
  expect(said(planned(rtos("")))).toEqual([
    '3:43 AXV-P178 "serial@0" has its clocks and resets from /clock-controller@10000000, which partition "linux" has: ' +
      "that one can change them, or switch them off",
    '3:43 AXV-P178 "serial@0" has its pins from /pinctrl, which partition "linux" has: ' +
      "that one can change them, or switch them off",
  ]);
  expect(said(planned(rtos(", accepts: [providers]")))).toEqual([]);
});

test("an owner that runs Linux is told how it leaves on what it does not use: clocks and power, not pins and resets", () => {
  const power = SMALL.replace("resets = <&cru 1>", "power-domains = <&cru 0>; resets = <&cru 1>")
    .replace("#reset-cells", "#power-domain-cells = <1>; #reset-cells");
  const remedies = (owner: string): string[] =>
    planned(`  rtos: { guest: plc, cpus: [1], devices: [uart0] }\n${owner}`, compileTree(power))
      .diagnostics.filter(({ code }) => code === "AXV-P178")
      .map(({ remedy }) => remedy);
  const accept = 'see what depends on it by `plan --why`; if that is known and accepted, say so with "accepts: [providers]"';
  expect(remedies(`${LINUX}[uart1] }\n`)).toEqual([
    `with "clk_ignore_unused pd_ignore_unused" in its \`cmdline\`, "linux" leaves on what it does not use; ${accept}`,
    accept,
  ]);
  const plc = "  plc: { guest: plc, cpus: [2], devices: [/clock-controller@10000000], accepts: [providers] }\n";
  expect(remedies(`${plc}${LINUX}[ethernet@3000] }\n`)).toEqual([accept]);
});

test("plan --why says what `init:` writes to a node's registers, of whichever partition, and nothing of its neighbours'", () => {
  const more = "init_registers: [{ base: 0x10000000, size: 0x2000, what: CRU and GRF }]\n";
  const linux = `${LINUX}[uart1], init: [{ reg: 0x10000ffc, value: 0x10, mask: 0x30 }] }\n`;
  const writes = "init: [{ reg: 0x10000000, value: 1, mask: 0xffff }, { reg: 0x10001000, value: 2, mask: 3 }]";
  const { shared } = planned(`${linux}  rtos: { guest: plc, cpus: [1], ${writes} }\n`, compileTree(SMALL), more);
  const of = (path: string): Why | undefined => {
    const node = shared && nodeCalled(shared, path);
    return shared && node && why(shared, node);
  };
  const cru = of("clock-controller");
  expect(cru?.inits).toEqual([
    { by: "linux", pa: 0x1000_0ffc, value: 0x10, mask: 0x30 },
    { by: "rtos", pa: 0x1000_0000, value: 1, mask: 0xffff },
  ]);
  expect(cru && formatWhy(cru)).toContain(
    [
      "  what is written to its registers before any guest starts",
      "    for linux: of 0x10000ffc the bits 0x00000030 become 0x00000010",
      "    for rtos: of 0x10000000 the bits 0x0000ffff become 0x00000001",
    ].join("\n"),
  );
  expect(of("serial1")?.inits).toEqual([]);
  const printed = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const program = new Command();
  register(program);
  program.parse(["plan", join(folder, "system.yaml"), "--why", "/syscon@10001000", "--json"], { from: "user" });
  const [[json = ""] = []] = printed.mock.calls;
  printed.mockRestore();
  expect((JSON.parse(String(json)) as Why).inits).toEqual([{ by: "rtos", pa: 0x1000_1000, value: 2, mask: 3 }]);
});

test("board.yaml's rates stand in where the tree says none", () => {
  const other = "  other: { guest: plc, cpus: [1], devices: [/clock-controller@10000000], accepts: [providers] }\n";
  const two = `${LINUX}[mac0] }\n${other}`;
  expect(said(planned(two)).filter((text) => text.includes("AXV-P176"))).toHaveLength(2);
  const rates = "rates: [{ clock: /clock-controller@10000000, cells: [3], hz: 1000 }, " +
    "{ clock: /clock-controller@10000000, cells: [9], hz: 1000 }]\n";
  const { system } = planned(two, compileTree(SMALL), rates);
  expect(system?.deviceTrees.get("linux")?.()).toContain("fixed-clock-1000");
});
