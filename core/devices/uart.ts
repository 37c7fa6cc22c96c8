// The hypervisor's own UART, polled: of which kind it is, and how its registers are reached, says board data. How each kind is
// made ready stands in a file of its own; after that they differ in what their record holds. The packer writes two words behind
// the image's header, so that the core can speak before it has a blob, which says the same:
//
//   imageUart()        0: PA
//                      8: 63     32 31  24 23  16 15    8 7    0
//                        │ divisor │  0   │ wide │ shift │ kind │    as BlobHeader has them
//
// Its interrupts stay off: its line may be a partition's.

import {
  imageUart, mmioRead32, mmioRead8, mmioWrite32, mmioWrite8, physicalRead64,
} from "../../build/generated/isa";
import { bound } from "../../build/generated/cpu";
import { header, UART_CADENCE, UART_NS16550, UART_PL011 } from "../../build/generated/blob";
import { mapUart } from "../ownMemory";
import { openCadence } from "./cadence";
import { openImx } from "./imx";
import { openNs16550 } from "./ns16550";
import { openPl011 } from "./pl011";

@unmanaged
export class Uart {
  /** Of its registers; 0: nothing can be said. */
  at: u64;
  setup: u64;
  /** Where bytes are written, and its status; where they are read is so far ahead of the first. */
  data: u64;
  sendsBehind: u64;
  status: u64;
  /** Bits of the status: it takes bytes, one has come; those of them that say so while they are 0. */
  takes: u32;
  has: u32;
  inverted: u32;
  /** Its registers have 8 bits, not 32. */
  narrow: u32;
  /** Bytes that it takes when it takes some; and that it takes still. */
  burst: u32;
  room: u32;

  @inline read(at: u64): u32 { return readRegister(at, this.narrow); }
  @inline write(at: u64, value: u32): void { writeRegister(at, this.narrow, value); }
}

@inline function readRegister(at: u64, narrow: u32): u32 { return narrow != 0 ? mmioRead8(at) : mmioRead32(at); }
@inline function writeRegister(at: u64, narrow: u32, value: u32): void {
  if (narrow != 0) mmioWrite8(at, value);
  else mmioWrite32(at, value);
}

const own = changetype<Uart>(memory.data(offsetof<Uart>(), 8));

/** Bytes of one call at most, and the polls for a byte: as long as one takes at 9600 baud, a poll (a device access) taking 100 ns
 *  at least. */
export const SEND_MAX: u32 = 100;
const PATIENCE: u32 = 10_000;

@inline export function isUartOpen(): bool { return own.at != 0; }

/** Boot, once. False: the image says of none. */
export function openUart(): bool {
  own.setup = physicalRead64(imageUart() + 8);
  const at = physicalRead64(imageUart());
  if (at == 0 || !mapUart(at)) return false;
  const kind = <u8>own.setup;
  own.at = at;
  own.burst = 1;
  if (kind == <u8>UART_PL011) openPl011(own, <u32>(own.setup >> 32));
  else if (kind == <u8>UART_NS16550) openNs16550(own, <u32>(own.setup >> 32));
  else if (kind == <u8>UART_CADENCE) openCadence(own, <u32>(own.setup >> 32));
  else openImx(own, <u32>(own.setup >> 32));
  return true;
}

/** The blob has the same one. */
export function isUartAsPlanned(): bool {
  const head = header();
  return head.uart == own.at &&
    own.setup == (<u64>head.uartDivisor << 32 | <u64>(head.uartWide << 16 | head.uartShift << 8 | head.uartKind));
}

/** Sends what is in memory from there on, SEND_MAX bytes at most, as far as the UART takes them; gives back how far that is. */
export function uartSend(from: usize, end: usize): usize {
  // In registers: the loop reads them again otherwise, behind each access.
  const data = own.data, status = own.status, takes = own.takes, inverted = own.inverted, narrow = own.narrow;
  let room = own.room;
  for (let i: u32 = 0; from < end; i++) {
    bound(i, SEND_MAX);
    if (room == 0) {
      if (((readRegister(status, narrow) ^ inverted) & takes) == 0) break;
      room = own.burst;
    }
    room--;
    writeRegister(data, narrow, load<u8>(from++));
  }
  own.room = room;
  return from;
}

/** Waits for the UART, and sends a byte: all the same, if it takes none. */
export function uartPut(byte: u32): void {
  const status = own.status, takes = own.takes, inverted = own.inverted, narrow = own.narrow;
  let room = own.room;
  for (let i: u32 = 0; room == 0 && i < PATIENCE; i++) {
    bound(i, PATIENCE);
    if (((readRegister(status, narrow) ^ inverted) & takes) != 0) room = own.burst;
  }
  own.room = max<u32>(room, 1) - 1;
  own.write(own.data, byte);
}

/** A byte that has come; -1: none has. */
export function uartReceive(): i32 {
  return ((own.read(own.status) ^ own.inverted) & own.has) != 0 ? <i32>own.read(own.data - own.sendsBehind) & 0xff : -1;
}
