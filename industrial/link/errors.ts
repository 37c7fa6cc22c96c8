// Everything that can go wrong on the link to the hypervisor, each with a stable code and one message that says what to
// do. Its messages are one table, as of all kinds of errors (coded-error.ts).
import { CodedError } from "./coded-error.ts";

export const MESSAGES = {
  AXV_FRAME_INVALID: (what: string) => `cannot encode the frame: ${what}`,
  AXV_TELEMETRY_MALFORMED: (what: string) =>
    `malformed telemetry: ${what}. If this repeats, the image and axv-part are of different versions: build the image again`,
  AXV_LINK_CLOSED: (what: string) => `the link to the hypervisor is closed (${what}): start it again, or attach again`,
  AXV_LINK_UNREACHABLE: (address: string, why: string) =>
    `cannot open the link ${address}: ${why}. Check that the board or QEMU is running and that nothing else holds the line`,
  AXV_LINK_LISTENS: (what: string) =>
    `"${what}" is not sent: this bridge only listens to the hypervisor (commands: false). Command it where the UART is`,
  AXV_LINK_ADDRESS: (address: string) =>
    `"${address}" is no link address: write tcp:HOST:PORT, the path of a unix socket, or the path of a serial device ` +
    "such as /dev/ttyUSB0",
  AXV_SERIAL_SETUP: (device: string, why: string) =>
    `cannot set up the serial device ${device}: ${why}. Check the name, the baud rate, and that you are in the group ` +
    "that owns it (Debian: dialout)",
  AXV_COMMAND_TIMEOUT: (command: string, seconds: string) =>
    `no reply to "${command}" within ${seconds} s: it may or may not have been carried out. Check the partition's ` +
    "state before sending it again",
  AXV_COMMAND_REFUSED: (command: string, why: string) => `the hypervisor refused "${command}": ${why}`,
} as const;

export type LinkErrorCode = keyof typeof MESSAGES;

export class LinkError<C extends LinkErrorCode = LinkErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("LinkError", MESSAGES, code, parameters);
  }
}
