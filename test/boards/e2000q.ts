// A device tree of our own in the shape of a Phytium E2000Q board's: no Debian package has one. Nodes, addresses and interrupts
// are those that public trees of the chip have; what no test needs (pins, sound, sensors) is left out or in one word. `node
// test/boards/e2000q.ts` writes it for the boards that have one; test/boards/e2000q.test.ts holds that it is what they have.
import { writeFileSync } from "node:fs";
import { writeFdt } from "../../partitions/devicetree/fdt.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";

export const E2000Q_BOARDS = ["phytium-pi", "daoli-plc"] as const;
export type E2000qBoard = (typeof E2000Q_BOARDS)[number];
export const E2000Q_FILE = "e2000q.dtb";

type Value = number | readonly number[] | string | readonly string[] | true;
type Properties = Readonly<Record<string, Value>>;

function bytesOf(value: Value): Uint8Array {
  if (value === true) return new Uint8Array();
  const items = (typeof value === "object" ? value : [value]) as readonly (string | number)[];
  return Buffer.concat(
    items.map((item) => {
      if (typeof item === "string") return Buffer.from(`${item}\0`);
      const cell = Buffer.alloc(4);
      cell.writeUInt32BE(item);
      return cell;
    }),
  );
}

interface Plain {
  readonly name: string;
  readonly properties: Properties;
  readonly children: readonly Plain[];
}
const node = (name: string, properties: Properties, ...children: readonly Plain[]): Plain => ({ name, properties, children });

function placed({ name, properties, children }: Plain, parent: string | undefined): FdtNode {
  const path = parent === undefined ? "/" : `${parent === "/" ? "" : parent}/${name}`;
  return {
    name,
    path,
    properties: new Map(Object.entries(properties).map(([key, value]) => [key, bytesOf(value)])),
    children: children.map((child) => placed(child, path)),
  };
}

const PHANDLE = { gic: 1, its: 2, smmu: 3, clocks: 16, cpus: 32, mailbox: 48, shared: 49, dvfs: 50, sensors: 51 } as const;
const CLOCKS_MHZ = [48, 50, 100, 200, 250, 300, 600, 1200] as const;
type Clock = (typeof CLOCKS_MHZ)[number];
const clock = (mhz: Clock): number => PHANDLE.clocks + CLOCKS_MHZ.indexOf(mhz);

const LEVEL_HIGH = 4;
const LEVEL_LOW = 8;
const EDGE = 1;
const spis = (numbers: readonly number[], trigger = LEVEL_HIGH): number[] => numbers.flatMap((spi) => [0, spi, trigger]);
const ppis = (...numbers: readonly number[]): number[] => numbers.flatMap((ppi) => [1, ppi, LEVEL_LOW]);
const reg = (...spans: readonly (readonly [number, number])[]): number[] =>
  spans.flatMap(([base, size]) => [Math.floor(base / 2 ** 32), base % 2 ** 32, Math.floor(size / 2 ** 32), size % 2 ** 32]);
const runs = (first: number, count: number): number[] => Array.from({ length: count }, (_, n) => first + n);

const PAGE = 0x1000;
/** A device of one page and one interrupt. */
const simple = (kind: string, base: number, spi: number, compatible: Value, isOn: boolean, more: Properties = {}): Plain =>
  node(`${kind}@${base.toString(16)}`, {
    compatible,
    reg: reg([base, PAGE]),
    interrupts: spis([spi]),
    ...more,
    status: isOn ? "okay" : "disabled",
  });

const uart = (base: number, spi: number, mhz: Clock, isOn: boolean): Plain =>
  simple("uart", base, spi, ["arm,pl011", "arm,primecell"], isOn, {
    clocks: [clock(mhz), clock(mhz)],
    "clock-names": ["uartclk", "apb_pclk"],
  });
const gpio = (index: number, numbers: readonly number[]): Plain =>
  node(
    `gpio@${(0x2803_4000 + index * PAGE).toString(16)}`,
    {
      compatible: "phytium,gpio",
      reg: reg([0x2803_4000 + index * PAGE, PAGE]),
      interrupts: spis(numbers),
      "gpio-controller": true,
      "#gpio-cells": 2,
      "#address-cells": 1,
      "#size-cells": 0,
      status: "okay",
    },
    node("porta", { compatible: "phytium,gpio-port", reg: 0, ngpios: 16 }),
  );
