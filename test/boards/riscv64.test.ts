// RISC-V trees: a board.yaml of QEMU's, and that of the project beside it; a tree of harts or of an interrupt controller that the
// hypervisor does not run on is refused.
import { execFileSync, spawnSync } from "node:child_process";
import type { SpawnSyncReturns } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boardSchema } from "../../boards/schema.ts";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import { checkBoard } from "../../partitions/check/board.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { readWhole } from "../../partitions/source/fields.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { composeRiscv } from "../../tools/board/riscv64/compose.ts";
import { openAnyTree } from "../../tools/board/tree.ts";
import { TARGETS } from "../../tools/build/targets/index.ts";
import { findQemu } from "../../tools/run/qemu.ts";
import { BUNDLE } from "../bundle.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-riscv-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const axvPart = (...parameters: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, ["--liftoff-only", BUNDLE, "board", ...parameters], { encoding: "utf8" });

/** The device tree that QEMU makes of its `virt` machine. */
function dumped(machine: string, cpu = "rv64"): string {
  const file = join(folder, `${[machine, cpu].join("-").replaceAll(/\W/g, "")}.dtb`);
  const machineOption = `virt${machine},dumpdtb=${file}`;
  const options = ["-M", machineOption, "-cpu", cpu, "-smp", "4", "-m", "1G", "-display", "none", "-nic", "none"];
  execFileSync(findQemu(TARGETS.riscv64.emulator), options, { stdio: ["ignore", "ignore", "pipe"] });
  return file;
}
const AIA = ",aia=aplic-imsic,aia-guests=1";

describe("QEMU's virt machine", () => {
  test("becomes a board.yaml that is sound, and as the tree says; so is the project's own", () => {
    const [tree, file] = [dumped(AIA), join(folder, "board.yaml")];
    expect(axvPart("from-dtb", tree, "-o", file)).toMatchObject({ status: 0, stdout: `${file}: 13 devices, 0 left out\n` });
    const text = readFileSync(file, "utf8");
    for (const line of [
      "  harts: [0, 1, 2, 3]", "  guest_files: 1", "imsic: { base: 0x28000000, stride: 0x2000, identities: 255 }",
      "aplic: { base: 0xd000000, sources: 96 }", "counter_hz: 10000000", "spare_sources: [36, 96]", "  image: 0x80200000",
      "  - { base: 0x80000000, size: 0x200000, what: firmware }",
      "  virtio-mmio-10001000: { kind: mmio, reg: 0x10001000, source: 1, path: /soc/virtio_mmio@10001000 }",
    ])
      expect(text).toContain(`\n${line}\n`);
    expect(axvPart("check", file, "--dtb", tree)).toMatchObject({ status: 0, stdout: `${file}: ok: as ${tree} says\n` });
    const own = axvPart("check", "qemu-riscv64", "--dtb", tree);
    expect(own).toMatchObject({ status: 0, stdout: expect.stringContaining(": ok:") as string });
  });

  test("each difference is one line, with what both say; status 1", () => {
    const [tree, file] = [dumped(",aia=aplic-imsic,aia-guests=3"), join(folder, "other.yaml")];
    const text = readFileSync("boards/qemu-riscv64/board.yaml", "utf8");
    writeFileSync(file, text.replace("name: qemu-riscv64", "name: other").replace("source: 11", "source: 12")
      .replace("counter_hz: 10000000", "counter_hz: 24000000").replace("[40, 63]", "[30, 63]")
      .replace(", sstc]", ", sstc, svinval]"));
    const { status, stdout } = axvPart("check", file, "--dtb", tree);
    expect(status).toBe(1);
    const said = stdout.trim().split("\n").map((line) => line.replace(/^\S+ /, "").replace(/: [^:]*$/, ""));
    expect(said).toEqual([
      "extensions: the file says svinval, the tree says not on every hart",
      "the stride of interrupt files: the file says 0x00002000, the tree says 0x00004000",
      "timebase-frequency: the file says 24000000, the tree says 10000000",
      "spare sources: the file says 30 to 63, the tree says [32, 33, 34, 35] have a use",
      'the sources of "rtc": the file says [12], the tree says [11]',
    ]);
  });

  test.each<[string, string, string | undefined, string]>([
    ["with a PLIC", "", undefined, "AXV_BOARD_AIA"],
    ["with an APLIC that knows no messages", ",aia=aplic", undefined, "AXV_BOARD_AIA"],
    ["without the hypervisor extension", AIA, "rv64,h=off", "AXV_BOARD_HARTS"],
    ["without Sstc", AIA, "rv64,sstc=off", "AXV_BOARD_HARTS"],
  ])("%s is refused, with the reason and what to take", (_, machine, cpu, code) => {
    const { status, stdout } = axvPart("from-dtb", dumped(machine, cpu), "--json");
    expect(status).toBe(1);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/of QEMU take -(cpu rv64|M virt,aia=aplic-imsic,aia-guests=1)/);
  });

  test("a board of the other ISA is none to compare with", () => {
    expect(axvPart("check", "qemu-aarch64", "--dtb", dumped(AIA)).stderr).toContain("which is of RISC-V");
  });
});

