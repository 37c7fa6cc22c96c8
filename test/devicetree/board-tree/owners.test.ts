// Who has what of a board's device tree: the rule of owners.ts.
import { expect, test } from "vitest";
import { nodeAt, smallBoard, split } from "./small.ts";

const board = smallBoard();
type Parts = Parameters<typeof split>[1];

const ownersOf = (parts: Parts): Record<string, string> => {
  const { owners, partitions } = split(board, parts);
  return Object.fromEntries([...owners].map(([{ path }, index]) => [path, partitions[index]?.name ?? ""]));
};
const contestedOf = (parts: Parts): string[] => [...split(board, parts).contested.keys()].map(({ path }) => path);

test("who is the only one to need a provider has it, and all that it needs in turn", () => {
  expect(ownersOf({ linux: ["/soc/serial@0"] })).toEqual({
    "/soc/serial@0": "linux",
    "/clock-controller@10000000": "linux",
    "/dma-controller@10003000": "linux",
    "/pinctrl": "linux",
  });
});

test("a partition without a device tree has what it names, and no provider", () => {
  expect(ownersOf({ rtos: ["/soc/serial@0"] })).toEqual({ "/soc/serial@0": "rtos" });
});

test("who names a provider has it, whoever else needs it", () => {
  expect(ownersOf({ linux: ["/soc/serial@1000"], "rt-linux": ["/soc/serial@0", "/dma-controller@10003000"] })).toMatchObject({
    "/dma-controller@10003000": "rt-linux",
    "/clock-controller@10000000": "linux",
  });
});

test("of those that need one, the only one that is not real-time has it", () => {
  const parts = { "rt-linux": ["/soc/serial@0"], linux: ["/soc/serial@1000"] };
  expect(ownersOf(parts)["/clock-controller@10000000"]).toBe("linux");
  expect(contestedOf(parts)).toEqual([]);
});

test("what two need that are not real-time, or two that are, nobody gets", () => {
  const both = ["/clock-controller@10000000", "/dma-controller@10003000", "/pinctrl"];
  expect(contestedOf({ linux: ["/soc/serial@0"], other: ["/soc/serial@1000"] })).toEqual(both);
  expect(contestedOf({ "rt-linux": ["/soc/serial@0"], "rt-other": ["/soc/serial@1000"] })).toEqual(both);
});

test("fixed clocks and buses are everybody's", () => {
  const { closures, owners } = split(board, { linux: ["/soc/ethernet@2000"], other: ["/soc/ethernet@3000", "/syscon@10001000"] });
  for (const path of ["/oscillator", "/soc"]) {
    expect(owners.has(nodeAt(board, path))).toBe(false);
    expect(closures.map((closure) => closure?.nodes.has(nodeAt(board, path)))).toEqual([true, true]);
  }
});

test("an Ethernet MAC brings its PHY, whose interrupt brings a GPIO bank, which brings the pin controller it is in", () => {
  expect(Object.keys(ownersOf({ linux: ["/soc/ethernet@2000"] }))).toEqual(
    expect.arrayContaining(["/pinctrl/gpio@10002000", "/pinctrl", "/syscon@10001000", "/clock-controller@10000000"]),
  );
});

test("pin groups of others' devices are not there", () => {
  const [closure] = split(board, { linux: ["/soc/serial@0"] }).closures;
  const groups = [...(closure?.nodes.keys() ?? [])].filter(({ path }) => path.startsWith("/pinctrl/"));
  expect(groups.map(({ name }) => name)).toEqual(["uart0-pins"]);
});

test("the chain of references to a provider is a shortest one", () => {
  const [closure] = split(board, { linux: ["/soc/serial@1000"] }).closures;
  expect(closure?.nodes.get(nodeAt(board, "/pinctrl/gpio@10002000"))).toEqual({ from: nodeAt(board, "/regulator"), by: "gpio" });
});

test("what is in a provider of another's is not to be had", () => {
  const parts = { linux: ["/pinctrl"], other: ["/pinctrl/gpio@10002000"] };
  expect(split(board, parts).closures[1]?.nodes.size).toBe(0);
});
