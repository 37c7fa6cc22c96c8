// What a partition's device tree says of what the partition has not: removed, replaced, refused (losses.ts, rewrite.ts).
import { describe, expect, test } from "vitest";
import type { BoardTree } from "../../../partitions/devicetree/board-tree/board-tree.ts";
import { freePhandles, guestBlob, ownPhandles } from "../../../partitions/devicetree/board-tree/guest-blob.ts";
import { lossesOf } from "../../../partitions/devicetree/board-tree/losses.ts";
import type { Loss } from "../../../partitions/devicetree/board-tree/losses.ts";
import { Rates } from "../../../partitions/devicetree/board-tree/rates.ts";
import type { KnownRate } from "../../../partitions/devicetree/board-tree/rates.ts";
import { readFdt } from "../../../partitions/devicetree/fdt.ts";
import type { FdtNode } from "../../../partitions/devicetree/fdt.ts";
import { Places } from "../../../partitions/devicetree/places.ts";
import { cellsOf, stringsOf } from "../../../partitions/devicetree/properties.ts";
import { bareTree } from "./own.ts";
import { smallBoard, split } from "./small.ts";

interface Made {
  readonly board: BoardTree;
  readonly losses: readonly Loss[];
  readonly tree: Places;
}

/** The tree of the first partition; within each test, for what is done while a file is loaded is no test's. */
function made(parts: Parameters<typeof split>[1], rates: readonly KnownRate[] = []): Made {
  const board = smallBoard();
  const [closure] = split(board, parts).closures;
  if (closure === undefined) throw new RangeError("the first partition takes no device tree");
  const losses = lossesOf(board, closure, new Rates(board, rates));
  const free = freePhandles(board);
  const own = bareTree(ownPhandles(board, free));
  return { board, losses, tree: new Places(readFdt(guestBlob(board, closure, losses, own, free))) };
}

function at({ tree }: Made, path: string): FdtNode {
  const node = tree.byPath(path);
  if (node === undefined) throw new RangeError(`${path} is not there`);
  return node;
}
const CRU = "/clock-controller@10000000";

describe("nothing is another's", () => {
  const planned = (): Made => made({ linux: ["/soc/serial@0"] });

  test("a node is as it was, but that it is on", () => {
    const whole = planned();
    const before = whole.board.places.byPath("/soc/serial@0");
    const after = at(whole, "/soc/serial@0");
    expect(stringsOf(after, "status")).toEqual(["okay"]);
    expect([...after.properties].filter(([name]) => name !== "status")).toEqual(
      [...(before?.properties ?? [])].filter(([name]) => name !== "status"),
    );
    expect(whole.losses).toEqual([]);
  });

  test("what nobody needs is not there, nor are aliases to it", () => {
    const whole = planned();
    expect(whole.tree.byPath("/soc/serial@1000")).toBeUndefined();
    expect([...at(whole, "/aliases").properties.keys()]).toEqual(["serial0"]);
  });

  test("the board's phandles stay, the interrupt controller's too", () => {
    const whole = planned();
    expect(cellsOf(at(whole, "/soc/serial@0"), "clocks")[0]).toBe(cellsOf(at(whole, CRU), "phandle")[0]);
    expect(whole.tree.byPhandle(cellsOf(whole.tree.root, "interrupt-parent")[0] ?? 0)?.name).toBe("interrupt-controller@8000000");
  });
});

describe("the clock controller, the pins and the DMA engine are another's", () => {
  const planned = (): Made => made({ linux: ["/soc/serial@1000"], other: [CRU, "/pinctrl", "/dma-controller@10003000"] });

  test("a fixed clock of the rate that the tree has set stands in, in its place", () => {
    const lost = planned();
    const uart = at(lost, "/soc/serial@1000");
    const [first = 0, second = 0] = cellsOf(uart, "clocks");
    expect(cellsOf(lost.tree.byPhandle(first) ?? uart, "clock-frequency")).toEqual([50_000_000]);
    expect(lost.tree.byPhandle(second)?.name).toBe("oscillator");
    expect(stringsOf(uart, "clock-names")).toEqual(["baud", "bus"]);
  });

  test("channels and pins go, with their names, and a regulator's switch", () => {
    const lost = planned();
    const uart = at(lost, "/soc/serial@1000");
    const gone = ["dmas", "dma-names", "pinctrl-0", "pinctrl-1", "pinctrl-names"];
    expect(gone.filter((name) => uart.properties.has(name))).toEqual([]);
    expect(uart.properties.has("vcc-supply")).toBe(true);
    expect(at(lost, "/regulator").properties.has("gpio")).toBe(false);
  });

  test("each is noted, with what was done", () => {
    const lost = planned();
    const noted = lost.losses.map(({ node, reference, done, hz }) => [node.name, reference.property, reference.index, done, hz]);
    expect(noted).toEqual([
      ["serial@1000", "clocks", 0, "clock", 50_000_000],
      ["serial@1000", "dmas", 0, "remove", undefined],
      ["serial@1000", "dmas", 1, "remove", undefined],
      ["serial@1000", "pinctrl-0", 0, "remove", undefined],
      ["serial@1000", "pinctrl-1", 0, "remove", undefined],
      ["regulator", "gpio", 0, "remove", undefined],
    ]);
  });
});

describe("what there is no device without", () => {
  const planned = (): Made =>
    made({ linux: ["/soc/ethernet@2000"], other: [CRU, "/syscon@10001000", "/pinctrl/gpio@10002000", "/pinctrl"] });

  test("a syscon, an interrupt, a clock of which nobody knows the rate: refused", () => {
    const lost = planned();
    const refused = lost.losses.filter(({ done }) => done === "refuse");
    expect(refused.map(({ node, reference }) => `${node.name} ${reference.property}`)).toEqual([
      "ethernet@2000 clocks",
      "ethernet@2000 syscon",
      "ethernet-phy@0 interrupts",
    ]);
  });

  test("board.yaml may know the rate", () => {
    const known = made(
      { linux: ["/soc/ethernet@2000"], other: [CRU, "/pinctrl/gpio@10002000"] },
      [{ clock: CRU, cells: [3], hz: 125_000_000 }],
    );
    const [phandle = 0] = cellsOf(at(known, "/soc/ethernet@2000"), "clocks");
    expect(cellsOf(known.tree.byPhandle(phandle) ?? known.tree.root, "clock-frequency")).toEqual([125_000_000]);
  });

  test("an assigned clock goes with its parent, and leaves the others theirs", () => {
    const lost = planned();
    const mac = at(lost, "/soc/ethernet@2000");
    const osc = cellsOf(at(lost, "/oscillator"), "phandle");
    expect([cellsOf(mac, "assigned-clocks"), cellsOf(mac, "assigned-clock-parents")]).toEqual([osc, osc]);
  });
});

test("a chip that nobody asked for and that cannot work is off; the others behind its I2C controller are not", () => {
  const chips = made({ linux: ["/soc/mmc@5000"], other: [CRU] });
  expect(chips.losses.map(({ node, done }) => [node.name, done])).toEqual([["codec@30", "off"]]);
  expect(stringsOf(at(chips, "/soc/i2c@4000/codec@30"), "status")).toEqual(["disabled"]);
  expect(at(chips, "/soc/i2c@4000/codec@30").properties.has("clocks")).toBe(false);
  expect(at(chips, "/soc/i2c@4000/pmic@20").properties.has("status")).toBe(false);
  expect(chips.tree.byPath("/soc/i2c@4000/off@40")).toBeUndefined();
});
