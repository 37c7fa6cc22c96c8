// Debian boots from the part of its board's own device tree that its devices need: on `virt` and on xlnx-versal-virt, of the
// trees that QEMU itself makes. The disk, the network and what these stand behind are the board's nodes, as they are.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFdt } from "../../partitions/devicetree/fdt.ts";
import { findQemu } from "../../tools/run/qemu.ts";
import { judgeDemo } from "../../tools/run/demo-checks.ts";
import type { Check } from "../../tools/run/checks.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { demo } from "./systems.ts";

/** As QEMU itself hands it to a kernel. */
function dumped(machine: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "axv-dtb-"));
  try {
    const file = join(folder, "own.dtb");
    execFileSync(findQemu(), ["-M", `${machine},dumpdtb=${file}`, "-smp", "4", "-m", "1G", "-nic", "none", "-display", "none"], {
      stdio: "pipe",
    });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.each([
  ["qemu-aarch64", "virt,virtualization=on,gic-version=3"],
  ["xlnx-versal-virt", "xlnx-versal-virt"],
])("%s", (name, machine) => {
  let system: BootedSystem;
  let checks: () => Check[];
  beforeAll(async () => {
    const board = `extends: ${name}\ntree: { file: own.dtb }\n`;
    system = await BootedSystem.boot(`tree-${name}`, demo(name, "direct"), {
      beside: { [`boards/${name}/board.yaml`]: board, [`boards/${name}/own.dtb`]: dumped(machine) },
    });
    checks = judgeDemo(system.session);
  });
  afterAll(async () => system?.stop());

  test("the tree is the board's, and has a seed", () => {
    const [linux] = system.plan.partitions;
    expect(linux?.seed).toBeGreaterThan(0);
    expect(readFdt(dumped(machine)).root.children.length).toBeGreaterThan(20);
  });

  test("all of the demo's checks of Linux pass: it has its disk, its network and its channel", async () => {
    const ofLinux = (): Check[] => checks().filter(({ name: check }) => !check.startsWith("plc "));
    await system.until("every check", () => ofLinux().every(({ verdict }) => verdict !== "pending"));
    expect(ofLinux().filter(({ verdict }) => verdict !== "passed")).toEqual([]);
    expect(ofLinux().length).toBeGreaterThan(2);
  });

  test("the kernel knows the board by its own name, and its own nodes", async () => {
    await system.line("linux", /linux:\/#/);
    const seen = system.said("linux").length;
    system.type("linux", "echo has:$(tr '\\0' ' ' < /proc/device-tree/compatible)\n");
    await system.line("linux", name === "qemu-aarch64" ? /has:linux,dummy-virt/ : /has:xlnx-versal-virt/, seen);
  });
});
