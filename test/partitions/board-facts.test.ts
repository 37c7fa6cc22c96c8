// Facts of a board that cannot all be true, each at its place in the board's file; and what of a board
// or a profile shows only in a system.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { planFile } from "../../tools/plan/file.ts";
import { here } from "./systems.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "axv-facts-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

const QEMU = readFileSync("boards/qemu-aarch64/board.yaml", "utf8");
const GICV2 = readFileSync("boards/qemu-aarch64-gicv2/board.yaml", "utf8");
const IMAGE = resolve(here("images/plc.bin"));
const SYSTEM = `board: mine\npartitions:\n  a: { guest: plc, cpus: [1, 2], image: ${IMAGE} }\n`;

/** "board.yaml:25 AXV-P095 what is wrong" of each mistake. */
function told(files: Readonly<Record<string, string>>): string[] {
  for (const [name, text] of Object.entries({ "system.yaml": SYSTEM, ...files })) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const { diagnostics } = planFile(join(folder, "system.yaml"), "to be built");
  return diagnostics.flatMap(({ severity, file, line, code, message }) => {
    const text = readFileSync(file, "utf8").split("\n")[line - 1] ?? "";
    return severity === "error" ? [`${text.trim().split(":")[0] ?? ""}: ${code} ${message}`] : [];
  });
}

const altered = (board: string, [from, to]: readonly [string | RegExp, string]): string => {
  const text = board.replace(from, to);
  expect(text).not.toBe(board);
  return text;
};

const RAM = "  - { base: 0x40000000, size: 0x40000000 }";
/** Eight stretches that make nine of one. */
const PIECES = Array.from({ length: 8 }, (_, n) => `{ base: 0x5${n}000000, size: 0x1000, what: "" }`);
const LONG_MATCHES = Array.from({ length: 16 }, (_, n) => {
  const path = `/${"a".repeat(60)}/${"b".repeat(60)}/${"c".repeat(48)}${10 + n}`;
  return `{ path: ${path}, property: p, has: ${"v".repeat(120)}${10 + n} }`;
});
/** With a kind of two windows, and where a device of it can stand. */
const TWO_WINDOWS = "virtio31:";
const WIDE = QEMU.replace(
  "device_kinds:",
  "device_kinds:\n  wide: { size: [0x900, 0x100], trigger: level, dma: false, dma_coherent: false, node: wide, compatible: [a] }",
);

