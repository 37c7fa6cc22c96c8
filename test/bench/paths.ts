// Measures the paths through the hypervisor, and how long it takes from reset to the guest.
import { readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { ROOT, writeAtomically } from "../../tools/build/files.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { BENCH_GUEST, OUT } from "./programs.ts";
import { type GuestResult, parseGuest } from "./parse.ts";
import { runGuest } from "./run.ts";
import { BARE_MACHINE, buildSystem } from "./system.ts";

const LAST_LINE = /^bench: (end|failed)/;
const MIB = 1024 * 1024;
/** So much longer is the second image, from which the time to copy a byte is found. */
const PADDING = 4 * MIB;

/** arm64 Image header: image_size. */
const IMAGE_SIZE = 16;

const systemOf = (image: string): string => `board: qemu-aarch64
partitions:
  bench:
    guest: plc # as to its machine: the board's, at QEMU's addresses
    image: ${relative(OUT, image)}
    cpus: [0]
    memory: 16M
    devices: [rtc]
    pmu: true
`;

async function hosted(name: string, image: string): Promise<GuestResult> {
  const { machineArguments, plan } = await buildSystem(name, systemOf(image));
  return parseGuest(await runGuest({ machineArguments, plan, lastLine: LAST_LINE }));
}

/** The same image with zeros behind it. */
function padded(image: string): string {
  const bytes = readFileSync(join(ROOT, image));
  const longer = new Uint8Array(bytes.length + PADDING);
  longer.set(bytes);
  new DataView(longer.buffer).setBigUint64(IMAGE_SIZE, BigInt(longer.length), true);
  const path = join(OUT, `padded-${basename(image)}`);
  writeAtomically(join(ROOT, path), longer);
  return path;
}

export interface PathFigures {
  readonly bare: GuestResult;
  readonly hosted: GuestResult;
  /** Instructions for each byte of a guest's image. */
  readonly copyPerByte: number;
}

export async function measurePaths(): Promise<PathFigures> {
  const { elf, binary } = await buildProgram(BENCH_GUEST);
  const image = relative(ROOT, binary);
  const bare = parseGuest(await runGuest({ machineArguments: [...BARE_MACHINE, "-kernel", elf], plan: undefined, lastLine: LAST_LINE }));
  const small = await hosted("paths", image);
  const large = await hosted("paths-padded", padded(image));
  return { bare, hosted: small, copyPerByte: (large.reset - small.reset) / PADDING };
}
