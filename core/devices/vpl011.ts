// The console that a partition sees: a PL011 (Arm DDI 0183). Transmitting goes into the partition's output ring at once, so the
// FIFO is empty but for a full ring (then UARTFR.TXFF holds the guest off, and no UARTTXINTR asks for more); receiving comes from
// its input ring. One partition can have a second one, port TELEMETRY_PORT: from it come the frames that leave by the UART, and
// to it go the partition's own commands. The interrupt, of both, is a spare line of the board, which rings whenever a condition
// that the guest has unmasked arises.

import { blobPartition, MAX_PARTITIONS } from "../../build/generated/blob";
import { ringLine } from "../../build/generated/isa";
import { atomicAnd32, atomicOr32, bound, loadAcquire32 } from "../../build/generated/cpu";
import { discardInput, inputWaits, outputFree, ownerOf, putOutput, takeInput, TELEMETRY_PORT } from "../console";
import { FR_RXFE, FR_TXFE, FR_TXFF, UARTDR, UARTFR } from "./pl011";

/** From here on six registers that hold what was written, as far as their bits are there: IBRD, FBRD, LCR_H, CR, IFLS, IMSC. */
const UARTIBRD: u32 = 0x024;
const UARTCR: u32 = 0x030;
const UARTIMSC: u32 = 0x038;
const CONTROLS_BYTES: u32 = 24;
const controlBits: usize = memory.data<u32>([0xffff, 0x3f, 0xff, 0xffff, 0x3f, 0x7ff]);
const UARTRIS: u32 = 0x03c;
const UARTMIS: u32 = 0x040;
const UARTICR: u32 = 0x044;
const PERIPHERAL_ID: u32 = 0xfe0;

const INT_RX: u32 = 1 << 4;
const INT_TX: u32 = 1 << 5;
const INT_RT: u32 = 1 << 6;
const INT_OE: u32 = 1 << 10;
const UARTCR_RESET: u32 = 0x300;
const CR_UARTEN: u32 = 1;
const CR_LBE: u32 = 1 << 7;
/** Loopback: what is sent comes back once UARTEN, LBE, TXE and RXE are set. */
const CR_LOOPS: u32 = CR_UARTEN | CR_LBE | 1 << 8 | 1 << 9;
const LCR_H_FEN: u32 = 1 << 4;
const UARTIFLS_RESET: u32 = 0x12;

/** UARTPeriphID0…3, UARTPCellID0…3 (revision r1p5), a byte each, the first one lowest. */
const IDENTIFICATION: u64 = 0xb105f00d00341011;

@unmanaged
class Uart {
  // As they follow each other from UARTIBRD on.
  ibrd: u32;
  fbrd: u32;
  lcrh: u32;
  cr: u32;
  ifls: u32;
  imsc: u32;
  ris: u32; // changed by the housekeeper too: atomically
  stalled: u32; // the guest saw TXFF, or filled the ring: it wants to know when there is room again
  loopedIn: u32; // bytes that have ever come back, and that were read
  loopedOut: u32;
}

/** Receive FIFO of revision r1p5, for what comes back; what is typed waits in the input ring. */
const FIFO_BYTES: u32 = 32;
const FIFO: u32 = 40;
const UART_SIZE: u32 = 80;
if (offsetof<Uart>() > FIFO || FIFO + FIFO_BYTES > UART_SIZE) ERROR("Uart: fields have grown into the FIFO");
const uarts: usize = memory.data(UART_SIZE * (MAX_PARTITIONS + 1), 16);

@inline function uartOf(port: u32): Uart { return changetype<Uart>(uarts + port * UART_SIZE); }
@inline function risAt(uart: Uart): u32 { return changetype<u32>(uart) + offsetof<Uart>("ris"); }

/** State at reset. */
export function resetConsole(port: u32): void {
  const uart = uartOf(port);
  for (let at: u32 = 0; at < UART_SIZE; at += 8) {
    bound(at >> 3, UART_SIZE / 8);
    store<u64>(changetype<usize>(uart) + at, 0);
  }
  uart.cr = UARTCR_RESET;
  uart.ifls = UARTIFLS_RESET;
  discardInput(port);
}

@inline function fifoAt(uart: Uart, position: u32): usize {
  return changetype<usize>(uart) + FIFO + (position & (FIFO_BYTES - 1));
}

/** Something can be read from UARTDR. With loopback on, what is typed does not get through. */
function receiveWaits(uart: Uart, port: u32): bool {
  return uart.loopedIn != uart.loopedOut || (uart.cr & CR_LBE) == 0 && inputWaits(port);
}

/** A byte is sent: the conditions that arise. */
function sent(uart: Uart, byte: u32): u32 {
  if ((uart.cr & CR_LOOPS) != CR_LOOPS) return 0;
  if (uart.loopedIn - uart.loopedOut >= ((uart.lcrh & LCR_H_FEN) != 0 ? FIFO_BYTES : 1)) return INT_OE;
  store<u8>(fifoAt(uart, uart.loopedIn++), <u8>byte);
  return INT_RX | INT_RT;
}