/** What is altered in the board, and what is said of it: the first mistake, after the key of its line. */
const FACTS: readonly (readonly [string, readonly [string | RegExp, string], string, string])[] = [
  [
    "two pCPUs of one affinity",
    ["[0x0, 0x1, 0x2, 0x3]", "[0, 1, 2, 1]"],
    QEMU,
    "mpidr: AXV-P095 pCPU 1 has the affinity 0x00000001, too",
  ],
  [
    "bits of MPIDR_EL1 that are no affinity (MT)",
    ["[0x0, 0x1", "[0x0, 0x1000000"],
    QEMU,
    "mpidr: AXV-P095 0x01000000 has bits that are no affinity",
  ],
  [
    "a timer on the maintenance interrupt",
    ["maintenance: 9", "maintenance: 10"],
    QEMU,
    "gic: AXV-P095 PPI 10 is the hypervisor timer's, and the GIC's maintenance interrupt's",
  ],
  [
    "a GICv3's GICD, of 64 KiB, over a redistributor",
    ["gicd: 0x08000000", "gicd: 0x080f8000"],
    QEMU,
    "gic: AXV-P095 redistributor 2 at 0x080e0000…0x08100000 is over GICD at 0x080f8000…0x08108000",
  ],
  [
    "a GICD in RAM",
    ["gicd: 0x08000000", "gicd: 0x40000000"],
    QEMU,
    "gic: AXV-P095 GICD at 0x40000000…0x40010000 is over the RAM of bank 0 at 0x40000000…0x80000000",
  ],
  [
    "a UART in RAM",
    ["reg: 0x09000000", "reg: 0x40000000"],
    QEMU,
    "uart: AXV-P095 the UART at 0x40000000…0x40001000 is over the RAM of bank 0 at 0x40000000…0x80000000",
  ],
  [
    "two timers on one PPI",
    ["physical: 14", "physical: 11"],
    QEMU,
    "timer: AXV-P095 PPI 11 is the physical timer's, and the virtual timer's",
  ],
  [
    "a PMU on the maintenance interrupt",
    ["pmu: 7", "pmu: 9"],
    QEMU,
    "pmu: AXV-P095 PPI 9 is the GIC's maintenance interrupt's, and the PMU's",
  ],
  ["spare SPIs upside down", ["[200, 223]", "[223, 200]"], QEMU, "spare_spis: AXV-P095 223 is behind 200"],
  [
    "spare SPIs that the GIC has not",
    ["[200, 223]", "[200, 224]"],
    QEMU,
    "spare_spis: AXV-P095 SPI 224 of the spare ones is none of the GIC's",
  ],
  [
    "a device's SPI that the GIC has not",
    ["spi: 47", "spi: 300"],
    QEMU,
    'virtio31: AXV-P095 SPI 300 of "virtio31" is none of the GIC\'s',
  ],
  [
    "the UART's SPI among the spare ones",
    ["spi: 1,", "spi: 201,"],
    QEMU,
    "uart: AXV-P095 SPI 201 of the UART is one of the spare ones, 200 to 223",
  ],
  [
    "banks of RAM over each other",
    ["size: 0x40000000 }", "size: 0x40000000 }\n  - { base: 0x7ffff000, size: 0x1000 }"],
    QEMU,
    "- { base: AXV-P095 the RAM of bank 1 at 0x7ffff000…0x80000000 is over the RAM of bank 0 at 0x40000000…0x80000000",
  ],
  [
    "RAM beyond the pCPUs' physical addresses",
    ["pa_bits: 40", "pa_bits: 32"],
    altered(QEMU, ["size: 0x40000000", "size: 0x100000000"]),
    "- { base: AXV-P095 the RAM of bank 0 at 0x40000000…0x140000000 is not all below 0x100000000",
  ],
  [
    "RAM beyond what the hypervisor maps",
    ["{ base: 0x40000000, size: 0x40000000 }", "{ base: 0x40000000, size: 0x3fc0001000 }"],
    QEMU,
    "- { base: AXV-P095 the RAM of bank 0 at 0x40000000…0x4000001000 is not all below 0x4000000000",
  ],
  [
    "redistributors over each other and RAM",
    ["gicr: 0x080a0000", "gicr: 0x3ffa0000"],
    QEMU,
    "gic: AXV-P095 redistributor 3 at 0x40000000…0x40020000 is over the RAM of bank 0 at 0x40000000…0x80000000",
  ],
  [
    "redistributors that are listed, fewer than pCPUs",
    ["gicr: 0x080a0000, gicr_stride: 0x20000", "gicr: [0x080a0000, 0x080c0000, 0x0c000000]"],
    QEMU,
    "gic: AXV-P095 3 redistributors are listed, and there are 4 pCPUs",
  ],
  [
    "redistributors that are listed, over each other",
    ["gicr: 0x080a0000, gicr_stride: 0x20000", "gicr: [0x080a0000, 0x080b0000, 0x0c000000, 0x0c020000]"],
    QEMU,
    "gic: AXV-P095 redistributor 1 at 0x080b0000…0x080d0000 is over redistributor 0 at 0x080a0000…0x080c0000",
  ],
  [
    "redistributors that are listed, and their stride",
    ["gicr: 0x080a0000", "gicr: [0x080a0000, 0x080e0000, 0x0c000000, 0x080c0000]"],
    QEMU,
    "gic: AXV-P095 a stride of redistributors that are listed",
  ],
  [
    "a GICV over the GICH",
    ["gicv: 0x08040000", "gicv: 0x08031000"],
    altered(QEMU, [/[^]*/, GICV2]),
    "gic: AXV-P095 GICV at 0x08031000…0x08033000 is over GICH at 0x08030000…0x08032000",
  ],
  [
    "a device over RAM",
    ["reg: 0x0a003e00", "reg: 0x40003e00"],
    QEMU,
    'virtio31: AXV-P095 "virtio31" at 0x40003000…0x40004000 is over the RAM of bank 0 at 0x40000000…0x80000000',
  ],
  [
    "a device in the UART's page",
    ["reg: 0x0a003e00", "reg: 0x09000800"],
    QEMU,
    'virtio31: AXV-P095 "virtio31" at 0x09000000…0x09001000 is over the UART at 0x09000000…0x09001000',
  ],
  [
    "registers of two devices over each other",
    ["reg: 0x0a003e00", "reg: 0x0a003d00"],
    QEMU,
    'virtio31: AXV-P095 "virtio31" at 0x0a003000…0x0a004000 is over "virtio30" at 0x0a003000…0x0a004000',
  ],
  [
    "a register that quiesces, behind the device's last one",
    ["offset: 0x70", "offset: 0x200"],
    QEMU,
    'virtio0: AXV-P095 the register 0x00000200 that quiesces "virtio0" is none of its 512 bytes',
  ],
  [
    "a list of pCPUs' models that is too short",
    ["compatible: arm,cortex-a53", "compatible: [\"arm,cortex-a53\", \"arm,cortex-a55\"]"],
    QEMU,
    "compatible: AXV-P095 2 models are listed, and there are 4 pCPUs",
  ],
  [
    "a list of PMUs' SPIs that is too long",
    ["pmu: 7", "pmu: { spis: [100, 101, 102, 103, 104] }"],
    QEMU,
    "pmu: AXV-P095 5 SPIs of PMUs are listed, and there are 4 pCPUs",
  ],
  [
    "one SPI of two PMUs",
    ["pmu: 7", "pmu: { spis: [100, 101, 101, 103] }"],
    QEMU,
    "pmu: AXV-P095 SPI 101 of the PMU of pCPU 2 is the PMU of pCPU 1's, too",
  ],
  [
    "a PMU's SPI that a device has",
    ["pmu: 7", "pmu: { spis: [100, 101, 102, 47] }"],
    QEMU,
    'virtio31: AXV-P095 SPI 47 of "virtio31" is the PMU of pCPU 3\'s, too',
  ],
  [
    "the UART's SPI at a device",
    ["spi: 47", "spi: 1"],
    QEMU,
    'virtio31: AXV-P095 SPI 1 of "virtio31" is the UART\'s, too',
  ],
  [
    "an SPI that a device has twice",
    ["spi: 47", "spi: [47, 48, 47]"],
    QEMU,
    'virtio31: AXV-P095 SPI 47 of "virtio31" is listed twice',
  ],
  [
    "one of a device's SPIs that the GIC has not",
    ["spi: 47", "spi: [47, 224]"],
    QEMU,
    'virtio31: AXV-P095 SPI 224 of "virtio31" is none of the GIC\'s',
  ],
  [
    "one SPI of two devices, of two triggers",
    ["spi: 47", "spi: 2"],
    QEMU,
    'virtio31: AXV-P095 SPI 2 is level triggered for one device and edge triggered for "virtio31"',
  ],
  [
    "registers to write at first that are the hypervisor's",
    [RAM, "$&\ninit_registers: [{ base: 0x0a000000, size: 4, what: a }, { base: 0x08010000, size: 0x100000, what: CRU }]"],
    QEMU,
    "init_registers: AXV-P095 what may be written at first (CRU) at 0x08010000…0x08110000 is over redistributor 0 at " +
      "0x080a0000…0x080c0000",
  ],
  [
    "registers to write at first that the hypervisor does not reach",
    [RAM, "$&\ninit_registers: [{ base: 0x4000000000, size: 4, what: CRU }]"],
    QEMU,
    "init_registers: AXV-P095 what may be written at first (CRU) at 0x4000000000…0x4000000004 is not all below 0x4000000000",
  ],
  [
    "more text to compare than there is room for",
    [/\nmatch:[^]*$/, `\nmatch: [${LONG_MATCHES.join(", ")}]\n`],
    QEMU,
    "match: AXV-P095 its texts have 5128 bytes, and there is room for 4096",
  ],
  [
    "windows of one device over each other",
    [TWO_WINDOWS, "wide: { kind: wide, reg: [0x0b000000, 0x0b000800], spi: 60 }\n  virtio31:"],
    WIDE,
    'wide: AXV-P095 window 1 of "wide" at 0x0b000000…0x0b001000 is over window 0 of "wide" at 0x0b000000…0x0b001000',
  ],
  [
    "a second window over RAM",
    [TWO_WINDOWS, "wide: { kind: wide, reg: [0x0b000000, 0x40000000], spi: 60 }\n  virtio31:"],
    WIDE,
    'wide: AXV-P095 window 1 of "wide" at 0x40000000…0x40001000 is over the RAM of bank 0 at 0x40000000…0x80000000',
  ],
  [
    "fewer windows than its kind has",
    [TWO_WINDOWS, "wide: { kind: wide, reg: 0x0b000000, spi: 60 }\n  virtio31:"],
    WIDE,
    'wide: AXV-P006 devices.wide.reg cannot be 184549376',
  ],
  [
    "firmware's memory that is no RAM",
    [RAM, "$&\nreserved: [{ base: 0x3ffff000, size: 0x2000, what: TF-A }]"],
    QEMU,
    "reserved: AXV-P095 firmware's memory (TF-A) at 0x3ffff000…0x40001000 is not all RAM",
  ],
  [
    "firmware's memory twice",
    [RAM, "$&\nreserved: [{ base: 0x50000000, size: 0x2000, what: TF-A }, { base: 0x50001000, size: 0x2000, what: OP-TEE }]"],
    QEMU,
    "reserved: AXV-P095 firmware's memory (OP-TEE) at 0x50001000…0x50003000 is over that at 0x50000000…0x50002000 (TF-A)",
  ],
  [
    "more pieces of RAM than there is room for",
    [RAM, `$&\nreserved: [${PIECES.join(", ")}]`],
    QEMU,
    "reserved: AXV-P095 firmware's memory leaves 9 stretches of RAM",
  ],
  [
    "an image in firmware's memory",
    [RAM, "$&\nreserved: [{ base: 0x40000000, size: 0x201000, what: TF-A }]"],
    QEMU,
    "image: AXV-P095 the image at 0x40200000 is not in RAM that firmware leaves",
  ],
  [
    "a baud rate that its clock does not make",
    ["kind: pl011, reg", "kind: ns16550, baud: 1000000, reg_shift: 2, reg_width: 4, reg"],
    QEMU,
    "uart: AXV-P095 of 24000000 Hz its clock makes 750000 baud at best",
  ],
  [
    "ways of a cache of which nothing is known",
    [/caches:[^]*refill_event/, 'caches: { none: "its tree says nothing" }\n  refill_event'],
    `${QEMU}cluster: { kind: dsu, way_groups: 4 }\n`,
    "cluster: AXV-P095 the ways of a cache of which nothing is known",
  ],
  [
    "firmware where the GPT lies",
    ["table: gpt", '$&\n  reserved: [{ first: 64, sectors: 16, what: SPL }, { first: 33, sectors: 2, what: U-Boot }]'],
    QEMU,
    "reserved: AXV-P095 U-Boot in sectors 33 to 34 lies where the GPT does",
  ],
  [
    "firmware over firmware on its disk",
    ["table: gpt", '$&\n  reserved: [{ first: 64, sectors: 16, what: SPL }, { first: 79, sectors: 2, what: U-Boot }]'],
    QEMU,
    "reserved: AXV-P095 U-Boot in sectors 79 to 80 is over SPL",
  ],
  [
    "firmware behind its disk",
    ["table: gpt", '$&\n  reserved: [{ first: 0x7ffff, sectors: 2, what: U-Boot }]'],
    QEMU,
    "reserved: AXV-P095 U-Boot in sectors 524287 to 524288 is not all on a disk of 524288 sectors",
  ],
  [
    "slots over firmware",
    ["slots: { sectors: 0x20000", "reserved: [{ first: 4095, sectors: 1, what: SPL }]\n  slots: { sectors: 0x20000, first: 2048"],
    QEMU,
    "slots: AXV-P095 slots and state cannot be in sectors 2048 to 266239",
  ],
  [
    "slots that are too large for their disk",
    ["slots: { sectors: 0x20000 }", "slots: { sectors: 0x40000 }"],
    QEMU,
    "slots: AXV-P095 there is no room for two slots and their state, 526336 sectors together",
  ],
  [
    "a boot partition that is too large for what slots leave",
    ["boot: { sectors: 0x4000 }", "boot: { sectors: 0x40000 }"],
    QEMU,
    "boot: AXV-P095 there is no room for the boot partition, 262144 sectors together",
  ],
  [
    "an image that is not loaded into RAM",
    ["image: 0x40200000", "image: 0x3fe00000"],
    QEMU,
    "image: AXV-P095 the image at 0x3fe00000 is not in RAM that firmware leaves",
  ],
];

