// A Modbus client, by the package modbus-serial, which is loaded when it is used: no other command waits for it. Whatever
// goes wrong becomes one of our errors.
import type { ModbusRTU } from "modbus-serial/ModbusRTU.js";
import { ModbusError } from "../../industrial/modbus/errors.ts";
import { EXCEPTION_NAMES } from "../../industrial/modbus/exceptions.ts";
import type { Place, ReadRequest, WriteRequest } from "./request.ts";

const SECOND = 1000;
const REGISTER_BYTES = 2;

const REMEDIES: Readonly<Record<number, string>> = {
  0x01: "it does not have this function: ask for another table, or write values singly",
  0x02: "there is nothing at some of these addresses, or this client may not write them. Addresses count from 0 here; manuals " +
    "often count from 1, or from 40001",
  0x03: "it does not take this value, or not so many at once",
  0x04: "it tried and failed: see its own log",
  0x05: "it is at work on it: ask again later",
  0x06: "it is busy: ask again later",
  0x0a: "it is a gateway and has no way to this unit: check --unit",
  0x0b: "what stands behind it does not answer, or there is no such unit: check --unit, and that the partition runs",
};
const NO_REMEDY = "see the manual of the device";

export interface Client {
  read(request: ReadRequest): Promise<boolean[] | Buffer>;
  write(request: WriteRequest): Promise<void>;
  close(): void;
}

/** Of any error of the package or of Node. */
const detailsOf = (
  error: unknown,
): { readonly code?: unknown; readonly errno?: unknown; readonly modbusCode?: unknown; readonly message?: unknown } =>
  typeof error === "object" && error !== null ? error : {};

const whyOf = (error: unknown): string => {
  const { message } = detailsOf(error);
  return typeof message === "string" && message !== "" ? message : String(error);
};

export async function connect(place: Place): Promise<Client> {
  const { default: { default: Modbus } } = await import("modbus-serial"); // CommonJS that was a module
  const modbus: ModbusRTU = new Modbus();
  modbus.on("error", () => {}); // whoever waits is told by "close"
  await open(modbus, place).catch((error: unknown) => {
    modbus.close(() => {});
    throw "serial" in place.server
      ? new ModbusError("AXV_MODBUS_SERIAL", place.server.serial, whyOf(error))
      : new ModbusError("AXV_MODBUS_UNREACHABLE", place.name, whyOf(error));
  });
  modbus.setID(place.unit);
  modbus.setTimeout(place.timeoutMs);
  const cut = new Promise<never>((_, reject) => modbus.on("close", () => reject(new Error("it was closed from there"))));
  cut.catch(() => {}); // nobody may be waiting
  const doing = <T>(work: Promise<T>): Promise<T> =>
    Promise.race([work, cut]).catch((error: unknown) => {
      throw explained(error, place);
    });
  return {
    read: (request) => doing(read(modbus, request)),
    write: (request) => doing(write(modbus, request)),
    close: () => modbus.close(() => {}),
  };
}

function open(modbus: ModbusRTU, { server, timeoutMs }: Place): Promise<void> {
  if ("serial" in server)
    return modbus.connectRTUBuffered(server.serial, {
      baudRate: server.baud,
      parity: server.parity,
      stopBits: server.parity === "none" ? 2 : 1,
    });
  return modbus.connectTCP(server.host, { port: server.port, timeout: timeoutMs });
}

function explained(error: unknown, { name, timeoutMs, unit }: Place): ModbusError {
  const { modbusCode, errno } = detailsOf(error);
  if (typeof modbusCode === "number") {
    return new ModbusError(
      "AXV_MODBUS_EXCEPTION",
      name,
      String(modbusCode),
      EXCEPTION_NAMES[modbusCode] ?? "of its own",
      REMEDIES[modbusCode] ?? NO_REMEDY,
    );
  }
  if (errno === "ETIMEDOUT") return new ModbusError("AXV_MODBUS_SILENT", name, String(timeoutMs / SECOND), String(unit));
  return new ModbusError("AXV_MODBUS_CUT", name, whyOf(error));
}

async function read(modbus: ModbusRTU, { table, address, quantity }: ReadRequest): Promise<boolean[] | Buffer> {
  switch (table) {
    case "coils":
      return (await modbus.readCoils(address, quantity)).data.slice(0, quantity); // the package gives whole bytes
    case "discrete":
      return (await modbus.readDiscreteInputs(address, quantity)).data.slice(0, quantity);
    case "holding":
      return (await modbus.readHoldingRegisters(address, quantity)).buffer;
    case "input":
      return (await modbus.readInputRegisters(address, quantity)).buffer;
  }
}

/** One coil or one register by the function for one, which every device has. */
async function write(modbus: ModbusRTU, { address, data }: WriteRequest): Promise<void> {
  if (Buffer.isBuffer(data)) {
    if (data.length === REGISTER_BYTES) await modbus.writeRegister(address, data.readUInt16BE(0));
    else await modbus.writeRegisters(address, data);
  } else if (data.length === 1) await modbus.writeCoil(address, data[0] === true);
  else await modbus.writeCoils(address, [...data]);
}
