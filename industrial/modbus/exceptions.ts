// Exception codes (MODBUS Application Protocol Specification V1.1b3, section 7), and success beside them, so that an outcome is
// one number.

export const SUCCESS = 0;
/** The function is not one of ours. */
export const ILLEGAL_FUNCTION = 0x01;
/** An address that is not there, or beyond the end; or one that this client may not write. */
export const ILLEGAL_DATA_ADDRESS = 0x02;
/** A quantity, a value or the length of a request is wrong. */
export const ILLEGAL_DATA_VALUE = 0x03;
/** It was tried, and failed. */
export const SERVER_DEVICE_FAILURE = 0x04;
/** Busy with something long: ask again later. */
export const SERVER_DEVICE_BUSY = 0x06;
/** What stands behind this server cannot be reached. */
export const GATEWAY_PATH_UNAVAILABLE = 0x0a;
/** What stands behind this server does not answer: its values are stale, or there is no such unit. */
export const GATEWAY_TARGET_FAILED = 0x0b;

export type Exception =
  | typeof ILLEGAL_FUNCTION
  | typeof ILLEGAL_DATA_ADDRESS
  | typeof ILLEGAL_DATA_VALUE
  | typeof SERVER_DEVICE_FAILURE
  | typeof SERVER_DEVICE_BUSY
  | typeof GATEWAY_PATH_UNAVAILABLE
  | typeof GATEWAY_TARGET_FAILED;

export type Outcome = typeof SUCCESS | Exception;

/** By their codes; also those that only other servers send. */
export const EXCEPTION_NAMES: Readonly<Record<number, string>> = {
  0x01: "illegal function",
  0x02: "illegal data address",
  0x03: "illegal data value",
  0x04: "server device failure",
  0x05: "acknowledge",
  0x06: "server device busy",
  0x08: "memory parity error",
  0x0a: "gateway path unavailable",
  0x0b: "gateway target device failed to respond",
};