describe("a board is refused for", () => {
  test.each(FACTS)("%s", (_, change, board, expected) => {
    expect(told({ "boards/mine/board.yaml": altered(board, change) })[0]).toBe(expected);
  });

  test("all of them: where exactly, and what to do", async () => {
    const all = FACTS.map(([name, change, board]) => {
      told({ "boards/mine/board.yaml": altered(board, change) });
      const { diagnostics } = planFile(join(folder, "system.yaml"), "to be built");
      return [
        name,
        ...diagnostics.map(({ line, column, message, remedy }) => `  ${line}:${column} ${message}\n      = ${remedy}`),
      ].join("\n");
    });
    await expect(`${all.join("\n")}\n`).toMatchFileSnapshot("board-facts.txt");
  });
});

test("where nothing is known of the caches there are neither colours nor budgets, and the reason is said", () => {
  const board = altered(QEMU, [/caches:[^]*refill_event/, "caches: { none: its tree says nothing }\n  refill_event"]);
  const shares = "cache: { colours: [0] }, bandwidth: { budget: 1M, period: 1ms }";
  const problem =
    "nothing is known of the caches of mine (its tree says nothing): there are no colours, and no lines to count a bandwidth in";
  expect(told({ "boards/mine/board.yaml": board })).toEqual([]);
  expect(told({ "boards/mine/board.yaml": board, "system.yaml": SYSTEM.replace("image:", `${shares}, image:`) })).toEqual([
    `a: AXV-P078 ${problem}`,
    `a: AXV-P078 ${problem}`,
  ]);
});

