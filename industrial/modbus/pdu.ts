// Answers one request, whatever it came through (MODBUS Application Protocol Specification V1.1b3, section 6). Every check
// is in the order of the state diagrams there: function (exception 1), quantities, lengths and values (3), addresses (2),
// then the work itself (4, and what the target says). The request is a client's and may be anything.
import {
  type Exception,
  ILLEGAL_DATA_ADDRESS,
  ILLEGAL_DATA_VALUE,
  ILLEGAL_FUNCTION,
  type Outcome,
  SERVER_DEVICE_FAILURE,
  SUCCESS,
} from "./exceptions.ts";
import * as fn from "./functions.ts";
import { answerIdentification } from "./identification.ts";
import {
  type BitTable,
  type ModbusChange,
  type ModbusClient,
  type ModbusTarget,
  type RegisterTable,
  TABLE_SIZE,
} from "./target.ts";

/** Of functions 1 to 6: function, address, quantity or value. */
const SHORT_REQUEST = 5;
/** Of functions 15 and 16, before the values: function, address, quantity, byte count. */
const WRITE_HEADER = 6;
const MASK_REQUEST = 7;
/** Of function 23: function, two addresses and quantities, byte count. */
const READ_WRITE_HEADER = 10;
/** Writes are answered by function, address and quantity or value. */
const WRITE_ANSWER = 5;
/** An answer of values begins with the function and their byte count. */
const VALUES_AT = 2;
const REGISTER_BYTES = 2;
const EXCEPTION_ANSWER = 2;

const bytesOfBits = (count: number): number => (count + 7) >> 3;
const isOutside = (first: number, count: number): boolean => first + count > TABLE_SIZE;

/** Puts an exception's answer at `at`; its length. */
export function refuse(code: number, exception: Exception, into: Buffer, at: number): number {
  into[at] = code | fn.EXCEPTION_BIT;
  into[at + 1] = exception;
  return EXCEPTION_ANSWER;
}

/** The other functions are answered by answerRead. */
export function isWrite(code: number): boolean {
  switch (code) {
    case fn.WRITE_SINGLE_COIL:
    case fn.WRITE_SINGLE_REGISTER:
    case fn.WRITE_MULTIPLE_COILS:
    case fn.WRITE_MULTIPLE_REGISTERS:
    case fn.MASK_WRITE_REGISTER:
    case fn.READ_WRITE_MULTIPLE_REGISTERS:
      return true;
    default:
      return false;
  }
}

/**
 * Answers the request in from[start … end), which has at least its function code and writes nothing, into `into` from `at`
 * on, where there is room for PDU_MAX bytes. The length of the answer.
 */
export function answerRead(target: ModbusTarget, from: Buffer, start: number, end: number, into: Buffer, at: number): number {
  const code = from[start] ?? 0;
  try {
    switch (code) {
      case fn.READ_COILS:
        return readBits(target, "coils", from, start, end, into, at);
      case fn.READ_DISCRETE_INPUTS:
        return readBits(target, "discrete inputs", from, start, end, into, at);
      case fn.READ_HOLDING_REGISTERS:
        return readRegisters(target, "holding registers", from, start, end, into, at);
      case fn.READ_INPUT_REGISTERS:
        return readRegisters(target, "input registers", from, start, end, into, at);
      case fn.ENCAPSULATED_INTERFACE:
        return answerIdentification(target.identification, from, start, end, into, at);
      default:
        return refuse(code, ILLEGAL_FUNCTION, into, at);
    }
  } catch {
    return refuse(code, SERVER_DEVICE_FAILURE, into, at); // a target that throws is one that failed
  }
}

/**
 * Answers a request that writes. The request is kept, and parts of it are given to the target; `into` is written to when the
 * promise settles, which never rejects.
 */
export function answerWrite(
  target: ModbusTarget,
  client: ModbusClient,
  request: Buffer,
  into: Buffer,
  at: number,
): Promise<number> {
  const code = request[0] ?? 0;
  return code === fn.READ_WRITE_MULTIPLE_REGISTERS
    ? readWrite(target, client, request, into, at)
    : write(target, client, code, request, into, at);
}

function readBits(
  target: ModbusTarget,
  table: BitTable,
  from: Buffer,
  start: number,
  end: number,
  into: Buffer,
  at: number,
): number {
  const code = from[start] ?? 0;
  if (end - start !== SHORT_REQUEST) return refuse(code, ILLEGAL_DATA_VALUE, into, at);
  const first = from.readUInt16BE(start + 1);
  const count = from.readUInt16BE(start + 3);
  if (count < 1 || count > fn.READ_BITS_MAX) return refuse(code, ILLEGAL_DATA_VALUE, into, at);
  if (isOutside(first, count)) return refuse(code, ILLEGAL_DATA_ADDRESS, into, at);
  const outcome = target.readBits(table, first, count, into, at + VALUES_AT);
  return values(code, outcome, bytesOfBits(count), into, at);
}

function readRegisters(
  target: ModbusTarget,
  table: RegisterTable,
  from: Buffer,
  start: number,
  end: number,
  into: Buffer,
  at: number,
): number {
  const code = from[start] ?? 0;
  if (end - start !== SHORT_REQUEST) return refuse(code, ILLEGAL_DATA_VALUE, into, at);
  const first = from.readUInt16BE(start + 1);
  const count = from.readUInt16BE(start + 3);
  if (count < 1 || count > fn.READ_REGISTERS_MAX) return refuse(code, ILLEGAL_DATA_VALUE, into, at);
  if (isOutside(first, count)) return refuse(code, ILLEGAL_DATA_ADDRESS, into, at);
  const outcome = target.readRegisters(table, first, count, into, at + VALUES_AT);
  return values(code, outcome, count * REGISTER_BYTES, into, at);
}

