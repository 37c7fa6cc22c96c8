// Counts, rates and times as people read them: short, and never wider than their column. And which slot it is.
import type { SystemTelemetry, Update, UpdateTelemetry } from "../link/telemetry.ts";

/** "0", "0.4", "12", "9876", "12.3k", "4.5M": never wider than 5. */
export function showRate(rate: number): string {
  if (rate === 0) return "0";
  if (rate < 9.95) return rate.toFixed(1);
  if (rate < 9999.5) return rate.toFixed(0);
  return rate < 999_950 ? `${(rate / 1e3).toFixed(1)}k` : `${(rate / 1e6).toFixed(1)}M`;
}

/** Exact as long as it is short: "0", "17", "98765", "123k", "45.6M". */
export function showCount(count: number): string {
  if (count < 100_000) return String(count);
  return count < 999_500 ? `${(count / 1e3).toFixed(0)}k` : `${(count / 1e6).toFixed(1)}M`;
}

/** Nanoseconds: "0", "850 ns", "12.3 µs", "4.5 ms", "2.0 s". */
export function showTime(nanoseconds: bigint | number): string {
  const value = Number(nanoseconds);
  if (value === 0) return "0";
  if (value < 1e3) return `${value} ns`;
  if (value < 1e6) return `${(value / 1e3).toFixed(1)} µs`;
  if (value < 1e9) return `${(value / 1e6).toFixed(1)} ms`;
  return `${(value / 1e9).toFixed(1)} s`;
}

const UPDATE_TEXTS: Readonly<Record<Update, string>> = {
  none: "",
  committed: ", update committed",
  pending: ", update pending",
  healthy: ", update healthy: it can be committed",
  failed: ", update failed: the board is reset",
};

/** "slot b, update pending" */
export const showSlot = ({ slot, update }: Pick<SystemTelemetry, "slot" | "update">): string =>
  `slot ${slot}${UPDATE_TEXTS[update]}`;

const KIB = 1024;

/** Of one partition's image, and a new one on its way to it: "7 runs, 8 from its next start on; receiving: 40 % of 1024 KiB". */
export function showUpdate(update: UpdateTelemetry): string {
  const { running, next, version } = update;
  const following = next === running ? "" : `, ${next} from its next start on`;
  const newest = version === running || version === next ? "" : `; newest ${version}`;
  return `${running} runs${following}${newest}${showArrival(update)}`;
}

function showArrival({ state, refused, received, size }: UpdateTelemetry): string {
  switch (state) {
    case "idle":
    case "ready":
      return "";
    case "receiving":
      return `; receiving: ${size > 0 ? Math.floor((100 * received) / size) : 0} % of ${Math.ceil(size / KIB)} KiB`;
    case "refused":
      return `; refused: wrong ${refused ?? "in some way"}`;
    default:
      return `; ${state}`;
  }
}

/** "00:07", "2:00:07", "3d 04:00:00". */
export function showUptime(nanoseconds: bigint): string {
  const seconds = nanoseconds / 1_000_000_000n;
  const pad = (value: bigint): string => value.toString().padStart(2, "0");
  const clock = `${pad((seconds / 60n) % 60n)}:${pad(seconds % 60n)}`;
  if (seconds < 3600n) return clock;
  const hours = seconds / 3600n;
  return hours < 24n ? `${hours}:${clock}` : `${hours / 24n}d ${pad(hours % 24n)}:${clock}`;
}
