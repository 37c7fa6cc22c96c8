// A small board's device tree, of which tests change a part; and what is made of one.
import { compileTree } from "../../partitions/devicetree/compile.ts";
import { compose } from "../../tools/board/compose.ts";
import type { Composed } from "../../tools/board/compose.ts";
import { openTree } from "../../tools/board/tree.ts";
import type { Tree } from "../../tools/board/tree.ts";
import type { Span } from "../../partitions/units.ts";

const CPUS = `cpus { #address-cells = <1>; #size-cells = <0>;
  c0: cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a55"; reg = <0>; enable-method = "psci"; next-level-cache = <&l2>; };
  c1: cpu@100 { device_type = "cpu"; compatible = "arm,cortex-a55"; reg = <0x100>; enable-method = "psci";
    next-level-cache = <&l2>; };
};`;
/** By name; a test gives another text for one of them. */
export const PARTS = {
  top: 'compatible = "maker,board", "maker,chip"; model = "A board";',
  cpus: CPUS,
  cache: "l2: cache { cache-level = <2>; cache-unified; cache-size = <0x80000>; cache-line-size = <64>; cache-sets = <512>; };",
  psci: 'psci { compatible = "arm,psci-1.0"; method = "smc"; };',
  gic: `gic: interrupt-controller@fd400000 { compatible = "arm,gic-v3"; #interrupt-cells = <3>; interrupt-controller;
    reg = <0 0xfd400000 0 0x10000>, <0 0xfd460000 0 0x100000>; interrupts = <1 9 4>; };`,
  timer: 'timer { compatible = "arm,armv8-timer"; interrupts = <1 13 4>, <1 14 4>, <1 11 4>, <1 10 4>; };',
  pmu: 'pmu { compatible = "arm,cortex-a55-pmu"; interrupts = <0 228 4>, <0 229 4>; interrupt-affinity = <&c1>, <&c0>; };',
  memory: 'memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x40000000>; };',
  reserved: "",
  chosen: 'chosen { stdout-path = "serial2:1500000n8"; }; aliases { serial2 = &uart; ethernet0 = &eth; };',
  clock: 'xin: clock { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; };',
  uart: `uart: serial@fe660000 { compatible = "x,uart", "snps,dw-apb-uart"; reg = <0 0xfe660000 0 0x100>; interrupts = <0 118 4>;
    clocks = <&xin>; clock-names = "baudclk"; reg-shift = <2>; reg-io-width = <4>; };`,
  devices: `eth: ethernet@fe2a0000 { compatible = "x,gmac"; reg = <0 0xfe2a0000 0 0x10000>; interrupts = <0 27 4>, <0 24 4>; };
    gpio@fe740000 { compatible = "x,gpio"; reg = <0 0xfe740000 0 0x100>; interrupts = <0 34 1>; status = "disabled"; };`,
} as const;
export type Parts = Partial<Record<keyof typeof PARTS, string>>;

export function blobOf(parts: Parts = {}, head = ""): Uint8Array {
  const inside = Object.values({ ...PARTS, ...parts }).join("\n");
  const cells = "#address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;";
  return compileTree(`/dts-v1/; ${head} / { ${cells} ${inside} };`);
}
export const treeOf = (parts: Parts = {}, head = ""): Tree => openTree(blobOf(parts, head));
export const made = (parts: Parts = {}, ram: readonly Span[] = [], head = ""): Composed => compose(treeOf(parts, head), ram);
