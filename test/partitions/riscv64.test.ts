// Systems on RISC-V: what is planned of them and stands in the blob; what is wrong with a board, a system or a plan, and where.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { guestExtensions } from "../../partitions/devicetree/riscv64/nodes.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { writeBlob } from "../../partitions/blob/write.ts";
import type { Riscv64Plan, Riscv64PlannedPartition } from "../../partitions/plan/plan.ts";
import { withPartitions } from "../../partitions/plan/plan.ts";
import { prove } from "../../partitions/plan/prove.ts";
import { planFile } from "../../tools/plan/file.ts";
import { formatPlan } from "../../tools/plan/report.ts";
import { plain } from "../../tools/run/paint.ts";
import { riscv64Board, riscv64Plan } from "../riscv64.ts";
import { plan, planText } from "./systems.ts";

const PAGE = 0x1000;
const planned = (partitions: string, channels = "{}"): Riscv64Plan => {
  const { system, diagnostics } = planText(`board: qemu-riscv64\npartitions: ${partitions}\nchannels: ${channels}\n`);
  if (system === undefined) throw new Error(JSON.stringify(diagnostics));
  return riscv64Plan(system.plan);
};

const PAIR = "{ a: { guest: plc, cpus: [3, 1], interrupts: direct }, b: { guest: plc, cpus: [2], memory: 4M } }";
const good = planned(PAIR, "{ process-image: { between: [a, b] } }");

