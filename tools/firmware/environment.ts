// An environment of U-Boot's as it lies on a disk: what `env import -c` and `env export -c` read and write, and libubootenv's
// fw_setenv and fw_printenv, too.
//
//   0            4
//  ┌────────────┬──────────────────────────────────────────┬───────────┐
//  │ CRC-32, LE │ name=value NUL name=value NUL … NUL NUL  │ zeros     │   the CRC is that of all behind it
//  └────────────┴──────────────────────────────────────────┴───────────┘
import { crc32 } from "node:zlib";
import { viewOf } from "./disk/sectors.ts";

const CRC_BYTES = 4;
/** What U-Boot's shell and its import take as it is. */
const NAME = /^[a-z][a-z0-9_]*$/;
const VALUE = /^[A-Za-z0-9.+_ -]*$/;

export const isValue = (text: string): boolean => VALUE.test(text);

export type Environment = ReadonlyMap<string, string>;

/** In `size` bytes, in the order of names, as U-Boot has it; an empty value is none. Throws a RangeError. */
export function writeEnvironment(variables: Environment, size: number): Uint8Array {
  const pairs = [...variables].filter(([, value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of pairs)
    if (!NAME.test(name) || !isValue(value)) throw new RangeError(`${name}=${value} cannot stand in an environment`);
  const text = Buffer.from(`${pairs.map(([name, value]) => `${name}=${value}\0`).join("")}\0`, "latin1");
  if (CRC_BYTES + text.length > size) throw new RangeError(`${text.length} bytes of variables do not fit into ${size}`);
  const bytes = new Uint8Array(size);
  bytes.set(text, CRC_BYTES);
  viewOf(bytes).setUint32(0, crc32(bytes.subarray(CRC_BYTES)), true);
  return bytes;
}

/** Undefined: its CRC is not that of what is there. */
export function readEnvironment(bytes: Uint8Array): Environment | undefined {
  if (bytes.length <= CRC_BYTES) return undefined;
  const data = bytes.subarray(CRC_BYTES);
  if (viewOf(bytes).getUint32(0, true) !== crc32(data)) return undefined;
  const variables = new Map<string, string>();
  for (const pair of Buffer.from(data).toString("latin1").split("\0")) {
    if (pair === "") break;
    const [, name, value] = /^([^=]*)=([^]*)$/.exec(pair) ?? [];
    if (name !== undefined && value !== undefined) variables.set(name, value);
  }
  return variables;
}
