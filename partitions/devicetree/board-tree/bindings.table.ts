// Which properties of a device tree point to other nodes, and what follows when the other node is not there. From the bindings of
// Linux (Documentation/devicetree/bindings) and dt-schema: a blob does not say itself which of its cells are phandles.
//
//   | before | phandle | specifier: as many cells as `cells` says |   an entry; a property has one after another

/**
 * What is done with an entry whose node another partition has, or nobody:
 *   clock   a fixed clock of the rate found stands in for it
 *   drop    it is removed: what it would have set stays as firmware, `init:` or the owner leaves it
 *   refuse  there is no device without it
 *   link    a cross-reference, not a need: it is removed, and never followed
 */
export type Without = "clock" | "drop" | "refuse" | "link";

export interface Binding {
  /** A number; the property of the other node that has it; or all that is left of the property. */
  readonly cells: number | `#${string}` | "rest";
  /** Of a node that has no such property. Left out: it has to. */
  readonly otherwise?: number;
  readonly before?: number;
  readonly without: Without;
  /** Strings, one for each entry: it goes with its entry. */
  readonly names?: string;
  /** Cells, one for each entry: likewise. */
  readonly values?: string;
}

const provider = (cells: Binding["cells"], without: Without, names?: string): Binding =>
  ({ cells, without, ...(names === undefined ? {} : { names }) });
/** Other nodes, without a specifier. */
const plain = (without: Without): Binding => provider(0, without);

const NAMED: Readonly<Record<string, Binding>> = {
  clocks: provider("#clock-cells", "clock", "clock-names"),
  "assigned-clocks": { ...provider("#clock-cells", "drop"), values: "assigned-clock-rates" },
  // An entry that is removed leaves a 0: they go with assigned-clocks by their places (references.ts).
  "assigned-clock-parents": provider("#clock-cells", "drop"),
  resets: provider("#reset-cells", "drop", "reset-names"),
  "power-domains": provider("#power-domain-cells", "drop", "power-domain-names"),
  dmas: provider("#dma-cells", "drop", "dma-names"),
  "nvmem-cells": { ...provider("#nvmem-cell-cells", "drop", "nvmem-cell-names"), otherwise: 0 },
  interconnects: provider("#interconnect-cells", "drop"),
  "msi-parent": { ...provider("#msi-cells", "drop"), otherwise: 0 },
  "msi-map": { ...provider(2, "drop"), before: 1 },
  iommus: provider("#iommu-cells", "refuse"),
  "iommu-map": { ...provider(2, "refuse"), before: 1 },
  phys: provider("#phy-cells", "refuse", "phy-names"),
  "io-channels": provider("#io-channel-cells", "refuse", "io-channel-names"),
  pwms: provider("#pwm-cells", "refuse", "pwm-names"),
  mboxes: provider("#mbox-cells", "refuse", "mbox-names"),
  hwlocks: provider("#hwlock-cells", "refuse", "hwlock-names"),
  "sound-dai": provider("#sound-dai-cells", "refuse"),
  "thermal-sensors": provider("#thermal-sensor-cells", "refuse"),
  "mux-controls": provider("#mux-control-cells", "refuse", "mux-control-names"),
  "mux-states": provider("#mux-state-cells", "refuse", "mux-state-names"),
  "interrupts-extended": provider("#interrupt-cells", "refuse", "interrupt-names"),
  "cooling-device": provider("#cooling-cells", "link"),
  "memory-region": provider(0, "refuse", "memory-region-names"),
  gpios: provider("#gpio-cells", "drop"),
  gpio: provider("#gpio-cells", "drop"),
  "gpio-ranges": provider(3, "drop"),
  "interrupt-parent": plain("link"),
  "wakeup-parent": plain("drop"),
  "remote-endpoint": plain("link"),
  "interrupt-affinity": plain("link"),
  affinity: plain("link"),
  cpu: plain("link"),
  trip: plain("link"),
  companion: plain("link"),
  "peer-hub": plain("link"),
  "hdmi-phandle": plain("link"),
  "regulator-coupled-with": plain("link"),
  "operating-points-v2": plain("drop"),
  "required-opps": plain("drop"),
  "next-level-cache": plain("drop"),
  "cpu-idle-states": plain("drop"),
  "domain-idle-states": plain("drop"),
  "devfreq-events": plain("drop"),
  extcon: plain("drop"),
  "mmc-pwrseq": plain("drop"),
  "monitored-battery": plain("drop"),
  "power-supplies": plain("drop"),
  // Rows of a pin's bank, number and function, and the node that says how it is driven.
  "rockchip,pins": { ...plain("drop"), before: 3 },
  "simple-audio-card,bitclock-master": plain("link"),
  "simple-audio-card,frame-master": plain("link"),
};