const ethernet = (base: number, numbers: readonly number[], isOn: boolean): Plain =>
  node(`ethernet@${base.toString(16)}`, {
    compatible: "cdns,phytium-gem-1.0",
    reg: reg([base, 2 * PAGE]),
    interrupts: spis(numbers),
    "clock-names": ["pclk", "hclk", "tx_clk", "tsu_clk"],
    clocks: [250, 48, 48, 250].map((mhz) => clock(mhz as Clock)),
    "phy-mode": "sgmii",
    status: isOn ? "okay" : "disabled",
  });
/** With several windows. */
const windows = (
  name: string,
  compatible: string,
  spans: readonly (readonly [number, number])[],
  spi: number,
  isOn: boolean,
): Plain => node(name, { compatible, reg: reg(...spans), interrupts: spis([spi]), status: isOn ? "okay" : "disabled" });

const i2c = (base: number, spi: number): Plain =>
  simple("i2c", base, spi, "phytium,i2c", true, { clocks: clock(50), "#address-cells": 1, "#size-cells": 0 });
const bus = (index: number): Plain =>
  simple("spi", 0x2803_a000 + index * PAGE, 159 + index, "phytium,spi", index === 0, {
    clocks: clock(50),
    "num-cs": 4,
    "#address-cells": 1,
    "#size-cells": 0,
  });

const cpus = (): Plain => {
  const cpu = (name: string, model: string, affinity: number, index: number, domain: number): Plain =>
    node(name, {
      device_type: "cpu",
      compatible: [`phytium,${model}`, "arm,armv8"],
      reg: [0, affinity],
      "enable-method": "psci",
      clocks: [PHANDLE.dvfs, domain],
      phandle: PHANDLE.cpus + index,
    });
  const cluster = (index: number, ...members: readonly number[]): Plain =>
    node(`cluster${index}`, {}, ...members.map((member, at) => node(`core${at}`, { cpu: PHANDLE.cpus + member })));
  return node(
    "cpus",
    { "#address-cells": 2, "#size-cells": 0 },
    node("cpu-map", {}, cluster(0, 2), cluster(1, 3), cluster(2, 0, 1)),
    cpu("cpu@0", "ftc310", 0x200, 0, 2),
    cpu("cpu@1", "ftc310", 0x201, 1, 2),
    cpu("cpu@100", "ftc664", 0x000, 2, 0),
    cpu("cpu@101", "ftc664", 0x100, 3, 1),
  );
};

const gic = (): Plain =>
  node(
    "interrupt-controller@30800000",
    {
      compatible: "arm,gic-v3",
      "#interrupt-cells": 3,
      "#address-cells": 2,
      "#size-cells": 2,
      ranges: true,
      "interrupt-controller": true,
      reg: reg(
        [0x3080_0000, 0x2_0000],
        [0x3088_0000, 0x8_0000],
        [0x3084_0000, 0x1_0000],
        [0x3085_0000, 0x1_0000],
        [0x3086_0000, 0x1_0000],
      ),
      interrupts: ppis(9),
      phandle: PHANDLE.gic,
    },
    node("gic-its@30820000", {
      compatible: "arm,gic-v3-its",
      "msi-controller": true,
      reg: reg([0x3082_0000, 0x2_0000]),
      phandle: PHANDLE.its,
    }),
  );

const firmware = (): Plain =>
  node(
    "firmware",
    {},
    node(
      "scmi",
      {
        compatible: "arm,scmi",
        mboxes: [PHANDLE.mailbox, 0],
        "mbox-names": "tx",
        shmem: PHANDLE.shared,
        "#address-cells": 1,
        "#size-cells": 0,
      },
      node("protocol@13", { reg: 0x13, "#clock-cells": 1, phandle: PHANDLE.dvfs }),
      node("protocol@15", { reg: 0x15, "#thermal-sensor-cells": 1, phandle: PHANDLE.sensors }),
    ),
    node("optee", { compatible: "linaro,optee-tz", method: "smc" }),
  );

