// A board.yaml of a RISC-V board's device tree: what the tree says, and where it says nothing what is likely, with a remark.
import { FRAME } from "../../../boards/limits.ts";
import { aiaFrames } from "../../../partitions/check/riscv64/facts.ts";
import { stringsOf } from "../../../partitions/devicetree/properties.ts";
import { BLOCK, contains, gapsOf, overlaps } from "../../../partitions/units.ts";
import type { Span } from "../../../partitions/units.ts";
import { banksOf, describe, holdSound, kindsOf, matchOf, nameOf, remark } from "../compose.ts";
import type { Composed } from "../compose.ts";
import { cachesOf } from "../cpus.ts";
import { devicesOf, usable } from "../devices.ts";
import type { RiscvFile } from "../file.ts";
import { sparesOf } from "../gic.ts";
import { memoryOf, ramOf, reservedOf } from "../memory.ts";
import type { MemoryFacts } from "../memory.ts";
import { uartOf } from "../uart.ts";
import { watchdogOf } from "../watchdog.ts";
import type { RiscvTree } from "./tree.ts";

/** `ram`: goes before the tree's. */
export function composeRiscv(tree: RiscvTree, ram: readonly Span[]): Composed<RiscvFile> {
  const { fdt, places, harts, interrupts, aia: { imsic, aplic, guestFiles, nodes } } = tree;
  const { uart: { spi: source, ...uart }, node: uartNode, clockUnknown } = uartOf(places, interrupts);
  const found = watchdogOf(places);
  const { memory, isGuessed } = withFirmware(ram.length > 0 ? ram : ramOf(places), reservedOf(places, fdt));
  const [model = ""] = harts.compatible;
  const isAlike = harts.compatible.every((each) => each === model);
  const [compatible] = stringsOf(places.root, "compatible");
  const unfilled: RiscvFile = {
    name: nameOf(compatible),
    description: describe(tree, harts.compatible, "AIA", memory.ram),
    isa: "riscv64",
    cpus: {
      compatible: isAlike ? model : [...harts.compatible],
      harts: [...harts.ids],
      extensions: [...harts.extensions],
      mmu: harts.mmu,
      guest_files: guestFiles,
      caches: cachesOf(places, harts),
    },
    ...banksOf(memory),
    imsic: { ...imsic },
    aplic: { ...aplic },
    counter_hz: harts.counterHz,
    uart: { ...uart, source },
    ...(found === undefined ? {} : { watchdog: found.watchdog }),
    spare_sources: [...sparesOf(interrupts.used(), aplic.sources + 1, 1)],
    boot: { image: memory.image },
    ...matchOf(compatible),
    device_kinds: {},
    devices: {},
  };
  const { devices, leftOut } = usable(
    devicesOf(tree, [...nodes, uartNode, ...(found === undefined ? [] : [found.node])], uartNode),
    [
      ...memory.ram,
      ...aiaFrames({ aplic, imsic }, harts.ids, harts.ids.map(() => guestFiles)).map(({ span }) => span),
      { base: uart.reg, size: FRAME },
      ...(found === undefined ? [] : [{ base: found.watchdog.reg, size: FRAME }]),
    ],
    new Set([source]),
  );
  const board: RiscvFile = { ...unfilled, ...kindsOf(devices, (numbers) => ({ source: numbers })) };
  holdSound(board);
  return {
    board,
    remarks: new Map([
      ...remark("cpus", harts.more > 0, `the first 8 of ${harts.more + harts.nodes.length}`),
      ["imsic", "guest_files: as many as there is room for between two harts; the tree does not say how many there are"],
      ...remark("reserved", isGuessed, "the tree does not say what firmware keeps: it begins where RAM does, as OpenSBI"),
      ...remark("ram", memory.more > 0, `without ${memory.more} smaller banks`),
      ...remark("uart", clockUnknown, "the tree does not say how fast its clock is; baud: is left as firmware has set it"),
      ...remark("watchdog", found?.clockUnknown === true, "the tree does not say how fast its clock is"),
      ["spare_sources", "that no node of the tree has"],
      ["image", "2 MiB behind the begin of RAM, where firmware puts a riscv Image; or near the begin of the largest stretch"],
    ]),
    leftOut,
    inUse: new Set(devices.filter(({ isOn }) => isOn).map(({ name }) => name)),
  };
}

/** Firmware's own memory is in its tree if it has passed it on; a tree that comes from somewhere else has nothing of it. */
function withFirmware(ram: readonly Span[], kept: ReturnType<typeof reservedOf>): { memory: MemoryFacts; isGuessed: boolean } {
  const first = { base: Math.min(...ram.map(({ base }) => base)), size: BLOCK };
  const isGuessed = ram.length > 0 && !kept.some((span) => overlaps(span, first));
  const memory = memoryOf(ram, isGuessed ? [...kept, { ...first, what: "firmware" }] : kept);
  const usual = { base: first.base + BLOCK, size: BLOCK };
  const isFree = gapsOf(memory.ram, memory.reserved).some((free) => contains(free, usual));
  return { memory: isFree ? { ...memory, image: usual.base } : memory, isGuessed };
}
