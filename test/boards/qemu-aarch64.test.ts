// The board.yaml of each machine of QEMU's that makes a device tree of itself, against that very tree.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Aarch64Board as Board } from "../../boards/schema.ts";
import { isCompatible } from "../../partitions/devicetree/properties.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { compareBoard } from "../../tools/board/compare.ts";
import { ramOf } from "../../tools/board/memory.ts";
import { openTree } from "../../tools/board/tree.ts";
import { aarch64Board } from "../aarch64.ts";
import { findQemu } from "../../tools/run/qemu.ts";

function boardNamed(name: string): Board {
  const findings = new Findings(new YamlSource("none", ""));
  return aarch64Board(boards().get(name, findings));
}

const QEMU_TIMEOUT_MS = 30_000;

function dumpTree(board: Board): Buffer {
  const { machine, cpu, smp = board.cpus.mpidr.length } = board.boot.qemu ?? { machine: "", cpu: "" };
  const folder = mkdtempSync(join(tmpdir(), "axv-board-"));
  try {
    const file = join(folder, "board.dtb");
    const ram = board.ram.reduce((sum, { size }) => sum + size, 0);
    const options = [
      "-nodefaults",
      "-display",
      "none",
      "-M",
      `${machine},dumpdtb=${file}`,
      "-cpu",
      cpu,
      "-smp",
      String(smp),
      "-m",
      `${ram / 2 ** 20}M`,
    ];
    execFileSync(findQemu(), options, { timeout: QEMU_TIMEOUT_MS, stdio: ["ignore", "ignore", "pipe"] });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Slots of the machine's own, all of which are to be given. */
const SLOTS = { "qemu-aarch64": 32, "qemu-aarch64-gicv2": 32, "xlnx-versal-virt": 8 } as const;

describe.each(Object.entries(SLOTS))("%s", (name, slots) => {
  const board = boardNamed(name);
  const tree = openTree(dumpTree(board));

  test("is as its tree says", () => {
    const findings = new Findings(new YamlSource("none", ""));
    compareBoard(board, tree, findings);
    expect(findings.sorted.map(({ message }) => message)).toEqual([]);
  });

  test("has all of its RAM", () => {
    expect(ramOf(tree.places)).toEqual(board.ram);
  });

  test("has every virtio-mmio slot", () => {
    const theirs = tree.places.all.filter((node) => isCompatible(node, "virtio,mmio")).map(({ name }) => name);
    const ours = Object.values(board.devices).filter(({ compatible }) => compatible[0] === "virtio,mmio");
    expect(theirs).toHaveLength(slots);
    expect(ours.map(({ node, windows: [{ base }] }) => `${node}@${base.toString(16)}`).sort()).toEqual(theirs.sort());
  });
});