/** UARTFR's RI, DCD, DSR and CTS: with loopback UARTCR's Out2, Out1, DTR and RTS, else nothing is connected. */
function modemFlags(cr: u32): u32 {
  return (cr & CR_LBE) == 0 ? 0 : ((cr >> 5) & (1 << 8)) | ((cr >> 10) & (1 << 2)) | ((cr >> 9) & (1 << 1)) | ((cr >> 11) & 1);
}

/** UARTCR was another before. */
function controlChanged(uart: Uart, port: u32, before: u32): void {
  if (port == TELEMETRY_PORT && (uart.cr & ~before & CR_UARTEN) != 0) discardInput(port); // left from when it was on before
  const changed = modemFlags(before) ^ modemFlags(uart.cr);
  // UARTRIS: DSR, DCD, CTS, RI.
  let conditions = (changed >> 8) | (changed & (1 << 2)) | ((changed & (1 << 1)) << 2) | ((changed & 1) << 1);
  if ((before & ~uart.cr & CR_LBE) != 0 && inputWaits(port)) conditions |= INT_RX | INT_RT;
  raise(uart, port, conditions);
}

/** A condition has arisen: rings if the guest has unmasked it. */
function raise(uart: Uart, port: u32, condition: u32): void {
  atomicOr32(risAt(uart), condition);
  if ((uart.imsc & condition) != 0) ringLine(blobPartition(ownerOf(port)).consoleInterrupt);
}

/** For the housekeeper: bytes have been typed into the partition's input ring. */
export function consoleReceived(port: u32): void {
  const uart = uartOf(port);
  if (blobPartition(ownerOf(port)).console != 0 && (uart.cr & CR_LBE) == 0) raise(uart, port, INT_RX | INT_RT);
}

/** The reader has switched its receiver on: what comes while it is off is lost, as on any line. */
@inline export function telemetryIsRead(): bool { return (uartOf(TELEMETRY_PORT).cr & CR_UARTEN) != 0; }

/** A driver writes up to a FIFO of bytes for UARTTXINTR, and looks at UARTFR for none of them. */
function hasRoom(port: u32): bool { return outputFree(port) >= FIFO_BYTES; }

/** For the housekeeper: the output ring may have been drained. */
export function consoleDrained(port: u32): void {
  const uart = uartOf(port);
  if (uart.stalled == 0 || !hasRoom(port)) return;
  uart.stalled = 0;
  raise(uart, port, INT_TX);
}

/** A load; narrower ones see the low bits. */
export function loadConsole(port: u32, offset: u32): u32 {
  const uart = uartOf(port);
  if (offset == UARTFR) return flags(uart, port);
  if (offset == UARTDR) {
    const byte = uart.loopedIn != uart.loopedOut ? <i32>load<u8>(fifoAt(uart, uart.loopedOut++)) :
      receiveWaits(uart, port) ? takeInput(port) : -1;
    if (!receiveWaits(uart, port)) atomicAnd32(risAt(uart), ~(INT_RX | INT_RT));
    return byte < 0 ? 0 : <u32>byte;
  }
  if (offset == UARTMIS) return loadAcquire32(risAt(uart)) & uart.imsc;
  if (offset == UARTRIS) return loadAcquire32(risAt(uart));
  if (isControl(offset)) return load<u32>(changetype<usize>(uart) + offset - UARTIBRD);
  if (offset >= PERIPHERAL_ID && offset < PERIPHERAL_ID + 32)
    return <u32>(IDENTIFICATION >> (((offset - PERIPHERAL_ID) >> 2) << 3)) & 0xff;
  return 0;
}

@inline function isControl(offset: u32): bool { return offset - UARTIBRD < CONTROLS_BYTES && (offset & 3) == 0; }

function flags(uart: Uart, port: u32): u32 {
  const receive = modemFlags(uart.cr) | (receiveWaits(uart, port) ? 0 : FR_RXFE);
  if (outputFree(port) != 0) return receive | FR_TXFE;
  uart.stalled = 1;
  return receive | FR_TXFF;
}

/** A store. */
export function storeConsole(port: u32, offset: u32, value: u32): void {
  const uart = uartOf(port);
  if (offset == UARTDR) {
    putOutput(port, value);
    const conditions = sent(uart, value);
    if (hasRoom(port)) return raise(uart, port, conditions | INT_TX);
    atomicAnd32(risAt(uart), ~INT_TX);
    uart.stalled = 1; // and not before: the housekeeper may just have found room
    raise(uart, port, conditions);
  } else if (offset == UARTICR) {
    atomicAnd32(risAt(uart), ~value);
  } else if (isControl(offset)) {
    const before = uart.cr;
    const at = offset - UARTIBRD;
    store<u32>(changetype<usize>(uart) + at, value & load<u32>(controlBits + at));
    if (offset == UARTCR) controlChanged(uart, port, before);
    else if (offset == UARTIMSC && (loadAcquire32(risAt(uart)) & uart.imsc) != 0)
      ringLine(blobPartition(ownerOf(port)).consoleInterrupt);
  }
}
