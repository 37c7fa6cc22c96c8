// Everything that can go wrong with the OPC UA server outside a request, each with a stable code and one message that says
// what to do.
import { CodedError } from "../link/coded-error.ts";

export const MESSAGES = {
  AXV_OPCUA_PORT_IN_USE: (address: string) =>
    `something else listens on ${address}: stop it, or give the OPC UA server another port`,
  AXV_OPCUA_PORT_DENIED: (address: string) =>
    `this user may not listen on ${address}: ports below 1024 need root or CAP_NET_BIND_SERVICE (systemd: ` +
      "AmbientCapabilities=), so give it that, or another port",
  AXV_OPCUA_LISTEN: (address: string, why: string) => `cannot listen on ${address}: ${why}. Write an address of this machine`,
  AXV_OPCUA_PKI: (folder: string, why: string) =>
    `cannot use the folder ${folder} for OPC UA keys and certificates: ${why}. It has to be one that this user may write, ` +
      "with nothing else in it",
  AXV_OPCUA_CERTIFICATE: (file: string, why: string) =>
    `${file} is no certificate: ${why}. Put the right one there, or take it away, and a new one is made`,
  AXV_OPCUA_CERTIFICATE_MADE: (file: string, why: string) =>
    `no new certificate ${file} can be made: ${why}. What was there is there still; see that there is room, ` +
      "and that this user may write there",
  AXV_OPCUA_KEY: (file: string, why: string) =>
    `${file} is no private key: ${why}. Put the right one there, or take it away together with the certificate, ` +
      "and new ones are made",
  AXV_OPCUA_CERTIFICATE_KEY: (file: string, key: string) =>
    `the certificate ${file} does not match the key ${key}: put the one that belongs to it there, or take it away, ` +
      "and a new one is made",
} as const;

export type OpcUaErrorCode = keyof typeof MESSAGES;

export class OpcUaError<C extends OpcUaErrorCode = OpcUaErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("OpcUaError", MESSAGES, code, parameters);
  }
}
