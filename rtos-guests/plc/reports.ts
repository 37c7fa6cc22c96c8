// What the guest tells others beyond its process image, spread over the scans so that none is loaded: a scan does at most
// one thing here, which without a mailbox is a hypercall.
//
//   scan in its round of 100:  0          1 … 17         18, 19, 20           21         30 … 99
//                              snapshot   one tag each   one histogram each   doorbell   the console line, a part each
import {
  PLC_TAG_CYCLE_LAST, PLC_TAG_CYCLE_MIN, PLC_TAG_CYCLE_RECENT, PLC_TAG_EXEC_LAST, PLC_TAG_EXEC_MIN, PLC_TAG_EXEC_RECENT,
  PLC_TAG_JITTER_LAST, PLC_TAG_JITTER_MIN, PLC_TAG_JITTER_RECENT, PLC_TAG_OVERRUNS, PLC_TAG_SCANS,
} from "./abi";
import { HISTOGRAM_CYCLE, HISTOGRAM_EXECUTION, HISTOGRAM_JITTER } from "../channel/timing";
import { Line } from "../text/line";
import { publishHistogram, publishOverruns, ringPeer } from "./channel";
import { openLine, sendPart } from "./console";
import { publishTag } from "./services";
import { cycle, execution, image, jitter, overruns } from "./scan";
import { Statistics } from "./statistics";
import { SCANS_PER_SECOND } from "./timer";

const ROUND: u64 = 100;
const SNAPSHOT: u32 = 0;
const TAG_FIRST: u32 = 1;
const TAG_COUNT: u32 = PLC_TAG_EXEC_RECENT + 1;
const HISTOGRAM_FIRST: u32 = TAG_FIRST + TAG_COUNT;
const DOORBELL: u32 = HISTOGRAM_FIRST + 3;
const LINE_FIRST: u32 = 30;

/** TAG_COUNT values of 8 bytes. */
const tags = memory.data(TAG_COUNT << 3, 8);

function setTag(tag: u32, value: u64): void {
  store<u64>(tags + (<usize>tag << 3), value);
}

/** Minimum, average and maximum stand in this order. */
function setTags(statistics: Statistics, minimum: u32, last: u32, recent: u32): void {
  setTag(minimum, statistics.minimum);
  setTag(minimum + 1, statistics.average);
  setTag(minimum + 2, statistics.maximum);
  setTag(last, statistics.last);
  setTag(recent, statistics.recent);
  if (image.scans % SCANS_PER_SECOND == SNAPSHOT) statistics.turn();
}

/** All tags at one moment, so that those of one round belong together. */
function snapshot(): void {
  setTag(PLC_TAG_SCANS, image.scans);
  setTag(PLC_TAG_OVERRUNS, overruns);
  setTags(cycle, PLC_TAG_CYCLE_MIN, PLC_TAG_CYCLE_LAST, PLC_TAG_CYCLE_RECENT);
  setTags(jitter, PLC_TAG_JITTER_MIN, PLC_TAG_JITTER_LAST, PLC_TAG_JITTER_RECENT);
  setTags(execution, PLC_TAG_EXEC_MIN, PLC_TAG_EXEC_LAST, PLC_TAG_EXEC_RECENT);
}

function times(line: Line, name: string, statistics: Statistics): void {
  line.text(name);
  line.decimal(statistics.minimum);
  line.text("/");
  line.decimal(statistics.average);
  line.text("/");
  line.decimal(statistics.maximum);
  line.text(" ns");
}

/** One line a second; none while the last one is still on its way. */
function composeLine(): void {
  const line = openLine();
  if (line === null) return;
  line.text("plc: scans=");
  line.decimal(image.scans);
  line.text(" overruns=");
  line.decimal(overruns);
  times(line, " jitter=", jitter);
  times(line, " exec=", execution);
  line.text(" setpoint=");
  line.milli(image.setpoint);
  line.text(" measured=");
  line.milli(image.measured);
  line.text("\r\n");
}

/** This scan's share of the reports. */
export function report(): void {
  const step = <u32>(image.scans % ROUND);
  if (step == SNAPSHOT) {
    snapshot();
    publishOverruns(overruns);
  } else if (step < HISTOGRAM_FIRST) publishTag(step - TAG_FIRST, load<u64>(tags + (<usize>(step - TAG_FIRST) << 3)));
  else if (step == HISTOGRAM_FIRST) publishHistogram(HISTOGRAM_JITTER, jitter);
  else if (step == HISTOGRAM_FIRST + 1) publishHistogram(HISTOGRAM_CYCLE, cycle);
  else if (step == HISTOGRAM_FIRST + 2) publishHistogram(HISTOGRAM_EXECUTION, execution);
  else if (step == DOORBELL) ringPeer();
  else if (image.scans % SCANS_PER_SECOND == LINE_FIRST) composeLine();
  else if (step > LINE_FIRST) sendPart();
}
