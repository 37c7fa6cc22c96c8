// Timers and PMUs: interrupts that each pCPU has of its own (Linux' bindings of arm,arch_timer and arm/pmu).
import { COUNTER_MAX, COUNTER_MIN } from "../../boards/limits.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { cellsOf, isCompatible, isOn, numberOf, stringsOf } from "../../partitions/devicetree/properties.ts";
import type { Cpus } from "./cpus.ts";
import { BoardError } from "./errors.ts";
import type { BoardFile } from "./file.ts";
import { Interrupts } from "./interrupts.ts";

/** In the order of the binding; by their names where `interrupt-names` has them. */
const TIMERS = [
  ["secure", "sec-phys"],
  ["physical", "phys"],
  ["virtual", "virt"],
  ["hypervisor", "hyp-phys"],
] as const;

export function timersOf(
  places: Places,
  interrupts: Interrupts,
): { readonly timer: BoardFile["timer"]; readonly counterHz?: number } {
  const node = places.all.find((each) => isCompatible(each, "arm,armv8-timer") && isOn(each));
  if (node === undefined) throw new BoardError("AXV_BOARD_TIMER", "this tree has no arm,armv8-timer");
  const lines = interrupts.of(node);
  const names = stringsOf(node, "interrupt-names");
  const ppi = (at: number, name: string): number => {
    const line = lines[names.length === 0 ? at : names.indexOf(name)];
    if (line?.type === "ppi") return line.number;
    throw new BoardError("AXV_BOARD_TIMER", `${node.path} has no PPI of the ${TIMERS[at]?.[0] ?? ""} timer`);
  };
  const [secure, physical, virtual, hypervisor] = TIMERS.map(([, name], at) => ppi(at, name)) as [number, number, number, number];
  const hz = numberOf(node, "clock-frequency");
  const isKnown = hz !== undefined && hz >= COUNTER_MIN && hz <= COUNTER_MAX;
  return { timer: { secure, physical, virtual, hypervisor }, ...(isKnown ? { counterHz: hz } : {}) };
}

/** Devices that count events, of whichever Arm CPU. */
const PMU = /^arm,armv8-pmuv3$|^(arm|apm|brcm|cavium|nvidia|qcom|phytium),[a-z0-9-]+-pmu$/;

/** Undefined: it is not wired to every pCPU, or the tree does not say so. */
export function pmuOf(places: Places, interrupts: Interrupts, { nodes }: Cpus): BoardFile["pmu"] {
  const pmus = places.all.filter(
    (node) => isOn(node) && stringsOf(node, "compatible").some((model) => PMU.test(model)) && interrupts.of(node).length > 0,
  );
  const lines = pmus.flatMap((node) => interrupts.of(node));
  const [first] = lines;
  if (first === undefined) return undefined;
  // One PPI; where the pCPUs are of several kinds a node for each, with a partition of the same PPI.
  if (first.type === "ppi")
    return lines.every((line) => line.type === "ppi" && line.number === first.number) ? first.number : undefined;
  const owned = new Map<FdtNode, number>();
  for (const node of pmus) {
    const affinity = cellsOf(node, "interrupt-affinity");
    for (const [at, { type, number }] of interrupts.of(node).entries()) {
      // Without `interrupt-affinity`, in the order of the pCPUs (as Linux guesses).
      const cpu = affinity.length > 0 ? places.byPhandle(affinity[at] ?? 0) : pmus.length === 1 ? nodes[at] : undefined;
      if (cpu !== undefined && type === "spi") owned.set(cpu, number);
    }
  }
  const spis = nodes.flatMap((node) => owned.get(node) ?? []);
  return spis.length === nodes.length && new Set(spis).size === spis.length ? { spis } : undefined;
}
