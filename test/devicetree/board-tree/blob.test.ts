// Whole trees of guests, of boards of a few lines, as source: for review by eye. What is the hypervisor's own is first, then
// fixed clocks that stand in for others', aliases, and the partition's part of the board's tree.
import { describe, expect, test } from "vitest";
import { BoardTree } from "../../../partitions/devicetree/board-tree/board-tree.ts";
import { freePhandles, guestBlob, ownPhandles } from "../../../partitions/devicetree/board-tree/guest-blob.ts";
import { lossesOf } from "../../../partitions/devicetree/board-tree/losses.ts";
import { Rates } from "../../../partitions/devicetree/board-tree/rates.ts";
import type { KnownRate } from "../../../partitions/devicetree/board-tree/rates.ts";
import { compileTree } from "../../../partitions/devicetree/compile.ts";
import { readFdt } from "../../../partitions/devicetree/fdt.ts";
import type { FdtNode } from "../../../partitions/devicetree/fdt.ts";
import type { OwnPhandles, TreeNode } from "../../../partitions/devicetree/dts.ts";
import { bareTree } from "./own.ts";
import { FRAMES, SMALL, split } from "./small.ts";

const CRU = "/clock-controller@10000000";

/** As source, in our own way: that of dtc is another with each version of it. */
function shown({ name, properties, children }: FdtNode, indent = ""): string {
  const value = (bytes: Uint8Array): string => {
    const text = Buffer.from(bytes).toString("latin1");
    if (/^[ -~][ -~\0]*\0$/.test(text)) return ` = ${text.slice(0, -1).split("\0").map((each) => `"${each}"`).join(", ")}`;
    const cells = Buffer.from(bytes).toString("hex").match(/.{1,8}/g) ?? [];
    return cells.length === 0 ? "" : ` = <${cells.map((cell) => Number(`0x${cell}`).toString(16)).join(" ")}>`;
  };
  const lines = [...properties].map(([key, bytes]) => `${indent}  ${key}${value(bytes)};\n`);
  return `${indent}${name} {\n${lines.join("")}${children.map((child) => shown(child, `${indent}  `)).join("")}${indent}}\n`;
}

/** With a timer, and a flag of each kind. */
const ownTree = (phandles: OwnPhandles): TreeNode => {
  const bare = bareTree(phandles);
  return {
    ...bare,
    children: [
      ...(bare.children ?? []),
      { name: "timer", properties: { interrupts: [1, 13, 4, 1, 14, 4], "always-on": true } },
      { name: "serial@9000000", properties: { compatible: ["a", "b"], reg: [0, 0x900_0000, 0, 0x1000], clocks: [phandles.clock] },
        children: [{ name: "in", properties: { reg: [7] }, children: [{ name: "deep", properties: {} }] }] },
    ],
  };
};

function made(source: string, parts: Parameters<typeof split>[1], rates: readonly KnownRate[] = [], own = ownTree): string {
  const board = new BoardTree(readFdt(compileTree(source)), FRAMES);
  const [closure] = split(board, parts).closures;
  if (closure === undefined) throw new RangeError("the first partition takes no device tree");
  const free = freePhandles(board);
  const tree = own(ownPhandles(board, free));
  return shown(readFdt(guestBlob(board, closure, lossesOf(board, closure, new Rates(board, rates)), tree, free)).root);
}

