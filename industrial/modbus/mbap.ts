// The header of a request on TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3), high bytes first:
//
//    0             2          4        6      7
//   │ transaction │ protocol │ length │ unit │ request …
//
// `length` counts the unit and what follows. An answer repeats transaction, protocol (0) and unit.
import { PDU_MAX } from "./functions.ts";

export const PROTOCOL_AT = 2;
export const LENGTH_AT = 4;
export const UNIT_AT = 6;
export const HEADER = 7;
export const MODBUS_PROTOCOL = 0;
/** What comes before the part that `length` counts. */
export const UNCOUNTED = 6;
/** A unit and a function. */
export const LENGTH_MIN = 2;
export const LENGTH_MAX = 1 + PDU_MAX;
export const FRAME_MAX = UNCOUNTED + LENGTH_MAX;
