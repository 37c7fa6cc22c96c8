// The console that a partition sees where it is no PL011: a 16550 UART, registers a byte apart (PC16550D data sheet). What is
// sent goes into the partition's output ring at once, so THR is empty but for a full ring; receiving comes from its input ring.
// FIFOs are shown as switched on, and hold nothing. With loopback the modem's lines come back, what is sent does not. Port
// TELEMETRY_PORT is a second one, as vpl011.ts has it. The interrupt, of both, is a spare line of the board: it rings when the
// UART's would rise.

import { blobPartition, MAX_PARTITIONS } from "../../build/generated/blob";
import { ringLine } from "../../build/generated/isa";
import { bound, loadAcquire32, storeRelease32 } from "../../build/generated/cpu";
import { discardInput, inputWaits, outputFree, ownerOf, putOutput, takeInput, TELEMETRY_PORT } from "../console";

const RBR_THR_DLL: u32 = 0;
const IER_DLM: u32 = 1;
const IIR_FCR: u32 = 2;
const LCR: u32 = 3;
const MCR: u32 = 4;
const LSR: u32 = 5;
const MSR: u32 = 6;
const SCR: u32 = 7;

const IER_RECEIVED: u32 = 1 << 0;
const IER_EMPTIED: u32 = 1 << 1;
const IER_BITS: u32 = 0xf;
const IIR_NONE: u32 = 1;
const IIR_EMPTIED: u32 = 2;
const IIR_RECEIVED: u32 = 4;
const IIR_FIFOS: u32 = 0xc0;
const FCR_ENABLE: u32 = 1;
const LCR_DLAB: u32 = 1 << 7;
const MCR_DTR: u32 = 1;
const MCR_LOOP: u32 = 1 << 4;
const MCR_BITS: u32 = 0x1f;
const LSR_DATA: u32 = 1 << 0;
const LSR_EMPTY: u32 = 3 << 5; // THRE, TEMT
/** CTS, DSR, DCD: somebody is there. */
const MSR_CONNECTED: u32 = 0xb0;
/** A driver writes up to so many bytes when THR is empty. */
const FIFO_BYTES: u32 = 16;

@unmanaged
class Uart {
  ier: u32;
  fcr: u32;
  lcr: u32;
  mcr: u32;
  scr: u32;
  divisor: u32;
  emptied: u32; // THR has become empty, and IIR has not said so yet
  stalled: u32; // the guest saw a full ring, or filled it: it wants to know when there is room again; cleared by the housekeeper
}

const UART_SIZE: u32 = 32;
if (offsetof<Uart>() > UART_SIZE) ERROR("Uart: the record is too small");
const uarts: usize = memory.data(UART_SIZE * (MAX_PARTITIONS + 1), 16);

@inline function uartOf(port: u32): Uart { return changetype<Uart>(uarts + port * UART_SIZE); }
@inline function stalledAt(uart: Uart): u32 { return changetype<u32>(uart) + offsetof<Uart>("stalled"); }
@inline function hasRoom(port: u32): bool { return outputFree(port) >= FIFO_BYTES; }

/** State at reset. */
export function resetConsole(port: u32): void {
  const uart = uartOf(port);
  for (let at: u32 = 0; at < UART_SIZE; at += 8) {
    bound(at >> 3, UART_SIZE / 8);
    store<u64>(changetype<usize>(uart) + at, 0);
  }
  uart.emptied = 1;
  discardInput(port);
}

/** The most urgent condition that the guest has enabled. */
function condition(uart: Uart, port: u32): u32 {
  if ((uart.ier & IER_RECEIVED) != 0 && receiveWaits(uart, port)) return IIR_RECEIVED;
  return (uart.ier & IER_EMPTIED) != 0 && uart.emptied != 0 ? IIR_EMPTIED : IIR_NONE;
}

@inline function receiveWaits(uart: Uart, port: u32): bool { return (uart.mcr & MCR_LOOP) == 0 && inputWaits(port); }
@inline function ring(port: u32): void { ringLine(blobPartition(ownerOf(port)).consoleInterrupt); }

/** For the housekeeper: bytes have been typed into the partition's input ring. */
export function consoleReceived(port: u32): void {
  if (blobPartition(ownerOf(port)).console != 0 && (uartOf(port).ier & IER_RECEIVED) != 0) ring(port);
}

