// The board's own watchdog, as the hypervisor is to set it (core/devices/watchdog.ts).
import type { Board } from "../../boards/schema.ts";
import { WATCHDOG_TOP_MAX } from "../blob/layout.table.ts";
import type { PlannedWatchdog } from "./plan.ts";

/** So long, or up to twice that, it waits for a housekeeping tick: a debugger that holds one pCPU is no reason for a reset. */
const SECONDS = 10;
const TOP_BASE = 16;

export function planWatchdog({ watchdog }: Board): PlannedWatchdog | null {
  if (watchdog === undefined) return null;
  if (watchdog.kind === "imx") return { kind: "imx", address: watchdog.reg, top: 0 };
  const top = Math.ceil(Math.log2(SECONDS * watchdog.clock_hz)) - TOP_BASE;
  return { kind: "dw", address: watchdog.reg, top: Math.min(WATCHDOG_TOP_MAX, Math.max(0, top)) };
}
