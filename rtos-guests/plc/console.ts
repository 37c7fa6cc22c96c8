// The guest's console: one line at a time, CONSOLE_WRITE_MAX characters a call, and one call a scan, so that a line never
// loads a scan. While a line is on its way the next one is not accepted.
import { CONSOLE_WRITE_MAX } from "../../core/abi";
import { bound } from "../../build/generated/cpu";
import { Line, LINE_BYTES } from "../text/line";
import { writeConsole } from "./services";

/** Calls in a row that the console may take nothing of, before the rest of the line is given up. */
const CONSOLE_RETRIES: u32 = 100;
/** Calls for one line outside the scan. A UART of 9600 baud has room for the next character after 1 ms: far fewer than these. */
const CONSOLE_CALLS_MAX: u32 = 1_000_000;

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

/** One call's worth of the line. */
export function sendPart(): void {
  if (sent == line.length) return;
  const taken = offer();
  refusals = taken == 0 ? refusals + 1 : 0;
  if (refusals > CONSOLE_RETRIES) sent = line.length;
}

/** The whole line at once, for use outside the scan: waits for a UART that is slow, or has nobody reading behind it just now. */
export function sendLine(): void {
  for (let i: u32 = 0; i < CONSOLE_CALLS_MAX && sent < line.length; i++) {
    bound(i, CONSOLE_CALLS_MAX);
    offer();
  }
  sent = line.length;
}

/** Gives back how much of the line's rest the console has taken. */
function offer(): u32 {
  const taken = writeConsole(line.start + sent, min(line.length - sent, CONSOLE_WRITE_MAX));
  sent += taken;
  return taken;
}
