// What firmware has on a board, and what is done for guests in its place: memory that it keeps, registers that are written before
// any guest starts, interrupts of PMUs that are SPIs, pCPUs that are not alike, devices of several windows and interrupts.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { planFile } from "../../tools/plan/file.ts";
import { systemMap } from "../../tools/plan/map.ts";
import { drawPlan } from "../../tools/plan/picture.ts";
import { formatPlan } from "../../tools/plan/report.ts";
import { plain } from "../../tools/run/paint.ts";
import { here, sound } from "./systems.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "axv-firmware-")));
  mkdirSync(join(folder, "boards/mine"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const plc = resolve(here("images/plc.bin"));
const linux = `image: ${resolve(here("images/kernel.Image"))}, initrd: ${resolve(here("images/initrd.cpio"))}`;

/** `board`: how it differs from QEMU's. */
function plan(board: string, ...partitions: readonly string[]): ReturnType<typeof planFile> {
  writeFileSync(join(folder, "boards/mine/board.yaml"), `extends: qemu-aarch64\n${board}`);
  writeFileSync(join(folder, "system.yaml"), `board: mine\npartitions:\n${partitions.map((each) => `  ${each}\n`).join("")}`);
  return planFile(join(folder, "system.yaml"), "to be built");
}

const told = ({ diagnostics }: ReturnType<typeof planFile>): string[] =>
  diagnostics.flatMap(({ severity, line, column, code, message }) =>
    severity === "error" ? [`${line}:${column} ${code} ${message}`] : [],
  );

describe("memory that firmware keeps", () => {
  const KEPT =
    "reserved: [{ base: 0x7f000000, size: 0x1000000, what: OP-TEE }, { base: 0x40000000, size: 0x10000, what: TF-A }]\n";

  test("is nobody's: what was asked for there is refused, what was not lies elsewhere", () => {
    const at = (address: string): string[] =>
      told(plan(KEPT, `a: { guest: plc, cpus: [1], image: ${plc}, memory: { size: 16M, at: ${address}, ipa: 0x40000000 } }`));
    expect(at("0x7e000000")).toEqual([]);
    expect(at("0x7f000000")).toEqual([
      expect.stringMatching(/AXV-P024 the memory 0x7f000000…0x80000000 overlaps firmware's memory \(OP-TEE\) at 0x7f000000…0x8/),
    ]);
    const { plan: made } = sound(plan(KEPT, `a: { guest: plc, cpus: [1], image: ${plc}, memory: 16M }`));
    expect(made.partitions[0]?.regions[0]?.pa).toBe(0x7e000000);
  });

  test("is shown: in the tables, in the picture, on the live page", () => {
    const { plan: made } = sound(plan(KEPT, `a: { guest: plc, cpus: [1], image: ${plc} }`));
    const tables = formatPlan(made, plain);
    expect(tables).toMatch(/0x40000000…0x40010000 +64K +firmware: TF-A/);
    expect(tables).toMatch(/0x7f000000…0x80000000 +16M +firmware: OP-TEE/);
    expect(drawPlan(made)).toContain(">OP-TEE<");
    expect(systemMap(made).memory).toContainEqual(
      { at: 0x7f000000, size: 0x1000000, label: "OP-TEE", detail: "16M", owner: "firmware" },
    );
  });

  test("is where the image ends, if it is behind it", () => {
    const board = "reserved: [{ base: 0x40280000, size: 0x1000, what: TF-A }]\n";
    expect(told(plan(board, `a: { guest: plc, cpus: [1], image: ${plc} }`))).toEqual([
      expect.stringMatching(/^1:8 AXV-P096 the image at 0x40200000….* is not all RAM that firmware leaves$/),
    ]);
  });
});

describe("writes of `init:`", () => {
  const CRU = "init_registers: [{ base: 0xfdd20000, size: 0x1000, what: CRU }]\n";
  const asking = (...lists: readonly string[]): readonly string[] =>
    lists.map((init, index) => `p${index}: { guest: plc, cpus: [${index}], image: ${plc}, init: [${init}] }`);

  test("are in the plan, in their order, and `plan` shows them", () => {
    const made = sound(
      plan(
        CRU,
        ...asking(
          "{ reg: 0xfdd20ffc, value: 0x10, mask: 0x30 }, { reg: 0xfdd20000, value: 7 }",
          "{ reg: 0xfdd20ffc, value: 1, mask: 3 }",
        ),
      ),
    ).plan;
    expect(made.inits).toEqual([
      { pa: 0xfdd20ffc, mask: 0x30, value: 0x10, by: "p0" },
      { pa: 0xfdd20000, mask: 0xffffffff, value: 7, by: "p0" },
      { pa: 0xfdd20ffc, mask: 3, value: 1, by: "p1" },
    ]);
    expect(formatPlan(made, plain)).toMatch(/0xfdd20ffc +0x00000030 +0x00000010 +p0/);
  });

  test.each([
    ["a register that the board does not allow", ["{ reg: 0xfdd21000, value: 1 }"], /AXV-P110 mine .* that 0xfdd21000 may/],
    ["a value outside its mask", ["{ reg: 0xfdd20000, value: 0x80000001, mask: 1 }"], /AXV-P111 0x80000001 has bits/],
    [
      "a bit that two write differently",
      ["{ reg: 0xfdd20000, value: 0, mask: 0x80000000 }", "{ reg: 0xfdd20000, value: 0x80000000 }"],
      /AXV-P112 "p0" writes other values to bits of 0xfdd20000/,
    ],
    [
      "more than there is room for",
      [0, 1].map(() => Array(33).fill("{ reg: 0xfdd20000, value: 0 }").join(", ")),
      /AXV-P113 66 registers to write at first are more/,
    ],
  ])("%s is refused", (_, lists, expected) => {
    expect(told(plan(CRU, ...asking(...lists)))).toEqual([expect.stringMatching(expected)]);
  });

  test("what two write alike is taken", () => {
    expect(told(plan(CRU, ...asking("{ reg: 0xfdd20000, value: 5 }", "{ reg: 0xfdd20000, value: 1, mask: 1 }")))).toEqual([]);
  });
});

describe("a board whose pCPUs and devices are not QEMU's", () => {
  const BOARD = `
cpus:
  compatible: ["phytium,ftc664", "phytium,ftc664", "phytium,ftc310", "phytium,ftc310"]
  mpidr: [0x200, 0x201, 0x0, 0x100]
  caches: { none: its tree says nothing of them }
  refill_event: 0x17
pmu: { spis: [100, 101, 102, 103] }
device_kinds:
  gem: { size: [0x2000, 0x100], trigger: [edge, edge, edge, edge, level, edge, edge, edge], dma: false, dma_coherent: false,
    node: ethernet, compatible: ["cdns,gem"] }
  can: { size: 0x1000, trigger: level, dma: false, dma_coherent: true, node: can, compatible: ["phytium,can"] }
  crg: { size: 0x200, trigger: level, dma: false, dma_coherent: false, node: crg, compatible: ["test,crg"] }
devices:
  eth: { kind: gem, reg: [0x3200c000, 0x32010f80], spi: [55, 56, 57, 58, 28, 29, 30, 31], dma_coherent: true }
  can0: { kind: can, reg: 0x2800a000, spi: 81, dma_coherent: false }
  clocks: { kind: crg, reg: 0x32011100, spi: [] }
`;
  const LINUX = `linux: { guest: linux, cpus: [3, 0], memory: 256M, devices: [eth, can0], pmu: true, ${linux} }`;

  test("has them in its guest's device tree", () => {
    const tree = sound(plan(BOARD, LINUX)).deviceTrees.get("linux")?.() ?? "";
    const node = (name: string): string => new RegExp(`\\t${name} \\{[^}]*`).exec(tree)?.[0] ?? "";
    expect([node("cpu@0"), node("cpu@1")].map((text) => /"phytium,ftc\d+"/.exec(text)?.[0])).toEqual([
      '"phytium,ftc310"',
      '"phytium,ftc664"',
    ]);
    // Of pCPU 3 and of pCPU 0, each with the vCPU whose it is.
    const [one, other] = ["cpu@0", "cpu@1"].map((name) => /phandle = <(\d+)>/.exec(node(name))?.[1]);
    expect(node("pmu")).toContain("interrupts = <0 0x67 4 0 0x64 4>");
    expect(node("pmu")).toContain(`interrupt-affinity = <${one} ${other}>`);
    const eth = node("ethernet@3200c000");
    expect(eth).toContain("reg = <0 0x3200c000 0 0x2000 0 0x32010f80 0 0x100>");
    const lines = [55, 56, 57, 58, 28, 29, 30, 31].map((spi) => `0 0x${spi.toString(16)} ${spi === 28 ? 4 : 1}`);
    expect(eth).toContain(`interrupts = <${lines.join(" ")}>`);
    expect(eth).toContain("dma-coherent");
    expect(node("can@2800a000")).not.toContain("dma-coherent");
  });

  test("has all of them in the plan: each window's pages, each interrupt with its trigger, the PMUs' too", () => {
    const { plan: made } = sound(plan(BOARD, LINUX));
    const [partition] = made.partitions;
    expect(partition?.regions.filter(({ kind }) => kind === "device")).toMatchObject([
      { name: "can0", pa: 0x2800a000, size: 0x1000 },
      { name: "eth", pa: 0x3200c000, size: 0x2000 },
      { name: "eth", pa: 0x32010000, size: 0x2000 },
    ]);
    const used = (use: string): number[] =>
      partition?.interrupts.flatMap((each) => (each.use === use ? [each.intid - 32] : [])) ?? [];
    expect(used("eth")).toEqual([28, 29, 30, 31, 55, 56, 57, 58]);
    const eth = partition?.interrupts.filter(({ use }) => use === "eth").map(({ trigger }) => trigger);
    expect(eth).toEqual(["level", "edge", "edge", "edge", "edge", "edge", "edge", "edge"]);
    expect(used("can0")).toEqual([81]);
    expect(used("PMU")).toEqual([100, 103]);
    expect(made.cache.unknown).toBe("its tree says nothing of them");
    expect(formatPlan(made, plain)).toContain("caches, unknown");
  });

  test("keeps a page together that two devices have windows in, and an SPI with the pCPU whose PMU has it", () => {
    const other = (devices: string, more = ""): string =>
      `plc: { guest: plc, cpus: [1], memory: { size: 16M, ipa: identity }, devices: [${devices}], image: ${plc}${more} }`;
    expect(told(plan(BOARD, LINUX, other("clocks")))).toEqual([
      expect.stringMatching(/AXV-P023 device "clocks" shares the 4 KiB page 0x32011000 with "eth" of partition "linux"/),
    ]);
    expect(told(plan(BOARD, other("", ", spis: [102]")))).toEqual([
      expect.stringMatching(/AXV-P026 SPI 102 is the PMU's of pCPU 2, which goes to a partition by `pmu: true`/),
    ]);
    expect(told(plan(BOARD, other("", ", spis: [57]"), LINUX))).toEqual([
      expect.stringMatching(/AXV-P022 SPI 57 already belongs to "eth" of partition "linux"/),
    ]);
  });

  test("is refused when a device list would be more than the hypervisor has room for", () => {
    const many = Array.from({ length: 63 }, (_, n) => `  d${n}: { kind: can, reg: ${0x40_0000 + n * 0x2000}, spi: [] }\n`);
    const names = many.map((_, n) => `d${n}`).join(", ");
    const asking = `plc: { guest: plc, cpus: [1], memory: { size: 16M, ipa: identity }, devices: [${names}], image: ${plc} }`;
    expect(told(plan(BOARD + many.join(""), asking))).toEqual([
      expect.stringMatching(/^3:80 AXV-P177 .* has 65 stretches of registers and memory: there is room for 64$/),
    ]);
  });
});