test("a budget is measured by a PMU whose interrupt is an SPI, too", () => {
  const board = altered(QEMU, ["pmu: 7", "pmu: { spis: [100, 101, 102, 103] }"]);
  const budget = SYSTEM.replace("image:", "bandwidth: { budget: 1M, period: 1ms }, image:");
  expect(told({ "boards/mine/board.yaml": board, "system.yaml": budget })).toEqual([]);
});

test("one spare SPI, no PMU, and the 4 KiB of a GICv2's GICD just before its GICC are taken", () => {
  const gicv2 = GICV2.replace("gicd: 0x08000000", "gicd: 0x0800f000").replace("[200, 255]", "[200, 203]");
  expect(told({ "boards/mine/board.yaml": gicv2 })).toEqual([]);
  const one = QEMU.replace("[200, 223]", "[200, 200]").replace("pmu: 7\n", "");
  expect(
    told({
      "boards/mine/board.yaml": one,
      "system.yaml": SYSTEM.replace("plc", "bare-metal").replace("image:", "memory: 4M, image:"),
    }),
  ).toEqual([]);
});

test("a device over one that began before the last one is found, too", () => {
  const devices =
    "devices:\n  top: { kind: pl031, reg: 0x0b010000, spi: 6 }\n  big: { kind: pl031, reg: 0x0b000000, spi: 2 }\n  small: " +
      "{ kind: virtio-mmio, reg: 0x0b000000, spi: 3 }\n  late: { kind: pl031, reg: 0x0b000e00, spi: 4 }\n  first: { kind: " +
      "pl031, reg: 0x0afff000, spi: 5 }\n";
  const mistakes = told({ "boards/mine/board.yaml": altered(QEMU, [/devices:\n[^]*/, devices]) });
  expect(mistakes.map((mistake) => mistake.replace(/ at .* is over/, " over").replace(/ at .*/, ""))).toEqual([
    'small: AXV-P095 "small" over "big"',
    'late: AXV-P095 "late" over "big"',
  ]);
});