/** Function and byte count before the values that are in place already. */
function values(code: number, outcome: Outcome, length: number, into: Buffer, at: number): number {
  if (outcome !== SUCCESS) return refuse(code, outcome, into, at);
  into[at] = code;
  into[at + 1] = length;
  return VALUES_AT + length;
}

/** What a target did with a change; one that rejects is one that failed. */
async function done(target: ModbusTarget, change: ModbusChange, client: ModbusClient): Promise<Outcome> {
  try {
    return await target.write(change, client);
  } catch {
    return SERVER_DEVICE_FAILURE;
  }
}

/** Functions 5, 6, 15, 16 and 22: a correct answer repeats the request, or its first part. */
async function write(
  target: ModbusTarget,
  client: ModbusClient,
  code: number,
  request: Buffer,
  into: Buffer,
  at: number,
): Promise<number> {
  const change = changeOf(code, request);
  if (typeof change === "number") return refuse(code, change, into, at);
  const outcome = await done(target, change, client);
  if (outcome !== SUCCESS) return refuse(code, outcome, into, at);
  return request.copy(into, at, 0, change.kind === "mask" ? MASK_REQUEST : WRITE_ANSWER);
}

/** What a request wants to write, or why not. */
function changeOf(code: number, request: Buffer): ModbusChange | Exception {
  const isLong = code === fn.WRITE_MULTIPLE_COILS || code === fn.WRITE_MULTIPLE_REGISTERS;
  const wanted = code === fn.MASK_WRITE_REGISTER ? MASK_REQUEST : SHORT_REQUEST;
  if (isLong ? request.length < WRITE_HEADER : request.length !== wanted) return ILLEGAL_DATA_VALUE;
  const first = request.readUInt16BE(1);
  const value = request.readUInt16BE(3);
  switch (code) {
    case fn.WRITE_SINGLE_COIL:
      if (value !== fn.COIL_ON && value !== fn.COIL_OFF) return ILLEGAL_DATA_VALUE;
      return { kind: "bits", first, count: 1, bits: Buffer.of(value === fn.COIL_ON ? 1 : 0) };
    case fn.WRITE_SINGLE_REGISTER:
      return { kind: "registers", first, count: 1, bytes: request.subarray(3) };
    case fn.MASK_WRITE_REGISTER:
      return { kind: "mask", first, and: value, or: request.readUInt16BE(5) };
    case fn.WRITE_MULTIPLE_COILS: {
      const problem = problemOf(request, WRITE_HEADER, first, value, fn.WRITE_BITS_MAX, bytesOfBits(value));
      return problem === SUCCESS ? { kind: "bits", first, count: value, bits: request.subarray(WRITE_HEADER) } : problem;
    }
    default: {
      const problem = problemOf(request, WRITE_HEADER, first, value, fn.WRITE_REGISTERS_MAX, value * REGISTER_BYTES);
      return problem === SUCCESS ? { kind: "registers", first, count: value, bytes: request.subarray(WRITE_HEADER) } : problem;
    }
  }
}

/** The checks of a request with values behind its header, whose last byte counts them. */
function problemOf(request: Buffer, header: number, first: number, count: number, most: number, bytes: number): Outcome {
  if (count < 1 || count > most || request[header - 1] !== bytes || request.length !== header + bytes) return ILLEGAL_DATA_VALUE;
  return isOutside(first, count) ? ILLEGAL_DATA_ADDRESS : SUCCESS;
}

/** Function 23: the write is done before the read. */
async function readWrite(target: ModbusTarget, client: ModbusClient, request: Buffer, into: Buffer, at: number): Promise<number> {
  const code = fn.READ_WRITE_MULTIPLE_REGISTERS;
  if (request.length < READ_WRITE_HEADER) return refuse(code, ILLEGAL_DATA_VALUE, into, at);
  const readFirst = request.readUInt16BE(1);
  const readCount = request.readUInt16BE(3);
  const first = request.readUInt16BE(5);
  const count = request.readUInt16BE(7);
  if (readCount < 1 || readCount > fn.READ_REGISTERS_MAX) return refuse(code, ILLEGAL_DATA_VALUE, into, at);
  const problem = problemOf(request, READ_WRITE_HEADER, first, count, fn.READ_WRITE_REGISTERS_MAX, count * REGISTER_BYTES);
  if (problem !== SUCCESS) return refuse(code, problem, into, at);
  if (isOutside(readFirst, readCount)) return refuse(code, ILLEGAL_DATA_ADDRESS, into, at);
  const outcome = await done(target, { kind: "registers", first, count, bytes: request.subarray(READ_WRITE_HEADER) }, client);
  if (outcome !== SUCCESS) return refuse(code, outcome, into, at);
  try {
    return values(
      code,
      target.readRegisters("holding registers", readFirst, readCount, into, at + VALUES_AT),
      readCount * REGISTER_BYTES,
      into,
      at,
    );
  } catch {
    return refuse(code, SERVER_DEVICE_FAILURE, into, at);
  }
}
