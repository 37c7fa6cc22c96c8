// How far a slot is written and read back, and how fast, for who waits for it.
import { formatSize, MIB } from "../../../partitions/units.ts";

/** Called now and then. */
export type Progress = (what: "already there" | "written" | "read back", bytes: number, total: number) => void;

const PERCENT = 100;
/** Where nobody watches a line change, one in so many percent. */
const STEP = 25;

export function progressOn(stream: NodeJS.WriteStream): Progress {
  let last = "";
  let phase = { what: "", began: 0, from: 0 };
  return (what, bytes, total) => {
    if (phase.what !== what) phase = { what, began: performance.now(), from: bytes };
    const step = stream.isTTY ? 1 : STEP;
    const line = `${what}: ${Math.floor((bytes / total) * (PERCENT / step)) * step} % of ${formatSize(total)}`;
    if (line === last) return;
    last = line;
    const rate = rateOf(bytes - phase.from, performance.now() - phase.began);
    const isEnd = bytes === total;
    stream.write(stream.isTTY ? `\r${line}${rate}\u001b[K${isEnd ? "\n" : ""}` : `${line}${rate}\n`);
  };
}

const SECOND_MS = 1000;

/** Of what came after the first time that it was told. */
function rateOf(bytes: number, milliseconds: number): string {
  if (bytes === 0 || milliseconds === 0) return "";
  return `, ${((bytes / MIB) * (SECOND_MS / milliseconds)).toFixed(1)} MiB/s`;
}