/** What of LPC has one page between it. */
const lpc = (): Plain => {
  const kcs = (...bases: readonly number[]): Plain =>
    node(`kcs@${(bases[0] ?? 0).toString(16)}`, {
      compatible: "phytium,kcs-bmc",
      reg: bases.flatMap((base) => [base, 1]),
      interrupts: spis([88]),
      status: "disabled",
    });
  return node(
    "lpc@28010000",
    {
      compatible: ["simple-mfd", "syscon"],
      reg: reg([0x2801_0000, PAGE]),
      "reg-io-width": 4,
      "#address-cells": 1,
      "#size-cells": 1,
      ranges: [0, 0, 0x2801_0000, PAGE],
    },
    kcs(0x24, 0x30, 0x3c),
    kcs(0x28, 0x34, 0x40),
    kcs(0x2c, 0x38, 0x44),
    kcs(0x8c, 0x90, 0x94),
    node("bt@48", { compatible: "phytium,bt-bmc", reg: [0x48, 0x20], interrupts: spis([88]), status: "disabled" }),
  );
};

const pcie = (): Plain =>
  node("pcie@40000000", {
    compatible: "pci-host-ecam-generic",
    device_type: "pci",
    "#address-cells": 3,
    "#size-cells": 2,
    "#interrupt-cells": 1,
    reg: reg([0x4000_0000, 0x1000_0000]),
    "msi-parent": PHANDLE.its,
    "bus-range": [0, 0xff],
    "interrupt-map-mask": [0, 0, 0, 7],
    "interrupt-map": [4, 5, 6, 7].flatMap((spi, pin) => [0, 0, 0, pin + 1, PHANDLE.gic, 0, 0, 0, spi, LEVEL_HIGH]),
    ranges: [
      0x0100_0000, 0, 0, 0, 0x5000_0000, 0, 0x00f0_0000, 0x0200_0000, 0, 0x5800_0000, 0, 0x5800_0000, 0, 0x2800_0000, 0x0300_0000,
      0x10, 0, 0x10, 0, 0x10, 0,
    ],
    "iommu-map": [0, PHANDLE.smmu, 0, 0x1_0000],
    status: "okay",
  });

const sram = (): Plain =>
  node(
    "sram@32a10000",
    {
      compatible: ["phytium,pe220x-sram-ns", "mmio-sram"],
      reg: reg([0x32a1_0000, 2 * PAGE]),
      "#address-cells": 1,
      "#size-cells": 1,
      ranges: [0, 0, 0x32a1_0000, 2 * PAGE],
    },
    node("scp-shmem@0", { compatible: "arm,scmi-shmem", reg: [0x1000, 0x400] }),
    node("scp-shmem@1", { compatible: "arm,scmi-shmem", reg: [0x1400, 0x400], phandle: PHANDLE.shared }),
  );