const others = [CRU, "/pinctrl", "/dma-controller@10003000"];
const CASES: Readonly<Record<string, () => string>> = {
  whole: () => made(SMALL, { linux: ["/soc/serial@1000"] }),
  // A pin controller says the form of addresses that it has ranges for, though nothing is left there.
  ranges: () => made(SMALL, { linux: ["/soc/serial@0"] }),
  lost: () => made(SMALL, { linux: ["/soc/serial@1000"], other: others }),
  rates: () => made(SMALL, { linux: ["/soc/ethernet@2000", "/soc/serial@0"], other: [CRU] }, [
    { clock: CRU, cells: [3], hz: 125_000_000 }, { clock: CRU, cells: [9], hz: 50_000_000 },
  ]),
  off: () => made(SMALL, { linux: ["/soc/mmc@5000", "/soc/ethernet@3000"], other: [CRU] }),
  // One pin group of two is another's, the other state has none of its own.
  pins: () => made(
    SMALL.replace("pinctrl-1 = <&uart1_rts>", "pinctrl-1 = <&uart1_rts &led>")
      .replace("vcc: regulator", 'leds: leds { compatible = "axv,pinctrl"; led: led-pins { pins = "z"; }; }; vcc: regulator'),
    { linux: ["/soc/serial@1000", "/leds"], other: others },
  ),
  // Nothing is left below its buses that has an address; and a PL011 has no alias.
  bare: () => made(
    SMALL.replaceAll("axv,uart", "arm,pl011").replace('"axv,pmic"; reg = <0x20>;', '"axv,pmic"; reg = <0x20>; mboxes = <&gone ' +
      '1>;')
      .replace("vcc: regulator", "gone: gone { compatible = \"axv,gone\"; #mbox-cells = <1>; }; vcc: regulator"),
    { linux: ["/soc/serial@1000", "/soc/i2c@4000"], other: ["/gone", ...others] },
  ),
  // Of one cell for addresses and one for sizes; interrupts have four cells, addresses behind an interrupt map none.
  narrow: () =>
    made(`/dts-v1/; / { compatible = "axv,narrow", "axv"; #address-cells = <1>; #size-cells = <1>; interrupt-parent = <7>;
    interrupt-controller@8000000 { compatible = "arm,gic-v3"; reg = <0x8000000 0x10000>; #interrupt-cells = <4>;
      interrupt-controller; #address-cells = <2>; phandle = <3>; };
    wake: wake@100 { compatible = "axv,wake"; reg = <0x100 0x10>; interrupt-parent = <3>; interrupt-controller;
      #interrupt-cells = <4>; phandle = <7>; };
    x@200 { compatible = "axv,x"; reg = <0x200 0x10>; interrupts = <0 1 4 0>; }; };`, { linux: ["/x@200"] }),
};

describe("trees of guests", () => {
  test.each(Object.keys(CASES))("%s", async (name) => {
    await expect(CASES[name]?.()).toMatchFileSnapshot(`golden/blob-${name}.dts`);
  });
});

test("an address that the board's root has no room for is refused", () => {
  const narrow = `/dts-v1/; / { #address-cells = <1>; #size-cells = <1>;
    interrupt-controller@8000000 { reg = <0x8000000 0x10000>; #interrupt-cells = <3>; phandle = <3>; }; };`;
  const beyond = (phandles: OwnPhandles): TreeNode => ({
    ...bareTree(phandles), children: [{ name: "memory@100000000", properties: { reg: [1, 0, 0, 0x1000] } }],
  });
  expect(() => made(narrow, { linux: [] }, [], beyond)).toThrow("`#address-cells` of / and #size-cells leave no room for 1:0: ");
  const board = `/dts-v1/; / { #address-cells = <1>; #size-cells = <0>; bus { #address-cells = <1>; #size-cells = <1>;
    ranges = <0x8000000 0x8000000 0x10000>; gic@8000000 { reg = <0x8000000 0x10000>; #interrupt-cells = <3>; phandle = <3>; };
    }; };`;
  expect(() => made(board, { linux: [] })).toThrow("`#address-cells` of / and #size-cells leave no room for 0:10000: ");
});

test("phandles of the hypervisor's own are none of the board's, but for its controller's", () => {
  const board = new BoardTree(readFdt(compileTree(SMALL)), FRAMES);
  const { controller, clock, cpus } = ownPhandles(board, freePhandles(board));
  expect(board.places.byPhandle(controller)?.name).toBe("interrupt-controller@8000000");
  expect([clock, ...cpus].flatMap((phandle) => board.places.byPhandle(phandle) ?? [])).toEqual([]);
  expect(new Set([controller, clock, ...cpus]).size).toBe(2 + cpus.length);
  const unnamed = new BoardTree(readFdt(compileTree(`/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; gic@8000000 {
    reg = <0x8000000 0x10000>; #interrupt-cells = <3>; }; a { phandle = <1>; }; b { phandle = <3>; }; };`)), FRAMES);
  expect(ownPhandles(unnamed, freePhandles(unnamed))).toEqual({ controller: 2, clock: 4, cpus: cpus.map((_, n) => 5 + n) });
});
