// The hostile guest's console: lines out by hypercall, numbers in by the emulated UART (PL011, Arm DDI 0183).
import { bound } from "../../../build/generated/cpu";
import { consoleOffset, deviceRead32, hvc, memoryRead64, stepsAddress } from "../../../build/generated/hostile";
import { CONSOLE_WRITE_MAX } from "../../../core/abi";
import { HYPERCALL_CONSOLE_WRITE } from "../../../arch/aarch64/calls";
import { Line, LINE_MAX } from "../../../rtos-guests/text/line";
import { sleep } from "./gic";

const UARTDR: u64 = 0x00;
const UARTFR: u64 = 0x18;
const FR_RXFE: u32 = 1 << 4;
const ZERO: u32 = 0x30;
const NEWLINE: u32 = 0x0a;
const NUMBER_MAX: i64 = 1000000000;
/** Milliseconds, more or less. */
const WAITS_MAX: u32 = 100000;
/** Its ring is full after a flood: the hypervisor empties it in a while. */
const REFUSALS_MAX: u32 = 10000;

let lastCharacter: u32 = 0;

/** Sends all of a line, and empties it. */
export function flush(line: Line): void {
  let sent: u32 = 0;
  for (let i: u32 = 0; i < LINE_MAX + REFUSALS_MAX && sent < line.length; i++) {
    bound(i, LINE_MAX + REFUSALS_MAX);
    const from = line.start + sent;
    const taken = <i64>hvc(
      HYPERCALL_CONSOLE_WRITE, min(line.length - sent, CONSOLE_WRITE_MAX),
      load<u64>(from), load<u64>(from, 8), load<u64>(from, 16), load<u64>(from, 24), load<u64>(from, 32), load<u64>(from, 40),
    );
    if (taken > 0) sent += <u32>taken;
    else sleep();
  }
  line.length = 0;
}

/** Next character that was typed; -1: none. */
function typed(): i32 {
  const uart = memoryRead64(stepsAddress() + consoleOffset());
  return (deviceRead32(uart + UARTFR) & FR_RXFE) != 0 ? -1 : <i32>(deviceRead32(uart + UARTDR) & 0xff);
}

/** A decimal number, up to the character behind it: waited for, once its first digit has come. -1: nothing has. */
export function readNumber(): i64 {
  const first = typed();
  return first < 0 ? -1 : readRest(first);
}

/** The next number of a line that has begun. */
export function awaitNumber(): i64 {
  return readRest(-1);
}

function readRest(first: i32): i64 {
  let character = first;
  let value: i64 = 0;
  for (let i: u32 = 0; i < WAITS_MAX; i++) {
    bound(i, WAITS_MAX);
    if (character < 0) sleep();
    else {
      const digit = <u32>character - ZERO;
      lastCharacter = <u32>character;
      if (digit > 9) return value;
      if (value < NUMBER_MAX) value = value * 10 + digit;
    }
    character = typed();
  }
  return -1;
}

/** The number that was read last stood at the end of its line. */
export function wasLastOfLine(): bool {
  return lastCharacter == NEWLINE;
}