/** Other nodes without which their device is none: PHYs and buses, parts of one device, parts of a sound card. */
const PLAIN = [
  "audio-asrc", "audio-aux-devs", "audio-codec", "audio-cpu", "aux-devs", "backlight", "dais", "ddc", "ddc-i2c-bus",
  "ecc-engine", "i2c-bus", "i2c-parent", "i2s-controller", "leds", "link", "mdio-parent-bus", "nand-ecc-engine", "nvmem",
  "panel", "pcs-handle", "pcsphy-handle", "phy", "phy-handle", "pm_qos", "ports", "ptimer-handle", "ptp-timer",
  "secure-monitor", "sfp", "shmem", "slim-ifc-dev", "sram", "ssi-controller", "usb-phy",
  "simple-audio-card,aux-devs", "arm,cs-dev-assoc", "mediatek,larbs", "mediatek,platform", "nvidia,phy", "renesas,fcp",
  "richtek,usb-connector", "rockchip,codec", "rockchip,cpu", "snps,axi-config", "snps,mtl-rx-config", "snps,mtl-tx-config",
  "ti,prus",
] as const;

/** One other node, mostly a syscon, and what is its driver's to read: an offset, a mask. */
const REST = [
  "acc-syscon", "firmware", "infracfg", "intf_mode", "regmap", "regmap-csw", "regmap-efuse", "regmap-mcba", "regmap-mcbb",
  "subctrl-syscon", "syscon",
  "allwinner,codec-analog-controls", "allwinner,sram", "amlogic,ao-secure", "amlogic,ao-sysctrl", "amlogic,canvas",
  "arasan,soc-ctl-syscon", "arm,vexpress,config-bridge", "arm,vexpress-sysreg,func", "fsl,blk-ctrl", "fsl,ddrc",
  "fsl,fman-ports", "fsl,mipi-phy-gpr", "fsl,pcie-scfg", "fsl,rcpm-wakeup", "fsl,stop-mode", "fsl,usbmisc", "fsl,usbphy",
  "hisi,rst-syscon", "hisilicon,peripheral-syscon", "hisilicon,sas-syscon", "marvell,system-controller", "marvell,usb-misc-reg",
  "mediatek,apmixedsys", "mediatek,auxadc", "mediatek,ethsys", "mediatek,gce-client-reg", "mediatek,hifsys",
  "mediatek,infracfg", "mediatek,pcie-mirror", "mediatek,pctl-regmap", "mediatek,pericfg", "mediatek,scp", "mediatek,sgmiisys",
  "mediatek,smi", "mediatek,syscon-hdmi", "mediatek,syscon-wakeup", "mediatek,topckgen", "mediatek,vdecsys", "mediatek,wed",
  "mediatek,wed-pcie", "mediatek,wo-ccif", "nvidia,ddc-i2c-bus", "nvidia,dpaux", "nvidia,memory-controller", "nvidia,pmc",
  "nvidia,xusb-padctl", "qcom,4ln-config-sel", "qcom,acc", "qcom,bcm-voters", "qcom,dload-mode", "qcom,gmu", "qcom,halt-regs",
  "qcom,ice", "qcom,mmio", "qcom,pbs", "qcom,qaccept-regs", "qcom,qmp", "qcom,rpm-msg-ram", "qcom,rproc", "qcom,rx-device",
  "qcom,saw", "qcom,saw-reg", "qcom,smem-states", "qcom,spare-regs", "qcom,stream-id-range", "qcom,tcsr-reg", "qcom,tx-device",
  "renesas,ipmmu-main", "renesas,vsps", "rockchip,grf", "rockchip,php-grf", "rockchip,phy-grf", "rockchip,pipe-grf",
  "rockchip,pipe-phy-grf", "rockchip,pmu", "rockchip,u2phy-grf", "rockchip,usb-grf", "rockchip,usbdpphy-grf", "rockchip,usbgrf",
  "rockchip,vo-grf", "rockchip,vo1-grf", "rockchip,vop-grf", "samsung,fsys-sysreg", "samsung,pmu-syscon",
  "samsung,syscon-phandle", "samsung,sysreg", "ti,am65x-oldi-io-ctrl", "ti,cpb-codec", "ti,cpb-mcasp", "ti,iep", "ti,mii-g-rt",
  "ti,mii-rt", "ti,ringacc", "ti,sci", "ti,serdes-clk", "ti,syscon-efuse", "ti,syscon-pcie-ctrl", "ti,syscon-phy-pll-refclk",
  "ti,syscon-rgmii-delay",
] as const;

const BINDINGS: ReadonlyMap<string, Binding> = new Map([
  ...Object.entries(NAMED),
  ...PLAIN.map((name) => [name, plain("refuse")] as const),
  ...REST.map((name) => [name, provider("rest", "refuse")] as const),
]);

export const PINCTRL = /^pinctrl-[0-9]+$/;
const SHAPES: readonly (readonly [RegExp, Binding])[] = [
  [PINCTRL, plain("drop")],
  [/-supply$/, plain("drop")],
  // Linux' own exception: how many GPIOs there are (drivers/of/property.c).
  [/^(?!nr-).*-gpios?$/, provider("#gpio-cells", "drop")],
];

/** Undefined: what it holds are no phandles, as far as is known. */
export const bindingOf = (property: string): Binding | undefined =>
  BINDINGS.get(property) ?? SHAPES.find(([shape]) => shape.test(property))?.[1];
