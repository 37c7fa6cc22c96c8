// Devices in a device tree that partitions can have: registers that a CPU reaches, interrupts, DMA (Devicetree Specification
// v0.4, 2.3; Linux' bindings).
import { nodeName } from "../../boards/devices.ts";
import { DEVICE_END, DEVICE_SPIS_MAX, WINDOWS_MAX } from "../../boards/limits.ts";
import { modelName, nodePath, REGISTER } from "../../boards/values.ts";
import type { Spi } from "../../boards/schema.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { cellsOf, isOn, stringsOf } from "../../partitions/devicetree/properties.ts";
import type { Span } from "../../partitions/units.ts";
import { end, overlaps, pagesOf } from "../../partitions/units.ts";
import { isMemory } from "./memory.ts";
import type { RiscvTree } from "./riscv64/tree.ts";
import type { Tree } from "./tree.ts";

export interface DeviceFacts {
  readonly name: string;
  readonly path: string;
  readonly node: string;
  readonly compatible: readonly string[];
  readonly windows: readonly Span[];
  readonly spis: readonly Spi[];
  readonly dma: boolean;
  readonly coherent: boolean;
  /** Where all its clocks are the UART's: their names. */
  readonly clockNames: readonly string[];
  readonly isOn: boolean;
}

/** What of a tree no board.yaml can say, or nobody can have, and why. */
export interface LeftOut {
  readonly path: string;
  readonly why: string;
}

export interface Devices {
  readonly devices: readonly DeviceFacts[];
  readonly leftOut: readonly LeftOut[];
}

/** More than any board has. */
const DEVICES_MAX = 2048;

const baseName = (name: string): string => name.split("@")[0] ?? "";

/** By the generic names of nodes (2.2.2) and what Linux' trees have besides: these have no way to memory of their own. */
const NEVER_MASTERS = new Set([
  "adc",
  "bus",
  "cache-controller",
  "can",
  "chipid",
  "clock",
  "clock-controller",
  "counter",
  "efuse",
  "eeprom",
  "fuse",
  "gpio",
  "hwlock",
  "hwspinlock",
  "i2c",
  "i3c",
  "interconnect",
  "interrupt-controller",
  "keypad",
  "mailbox",
  "mbox",
  "memory-controller",
  "nvmem",
  "otp",
  "phy",
  "pinctrl",
  "pinmux",
  "pl031",
  "pl061",
  "pmu",
  "power-controller",
  "power-management",
  "pwm",
  "qos",
  "reset-controller",
  "rng",
  "rtc",
  "saradc",
  "serial",
  "serdes",
  "spinlock",
  "sram",
  "syscon",
  "system-controller",
  "syscounter",
  "temperature-sensor",
  "tacho",
  "thermal",
  "thermal-sensor",
  "timer",
  "tsadc",
  "uart",
  "usb-phy",
  "usb2phy",
  "watchdog",
]);

/** Behind an IOMMU it masters the bus, with a DMA controller's channels it does not; what is not known is taken to do so. */
const masters = (node: FdtNode): boolean =>
  node.properties.has("iommus") || !(node.properties.has("dmas") || NEVER_MASTERS.has(baseName(node.name)));

/** What the nearest one up the tree says (2.3.10); else it is as the ISA has it: on RISC-V, so Linux takes it, coherent. */
function isCoherent(places: Places, node: FdtNode, byDefault: boolean): boolean {
  const says = [node, ...places.ancestorsOf(node)].find(
    ({ properties }) => properties.has("dma-coherent") || properties.has("dma-noncoherent"),
  );
  return says === undefined ? byDefault : says.properties.has("dma-coherent");
}

/** Names that people know: a label, an alias, or what it is and where. */
function namesOf(places: Places): (node: FdtNode, reg: number) => string {
  const known = new Map<string, string>();
  for (const path of ["/aliases", "/__symbols__"]) {
    const list = places.byPath(path);
    for (const name of list?.properties.keys() ?? []) {
      const [target = ""] = list === undefined ? [] : stringsOf(list, name);
      if (!known.has(target)) known.set(target, name);
    }
  }
  const taken = new Set<string>();
  return (node, reg) => {
    const place = `${baseName(node.name)}-${reg.toString(16)}`;
    const plain = (text: string): string =>
      text
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-|-$/g, "")
        .slice(0, 50);
    const wanted = plain(known.get(node.path) ?? place) || plain(place);
    const name = taken.has(wanted) ? `${wanted}-${reg.toString(16)}` : wanted;
    taken.add(name);
    return name;
  };
}

