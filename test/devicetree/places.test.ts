// Nodes by path, alias and phandle, and registers through `ranges` (Devicetree Specification v0.4, 2.3).
import { describe, expect, test } from "vitest";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import { readFdt } from "../../partitions/devicetree/fdt.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { isCompatible, isOn } from "../../partitions/devicetree/properties.ts";

const places = (inside: string): Places => new Places(readFdt(compileTree(`/dts-v1/; / { ${inside} };`)));
function at(tree: Places, path: string): FdtNode {
  const node = tree.byPath(path);
  if (node === undefined) throw new Error(`no ${path}`);
  return node;
}

const planned = (): Places => places(`
  #address-cells = <2>; #size-cells = <2>;
  aliases { serial2 = "/soc/serial@30"; nobody = "/soc/nobody"; };
  cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { reg = <0>; }; };
  memory@0 { reg = <0 0x40000000 0 0x1000 0x20 0 1 0>; };
  wild { reg = <0xffffffff 0 0 0x1000>; };
  soc {
    #address-cells = <1>; #size-cells = <1>; ranges = <0 0x1 0x10000000 0x1000>, <0x8000 0 0x8000 0x1000>;
    serial@30 { compatible = "x,y", "arm,pl011"; reg = <0x30 0x10>, <0x8000 0x1000>; phandle = <7>; status = "okay"; };
    outside@2000 { reg = <0x2000 4>; status = "disabled"; };
    across@ff0 { reg = <0xff0 0x20>; status = "ok"; };
    bus@100 { #address-cells = <1>; #size-cells = <1>; ranges = <0 0x100 0x40>; inner@8 { reg = <8 4>; }; };
    same { #address-cells = <1>; #size-cells = <1>; ranges; inner@c { reg = <12 4>; }; };
    i2c@200 { #address-cells = <1>; #size-cells = <0>; rtc@68 { reg = <0x68>; }; };
    closed@300 { #address-cells = <1>; #size-cells = <1>; inner@0 { reg = <0 4>; }; };
    pcie@400 { #address-cells = <3>; #size-cells = <2>; ranges = <0 0 0 0 0 0>; ep@0 { reg = <0 0 0 0 0>; };
      low { #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0 0 0x100>; inner@0 { reg = <0 4>; }; }; };
  };`);

describe("nodes", () => {
  test("are found by path, alias and phandle", () => {
    const tree = planned();
    const serial = at(tree, "/soc/serial@30");
    expect(tree.byPathOrAlias("serial2:115200n8")).toBe(serial);
    expect(tree.byPathOrAlias("/soc/serial@30:1500000")).toBe(serial);
    expect([tree.byPathOrAlias("nobody"), tree.byPathOrAlias("constructor"), tree.byPath("/soc/")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(tree.byPhandle(7)).toBe(serial);
    expect(tree.pointedTo(serial, "clocks", 7)).toBe(serial);
    expect(() => tree.pointedTo(serial, "clocks", 8)).toThrow("`clocks` of /soc/serial@30 points to phandle 8");
    expect(tree.ancestorsOf(at(tree, "/soc/bus@100/inner@8")).map(({ path }) => path)).toEqual(["/soc/bus@100", "/soc", "/"]);
  });

  test("are on, unless their status says something else", () => {
    const tree = planned();
    expect(["/soc", "/soc/serial@30", "/soc/across@ff0", "/soc/outside@2000"].map((path) => isOn(at(tree, path)))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(isCompatible(at(tree, "/soc/serial@30"), "a,b", "arm,pl011")).toBe(true);
    expect(isCompatible(at(tree, "/soc"), "arm,pl011")).toBe(false);
  });

  test("have a phandle each", () => {
    const properties = new Map([["phandle", Uint8Array.of(0, 0, 0, 1)]]);
    const [a, b] = ["a", "b"].map((name) => ({ name, path: `/${name}`, properties, children: [] }));
    const root = { name: "", path: "/", properties: new Map(), children: [a, b].flatMap((node) => node ?? []) };
    expect(() => new Places({ root, reserved: [], bootCpu: 0 })).toThrow("`phandle` of /b is that of /a, too");
  });
});

describe("registers, as a CPU addresses them", () => {
  test.each([
    ["/memory@0", [{ base: 0x4000_0000, size: 0x1000 }, { base: 0x20_0000_0000, size: 0x1_0000_0000 }]],
    ["/soc/serial@30", [{ base: 0x1_1000_0030, size: 0x10 }, { base: 0x8000, size: 0x1000 }]],
    ["/soc/bus@100/inner@8", [{ base: 0x1_1000_0108, size: 4 }]],
    ["/soc/same/inner@c", [{ base: 0x1_1000_000c, size: 4 }]],
    ["/soc/same", []],
  ])("%s", (path, windows) => {
    const tree = planned();
    expect(tree.windowsOf(at(tree, path))).toEqual(windows);
  });

  test.each([
    ["/", "the root"],
    ["/cpus/cpu@0", "a number"],
    ["/wild", "beyond all memory"],
    ["/soc/outside@2000", "in no range"],
    ["/soc/across@ff0", "across the end of a range"],
    ["/soc/i2c@200/rtc@68", "on I2C"],
    ["/soc/closed@300/inner@0", "behind a bus without ranges"],
    ["/soc/pcie@400/ep@0", "on PCI"],
    ["/soc/pcie@400/low/inner@0", "on a bus that is on PCI"],
  ])("%s has none: %s", (path) => {
    const tree = planned();
    expect(tree.windowsOf(at(tree, path))).toBeUndefined();
  });

  test("that are no rows are refused", () => {
    const wrong = places("#address-cells = <2>; #size-cells = <1>; a { reg = <1 2 3 4>; };");
    expect(() => wrong.windowsOf(at(wrong, "/a"))).toThrow("`reg` of /a has 4 cells, in rows of 3");
  });
});