/** The reader is there: what comes before it has opened its port is lost, as on any line. */
@inline export function telemetryIsRead(): bool { return (uartOf(TELEMETRY_PORT).mcr & MCR_DTR) != 0; }

/** For the housekeeper: the output ring may have been drained. */
export function consoleDrained(port: u32): void {
  const uart = uartOf(port);
  if (loadAcquire32(stalledAt(uart)) == 0 || !hasRoom(port)) return;
  uart.stalled = 0;
  uart.emptied = 1;
  if ((uart.ier & IER_EMPTIED) != 0) ring(port);
}

/** A load; wider ones see no more. */
export function loadConsole(port: u32, offset: u32): u32 {
  const uart = uartOf(port);
  const latched = (uart.lcr & LCR_DLAB) != 0;
  if (offset == LSR) return (receiveWaits(uart, port) ? LSR_DATA : 0) | (noteRoom(uart, port) ? LSR_EMPTY : 0);
  if (offset == RBR_THR_DLL) return latched ? uart.divisor & 0xff : received(uart, port);
  if (offset == IIR_FCR) return identify(uart, port) | ((uart.fcr & FCR_ENABLE) != 0 ? IIR_FIFOS : 0);
  if (offset == IER_DLM) return latched ? uart.divisor >> 8 : uart.ier;
  if (offset == LCR) return uart.lcr;
  if (offset == MCR) return uart.mcr;
  if (offset == MSR) return (uart.mcr & MCR_LOOP) == 0 ? MSR_CONNECTED : loopedLines(uart.mcr);
  return offset == SCR ? uart.scr : 0;
}

/** False: it is full, and the guest has been shown that. */
function noteRoom(uart: Uart, port: u32): bool {
  const room = hasRoom(port);
  if (!room) storeRelease32(stalledAt(uart), 1);
  return room;
}

function received(uart: Uart, port: u32): u32 { return receiveWaits(uart, port) ? <u32>takeInput(port) : 0; }

/** Said once, that THR is empty is over. */
function identify(uart: Uart, port: u32): u32 {
  const cause = condition(uart, port);
  if (cause == IIR_EMPTIED) uart.emptied = 0;
  return cause;
}

/** DTR comes back as DSR, RTS as CTS, OUT1 as RI, OUT2 as DCD. */
@inline function loopedLines(mcr: u32): u32 {
  return (mcr & 1) << 5 | (mcr & 2) << 3 | (mcr & 0xc) << 4;
}

/** A store. */
export function storeConsole(port: u32, offset: u32, stored: u32): void {
  const uart = uartOf(port);
  const value = stored & 0xff;
  const before = condition(uart, port);
  const latched = (uart.lcr & LCR_DLAB) != 0;
  if (offset == RBR_THR_DLL) {
    if (latched) uart.divisor = uart.divisor & 0xff00 | value;
    else send(uart, port, value);
  } else if (offset == IER_DLM) {
    if (latched) uart.divisor = uart.divisor & 0xff | value << 8;
    else enable(uart, port, value);
  } else if (offset == IIR_FCR) {
    uart.fcr = value;
  } else if (offset == LCR) {
    uart.lcr = value;
  } else if (offset == MCR) {
    if (port == TELEMETRY_PORT && (value & ~uart.mcr & MCR_DTR) != 0) discardInput(port); // left from when it was open before
    uart.mcr = value & MCR_BITS;
  } else if (offset == SCR) {
    uart.scr = value;
  }
  if (before == IIR_NONE && condition(uart, port) != IIR_NONE) ring(port);
}

function send(uart: Uart, port: u32, byte: u32): void {
  if ((uart.mcr & MCR_LOOP) == 0) putOutput(port, byte);
  uart.emptied = 0; // before anybody is asked to set it: the housekeeper may find room as soon as `stalled` says so
  if (noteRoom(uart, port)) uart.emptied = 1;
}

/** Who begins to wait for an empty THR is told at once, if it is. */
function enable(uart: Uart, port: u32, value: u32): void {
  if ((value & ~uart.ier & IER_EMPTIED) != 0 && noteRoom(uart, port)) uart.emptied = 1;
  uart.ier = value & IER_BITS;
}
