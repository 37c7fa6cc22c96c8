// The hostile guest: it does what it is told, and says what came of it. What it can be told is compiled into its image
// (encode.ts); the host says by its console which steps to carry out. asc's entry file.
//
//   hostile: ready                                       it has started, and waits for a line "<first> <last>": step numbers
//   hostile: 17 24 0 - 0 0 0 0 a1b2c3d4                   steps 17…24: none was answered wrongly; digest of all x0
//   hostile: 17 24 2 19 ffffffff 1 2000000 40000000 …     two were; the first was step 19: x0, exceptions, ESR_EL1, FAR_EL1
//   hostile: panic 96000010 40000100 0                    an exception that no step has caused: ESR_EL1, ELR_EL1, FAR_EL1
//
// A step that does not come back is the end of this guest, and of the hypervisor's telling the host of it.
import { bound } from "../../../build/generated/cpu";
import {
  answerAny, answerDone, answerException, countOffset, exceptions, execute, fault, kindOffset, maskOffset, memoryRead32,
  memoryRead64, stepBytes, stepsAddress, stepsOffset, syndrome, timesOffset, valueOffset,
} from "../../../build/generated/hostile";
import { Line, LINE_BYTES } from "../../../rtos-guests/text/line";
import { awaitNumber, flush, readNumber, wasLastOfLine } from "./console";
import { close, open, sleep } from "./gic";

const TIMES_MAX: u32 = 1000000;
const STEPS_MAX: u32 = 10000;
// FNV-1a, 32 bits.
const DIGEST_START: u32 = 0x811c9dc5;
const DIGEST_PRIME: u32 = 0x01000193;

const line = changetype<Line>(memory.data(LINE_BYTES, 8));

// The first step answered wrongly.
let wrong: u32 = 0;
let wrongStep: u32 = 0;
let wrongX0: u64 = 0;
let wrongExceptions: u64 = 0;
let wrongSyndrome: u64 = 0;
let wrongFault: u64 = 0;
let digest: u32 = 0;

/** From start.S, once. */
export function start(): void {
  open();
  line.text("hostile: ready\n");
  flush(line);
}

/** From start.S, for ever: one command, or some sleep. */
export function serve(): void {
  const first = readNumber();
  if (first < 0) {
    sleep();
    return;
  }
  const last = wasLastOfLine() ? first : awaitNumber();
  const count = memoryRead32(stepsAddress() + countOffset());
  if (last < first || <u32>last >= count) return;
  close();
  run(<u32>first, <u32>last);
  open();
  report(<u32>first, <u32>last);
}

function run(first: u32, last: u32): void {
  wrong = 0;
  digest = DIGEST_START;
  for (let n = first; n <= last; n++) {
    bound(n - first, STEPS_MAX);
    const step = stepsAddress() + stepsOffset() + <u64>n * stepBytes();
    const before = exceptions();
    const times = memoryRead32(step + timesOffset());
    let x0: u64 = 0;
    for (let i: u32 = 0; i < times; i++) {
      bound(i, TIMES_MAX);
      x0 = execute(step);
    }
    digest = (digest ^ <u32>x0 ^ <u32>(x0 >> 32)) * DIGEST_PRIME;
    const taken = exceptions() - before;
    if (isRight(step, x0, taken, times)) continue;
    wrong++;
    if (wrong != 1) continue;
    wrongStep = n;
    wrongX0 = x0;
    wrongExceptions = taken;
    wrongSyndrome = syndrome();
    wrongFault = fault();
  }
}

function isRight(step: u64, x0: u64, taken: u64, times: u32): bool {
  const kind = <u64>memoryRead32(step + kindOffset());
  const mask = memoryRead64(step + maskOffset());
  const value = memoryRead64(step + valueOffset());
  if (kind == answerAny()) return true;
  if (kind == answerDone()) return taken == 0 && (x0 & mask) == value;
  return kind == answerException() && taken == times && (syndrome() & mask) == value;
}

function report(first: u32, last: u32): void {
  line.text("hostile: ");
  line.decimal(first);
  line.text(" ");
  line.decimal(last);
  line.text(" ");
  line.decimal(wrong);
  line.text(" ");
  if (wrong == 0) line.text("- 0 0 0 0");
  else {
    line.decimal(wrongStep);
    line.text(" ");
    line.hex(wrongX0);
    line.text(" ");
    line.decimal(wrongExceptions);
    line.text(" ");
    line.hex(wrongSyndrome);
    line.text(" ");
    line.hex(wrongFault);
  }
  line.text(" ");
  line.hex(digest);
  line.text("\n");
  flush(line);
}

/** From vectors.S: an exception that is no step's. */
export function panic(esr: u64, elr: u64, far: u64): void {
  line.length = 0;
  line.text("hostile: panic ");
  line.hex(esr);
  line.text(" ");
  line.hex(elr);
  line.text(" ");
  line.hex(far);
  line.text("\n");
  flush(line);
}
