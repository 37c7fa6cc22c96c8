// Everything that can go wrong with Modbus outside a request, each with a stable code and one message that says what to do.
import { CodedError } from "../link/coded-error.ts";

export const MESSAGES = {
  AXV_MODBUS_PORT_IN_USE: (address: string) =>
    `something else listens on ${address}: stop it, or give the Modbus server another port`,
  AXV_MODBUS_PORT_DENIED: (address: string) =>
    `this user may not listen on ${address}: ports below 1024 need root or CAP_NET_BIND_SERVICE (systemd: ` +
    "AmbientCapabilities=), so give it that, or another port",
  AXV_MODBUS_LISTEN: (address: string, why: string) => `cannot listen on ${address}: ${why}. Write an address of this machine`,
  AXV_MODBUS_SERIAL: (device: string, why: string) =>
    `cannot open the serial port ${device}: ${why}. Check the name, the baud rate, and that you are in the group that ` +
    "owns it (Debian: dialout)",
  AXV_MODBUS_UNIT: (unit: string) => `"${unit}" is no Modbus unit: on a serial line write 1 to 247, on TCP 0 to 255`,
  AXV_MODBUS_SERVER: (text: string) =>
    `"${text}" is no Modbus server: write HOST, HOST:PORT or [IPV6]:PORT, or the path of a serial port such as /dev/ttyUSB0`,
  AXV_MODBUS_UNREACHABLE: (server: string, why: string) =>
    `cannot reach the Modbus server ${server}: ${why}. Check the address, and that it listens (port 502 by default)`,
  AXV_MODBUS_SILENT: (server: string, seconds: string, unit: string) =>
    `${server} has not answered within ${seconds} s. Check the unit (now ${unit}; --unit), and that nothing else takes ` +
    "its connections; --timeout waits longer",
  AXV_MODBUS_CUT: (server: string, why: string) =>
    `the connection to ${server} broke: ${why}. Whether a write was done is not known: read it back`,
  AXV_MODBUS_EXCEPTION: (server: string, code: string, name: string, remedy: string) =>
    `${server} answers with exception ${code}, ${name}: ${remedy}`,
  AXV_MODBUS_OPTION: (option: string, text: string, known: string) => `"${text}" is no ${option}: write ${known}`,
  AXV_MODBUS_VALUE: (text: string, type: string, range: string) => `"${text}" is no ${type}: write ${range}`,
  AXV_MODBUS_TABLE: (table: string, why: string) => `the table ${table} ${why}`,
} as const;

export type ModbusErrorCode = keyof typeof MESSAGES;

export class ModbusError<C extends ModbusErrorCode = ModbusErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("ModbusError", MESSAGES, code, parameters);
  }
}
