// Everything that can go wrong with the bridge as a whole, each with a stable code and one message that says what to do.
import { CodedError } from "../link/coded-error.ts";

export const MESSAGES = {
  AXV_BRIDGE_FILE: (file: string, mistakes: string) => `${file} has mistakes (${mistakes}): correct them, then try again`,
  AXV_BRIDGE_LISTEN: (what: string, address: string, why: string) =>
    `${what} cannot listen on ${address}: ${why}. Write an address of this machine and a port that is free`,
  AXV_AUDIT_UNUSABLE: (folder: string, why: string) =>
    `the audit log in ${folder} cannot be written: ${why}. Until it can, nothing is written to the plant`,
  AXV_AUDIT_BROKEN: (file: string, line: string, why: string) =>
    `${file}:${line}: ${why}. Somebody has changed the log, or it was damaged: what stands before this line is as it was written`,
  AXV_BRIDGE_NO_OPCUA: (file: string) => `${file} has no OPC UA server, and so no certificates: give it \`opcua:\``,
  AXV_BRIDGE_CERTIFICATE: (thumbprint: string, known: string) =>
    `"${thumbprint}" is not the beginning of one thumbprint alone: write ${known}; \`bridge certs\` shows them`,
  AXV_BRIDGE_BROKER_FILE: (file: string, why: string) =>
    `the Sparkplug node has no use of ${file}: ${why}. Put it there, readable for the bridge's user, or take the key away`,
  AXV_BRIDGE_RUNS: (file: string) => `a bridge runs with ${file} already: stop it first, or give this one a file of its own`,
  AXV_BRIDGE_CONTROL: (path: string, why: string) => `commands cannot reach this bridge, for ${path} cannot be made: ${why}`,
  AXV_BRIDGE_NOT_RUNNING: (file: string) =>
    `no bridge runs with ${file}: start it by axv-part bridge ${file}, or name the file that it was started with`,
  AXV_BRIDGE_ASK: (file: string, why: string) =>
    `the bridge that runs with ${file} has not done it: ${why}. Its own user and root may ask it; its log may say more`,
  AXV_BRIDGE_SESSION: (id: string, known: string) =>
    `"${id}" is not the beginning of one session alone: write ${known}; \`bridge sessions\` shows them`,
  AXV_BRIDGE_INIT_SERVE: (text: string, known: string) =>
    `"${text}" is nothing that a bridge serves: write --serve NAME or NAME=ADDRESS, NAME one of ${known}`,
  AXV_BRIDGE_INIT_VALUES: (text: string) =>
    `"${text}" is no place of values: write --values PARTITION=DEVICE, such as plc=/dev/uio0`,
  AXV_BRIDGE_INIT_USER: (text: string, roles: string) => `"${text}" is no user: write --user NAME=ROLE, ROLE one of ${roles}`,
  AXV_BRIDGE_INIT_NOBODY: () =>
    "nobody could come in at the OPC UA server: write --user NAME=ROLE; its password is asked for, " +
      "or the next line of standard input",
  AXV_BRIDGE_PASSWORD: (why: string) => `no password: ${why}. Type it twice, or give it as the one line of standard input`,
  AXV_BRIDGE_SYSTEM: (file: string, why: string) => `${file} cannot be read: ${why}. Make it anew: axv-part bridge pack`,
  AXV_BRIDGE_PLAN_ELSEWHERE: (file: string) =>
    `${file} has to be planned, which is not done here: name the system.json of axv-part bridge pack`,
  AXV_BRIDGE_PACK: (output: string, why: string) => `cannot make ${output}: ${why}`,
  AXV_BRIDGE_NODE: (node: string, why: string) =>
    `${node} cannot be had: ${why}. Check the network or npm's registry setting, or pack without Node`,
  AXV_BRIDGE_NO_NODE: (board: string, isa: string) =>
    `there is no Node for ${isa} in npm, which ${board} would need: pack without --with-node, and take its Linux' own (Debian: ` +
    "nodejs), or let the bridge run on another machine, with the UART as its `link:`",
  AXV_BRIDGE_LOG: (action: string) => `a log cannot be "${action}": write verify`,
  AXV_AUDIT_NONE: (folder: string) => `there is no audit log in ${folder}: give the folder that bridge.yaml names`,
} as const;

export type BridgeErrorCode = keyof typeof MESSAGES;

export class BridgeError<C extends BridgeErrorCode = BridgeErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("BridgeError", MESSAGES, code, parameters);
  }
}
