// What the programs of this folder have in common: how they end, complain, map their channel and wait.
import { addressOf, mmap, nanosleep, openat, ppoll, write } from "../../build/generated/linux";
import { Line, LINE_BYTES } from "../text/line";

// Exit statuses; GO_ON is not one: a program ends only when it cannot do its work.
export const GO_ON: u32 = 0;
export const EXIT_USAGE: u32 = 2;
export const EXIT_OPEN: u32 = 3;
export const EXIT_MAP: u32 = 4;
export const EXIT_WRITE: u32 = 5;

export const STANDARD_INPUT: u64 = 0;
export const STANDARD_OUTPUT: u64 = 1;
export const STANDARD_ERROR: u64 = 2;

// include/uapi: fcntl.h, asm-generic/mman-common.h
export const AT_FDCWD: u64 = <u64>-100;
export const O_RDONLY: u64 = 0;
const O_RDWR: u64 = 2;
const PROT_READ: u64 = 1;
const PROT_WRITE: u64 = 2;
const MAP_SHARED: u64 = 1;

/** struct timespec. */
@unmanaged
class TimeSpec {
  seconds: i64;
  nanoseconds: i64;
}

/** What is printed next. */
export const line = changetype<Line>(memory.data(LINE_BYTES, 8));
const time = changetype<TimeSpec>(memory.data(offsetof<TimeSpec>(), 8));
/** Where mapChannel() has mapped it. */
export let channel: u64 = 0;

/** Prints `line`, and empties it. */
export function send(descriptor: u64): bool {
  line.text("\n");
  const written = write(descriptor, addressOf(<u32>line.start), line.length);
  line.length = 0;
  return <i64>written > 0;
}

/** Address of the text with a NUL behind it, for the kernel: until something is put into `line`, which is empty. */
export function pathOf(text: string): u64 {
  line.text(text);
  line.character(0);
  line.length = 0;
  return addressOf(<u32>line.start);
}

export function failed(program: string, what: string, errno: i64, status: u32): u32 {
  line.text(program);
  line.text(what);
  line.text(" failed, errno ");
  line.decimal(<u64>-errno);
  send(STANDARD_ERROR);
  return status;
}

/** Maps `size` bytes at `offset` of the device whose path stands at `path`. GO_ON, or an exit status, after it has been said. */
export function mapChannel(program: string, path: u64, offset: u64, size: u64, writable: bool = false): u32 {
  const descriptor = <i64>openat(AT_FDCWD, path, writable ? O_RDWR : O_RDONLY);
  if (descriptor < 0) return failed(program, "open of the device", descriptor, EXIT_OPEN);
  const mapped = <i64>mmap(0, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, descriptor, offset);
  if (mapped < 0) return failed(program, "mmap of the channel", mapped, EXIT_MAP);
  channel = mapped;
  return GO_ON;
}

export function pause(seconds: i64, nanoseconds: i64): void {
  time.seconds = seconds;
  time.nanoseconds = nanoseconds;
  nanosleep(addressOf(<u32>changetype<usize>(time)), 0);
}

/** struct pollfd. */
@unmanaged
class PollDescriptor {
  descriptor: i32;
  events: i16;
  revents: i16;
}
const POLLIN: i16 = 1;
const waited = changetype<PollDescriptor>(memory.data(offsetof<PollDescriptor>(), 8));

/** Waits so long at most. True: there is something to read on standard input, or its end. */
export function awaitInput(nanoseconds: i64): bool {
  waited.descriptor = <i32>STANDARD_INPUT;
  waited.events = POLLIN;
  time.seconds = 0;
  time.nanoseconds = nanoseconds;
  return <i64>ppoll(addressOf(<u32>changetype<usize>(waited)), 1, addressOf(<u32>changetype<usize>(time)), 0, 0) > 0;
}