/** A small tree, as one could be of a board that there is not; `change` gives another text for a part of it. */
function made(change: (text: string) => string = (same) => same) {
  const hart = (n: number): string => `cpu@${n} { device_type = "cpu"; reg = <${n}>; compatible = "maker,core";
    mmu-type = "riscv,sv39";
    riscv,isa-base = "rv64i"; riscv,isa-extensions = "i", "m", "a", "c", "h", "zicsr", "sstc", "ssaia";
    intc${n}: interrupt-controller { #interrupt-cells = <1>; interrupt-controller; compatible = "riscv,cpu-intc"; }; };`;
  const text = `/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; compatible = "maker,board"; interrupt-parent = <&aplic>;
    cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = <24000000>; ${hart(0)} ${hart(1)} };
    memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x20000000>; };
    reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; mmode@80000000 { reg = <0 0x80000000 0 0x40000>; }; };
    imsics: imsics@28000000 { compatible = "riscv,imsics"; reg = <0 0x28000000 0 0x4000>; riscv,num-ids = <127>;
      riscv,guest-index-bits = <1>; interrupts-extended = <&intc0 9>, <&intc1 9>; msi-controller; };
    aplic: aplic@d000000 { compatible = "riscv,aplic"; reg = <0 0xd000000 0 0x8000>; #interrupt-cells = <2>; interrupt-controller;
      msi-parent = <&imsics>; riscv,num-sources = <63>; };
    serial@10000000 { compatible = "ns16550a"; reg = <0 0x10000000 0 0x100>; interrupts = <10 4>; clock-frequency = <24000000>; };
    gpio@10010000 { compatible = "x,gpio"; reg = <0 0x10010000 0 0x1000>; interrupts = <3 1>; };
  };`;
  const tree = openAnyTree(compileTree(change(text)));
  if (tree.isa !== "riscv64") throw new Error("it is taken for another ISA's");
  return composeRiscv(tree, []);
}

describe("a tree of another maker's", () => {
  test("has its extensions listed by names, and firmware's memory as it says", () => {
    const { board, remarks } = made();
    expect(board).toMatchObject({
      cpus: { extensions: ["i", "m", "a", "c", "h", "zicsr", "sstc", "ssaia"], mmu: "sv39", guest_files: 1, harts: [0, 1] },
      imsic: { identities: 127, stride: 0x2000 }, aplic: { sources: 63 }, boot: { image: 0x8020_0000 },
      reserved: [{ base: 0x8000_0000, size: 0x4_0000, what: "mmode" }], spare_sources: [11, 63],
    });
    expect(board.device_kinds["gpio"]).toMatchObject({ trigger: "edge", dma_coherent: true });
    expect([...remarks.keys()]).not.toContain("reserved");
    const findings = new Findings(new YamlSource("", ""));
    const whole = readWhole(boardSchema("riscv64"), board, findings);
    if (whole !== undefined) checkBoard(whole, findings);
    expect(findings.sorted).toEqual([]);
  });

  test.each<[string, string, string, RegExp]>([
    ["files that are not in the order of the harts", "<&intc0 9>, <&intc1 9>", "<&intc1 9>, <&intc0 9>",
      /is not where its number says/],
    ["too few files", "0 0x4000>", "0 0x2000>", /cpu@1 is not where/],
    ["an APLIC that sends to nobody", "msi-parent = <&imsics>;", "", /no APLIC sends its messages to/],
    ["no clock", "timebase-frequency = <24000000>;", "", /timebase-frequency/],
    ["one hart without the hypervisor extension", '"h", ', "", /cpu@0 has no "h"/],
    ["no MMU", 'mmu-type = "riscv,sv39";', "", /mmu-type/],
  ])("%s: it is refused", (_, from, to, words) => {
    expect(() => made((text) => {
      expect(text).toContain(from);
      return text.replace(from, to);
    })).toThrow(words);
  });
});
