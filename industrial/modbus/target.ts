// What a Modbus server serves. The server knows functions, frames and clients; a target knows what stands behind the
// addresses, who may write it, and how old it is. Addresses count from 0, as on the wire.
import type { Outcome } from "./exceptions.ts";

export type BitTable = "coils" | "discrete inputs";
export type RegisterTable = "holding registers" | "input registers";

/** Each table has addresses 0 … 65535. */
export const TABLE_SIZE = 0x1_0000;

/** Who asks. One object for all requests with the same address and unit. */
export interface ModbusClient {
  readonly via: "tcp" | "rtu";
  /** An IP address (IPv4 as such, also where it came through an IPv6 socket), or the path of the serial port. */
  readonly address: string;
  /** As the request says it: on TCP also 0 and 255, on RTU 0 for a broadcast. */
  readonly unit: number;
}

/** Coils: the first is the least significant bit of the first byte. */
export interface BitsChange {
  readonly kind: "bits";
  readonly first: number;
  readonly count: number;
  readonly bits: Buffer;
}

/** Holding registers: two bytes each, the high one first. */
export interface RegistersChange {
  readonly kind: "registers";
  readonly first: number;
  readonly count: number;
  readonly bytes: Buffer;
}

/** One holding register becomes (register & and) | (or & ~and). It is the target's, which can do it as one step. */
export interface MaskChange {
  readonly kind: "mask";
  readonly first: number;
  readonly and: number;
  readonly or: number;
}

export type ModbusChange = BitsChange | RegistersChange | MaskChange;

/** Text of function 43/14, by object id: 0 vendor, 1 product code and 2 revision have to be there. */
export type Identification = ReadonlyMap<number, string>;

export interface ModbusTarget {
  readonly identification: Identification;

  /**
   * Packs bits first … first + count - 1 into `into` from byte `at` on, the first as the least significant bit; unused
   * bits of the last byte are 0. The server has checked that first + count is at most TABLE_SIZE. All bits are of one
   * moment. On an exception `into` may hold anything.
   */
  readBits(table: BitTable, first: number, count: number, into: Buffer, at: number): Outcome;

  /** The same for registers: 2 × count bytes. */
  readRegisters(table: RegisterTable, first: number, count: number, into: Buffer, at: number): Outcome;

  /**
   * Does all of a change or nothing. When it is done, reads show it. The change is the target's to keep. The server lets no
   * request of the same connection begin before the promise settles; those of other clients go on meanwhile.
   */
  write(change: ModbusChange, client: ModbusClient): Promise<Outcome>;
}

/** The unit of a broadcast on a serial line. */
export const BROADCAST = 0;
/** On TCP a device that is no gateway is addressed by 255, or by 0 (MODBUS Messaging on TCP/IP V1.0b, 4.4.2.3). */
const TCP_DEVICE_UNITS: readonly number[] = [0, 0xff];

export const isTcpUnit = (unit: number, own: number): boolean => unit === own || TCP_DEVICE_UNITS.includes(unit);

/** Units that a device on a serial line can have (MODBUS over Serial Line V1.02, 2.2). */
export const FIRST_UNIT = 1;
export const LAST_UNIT = 247;