test.each([
  ["what the hypervisor maps", 40, 0x3f_c000_0000],
  ["the pCPUs' physical addresses", 36, 0xf_c000_0000],
])("RAM that ends where %s end is taken", (_, bits, size) => {
  const board = QEMU.replace("pa_bits: 40", `pa_bits: ${bits}`).replace("size: 0x40000000 }", `size: ${size} }`);
  expect(told({ "boards/mine/board.yaml": board })).toEqual([]);
  expect(told({ "boards/mine/board.yaml": board.replace(`size: ${size} }`, `size: ${size + 0x1000} }`) })[0]).toMatch(
    /AXV-P095 the RAM of bank 0/,
  );
});

test("SPIs of devices on both sides of the spare ones are taken, and none of those", () => {
  const board = (spi: number): string => QEMU.replace("[200, 223]", "[60, 100]").replace("spi: 47", `spi: ${spi}`);
  expect([59, 60, 100, 101].map((spi) => told({ "boards/mine/board.yaml": board(spi) }).length)).toEqual([0, 1, 1, 0]);
});

test("affinities, spare SPIs and places that only just go together are taken", () => {
  const board = QEMU.replace("[0x0, 0x1, 0x2, 0x3]", "[0, 0xff, 0xff0000, 0xff00000000]")
    .replace("[200, 223]", "[48, 223]")
    .replace("reg: 0x0a003e00", "reg: 0x09001000")
    .replace("gicr: 0x080a0000", "gicr: 0x3ff80000")
    .replace("offset: 0x70", "offset: 0x1fc");
  expect(told({ "boards/mine/board.yaml": board })).toEqual([]);
});