const KIB = 0x400;
function soc(isDaoli: boolean): Plain {
  const mmc = (base: number, spi: number): Plain =>
    simple("mmc", base, spi, "phytium,mci", !isDaoli, { clocks: clock(1200), "clock-names": "phytium_mci_clk" });
  const dma = (base: number, spi: number): Plain =>
    simple("ddma", base, spi, "phytium,ddma", true, { "#dma-cells": 2, "dma-channels": 8 });
  return node(
    "soc",
    { compatible: "simple-bus", "#address-cells": 2, "#size-cells": 2, "dma-coherent": true, ranges: true },
    mmc(0x2800_0000, 72),
    mmc(0x2800_1000, 73),
    simple("nand", 0x2800_2000, 74, "phytium,nfc", false),
    dma(0x2800_3000, 75),
    dma(0x2800_4000, 76),
    simple("hda", 0x2800_6000, 78, "phytium,hda", false),
    node(
      "spi@28008000",
      {
        compatible: "phytium,qspi-nor",
        reg: reg([0x2800_8000, PAGE], [0, 0x0fff_ffff]),
        "reg-names": ["qspi", "qspi_mm"],
        clocks: clock(300),
        "#address-cells": 1,
        "#size-cells": 0,
        status: "okay",
      },
      node("flash@0", { compatible: "jedec,spi-nor", reg: 0, "spi-max-frequency": 20_000_000 }),
    ),
    windows(
      "i2s@28009000",
      "phytium,i2s",
      [
        [0x2800_9000, PAGE],
        [0x2800_5000, PAGE],
      ],
      77,
      true,
    ),
    simple("can", 0x2800_a000, 81, "phytium,canfd", true, { clocks: clock(200), "clock-names": "can_clk" }),
    simple("can", 0x2800_b000, 82, "phytium,canfd", true, { clocks: clock(200), "clock-names": "can_clk" }),
    uart(0x2800_c000, 83, 100, true),
    uart(0x2800_d000, 84, 100, true),
    uart(0x2800_e000, 85, 100, true),
    uart(0x2800_f000, 86, 100, true),
    lpc(),
    uart(0x2801_4000, 92, 50, true),
    i2c(0x2801_6000, 93),
    i2c(0x2802_4000, 100),
    i2c(0x2802_6000, 101),
    uart(0x2802_a000, 103, 50, true),
    i2c(0x2803_0000, 106),
    uart(0x2803_2000, 107, 50, true),
    gpio(0, runs(108, 16)),
    gpio(1, runs(124, 16)),
    gpio(2, runs(140, 16)),
    gpio(3, [156]),
    gpio(4, [157]),
    gpio(5, [158]),
    ...runs(0, 4).map(bus),
    windows(
      "watchdog@28040000",
      "arm,sbsa-gwdt",
      [
        [0x2804_1000, PAGE],
        [0x2804_0000, PAGE],
      ],
      164,
      true,
    ),
    windows(
      "watchdog@28042000",
      "arm,sbsa-gwdt",
      [
        [0x2804_3000, PAGE],
        [0x2804_2000, PAGE],
      ],
      165,
      true,
    ),
    simple("pwm", 0x2804_a000, 173, "phytium,pwm", true, { clocks: clock(50) }),
    simple("pwm", 0x2804_b000, 174, "phytium,pwm", true, { clocks: clock(50) }),
    ...runs(0, 38).map((n) => simple("tacho", 0x2805_4000 + n * PAGE, 194 + n, "phytium,tacho", false, { clocks: clock(50) })),
    simple("keypad", 0x2807_a000, 189, "phytium,keypad", false, { clocks: clock(50) }),
    windows(
      "usb2@31800000",
      "phytium,usb2",
      [
        [0x3180_0000, 512 * KIB],
        [0x3199_0000, 64 * KIB],
      ],
      32,
      true,
    ),
    windows(
      "usb2@31880000",
      "phytium,usb2",
      [
        [0x3188_0000, 512 * KIB],
        [0x319a_0000, 64 * KIB],
      ],
      33,
      false,
    ),
    windows(
      "usb2@31900000",
      "phytium,usb2",
      [
        [0x3190_0000, 512 * KIB],
        [0x319b_0000, 64 * KIB],
      ],
      34,
      false,
    ),
    windows("usb3@31a08000", "phytium,pe220x-xhci", [[0x31a0_8000, 96 * KIB]], 16, true),
    windows("usb3@31a28000", "phytium,pe220x-xhci", [[0x31a2_8000, 96 * KIB]], 17, true),
    simple("sata", 0x31a4_0000, 42, "generic-ahci", isDaoli),
    windows("dc@32000000", "phytium,dc", [[0x3200_0000, 32 * KIB]], 44, true),
    windows(
      "i2s_dp0@32009000",
      "phytium,i2s",
      [
        [0x3200_9000, PAGE],
        [0x3200_8000, PAGE],
      ],
      47,
      true,
    ),
    windows(
      "i2s_dp1@3200b000",
      "phytium,i2s",
      [
        [0x3200_b000, PAGE],
        [0x3200_a000, PAGE],
      ],
      48,
      false,
    ),
    ethernet(0x3200_c000, [...runs(55, 4), ...runs(28, 4)], true),
    ethernet(0x3200_e000, runs(59, 4), true),
    ethernet(0x3201_0000, runs(64, 4), false),
    ethernet(0x3201_2000, runs(68, 4), false),
    simple("sata", 0x3201_4000, 43, "generic-ahci", isDaoli),
    windows(
      "usb2@32800000",
      "phytium,usb2",
      [
        [0x3280_0000, 256 * KIB],
        [0x3288_0000, 256 * KIB],
      ],
      14,
      true,
    ),
    windows(
      "usb2@32840000",
      "phytium,usb2",
      [
        [0x3284_0000, 256 * KIB],
        [0x328c_0000, 256 * KIB],
      ],
      15,
      true,
    ),
    simple("mailbox", 0x32a0_0000, 22, "phytium,mbox", true, { "#mbox-cells": 1, phandle: PHANDLE.mailbox }),
    sram(),
    node("rng@32a36000", { compatible: "phytium,rng", reg: reg([0x32a3_6000, PAGE]), status: "okay" }),
    windows("vpu@32b00000", "phytium,vpu", [[0x32b0_0000, 128 * KIB]], 12, true),
    node("edac@32b28000", {
      compatible: "phytium,pe220x-edac",
      reg: reg([0x32b2_8000, PAGE], [0x3140_0000, PAGE], [0x3140_1000, PAGE]),
      interrupts: spis([0, 1]),
      status: "disabled",
    }),
    simple("gdma", 0x32b3_4000, 234, "phytium,gdma", true, { "#dma-cells": 1, "dma-channels": 16, "max-outstanding": 16 }),
    node("spinlock@32b36000", {
      compatible: "phytium,hwspinlock",
      reg: reg([0x32b3_6000, PAGE]),
      "#hwlock-cells": 1,
      "nr-locks": 32,
      status: "disabled",
    }),
    pcie(),
  );
}

