// boards/qemu-riscv64/board.yaml against the device tree that QEMU makes of that machine.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readFdt } from "../../partitions/devicetree/fdt.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { cellOf, cellsOf, isCompatible, stringsOf } from "../../partitions/devicetree/properties.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { ramOf } from "../../tools/board/memory.ts";
import { TARGETS } from "../../tools/build/targets/index.ts";
import { machineArguments } from "../../tools/run/arguments.ts";
import { findQemu } from "../../tools/run/qemu.ts";
import { riscv64Board } from "../riscv64.ts";

const board = riscv64Board(boards().get("qemu-riscv64", new Findings(new YamlSource("none", ""))));

const QEMU_TIMEOUT_MS = 30_000;

function dumpTree(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "axv-board-"));
  try {
    const file = join(folder, "board.dtb");
    const isMachine = (n: number, all: readonly string[]): boolean => all[n - 1] === "-M";
    const options = machineArguments(board).map((text, n, all) => (isMachine(n, all) ? `${text},dumpdtb=${file}` : text));
    execFileSync(findQemu(TARGETS.riscv64.emulator), ["-nodefaults", "-display", "none", ...options], {
      timeout: QEMU_TIMEOUT_MS,
      stdio: ["ignore", "ignore", "pipe"],
    });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const places = new Places(readFdt(dumpTree()));
const windowOf = (node: FdtNode): unknown => places.windowsOf(node)?.[0];
/** Of such nodes the one at that address. */
function nodeAt(base: number, ...models: string[]): FdtNode {
  const found = places.all.find((node) => isCompatible(node, ...models) && places.windowsOf(node)?.[0]?.base === base);
  if (found === undefined) throw new Error(`no ${models.join(" or ")} at 0x${base.toString(16)}`);
  return found;
}
const harts = places.byPath("/cpus")?.children.filter((node) => stringsOf(node, "device_type")[0] === "cpu") ?? [];
const byNumber = (a: number, b: number): number => a - b;

describe("qemu-riscv64", () => {
  test("its harts are those of the tree, with at least these extensions and this MMU, and its clock is the tree's", () => {
    const { cpus } = board;
    expect(harts.map((node) => cellOf(node, "reg")).sort()).toEqual(cpus.harts);
    expect(cellOf(places.byPath("/cpus") ?? places.root, "timebase-frequency")).toBe(board.counter_hz);
    for (const [cpu, node] of harts.entries()) {
      expect(stringsOf(node, "compatible")).toContain(cpus.compatible[cpu]);
      const [letters = "", ...longer] = stringsOf(node, "riscv,isa")[0]?.replace(/^rv64/, "").split("_") ?? [];
      expect([...letters, ...longer]).toEqual(expect.arrayContaining(cpus.extensions));
      expect(["riscv,sv48", "riscv,sv57"]).toContain(stringsOf(node, "mmu-type")[0]);
      expect(cpus.mmu).toBe("sv48");
    }
  });

  test("its RAM is the tree's, and what firmware keeps is in it, below the image", () => {
    expect(ramOf(places)).toEqual(board.ram);
    const [kept] = board.reserved;
    expect([kept?.base, (kept?.base ?? 0) + (kept?.size ?? 0)]).toEqual([board.ram[0]?.base, board.boot.image]);
  });

  test("its interrupt files and its APLIC are the supervisor's, with room for one guest each", () => {
    const { imsic, aplic, cpus } = board;
    const files = nodeAt(imsic.base, "riscv,imsics");
    expect(cellOf(files, "riscv,num-ids")).toBe(imsic.identities);
    expect(2 ** (cellOf(files, "riscv,guest-index-bits") ?? 0) * 0x1000).toBe(imsic.stride);
    expect(cpus.guest_files).toEqual(cpus.harts.map(() => imsic.stride / 0x1000 - 1));
    expect(windowOf(files)).toEqual({ base: imsic.base, size: imsic.stride * cpus.harts.length });
    // Of each hart the supervisor's external interrupt.
    expect(cellsOf(files, "interrupts-extended").filter((_, n) => n % 2 === 1)).toEqual(cpus.harts.map(() => 9));
    expect(cellOf(nodeAt(aplic.base, "riscv,aplic"), "riscv,num-sources")).toBe(aplic.sources);
  });

  test("its UART, and every device, is where the tree has it, with its sources", () => {
    const { uart, devices } = board;
    const serial = nodeAt(uart.reg, "ns16550a");
    const [clock = 0] = [serial.properties.get("clock-frequency")].map((bytes) => Buffer.from(bytes ?? []).readUInt32BE(0));
    expect([cellsOf(serial, "interrupts")[0], clock]).toEqual([uart.source, uart.clock_hz]);
    for (const device of Object.values(devices)) {
      const [window] = device.windows;
      const node = nodeAt(window.base, ...device.compatible);
      expect(windowOf(node)).toEqual(window);
      expect(cellsOf(node, "interrupts").filter((_, n) => n % 2 === 0)).toEqual(device.spis.map(({ spi }) => spi));
      expect(node.name.split("@")[0]).toBe(device.node);
    }
    const slots = places.all.filter((node) => isCompatible(node, "virtio,mmio"));
    expect(Object.values(devices).filter(({ node }) => node === "virtio_mmio")).toHaveLength(slots.length);
  });

  test("no device has a spare source", () => {
    const { spare_sources: [first, last] } = board;
    const aplic = cellOf(nodeAt(board.aplic.base, "riscv,aplic"), "phandle");
    const used = places.all.flatMap((node) =>
      cellOf(node, "interrupt-parent") === aplic ? cellsOf(node, "interrupts").filter((_, n) => n % 2 === 0) : [],
    );
    // Of PCI, rows of `interrupt-map`: three cells of address, a pin, the APLIC, a source, its trigger.
    const pci = places.all.flatMap((node) => cellsOf(node, "interrupt-map").filter((_, n) => n % 7 === 5));
    const all = [...new Set([...used, ...pci])].sort(byNumber);
    expect(all).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 32, 33, 34, 35]);
    expect(all.filter((source) => source >= first && source <= last)).toEqual([]);
  });

  test("it is known by what its tree says", () => {
    expect(board.match).toEqual([{ path: "/", property: "compatible", has: "riscv-virtio" }]);
    expect(stringsOf(places.root, "compatible")).toContain("riscv-virtio");
  });
});
