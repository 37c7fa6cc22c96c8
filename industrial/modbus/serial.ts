// Serves Modbus on a serial port, by the package serialport, which is loaded when it is needed. A port that is pulled out,
// or that cannot be opened yet, is tried again until it is there.
import type { Duplex } from "node:stream";
import { type Counters, newCounters } from "./counters.ts";
import { ModbusError } from "./errors.ts";
import { ModbusRtuServer } from "./rtu.ts";
import type { ModbusTarget } from "./target.ts";

const RETRY_MS = 1000;
const DATA_BITS = 8;

/** With even parity one stop bit, without parity two: every character has 11 bits (MODBUS over Serial Line V1.02, 2.5.1). */
export type Parity = "even" | "odd" | "none";

export interface SerialOptions {
  /** /dev/ttyS1, or better a name that stays, of /dev/serial/by-id. */
  readonly port: string;
  readonly baud: number;
  readonly parity: Parity;
  readonly unit: number;
}

/** Opens a port; tests open something else. */
export type OpenSerial = (options: SerialOptions) => Promise<Duplex>;

export const openSerial: OpenSerial = async ({ port: path, baud: baudRate, parity }) => {
  const { SerialPort } = await import("serialport");
  return new Promise((resolve, reject) => {
    const stopBits = parity === "none" ? 2 : 1;
    const port = new SerialPort({ path, baudRate, dataBits: DATA_BITS, parity, stopBits, autoOpen: false });
    port.open((error) => {
      if (error === null || error === undefined) resolve(port);
      else reject(new ModbusError("AXV_MODBUS_SERIAL", path, error.message));
    });
  });
};

export class ModbusSerialServer {
  readonly counters: Counters = newCounters();
  readonly #target: ModbusTarget;
  readonly #options: SerialOptions;
  readonly #open: OpenSerial;
  #line: Duplex | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(target: ModbusTarget, options: SerialOptions, open: OpenSerial) {
    this.#target = target;
    this.#options = options;
    this.#open = open;
  }

  /** Opens the port, or says why not; from then on it is opened again whenever it went away. */
  static async open(target: ModbusTarget, options: SerialOptions, open: OpenSerial = openSerial): Promise<ModbusSerialServer> {
    const server = new ModbusSerialServer(target, options, open);
    await server.#connect();
    return server;
  }

  /** Whether the port is open now. */
  get isOpen(): boolean {
    return this.#line !== undefined;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#line?.destroy();
  }

  async #connect(): Promise<void> {
    const line = await this.#open(this.#options);
    if (this.#isClosed) {
      line.destroy();
      return;
    }
    this.#line = line;
    this.counters.connections++;
    this.counters.accepted++;
    line.once("close", () => this.#gone());
    new ModbusRtuServer(line, this.#target, this.#options, this.counters);
  }

  #gone(): void {
    this.#line = undefined;
    this.counters.connections--;
    this.#later();
  }

  #later(): void {
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => void this.#connect().catch(() => this.#later()), RETRY_MS);
  }
}
