// A new image of one partition as the hypervisor takes it (core/abi.ts): signature, manifest, image.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import * as abi from "../../../core/abi.ts";
import type { PlannedSystem } from "../../../partitions/index.ts";
import { loadsBefore } from "../../../partitions/plan/plan.ts";
import { readFile } from "../../../partitions/source/file.ts";
import { alignUp, MIB } from "../../../partitions/units.ts";
import { UpdateError } from "./errors.ts";

const PEM_MAX = MIB;
const KEY_BYTES = 32;
const VERSION_MAX = 2 ** 32 - 1;

/** `isPrivate`: only the private half will do. */
export function readKey(file: string, isPrivate: boolean): KeyObject {
  const bytes = readFile(file, PEM_MAX);
  if (typeof bytes === "string") throw new UpdateError("AXV_UPDATE_KEY", file, bytes);
  let key: KeyObject;
  try {
    const pem = Buffer.from(bytes);
    key = isPrivate ? createPrivateKey(pem) : createPublicKey(pem);
  } catch (error) {
    throw new UpdateError("AXV_UPDATE_KEY", file, error instanceof Error ? error.message : String(error));
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new UpdateError("AXV_UPDATE_KEY", file, `it is of the kind ${key.asymmetricKeyType ?? "unknown"}`);
  return key;
}

/** As system.yaml has it. */
export function publicHex(key: KeyObject): string {
  const half = key.type === "private" ? createPublicKey(key) : key;
  return half.export({ format: "der", type: "spki" }).subarray(-KEY_BYTES).toString("hex");
}

/** What is signed: the partition's image as system.yaml names it. */
export interface Signed {
  readonly partition: string;
  readonly bytes: Buffer;
  readonly size: number;
}

export function signUpdate(file: string, { plan, loads, missing }: PlannedSystem, keyFile: string, written: string): Signed {
  const { update, partitions } = plan;
  const partition = partitions[update?.partition ?? -1];
  if (update === undefined || partition === undefined) throw new UpdateError("AXV_UPDATE_NONE", file);
  const version = Number(written);
  if (!Number.isInteger(version) || version <= update.version || version > VERSION_MAX)
    throw new UpdateError("AXV_UPDATE_VERSION", written, String(update.version + 1));
  const key = readKey(keyFile, true);
  if (publicHex(key) !== update.key) throw new UpdateError("AXV_UPDATE_OTHER_KEY", keyFile, update.key);
  const [planned, load] = [partition.loads[0], loads[loadsBefore(partitions, update.partition)]];
  if (planned === undefined || load === undefined || missing.includes(partition.name))
    throw new UpdateError("AXV_UPDATE_IMAGE", partition.name);
  // As long as it is in memory: what is zeros there, and not in the image file, is here.
  const image = Buffer.alloc(alignUp(planned.size, abi.IMAGE_LINE_BYTES));
  load.copyTo(image.subarray(0, Math.min(image.length, load.length)));
  const manifest = Buffer.alloc(abi.IMAGE_HEADER_BYTES - abi.IMAGE_SIGNATURE_BYTES);
  manifest.writeUInt32LE(abi.MANIFEST_MAGIC, 0);
  manifest.writeUInt32LE(abi.MANIFEST_FORMAT, 4);
  manifest.write(partition.name, abi.MANIFEST_PARTITION);
  manifest.write(partition.guest, abi.MANIFEST_GUEST);
  manifest.writeUInt32LE(version, abi.MANIFEST_VERSION);
  manifest.writeBigUInt64LE(BigInt(image.length), abi.MANIFEST_SIZE);
  createHash("sha256").update(image).digest().copy(manifest, abi.MANIFEST_HASH);
  manifest.writeBigUInt64LE(BigInt(planned.ipa), abi.MANIFEST_TARGET);
  manifest.writeBigUInt64LE(BigInt(partition.entry), abi.MANIFEST_ENTRY);
  return { partition: partition.name, bytes: Buffer.concat([sign(null, manifest, key), manifest, image]), size: image.length };
}
