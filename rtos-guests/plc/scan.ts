// One scan of the PLC: a command of the peer's → read inputs → logic → write outputs, its process image published, its
// watchdog fed, and its own time measured.
//
// Warm-up: the first WARM_UP_SCANS scans run with cold caches and translations. They are left out of the statistics and
// histograms (never out of the scan and overrun counts); everything after is in, since the guest's start, with no window.
import { now } from "../../build/generated/plcIsa";
import { ProcessImage } from "../channel/processImage";
import { publishImage, serveCommand } from "./channel";
import { feedWatchdog } from "./services";
import { runProgram } from "./logic/program";
import { readInputs, writeOutputs } from "./process";
import { Statistics, STATISTICS_BYTES } from "./statistics";
import { nanoseconds, nextDeadline, presentDeadline, SCAN_PERIOD_NS } from "./timer";
import { publishValues } from "./values";

export const WARM_UP_SCANS: u64 = 100;

export const image = changetype<ProcessImage>(memory.data(offsetof<ProcessImage>(), 8));
/** From the deadline to the scan's start. */
export const jitter = changetype<Statistics>(memory.data(STATISTICS_BYTES, 8));
/** From the last scan's start to this one's. */
export const cycle = changetype<Statistics>(memory.data(STATISTICS_BYTES, 8));
/** From the scan's start to its end, reports and hypercalls included. */
export const execution = changetype<Statistics>(memory.data(STATISTICS_BYTES, 8));

/** Deadlines that went by unserved. */
export let overruns: u64 = 0;
let missed: u64 = 0; // of them, those just before this scan
let started: u64 = 0; // now() at this scan's start
let previousStart: u64 = 0;

/** Before the first scan. */
export function startScans(): void {
  cycle.nominal = SCAN_PERIOD_NS;
}

/** What a scan is for. `start` is now() at the first instruction that could read it. */
export function beginScan(start: u64): void {
  previousStart = started;
  started = start;
  image.scans++;
  const passed = 1 + missed; // scan periods, each 1 ms
  serveCommand(image.scans);
  readInputs(image, passed);
  runProgram(image, <u32>passed);
  writeOutputs(image);
  publishImage(image);
  publishValues(image, start);
  feedWatchdog();
}

/** Measures the scan and sets the next deadline. */
export function endScan(): void {
  if (image.scans > WARM_UP_SCANS) {
    jitter.record(nanoseconds(started - presentDeadline()));
    cycle.record(nanoseconds(started - previousStart));
    execution.record(nanoseconds(now() - started));
  }
  missed = nextDeadline();
  overruns += missed;
}