describe("a plan", () => {
  test("a direct partition has a guest file of each of its harts, one behind the other; an injected one has none", () => {
    const [a, b] = good.partitions.map(({ regions }) => regions.filter(({ kind }) => kind === "interface"));
    expect(a?.map(({ ipa, pa, size, access }) => [ipa, pa, size, access])).toEqual([
      [0x2800_0000, 0x2800_7000, PAGE, "rw"],
      [0x2800_1000, 0x2800_3000, PAGE, "rw"],
    ]);
    expect(b).toEqual([]);
  });

  test("consoles and doorbells are spare sources; where the board's APLIC is a direct partition has one, others a PLIC", () => {
    expect(good.partitions.map(({ console, consoleInterrupt }) => [console, consoleInterrupt])).toEqual([
      [0x1000_0000, 40],
      [0x1000_0000, 41],
    ]);
    expect(good.partitions.map(({ aplic, plic }) => [aplic, plic])).toEqual([[0x0d00_0000, 0], [0, 0x0d00_0000]]);
    expect(good.partitions.map(({ interrupts }) => interrupts.map(({ intid, trigger, use }) => [intid, trigger, use]))).toEqual([
      [[40, "edge", "console"], [42, "edge", "doorbell of process-image"]],
      [[41, "edge", "console"], [43, "edge", "doorbell of process-image"]],
    ]);
  });

  test("harts of a guest have vectors and Svinval where the board's have, and nothing that is the hypervisor's", () => {
    const board = riscv64Board(boards().get("qemu-riscv64", new Findings(new YamlSource("none", ""))));
    const extensions = ["i", "c", "v", "h", "zvbb", "zicntr", "zkr", "ssaia", "smaia", "svinval", "sscofpmf"];
    const of = (isDirect: boolean): string[] => guestExtensions({ ...board, cpus: { ...board.cpus, extensions } }, isDirect);
    expect(of(true)).toEqual(["i", "c", "v", "zvbb", "ssaia", "svinval"]);
    expect(of(false)).toEqual(["i", "c", "v", "zvbb", "svinval"]);
  });

  test("who reads along has two UARTs, where no device is", () => {
    const [a] = planned("{ a: { guest: plc, cpus: [1], telemetry: true } }").partitions;
    expect(a?.console).toBe(0x1000_9000);
  });

  test("the blob says all of it, for a core of RISC-V", () => {
    const { isa, machine, records } = readBlob(writeBlob(good));
    expect(isa).toBe("riscv64");
    expect(machine).toEqual({
      imsic: 0x2800_0000n, imsicShift: 13, sources: 96, aplic: 0x0d00_0000n, timebase: 10_000_000, identities: 255,
    });
    expect(records["Cpu"]?.map(({ id, guestFiles, partition, vcpu }) => [id, guestFiles, partition, vcpu])).toEqual([
      [0n, 1, 0xffff_ffff, 0],
      [1n, 1, 0, 1],
      [2n, 1, 1, 0],
      [3n, 1, 0, 0],
    ]);
    const partitions = records["Partition"];
    expect(partitions?.map(({ entry, argument, console: at, controller }) => [entry, argument, at, controller])).toEqual([
      [0x8000_0000n, 0n, 0x1000_0000n, 0x0d00_0000n],
      [0x8000_0000n, 0n, 0x1000_0000n, 0x0d00_0000n],
    ]);
    expect(records["Ram"]).toEqual([{ base: 0x8020_0000n, size: 0x3fe0_0000n }]);
  });

  test("Linux is told of its harts, files, APLIC, UART, devices and channel, each with sources of its own", async () => {
    const { system, diagnostics } = plan("partitions/examples/demo-riscv64.yaml");
    expect(diagnostics).toEqual([]);
    await expect(system?.deviceTrees.get("linux")?.()).toMatchFileSnapshot("golden/riscv64-linux.dts");
  });

  test("RT-Thread has PLIC and UART where they are built in, with the source of the hypervisor's own, which is polled", () => {
    const image = join(folder, "rtthread.bin");
    writeFileSync(image, Uint8Array.of(0x01, 0xa0)); // c.j .
    const [rtos] = planned(`{ rtos: { guest: rt-thread, cpus: [1], image: ${image} } }`).partitions;
    expect(rtos).toMatchObject({
      aplic: 0, plic: 0x0c00_0000, console: 0x1000_0000, consoleInterrupt: 10, entry: 0x8020_0000, argument: 0,
    });
  });

  test("an injected Linux is told of a PLIC, with two contexts of each hart, and of no AIA", async () => {
    const demo = readFileSync("partitions/examples/demo-riscv64.yaml", "utf8");
    const { system } = planText(demo.replace(/^ {4}interrupts: direct # of its.*\n/m, ""));
    const tree = await system?.deviceTrees.get("linux")?.();
    expect(tree).toMatch(/interrupt-controller@d000000 \{\s+compatible = "sifive,plic-1.0.0", "riscv,plic0";/);
    expect(tree).toContain("interrupts-extended = <3 0xffffffff 3 9 4 0xffffffff 4 9>;");
    expect(tree).toContain("interrupts-extended = <1 1>;"); // virtio0
    expect(tree).not.toMatch(/aia|aplic|imsic/);
  });

  test("a hart whose guest has direct interrupts can keep house", () => {
    expect(planned("{ a: { guest: plc, cpus: [0, 1, 2, 3], interrupts: direct } }").housekeeper).toBe(0);
  });

  test("its tables call harts and sources by their names", () => {
    const text = formatPlan(good, plain);
    expect(text).toMatch(/pCPU {2}hart {2}runs/);
    expect(text).toMatch(/ {2}source {2}trigger {2}partition/);
    expect(text).toContain("b, source 43");
    expect(text).not.toMatch(/INTID|MPIDR|EOIR/);
  });
});

describe("the proof", () => {
  const said = (plan: Riscv64Plan): string => prove(plan).map(({ promise, reason }) => `${promise}: ${reason}`).join("\n");
  const ofA = (change: (files: Riscv64Plan["partitions"][number]["regions"]) => Riscv64Plan["partitions"][number]["regions"]) =>
    withPartitions(good, ({ name, regions }) => (name === "a" ? { regions: change(regions) } : {}));
  const file = (pa: number, size = PAGE): Riscv64Plan =>
    ofA((regions) => regions.map((region) => (region.name === "IMSIC of vCPU 0" ? { ...region, pa, size } : region)));
  const device = (pa: number): Riscv64Plan =>
    ofA((regions) => [...regions, { name: "x", ipa: pa, pa, size: PAGE, kind: "device", access: "rw" }]);
  const ofB = (change: Partial<Riscv64PlannedPartition>): Riscv64Plan =>
    withPartitions(good, ({ name }) => (name === "b" ? change : {}));
  const BUDGET = { budget: 64, refills: 1, periodMicroseconds: 1000 };
  const cpu = (n: number, change: Partial<Riscv64Plan["cpus"][number]>): Riscv64Plan => ({
    ...good, cpus: good.cpus.map((each, index) => (index === n ? { ...each, ...change } : each)),
  });

  test("has nothing against it", () => expect(said(good)).toBe(""));

  test.each<[string, Riscv64Plan, RegExp]>([
    ["the hart's own file", file(0x2800_6000), /^interface: a has not its interrupt files/m],
    ["a file of a hart that is not its own", file(0x2800_5000), /^interface: a has not its interrupt files/m],
    ["one file for two vCPUs", file(0x2800_3000), /^interface: a has not its interrupt files/m],
    ["two pages of files", file(0x2800_7000, 2 * PAGE), /^interface: a has not its interrupt files/m],
    ["no file", ofA((regions) => regions.filter(({ name }) => name !== "IMSIC of vCPU 1")), /^interface: a has not/m],
    ["direct interrupts on a hart without files", cpu(3, { guestFiles: 0 }), /^interface: a has direct interrupts on a hart/m],
    ["files of an injected partition", withPartitions(good, () => ({ direct: false })), /^interface: a has not/m],
    ["a device over the APLIC", device(0x0d00_3000), /^hypervisor: .*the APLIC/m],
    ["a device over another hart's files", device(0x2800_5000), /^hypervisor: .*the interrupt files of hart 2/m],
    ["a hart twice", cpu(0, { hart: 3 }), /^cpuApart: two pCPUs are one hart/m],
    ["a hart that the APLIC cannot say", cpu(0, { hart: 2 ** 14 }), /^hartNumber: there can be no hart 16384/m],
    ["more files than there is room for", cpu(0, { guestFiles: 2 }), /^frames: the files of hart 0/m],
    ["a stride that is no power of two", { ...good, imsic: { ...good.imsic, stride: 0x3000 } }, /^frames: imsicShift is/m],
    ["identities that no file has", { ...good, imsic: { ...good.imsic, identities: 254 } }, /^identities: a file has 254/m],
    ["no sources", { ...good, aplic: { ...good.aplic, sources: 0 } }, /^sources: sources is 0/m],
    ["a clock that is too slow", { ...good, counterHz: 32768 }, /^clock: timebase is 32768/m],
    ["a source that is none", { ...good, aplic: { ...good.aplic, sources: 42 } }, /^lineOwner: source 43 of b is no source/m],
    ["a source that a hart's file has no identity for", { ...good, imsic: { ...good.imsic, identities: 43 } },
      /^lineOwner: source 43 of b is no source/m],
    ["an APLIC without files", ofB({ aplic: 0x0d00_0000, plic: 0 }), /^windows: b has an APLIC, and no files/m],
    ["a PLIC beside files", withPartitions(good, ({ name }) => (name === "a" ? { plic: 0x0c00_0000 } : {})),
      /^windows: a has a PLIC, and its sources go to its files/m],
    ["a PLIC over the console", ofB({ plic: 0x0fe0_0000 }),
      /^windows: in the address space of b, (PLIC and 16550|16550 and PLIC) both have/m],
    ["an APLIC over the console", withPartitions(good, ({ name }) => (name === "a" ? { aplic: 0x1000_0000 } : {})),
      /^windows: in the address space of a, (APLIC and 16550|16550 and APLIC) both have/m],
    ["a bandwidth that nobody measures", ofB({ bandwidth: BUDGET }), /^bandwidth: nobody notices/m],
  ])("%s", (_, plan, words) => expect(said(plan)).toMatch(words));
});

const BOARD = readFileSync("boards/qemu-riscv64/board.yaml", "utf8");
let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "axv-riscv-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** "key of its line: AXV-P095 what is wrong": remedy, of each error in a system on such a board. */
function told(board: string, system = "  a: { guest: plc, cpus: [1] }\n"): string[] {
  const files = { "boards/mine/board.yaml": board, "system.yaml": `board: mine\npartitions:\n${system}` };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const { diagnostics } = planFile(join(folder, "system.yaml"), "to be built");
  return diagnostics.flatMap(({ severity, file, line, code, message, remedy }) => {
    const key = readFileSync(file, "utf8").split("\n")[line - 1]?.trim().split(":")[0] ?? "";
    return severity === "error" ? [`${key}: ${code} ${message}: ${remedy}`] : [];
  });
}

test.each<[string, string | RegExp, string, string]>([
  ["no hypervisor extension", ", h,", ",",
    'extensions: AXV-P095 its harts have no "h": the hypervisor needs the hypervisor extension'],
  ["no AIA", "ssaia, ", "", 'extensions: AXV-P095 its harts have no "ssaia": the hypervisor needs the Advanced Interrupt'],
  ["no timer for supervisors", ", sstc", "", 'extensions: AXV-P095 its harts have no "sstc"'],
  ["a hart twice", "harts: [0, 1, 2, 3]", "harts: [0, 1, 2, 1]", "harts: AXV-P095 pCPU 1 is hart 1, too"],
  ["files of too few harts", "guest_files: 1", "guest_files: [1, 1]",
    "guest_files: AXV-P095 2 numbers are listed, and there are 4 pCPUs"],
  ["more files than there is room for", "guest_files: 1", "guest_files: [1, 2, 1, 1]",
    "guest_files: AXV-P095 2 guest files of hart 1 are more than the 1"],
  ["a stride that is no power of two", "stride: 0x2000", "stride: 0x3000", "imsic: AXV-P095 0x00003000 is no power of two"],
  ["identities that no file has", "identities: 255", "identities: 256",
    "imsic: AXV-P095 256 identities: a file has a multiple of 64"],
  ["a source that no identity is left for", /sources: 96([^]*)\[40, 63\]/, "sources: 300$1[40, 255]",
    "spare_sources: AXV-P095 source 255 of the spare ones has no identity in a hart's interrupt file"],
  ["a source for two: the UART's", "source: 11", "source: 10", 'rtc: AXV-P095 source 10 of "rtc" is the UART\'s, too'],
  ["a source of two devices that differ", "source: 11", "source: 1",
    "virtio0: AXV-P095 source 1 is level triggered for one device"],
  ["a source given twice", "source: 11", "source: [11, 11]", 'rtc: AXV-P095 source 11 of "rtc" is listed twice'],
  ["a spare source that is a device's", "spare_sources: [40, 63]", "spare_sources: [8, 63]",
    "uart: AXV-P095 source 10 of the UART is one of the spare"],
  ["spare sources that are not there", "spare_sources: [40, 63]", "spare_sources: [40, 97]",
    "spare_sources: AXV-P095 source 97 of the spare ones is none"],
  ["spare sources from high to low", "spare_sources: [40, 63]", "spare_sources: [63, 40]",
    "spare_sources: AXV-P095 63 is behind 40"],
  ["a device over a guest file", "reg: 0x00101000", "reg: 0x28003000",
    'rtc: AXV-P095 "rtc" at 0x28003000…0x28004000 is over the guest files of hart 1'],
  ["a tree", "match:", "tree: { file: x.dtb }\nmatch:", "tree: AXV-P095 a device tree of the board's own"],
  ["another ISA", "isa: riscv64", "isa: riscv32", 'isa: AXV-P006 isa cannot be "riscv32": write aarch64 or riscv64'],
])("a board with %s", (_, from, to, words) => {
  const text = BOARD.replace(from, to);
  expect(text).not.toBe(BOARD);
  expect(told(text).join("\n")).toContain(words);
});

test.each<[string, string, string]>([
  ["direct interrupts on a hart without files", "{ guest: plc, cpus: [2], interrupts: direct }",
    "AXV-P184 interrupts cannot be direct: hart 2 of mine has no interrupt file for guests: leave interrupts injected"],
  ["a guest that knows a PLIC alone, asked to be direct", "{ guest: rt-thread, cpus: [1], image: x, interrupts: direct }",
    'AXV-P184 interrupts cannot be direct: guest profile "rt-thread" knows no interrupt controller but a PLIC'],
  ["SPIs", "{ guest: plc, cpus: [1], spis: [4] }", "AXV-P181 a RISC-V board has no SPI: name the device that has the interrupt"],
  ["trust", "{ guest: plc, cpus: [1], interrupts: direct, trust: [sgi] }", "AXV-P181 a RISC-V board has no SGIs"],
  ["bandwidth", "{ guest: plc, cpus: [1], bandwidth: { budget: 64K, period: 1ms } }", "AXV-P181 a RISC-V board has no counter"],
  ["ways", "{ guest: plc, cpus: [1], cache: { ways: [0] } }", "AXV-P045 mine has no cluster whose cache can be parted by ways"],
  ["a guest that there is for AArch64 alone", "{ guest: zephyr, cpus: [1], image: x }",
    'AXV-P011 there is no guest profile "zephyr"'],
])("a partition with %s", (_, partition, words) => {
  const errors = told(BOARD.replace("guest_files: 1", "guest_files: [1, 1, 0, 1]"), `  a: ${partition}\n`);
  expect(errors.join("\n")).toContain(words);
  expect(errors.join("\n")).not.toContain("does not hold"); // nothing is left to the proof
});

test("a source of two partitions' devices", () => {
  const shared = BOARD.replace("source: 11", "source: 1").replace("trigger: level", "trigger: edge");
  const system = `  a: { guest: plc, cpus: [1], devices: [rtc] }
  b: { guest: plc, cpus: [2], devices: [virtio0], accepts: [dma], memory: { size: 16M, ipa: identity } }
`;
  expect(told(shared, system)).toEqual([
    'b: AXV-P022 source 1 already belongs to "rtc" of partition "a": remove it here or there: an interrupt has one owner',
  ]);
});

test("a profile of one's own that knows a PLIC alone, asked to be direct; no PLIC, asked not to; and one for another ISA", () => {
  mkdirSync(join(folder, "guests"));
  writeFileSync(join(folder, "guests/old.yaml"), "extends: plc\ncontrollers: [plic]\n");
  writeFileSync(join(folder, "guests/new.yaml"), "extends: plc\ncontrollers: [imsic]\n");
  writeFileSync(join(folder, "guests/arm.yaml"), readFileSync("rtos-guests/profiles/plc.yaml", "utf8"));
  expect(told(BOARD, "  a: { guest: old, cpus: [1], interrupts: direct }\n")).toEqual([
    'a: AXV-P184 interrupts cannot be direct: guest profile "old" knows no interrupt controller but a PLIC, which is emulated: ' +
      "leave its interrupts injected",
  ]);
  expect(told(BOARD, "  a: { guest: new, cpus: [1] }\n")).toEqual([
    'a: AXV-P181 a RISC-V board has no interrupts for guest profile "new" but direct ones: it knows no PLIC: ' +
      "write `interrupts: direct`: they go to its harts' interrupt files",
  ]);
  expect(told(BOARD, "  a: { guest: arm, cpus: [1] }\n")).toEqual([
    'a: AXV-P185 guest profile "arm" is for AArch64, and mine is a board of RISC-V: choose a board of AArch64, or a profile ' +
      "for RISC-V (`isa: riscv64`)",
  ]);
});

test("an image for another ISA", () => {
  const image = join(import.meta.dirname, "images/plc.bin");
  expect(told(BOARD, `  a: { guest: plc, cpus: [1], image: ${image} }\n`).join("\n")).toMatch(
    /AXV-P054 .*plc\.bin is for AArch64, and the board's CPUs are RISC-V: give an image that is built for RISC-V/,
  );
});
