// The watchdog of a board in its device tree that the hypervisor can feed (Linux' bindings snps,dw-wdt, fsl-imx-wdt).
import { FRAME, MAPPED_END } from "../../boards/limits.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import type { Places } from "../../partitions/devicetree/places.ts";
import { isCompatible, isOn } from "../../partitions/devicetree/properties.ts";
import type { BoardFile } from "./file.ts";
import { CLOCK_UNKNOWN_HZ, clockOf } from "./uart.ts";

/** What one of each kind is compatible with. */
export const WATCHDOGS = { dw: "snps,dw-wdt", imx: "fsl,imx21-wdt" } as const;

export interface WatchdogFacts {
  readonly watchdog: NonNullable<BoardFile["watchdog"]>;
  readonly node: FdtNode;
  /** The tree does not say how fast its clock is. */
  readonly clockUnknown: boolean;
}

/** The first one that is on; undefined: there is none. */
export function watchdogOf(places: Places): WatchdogFacts | undefined {
  for (const node of places.all) {
    const kind = (["dw", "imx"] as const).find((each) => isCompatible(node, WATCHDOGS[each]));
    if (kind === undefined || !isOn(node)) continue;
    const reg = places.windowsOf(node)?.[0]?.base ?? 0;
    if (reg === 0 || reg % FRAME !== 0 || reg >= MAPPED_END) continue;
    if (kind === "imx") return { watchdog: { kind, reg }, node, clockUnknown: false };
    const clock = clockOf(places, node);
    return { watchdog: { kind, reg, clock_hz: clock ?? CLOCK_UNKNOWN_HZ }, node, clockUnknown: clock === undefined };
  }
  return undefined;
}
