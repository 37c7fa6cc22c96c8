// The guest's console: one line at a time, CONSOLE_WRITE_MAX characters a call, and one call a scan, so that a line never
// loads a scan. While a line is on its way the next one is not accepted.
import { CONSOLE_WRITE_MAX } from "../../core/abi";
import { bound } from "../../build/generated/cpu";
import { Line, LINE_BYTES, LINE_MAX } from "../text/line";
import { writeConsole } from "./services";

/** Calls in a row that the console may take nothing of, before the rest of the line is given up. */
const CONSOLE_RETRIES: u32 = 100;
/** Calls that one line needs at most, if every retry is used up before each part of it. */
const CONSOLE_CALLS_MAX: u32 = (LINE_MAX / CONSOLE_WRITE_MAX + 1) * (CONSOLE_RETRIES + 1);

const line = changetype<Line>(memory.data(LINE_BYTES, 8));
let sent: u32 = 0;
let refusals: u32 = 0;

/** An empty line to write into, or null while the last one has not left. */
export function openLine(): Line | null {
  if (sent < line.length) return null;
  line.length = 0;
  sent = 0;
  refusals = 0;
  return line;
}

/** An empty line, whatever was under way: for a panic. */
export function seizeLine(): Line {
  sent = line.length;
  return <Line>openLine();
}

/** One call's worth of the line. Gives back whether there is more to send. */
export function sendPart(): bool {
  const rest = line.length - sent;
  if (rest == 0) return false;
  const taken = writeConsole(line.start + sent, min(rest, CONSOLE_WRITE_MAX));
  sent += taken;
  refusals = taken == 0 ? refusals + 1 : 0;
  if (refusals > CONSOLE_RETRIES) sent = line.length;
  return sent < line.length;
}

/** The whole line at once, for use outside the scan. */
export function sendLine(): void {
  for (let i: u32 = 0; i < CONSOLE_CALLS_MAX; i++) {
    bound(i, CONSOLE_CALLS_MAX);
    if (!sendPart()) return;
  }
}
