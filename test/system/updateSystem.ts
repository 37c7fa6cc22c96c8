// A system whose Linux can bring the PLC beside it a new image, and has it: what tests and the benchmark boot.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { BoardIsa } from "../../boards/isa.ts";
import { IMAGE_HEADER_BYTES } from "../../core/abi.ts";
import { MIB } from "../../partitions/units.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { PLC, PLC_RISCV64 } from "../../tools/build/programs.ts";
import { publicHex, signUpdate } from "../../tools/firmware/update/sign.ts";
import { cpio, type CpioEntry, file } from "../../tools/linux/cpio.ts";
import { ensureLinux } from "../../tools/linux/linux.ts";
import { planFile } from "../../tools/plan/file.ts";

/** Of the image that is there before. */
export const VERSION = 7;
/** Of the demo's initramfs, behind which another archive may stand (Linux, buffer-format.rst). */
const CPIO_ALIGNMENT = 4;

/** Both images print a line a second, which begins so. */
export const OLD = "plc: scans=";
export const NEW = "PLC: scans=";

const PLCS = { aarch64: PLC, riscv64: PLC_RISCV64 } as const;

/** The system that is booted on AArch64. `linuxCpus`: with 2 no pCPU is spare. */
export const linuxBesidePlc = (linuxCpus = "0, 1"): string => `
board: qemu-aarch64
partitions:
  linux: { guest: linux, cpus: [${linuxCpus}], memory: 256M }
  plc: { guest: plc, cpus: [3], interrupts: direct }
`;

interface Files {
  readonly image: string;
  readonly initrd: string;
  readonly key: string;
  /** Of the larger image. */
  readonly mebibytes: number;
}

/** That system, whose Linux may bring its PLC a new image. */
function withUpdate(text: string, { image, initrd, key, mebibytes }: Files): string {
  const system = parseDocument(text);
  system.setIn(["partitions", "linux", "initrd"], initrd);
  system.setIn(["partitions", "plc", "image"], image);
  system.setIn(["partitions", "plc", "memory"], `${2 * mebibytes + 16}M`);
  system.setIn(["partitions", "plc", "update"], { key, from: "linux", size: `${mebibytes}M`, version: VERSION });
  return system.toString();
}

export interface UpdateSystem {
  /** system.yaml. */
  readonly text: string;
  /** The signed image. */
  readonly bytes: Buffer;
}

interface More {
  readonly extra?: number;
  readonly beside?: readonly CpioEntry[];
}

/**
 * The system of that text, of partitions `linux` and `plc`, its files in `folder`, and in Linux's root the signed image as
 * `good`, as `bad`, of which one bit is another, and half of it as `short`. `extra`: bytes behind the image; `beside`: what
 * else is in the root.
 */
export async function makeUpdate(
  folder: string, isa: BoardIsa, text: string, { extra = 0, beside = [] }: More = {},
): Promise<UpdateSystem> {
  const path = (name: string): string => join(folder, name);
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(path("key.pem"), privateKey.export({ format: "pem", type: "pkcs8" }));
  const image = readFileSync((await buildProgram(PLCS[isa])).binary);
  const { initramfs } = await ensureLinux(undefined, isa);
  const at = image.indexOf(OLD);
  if (at < 0) throw new Error(`the PLC guest does not print "${OLD}"`);
  const changed = Buffer.concat([image, Buffer.alloc(extra, 1)]);
  const mebibytes = Math.ceil(changed.length / MIB);
  changed.write(NEW, at);
  writeFileSync(path("old.bin"), image);
  writeFileSync(path("new.bin"), changed);
  const key = publicHex(privateKey);
  writeFileSync(path("new.yaml"), withUpdate(text, { image: path("new.bin"), initrd: initramfs, key, mebibytes }));
  const planned = planFile(path("new.yaml")).system;
  if (planned === undefined) throw new Error("the system is not sound");
  const { bytes } = signUpdate(path("new.yaml"), planned, path("key.pem"), String(VERSION + 1));

  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(IMAGE_HEADER_BYTES + at) ^ 1, IMAGE_HEADER_BYTES + at);
  const linux = readFileSync(initramfs);
  const padding = Buffer.alloc(-linux.length & (CPIO_ALIGNMENT - 1));
  const short = bytes.subarray(0, bytes.length / 2);
  const more = cpio([file("good", bytes), file("bad", flipped), file("short", short), ...beside]);
  writeFileSync(path("initrd"), Buffer.concat([linux, padding, more]));
  return { text: withUpdate(text, { image: path("old.bin"), initrd: path("initrd"), key, mebibytes }), bytes };
}