/** All that have registers. `own`: nodes that the hypervisor drives; `uart`: its UART among them. Those in use first. */
export function devicesOf(
  { isa, places, interrupts }: Pick<Tree | RiscvTree, "isa" | "places" | "interrupts">, own: readonly FdtNode[], uart?: FdtNode,
): DeviceFacts[] {
  const hidden = new Set([...own, ...["/cpus", "/reserved-memory"].flatMap((path) => places.byPath(path) ?? [])]);
  const candidates = places.all.filter(
    (node) =>
      node.properties.has("compatible") &&
      node.properties.has("reg") &&
      !isMemory(node) &&
      ![node, ...places.ancestorsOf(node)].some((each) => hidden.has(each)) &&
      !stringsOf(node, "compatible").includes("simple-bus"),
  );
  const nameOf = namesOf(places);
  const [clock] = uart === undefined ? [] : cellsOf(uart, "clocks");
  return [...candidates.filter(isOn), ...candidates.filter((each) => !isOn(each))].flatMap((node) => {
    const windows = places.windowsOf(node)?.filter(({ size }) => size > 0) ?? [];
    const [first] = windows;
    if (first === undefined) return [];
    const lines = [...interrupts.of(node), ...interrupts.ofChildren(node)].filter(({ type }) => type === "spi");
    const clocks = cellsOf(node, "clocks");
    return {
      name: nameOf(node, first.base),
      path: node.path,
      node: baseName(node.name),
      compatible: stringsOf(node, "compatible"),
      windows,
      spis: [...new Map(lines.map(({ number, trigger }) => [number, trigger]))].map(([spi, trigger]) => ({ spi, trigger })),
      dma: masters(node),
      coherent: isCoherent(places, node, isa === "riscv64"),
      clockNames: clocks.length > 0 && clocks.every((each) => each === clock) ? stringsOf(node, "clock-names") : [],
      isOn: isOn(node),
    };
  });
}

/** `frames`: where the hypervisor's own registers and RAM are. `ownSpis`: lines of the hypervisor's own. */
export function usable(all: readonly DeviceFacts[], frames: readonly Span[], ownSpis: ReadonlySet<number>): Devices {
  const devices: DeviceFacts[] = [];
  const leftOut: LeftOut[] = [];
  const registers: Span[] = [];
  // Where two have the same registers, the one in use gets them.
  for (const device of all) {
    const why = devices.length >= DEVICES_MAX ? "there are too many" : whyNot(device, frames, registers, ownSpis);
    if (why === undefined) {
      registers.push(...device.windows);
      devices.push(device);
    } else leftOut.push({ path: device.path, why });
  }
  return { devices, leftOut };
}

function whyNot(
  { path, node, compatible, windows, spis }: DeviceFacts,
  frames: readonly Span[],
  registers: readonly Span[],
  ownSpis: ReadonlySet<number>,
): string | undefined {
  const isHeld = nodePath.safeParse(path).success && nodeName.safeParse(node).success;
  if (!isHeld || !compatible.every((model) => modelName.safeParse(model).success))
    return "names that no board.yaml can hold";
  if (windows.length > WINDOWS_MAX || spis.length > DEVICE_SPIS_MAX) return "too many windows or interrupts";
  if (windows.some((span) => span.base % REGISTER !== 0 || end(span) > DEVICE_END)) return "registers that no guest reaches";
  if (spis.some(({ spi }) => ownSpis.has(spi))) return "an interrupt of the hypervisor's own UART or of a PMU";
  if (windows.some((span) => frames.some((frame) => overlaps(pagesOf(span), frame)))) return "pages of RAM, GIC or UART";
  const isTaken = windows.some(
    (span, at) => registers.some((other) => overlaps(span, other)) || windows.slice(0, at).some((other) => overlaps(span, other)),
  );
  return isTaken ? "registers of another one" : undefined;
}
