// What can be wrong with signing keys, each with a stable code and one message that says what to do.
import { CodedError } from "../../../industrial/link/coded-error.ts";

export const MESSAGES = {
  AXV_KEYS_FOLDER: (folder: string, why: string) =>
    `${folder} holds no keys: ${why}. Make the first one with axv-part keys new NAME --keys ${folder}, or name another folder`,
  AXV_KEYS_INDEX: (file: string, what: string) => `${file} is not as axv-part keys writes it: ${what}. Take it from a copy`,
  AXV_KEYS_NAME: (name: string) =>
    `"${name}" cannot be the name of a key: write at most 32 letters, digits, - and _, and a letter or digit first`,
  AXV_KEYS_TAKEN: (name: string, folder: string) =>
    `${folder} has, or had, a key "${name}": choose a name that no image was ever signed by`,
  AXV_KEYS_UNKNOWN: (name: string, known: string) => `there is no key "${name}": write one of ${known}`,
  AXV_KEYS_ACTIVE: (active: string) =>
    `${active} is active: axv-part keys rotate NAME makes a second one beside it, and images are then signed by both`,
  AXV_KEYS_ROTATING: (active: string) =>
    `${active} are both active: revoke the old one (axv-part keys revoke NAME) when every board knows the new one`,
  AXV_KEYS_NONE_ACTIVE: (folder: string) => `no key in ${folder} is active: make one with axv-part keys new NAME`,
  AXV_KEYS_ALGORITHM: (name: string, known: string) => `there is no algorithm "${name}": write one of ${known}`,
  AXV_KEYS_UNREADABLE: (file: string, why: string) => `the key ${file} cannot be read: ${why}. Take it from a copy`,
  AXV_KEYS_OPEN: (file: string) => `others than its owner can read the key ${file}: chmod 600 ${file}, and ask who has read it`,
  AXV_KEYS_KIND: (file: string, found: string, wanted: string) =>
    `the key ${file} is ${found}, and ${wanted} is wanted: nobody would take what it signs. Take the right one from a copy`,
  AXV_KEYS_CHANGED: (file: string) =>
    `the key ${file} is not the one that its folder was told of: take that from a copy, or make a key of another name`,
  AXV_KEYS_EXISTS: (file: string) => `${file} is there already, and stays as it is: choose another name, or move it away`,
  AXV_KEYS_DTB: (file: string, why: string) => `${file} is no device tree that keys could be written to: ${why}`,
  AXV_KEYS_DTB_ALONE: () => "--dtb needs a file for the tree with the keys in it: write -o FILE",
} as const;

export type KeyErrorCode = keyof typeof MESSAGES;

export class KeyError<C extends KeyErrorCode = KeyErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("KeyError", MESSAGES, code, parameters);
  }
}
