// A system whose Linux can bring the PLC beside it a new image, and has it: what update.qemu.test.ts and the benchmark boot.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_HEADER_BYTES } from "../../core/abi.ts";
import { MIB } from "../../partitions/units.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { PLC } from "../../tools/build/programs.ts";
import { publicHex, signUpdate } from "../../tools/firmware/update/sign.ts";
import { cpio, file } from "../../tools/linux/cpio.ts";
import { ensureLinux } from "../../tools/linux/linux.ts";
import { planFile } from "../../tools/plan/file.ts";

/** Of the image that is there before. */
export const VERSION = 7;
/** Of the demo's initramfs, behind which another archive may stand (Linux, buffer-format.rst). */
const CPIO_ALIGNMENT = 4;

/** Both images print a line a second, which begins so. */
export const OLD = "plc: scans=";
export const NEW = "PLC: scans=";

const yaml = (image: string, initrd: string, key: string, mebibytes: number, linuxCpus: string): string => `
board: qemu-aarch64
partitions:
  linux: { guest: linux, initrd: ${initrd}, cpus: [${linuxCpus}], memory: 256M }
  plc:
    guest: plc
    image: ${image}
    cpus: [3]
    memory: ${2 * mebibytes + 16}M
    interrupts: direct
    update: { key: ${key}, from: linux, size: ${mebibytes}M, version: ${VERSION} }
`;

export interface UpdateSystem {
  /** system.yaml. */
  readonly text: string;
  /** The signed image. */
  readonly bytes: Buffer;
}

/**
 * The system, its files in `folder`, and in Linux's root the signed image as `good`, as `bad`, of which one bit is another, and
 * half of it as `short`. `extra`: bytes behind the image, which make it longer. `linuxCpus`: with 2 no pCPU is spare.
 */
export async function makeUpdate(folder: string, extra = 0, linuxCpus = "0, 1"): Promise<UpdateSystem> {
  const path = (name: string): string => join(folder, name);
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(path("key.pem"), privateKey.export({ format: "pem", type: "pkcs8" }));
  const image = readFileSync((await buildProgram(PLC)).binary);
  const { initramfs } = await ensureLinux();
  const at = image.indexOf(OLD);
  if (at < 0) throw new Error(`the PLC guest does not print "${OLD}"`);
  const changed = Buffer.concat([image, Buffer.alloc(extra, 1)]);
  const mebibytes = Math.ceil(changed.length / MIB);
  changed.write(NEW, at);
  writeFileSync(path("old.bin"), image);
  writeFileSync(path("new.bin"), changed);
  const key = publicHex(privateKey);
  writeFileSync(path("new.yaml"), yaml(path("new.bin"), initramfs, key, mebibytes, linuxCpus));
  const planned = planFile(path("new.yaml")).system;
  if (planned === undefined) throw new Error("the system is not sound");
  const { bytes } = signUpdate(path("new.yaml"), planned, path("key.pem"), String(VERSION + 1));

  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(IMAGE_HEADER_BYTES + at) ^ 1, IMAGE_HEADER_BYTES + at);
  const linux = readFileSync(initramfs);
  const padding = Buffer.alloc(-linux.length & (CPIO_ALIGNMENT - 1));
  const short = bytes.subarray(0, bytes.length / 2);
  const more = cpio([file("good", bytes), file("bad", flipped), file("short", short)]);
  writeFileSync(path("initrd"), Buffer.concat([linux, padding, more]));
  return { text: yaml(path("old.bin"), path("initrd"), key, mebibytes, linuxCpus), bytes };
}
