// The watchdog of a board in its device tree that the hypervisor can feed (Linux' binding snps,dw-wdt).
import { FRAME, MAPPED_END } from "../../boards/limits.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import type { Places } from "../../partitions/devicetree/places.ts";
import { isCompatible, isOn } from "../../partitions/devicetree/properties.ts";
import type { BoardFile } from "./file.ts";
import { CLOCK_UNKNOWN_HZ, clockOf } from "./uart.ts";

export interface WatchdogFacts {
  readonly watchdog: NonNullable<BoardFile["watchdog"]>;
  readonly node: FdtNode;
  /** The tree does not say how fast its clock is. */
  readonly clockUnknown: boolean;
}

/** The first one that is on; undefined: there is none. */
export function watchdogOf(places: Places): WatchdogFacts | undefined {
  for (const node of places.all) {
    const reg = isCompatible(node, "snps,dw-wdt") && isOn(node) ? (places.windowsOf(node)?.[0]?.base ?? 0) : 0;
    if (reg === 0 || reg % FRAME !== 0 || reg >= MAPPED_END) continue;
    const clock = clockOf(places, node);
    return { watchdog: { kind: "dw", reg, clock_hz: clock ?? CLOCK_UNKNOWN_HZ }, node, clockUnknown: clock === undefined };
  }
  return undefined;
}