/** Two boards whose trees differ in the states of four nodes, and in what they boot from. */
export function e2000qTree(board: E2000qBoard): Uint8Array {
  const isDaoli = board === "daoli-plc";
  const sensor = (index: number): Plain =>
    node(`sensor${index}`, {
      "polling-delay-passive": 100,
      "polling-delay": 1000,
      "thermal-sensors": [PHANDLE.sensors, index],
    });
  const root = node(
    "",
    {
      compatible: "phytium,pe2204",
      "interrupt-parent": PHANDLE.gic,
      "#address-cells": 2,
      "#size-cells": 2,
      model: "Phytium Pi Board",
    },
    node("aliases", {
      serial0: "/soc/uart@2800c000",
      serial1: "/soc/uart@2800d000",
      serial2: "/soc/uart@2800e000",
      serial3: "/soc/uart@2800f000",
      ethernet0: "/soc/ethernet@3200c000",
      ethernet1: "/soc/ethernet@3200e000",
      ethernet2: "/soc/ethernet@32010000",
      ethernet3: "/soc/ethernet@32012000",
      serial4: "/soc/uart@28014000",
      serial5: "/soc/uart@2802a000",
      serial6: "/soc/uart@28032000",
    }),
    node("psci", { compatible: "arm,psci-1.0", method: "smc" }),
    firmware(),
    node("thermal-zones", {}, sensor(0), sensor(1)),
    cpus(),
    gic(),
    node("pmu", { compatible: "arm,armv8-pmuv3", interrupts: ppis(7) }),
    node("timer", { compatible: "arm,armv8-timer", interrupts: ppis(13, 14, 11, 10), "clock-frequency": 50_000_000 }),
    node(
      "clocks",
      { "#address-cells": 2, "#size-cells": 2, ranges: true },
      ...CLOCKS_MHZ.map((mhz) =>
        node(`clk${mhz}mhz`, {
          compatible: "fixed-clock",
          "#clock-cells": 0,
          "clock-frequency": mhz * 1_000_000,
          phandle: clock(mhz),
        }),
      ),
    ),
    node("iommu@30000000", {
      compatible: "arm,smmu-v3",
      reg: reg([0x3000_0000, 0x80_0000]),
      interrupts: spis([240, 239, 236, 242], EDGE),
      "interrupt-names": ["eventq", "priq", "cmdq-sync", "gerror"],
      "dma-coherent": true,
      "#iommu-cells": 1,
      phandle: PHANDLE.smmu,
    }),
    soc(isDaoli),
    node("chosen", {
      "stdout-path": "serial1:115200n8",
      bootargs: `console=ttyAMA1,115200 root=${isDaoli ? "/dev/sda2" : "/dev/mmcblk0p1"} rootwait`,
    }),
    node("memory@80000000", { device_type: "memory", reg: reg([0x8000_0000, 0x8000_0000], [0x20_0000_0000, 0x8000_0000]) }),
  );
  return writeFdt({ root: placed(root, undefined), reserved: [{ base: 0x8000_0000, size: 0x1_0000 }], bootCpu: 0 });
}

export const e2000qPath = (board: E2000qBoard): string => `boards/${board}/${E2000Q_FILE}`;

if (process.argv[1] === import.meta.filename)
  for (const board of E2000Q_BOARDS) writeFileSync(e2000qPath(board), e2000qTree(board));