test("an image that reaches beyond its bank of RAM is refused where the board is named", () => {
  const board = altered(QEMU, [
    "{ base: 0x40000000, size: 0x40000000 }",
    "{ base: 0x40000000, size: 0x280000 }\n  - { base: 0x80000000, size: 0x40000000 }",
  ]);
  expect(told({ "boards/mine/board.yaml": board })).toEqual([
    expect.stringMatching(
      /^board: AXV-P096 the image at 0x40200000…0x[0-9a-f]+, with all that partitions are loaded with, is not all RAM that firmware leaves$/,
    ),
  ]);
});

test("emulated devices of a profile's that overlap are refused at the guest, also if it takes all its vCPUs for that", () => {
  const profile = (gicr: string): string =>
    `extends: plc\nmachine: { gicd: 0x08000000, gicr: ${gicr}, gicc: 0x08010000, console: 0x09000000 }\n`;
  const system = { "system.yaml": SYSTEM.replace("plc", "mine").replace("mine\n", "qemu-aarch64\n") };
  expect(told({ ...system, "guests/mine.yaml": profile("0x08fc0000") })).toEqual([]);
  expect(told({ ...system, "guests/mine.yaml": profile("0x08fc1000") })).toEqual([
    "a: AXV-P097 the emulated GICR at 0x08fc1000…0x09001000 overlaps the emulated PL011 at 0x09000000…0x09001000 in the " +
      "address space of this guest, which has them built in",
  ]);
});

test("what is wrong with one value in two ways is told once", () => {
  const system = { "system.yaml": SYSTEM.replace("plc", "mine").replace("mine\n", "qemu-aarch64\n") };
  const mistakes = told({ ...system, "guests/mine.yaml": "extends: plc\nmemory: { size: 5, ipa: 0x40000000 }\n" });
  expect(mistakes).toEqual(["memory: AXV-P006 memory.size cannot be 5"]);
});

test("what a value has to be is said in plain words", () => {
  writeFileSync(join(folder, "system.yaml"), SYSTEM);
  mkdirSync(join(folder, "boards/mine"), { recursive: true });
  writeFileSync(join(folder, "boards/mine/board.yaml"), `extends: qemu-aarch64
isa: arm
pmu: yes
boot: { image: 0x40200000, conduit: [] }
device_kinds: { A: 1, b: { trigger: x, dma: 1, compatible: [], dma_coherent: true, node: a/b, size: 1 } }
cpus: { compatible: "", mpidr: [0], refill_event: -1, pa_bits: 53, caches: 5 }
timer: 5
`);
  expect(
    planFile(join(folder, "system.yaml")).diagnostics.map(({ line, message, remedy }) => `${line} ${message}: ${remedy}`),
  ).toEqual([
    '2 isa cannot be "arm": write aarch64 or riscv64',
    '3 pmu cannot be "yes": write a PPI number, 0 to 15, or { spis: [228, 229] }, one for each pCPU',
    "4 boot.conduit cannot be a list: write smc or hvc",
    '5 a key of device_kinds cannot be "A": write at most 63 of a-z, 0-9 and "-", the first one no "-"',
    '5 device_kinds.b.trigger cannot be "x": write level or edge; or a list of these, one for each of its interrupts',
    "5 device_kinds.b.dma cannot be 1: write true or false",
    "5 device_kinds.b.compatible cannot be a list of 0: write a list of at least 1",
    '5 device_kinds.b.node cannot be "a/b": write the name of a device tree node, such as virtio_mmio: 31 characters at most',
    '6 cpus.compatible cannot be "": write manufacturer and model, such as arm,cortex-a55; "arm,cortex-a55" in a list',
    "6 cpus.refill_event cannot be -1: write a whole number, at least 0",
    "6 cpus.pa_bits cannot be 53: write a whole number, at most 52",
    "6 cpus.caches cannot be 5: write a list of all caches, or { none: why nothing is known of them }",
    "7 timer cannot be 5: write a mapping of keys and values",
  ]);
});
