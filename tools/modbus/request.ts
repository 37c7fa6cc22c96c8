// What `axv-part modbus` is asked to do, from its command line: checked as a whole before anything is sent.
import { ModbusError } from "../../industrial/modbus/errors.ts";
import { READ_BITS_MAX, READ_REGISTERS_MAX, WRITE_BITS_MAX, WRITE_REGISTERS_MAX } from "../../industrial/modbus/functions.ts";
import {
  encode,
  REGISTER_TYPES,
  type RegisterType,
  registersOf,
  WORD_ORDERS,
  type WordOrder,
} from "../../industrial/modbus/registers.ts";
import type { Parity } from "../../industrial/modbus/serial.ts";
import { LAST_UNIT, TABLE_SIZE } from "../../industrial/modbus/target.ts";
import { MODBUS_PORT } from "../../industrial/modbus/tcp.ts";
import { parseDuration } from "../run/duration.ts";

export const TABLES = ["coils", "discrete", "holding", "input"] as const;
export type Table = (typeof TABLES)[number];
const PARITIES = ["even", "odd", "none"] as const;

/** As they come from the command line. */
export interface Options {
  readonly type: string;
  readonly words: string;
  readonly unit: string;
  readonly timeout: string;
  readonly baud: string;
  readonly parity: string;
}

export type Server =
  { readonly host: string; readonly port: number } | { readonly serial: string; readonly baud: number; readonly parity: Parity };

export interface Place {
  readonly server: Server;
  /** As the user calls it. */
  readonly name: string;
  readonly unit: number;
  readonly timeoutMs: number;
  readonly table: Table;
  readonly address: number;
  /** Of the values; bits have none. */
  readonly type: RegisterType | "bit";
  readonly words: WordOrder;
}

export interface ReadRequest extends Place {
  /** Bits or registers. */
  readonly quantity: number;
}

export interface WriteRequest extends Place {
  readonly data: readonly boolean[] | Buffer;
}

const isBits = (table: Table): boolean => table === "coils" || table === "discrete";

function oneOf<T extends string>(option: string, text: string, known: readonly T[]): T {
  const found = known.find((each) => each === text);
  if (found === undefined) throw new ModbusError("AXV_MODBUS_OPTION", option, text, known.join(", "));
  return found;
}

function wholeNumber(option: string, text: string, lowest: number, highest: number): number {
  const value = /^(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
  if (!(value >= lowest && value <= highest))
    throw new ModbusError("AXV_MODBUS_OPTION", option, text, `a whole number, ${lowest} to ${highest}`);
  return value;
}

const PORT_MAX = 0xffff;
const BAUD_MAX = 4_000_000;

/** HOST, HOST:PORT, an IPv6 address with or without [ ], or the path of a serial port. */
export function parseServer(text: string, { baud, parity }: Pick<Options, "baud" | "parity">): Server {
  if (text.startsWith("/"))
    return { serial: text, baud: wholeNumber("baud rate", baud, 1, BAUD_MAX), parity: oneOf("parity", parity, PARITIES) };
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.%a-z]+)\]|([^:[\]\s]+))(?::(\d+))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain ?? (/^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text) ? text : undefined);
  const number = Number(port ?? MODBUS_PORT);
  if (host === undefined || number < 1 || number > PORT_MAX) throw new ModbusError("AXV_MODBUS_SERVER", text);
  return { host, port: number };
}

function place(server: string, table: string, address: string, options: Options): Place {
  const where = parseServer(server, options);
  const known = oneOf("table", table, TABLES);
  const unit = Number(options.unit);
  if (!/^\d+$/.test(options.unit) || unit > ("serial" in where ? LAST_UNIT : 0xff))
    throw new ModbusError("AXV_MODBUS_UNIT", options.unit);
  return {
    server: where,
    name: server,
    unit,
    timeoutMs: parseDuration(options.timeout),
    table: known,
    address: wholeNumber("address", address, 0, TABLE_SIZE - 1),
    type: isBits(known) ? "bit" : oneOf("type", options.type, REGISTER_TYPES),
    words: oneOf("word order", options.words, WORD_ORDERS),
  };
}

/** Values of one request are of one moment: more than fits into one is refused rather than cut. */
function checkQuantity(table: Table, address: number, quantity: number, most: number): void {
  const items = isBits(table) ? "bits" : "registers";
  if (quantity > most)
    throw new ModbusError(
      "AXV_MODBUS_TABLE",
      table,
      `takes at most ${most} ${items} a request, and these are ${quantity}: ask for fewer at a time`,
    );
  if (address + quantity > TABLE_SIZE) {
    throw new ModbusError(
      "AXV_MODBUS_TABLE",
      table,
      `ends at address ${TABLE_SIZE - 1}, and ${quantity} ${items} from ${address} on go beyond it: ask for fewer`,
    );
  }
}

export function readRequest(server: string, table: string, address: string, count: string, options: Options): ReadRequest {
  const where = place(server, table, address, options);
  const values = wholeNumber("count", count, 1, TABLE_SIZE);
  const quantity = where.type === "bit" || where.type === "string" ? values : values * registersOf(where.type);
  checkQuantity(where.table, where.address, quantity, where.type === "bit" ? READ_BITS_MAX : READ_REGISTERS_MAX);
  return { ...where, quantity };
}

const BITS: ReadonlyMap<string, boolean> = new Map([
  ["1", true],
  ["on", true],
  ["true", true],
  ["0", false],
  ["off", false],
  ["false", false],
]);

function bitOf(text: string): boolean {
  const bit = BITS.get(text.toLowerCase());
  if (bit === undefined) throw new ModbusError("AXV_MODBUS_VALUE", text, "coil", "on, true or 1, or off, false or 0");
  return bit;
}

export function writeRequest(
  server: string,
  table: string,
  address: string,
  values: readonly string[],
  options: Options,
): WriteRequest {
  const where = place(server, table, address, options);
  if (where.table === "discrete" || where.table === "input")
    throw new ModbusError("AXV_MODBUS_TABLE", where.table, "can only be read: write coils or holding");
  if (where.type === "bit") {
    checkQuantity(where.table, where.address, values.length, WRITE_BITS_MAX);
    return { ...where, data: values.map(bitOf) };
  }
  const { type, words } = where;
  const data = Buffer.concat(values.map((text) => encode(text, type, words)));
  if (data.length === 0) throw new ModbusError("AXV_MODBUS_VALUE", "", type, "at least one character");
  checkQuantity(where.table, where.address, data.length / 2, WRITE_REGISTERS_MAX);
  return { ...where, data };
}
