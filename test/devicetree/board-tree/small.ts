// A board of our own, small and of the shape that boards have: what one partition and another need is tied together by clocks,
// pins, resets, a DMA engine and a syscon.
import { compileTree } from "../../../partitions/devicetree/compile.ts";
import { readFdt } from "../../../partitions/devicetree/fdt.ts";
import { BoardTree } from "../../../partitions/devicetree/board-tree/board-tree.ts";
import { shareOut } from "../../../partitions/devicetree/board-tree/owners.ts";
import type { Owners, TreePartition } from "../../../partitions/devicetree/board-tree/owners.ts";
import type { FdtNode } from "../../../partitions/devicetree/fdt.ts";

export const SMALL = `/dts-v1/;
/ {
  compatible = "axv,small"; #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;
  aliases { serial0 = &uart0; serial1 = &uart1; ethernet0 = &mac0; };
  gic: interrupt-controller@8000000 {
    compatible = "arm,gic-v3"; reg = <0 0x8000000 0 0x10000>; #interrupt-cells = <3>; interrupt-controller;
  };
  osc: oscillator { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; };
  cru: clock-controller@10000000 {
    compatible = "axv,cru"; reg = <0 0x10000000 0 0x1000>; clocks = <&osc>; #clock-cells = <1>; #reset-cells = <1>;
    assigned-clocks = <&cru 1>, <&cru 2>; assigned-clock-rates = <100000000>, <50000000>;
  };
  grf: syscon@10001000 { compatible = "axv,grf", "syscon"; reg = <0 0x10001000 0 0x1000>; };
  pinctrl: pinctrl {
    compatible = "axv,pinctrl"; axv,unknown = <&grf>; #address-cells = <2>; #size-cells = <2>; ranges;
    gpio0: gpio@10002000 {
      compatible = "axv,gpio"; reg = <0 0x10002000 0 0x1000>; gpio-controller; #gpio-cells = <2>; interrupts = <0 9 4>;
      interrupt-controller; #interrupt-cells = <2>; clocks = <&cru 9>;
    };
    uart0_pins: uart0-pins { pins = "a"; };
    uart1_pins: uart1-pins { pins = "b"; };
    uart1_rts: uart1-rts { pins = "c"; };
  };
  dma: dma-controller@10003000 {
    compatible = "axv,dma"; reg = <0 0x10003000 0 0x1000>; #dma-cells = <1>; interrupts = <0 3 4>; clocks = <&cru 1>;
  };
  vcc: regulator { compatible = "regulator-fixed"; regulator-name = "vcc"; gpio = <&gpio0 3 0>; };
  soc {
    compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0x20000000 0x100000>;
    uart0: serial@0 {
      compatible = "axv,uart"; reg = <0 0x100>; interrupts = <0 0x10 4>; clocks = <&cru 1>, <&osc>; clock-names = "baud", "bus";
      resets = <&cru 1>; reset-names = "uart"; dmas = <&dma 0>, <&dma 1>; dma-names = "tx", "rx";
      pinctrl-names = "default"; pinctrl-0 = <&uart0_pins>; status = "disabled";
    };
    uart1: serial@1000 {
      compatible = "axv,uart"; reg = <0x1000 0x100>; interrupts = <0 0x11 4>;
      clocks = <&cru 2>, <&osc>; clock-names = "baud", "bus";
      dmas = <&dma 2>, <&dma 3>; dma-names = "tx", "rx"; pinctrl-names = "default", "rts";
      pinctrl-0 = <&uart1_pins>; pinctrl-1 = <&uart1_rts>; vcc-supply = <&vcc>;
    };
    mac0: ethernet@2000 {
      compatible = "axv,mac"; reg = <0x2000 0x1000>; interrupts = <0 0x12 4>, <0 0x13 1>; clocks = <&cru 3>; syscon = <&grf 0x10>;
      phy-handle = <&phy0>; assigned-clocks = <&cru 3>, <&osc>; assigned-clock-parents = <&cru 2>, <&osc>;
      mdio {
        #address-cells = <1>; #size-cells = <0>;
        phy0: ethernet-phy@0 { reg = <0>; interrupt-parent = <&gpio0>; interrupts = <1 8>; };
      };
    };
    i2c0: i2c@4000 {
      compatible = "axv,i2c"; reg = <0x4000 0x100>; interrupts = <0 0x15 4>; clocks = <&osc>;
      #address-cells = <1>; #size-cells = <0>;
      pmic@20 { compatible = "axv,pmic"; reg = <0x20>; regulators { vdd: vdd { regulator-name = "vdd"; }; }; };
      codec@30 { compatible = "axv,codec"; reg = <0x30>; clocks = <&cru 7>; };
      off@40 { compatible = "axv,codec"; reg = <0x40>; clocks = <&cru 8>; status = "disabled"; };
    };
    mmc0: mmc@5000 {
      compatible = "axv,mmc"; reg = <0x5000 0x100>; interrupts = <0 0x16 4>; clocks = <&osc>; vmmc-supply = <&vdd>;
    };
    mac1: ethernet@3000 {
      compatible = "axv,mac"; reg = <0x3000 0x1000>; interrupts = <0 0x14 4>; clocks = <&osc>; syscon = <&grf 0x14>;
      status = "disabled";
    };
  };
};
`;

export const FRAMES = { controller: 0x0800_0000, uart: 0x0900_0000 };
export const smallBoard = (): BoardTree => new BoardTree(readFdt(compileTree(SMALL)), FRAMES);

export function nodeAt(board: BoardTree, path: string): FdtNode {
  const node = board.places.byPath(path);
  if (node === undefined) throw new RangeError(`${path} is not there`);
  return node;
}

/** "linux", "rtos" (no device tree, real-time), "rt-linux". */
export function split(
  board: BoardTree,
  parts: Readonly<Record<string, readonly string[]>>,
): Owners & { partitions: TreePartition[] } {
  const partitions = Object.entries(parts).map(([name, paths]) => ({
    name,
    realtime: name.startsWith("rt"),
    hasTree: !name.startsWith("rtos"),
    named: paths.map((path) => nodeAt(board, path)),
  }));
  return { ...shareOut(board, partitions), partitions };
}
