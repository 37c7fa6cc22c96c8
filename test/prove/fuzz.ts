// node test/prove/fuzz.ts FIRST COUNT [LAX]: tampers with as many images, from that seed on, and tells what became of them as
// JSON. LAX: a core's wasm that checks nothing, with which each is tried, too: what a right core refuses, the proof has to find.
import { readFileSync } from "node:fs";
import { readBlob } from "../../partitions/blob/read.ts";
import type { Blob } from "../../partitions/blob/codec.ts";
import { BlobError } from "../../partitions/blob/errors.ts";
import { Random } from "../hostile/random.ts";
import { FILE_CHECKS } from "../../tools/prove/checks.table.ts";
import { coreOf } from "../../tools/prove/core.ts";
import type { Core } from "../../tools/prove/core.ts";
import { declaredBy } from "../../tools/prove/declared.ts";
import type { ReadImage } from "../../tools/prove/image.ts";
import { proveSystem } from "../../tools/prove/prove.ts";
import { COLOURED, CORE, CORE_ELF, GICV2, imageOf, KNOWN, MIXED, open } from "./bench.ts";
import { CLASSES, Mutator } from "./mutate.ts";
import { together } from "./oracle.ts";

/** How many images came to what. */
export interface Found {
  /** By the core that there is: the first check that is broken, or "proven". */
  readonly real: Record<string, number>;
  /** By one that checks nothing. */
  readonly lax: Record<string, number>;
  /** Of these, those of which the oracle says that they are not apart. */
  readonly notApart: number;
  /** Proven, and the oracle says that they are not apart. There is none. */
  readonly wrong: readonly string[];
  readonly classes: readonly string[];
  /** CPU time, milliseconds each. */
  readonly milliseconds: number;
}

/** Of a region that is copied page by page: a core that checks nothing would be at it for long. */
const LOAD_MAX = 0x40_0000n;

/** Little memory: what it takes to map it is not what is tried. */
const small = (yaml: string): string => yaml.replaceAll(/: (4M|1M)/g, ": 128K");
/** The board that each is for is known: which of all it could be takes longer than the rest. */
const SYSTEMS = [MIXED, COLOURED, GICV2, MIXED].map((yaml) => {
  const name = /board: (\S+)/.exec(yaml)?.[1];
  return { image: open(imageOf(small(yaml))), known: { ...KNOWN, boards: KNOWN.boards.filter((board) => board.name === name) } };
});

/** Undefined: the blob cannot be read. */
function tampered(seed: number): { image: ReadImage | undefined; what: string; known: typeof KNOWN; field: string } {
  const random = new Random(seed);
  const { image, known } = SYSTEMS[seed % SYSTEMS.length] ?? random.pick(SYSTEMS);
  const first = CLASSES[Math.floor(seed / SYSTEMS.length) % CLASSES.length] ?? random.pick(CLASSES);
  const { bytes, what } = new Mutator(random, image.said.blob).change(image.said.blob, first);
  const about = { known, what, field: first.name };
  let blob: Blob;
  try {
    blob = readBlob(bytes);
  } catch (error) {
    if (error instanceof BlobError) return { ...about, image: undefined };
    throw error;
  }
  return { ...about, image: { ...image, blob: bytes, said: { blob, declared: declaredBy(blob) } } };
}

export function fuzz(first: number, count: number, lax: Core | undefined): Found {
  const [real, loose]: [Record<string, number>, Record<string, number>] = [{}, {}];
  const wrong: string[] = [];
  const classes = new Set<string>();
  let notApart = 0;
  const began = process.cpuUsage().user;
  for (let seed = first; seed < first + count; seed++) {
    const { image, known, what, field } = tampered(seed);
    classes.add(field);
    if (image === undefined) {
      real["unreadable"] = (real["unreadable"] ?? 0) + 1;
      continue;
    }
    const apart = together(image.said.blob);
    if (apart.length > 0) notApart++;
    const judge = (core: Core, counts: Record<string, number>): void => {
      const broken = proveSystem(image, core, known).checks.find(({ verdict }) => verdict === "broken");
      const outcome = broken?.id ?? "proven";
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      if (broken === undefined && apart.length > 0) wrong.push(`seed ${seed}: ${what}: ${apart.join("; ")}`);
    };
    const unlike = Object.entries(FILE_CHECKS).find(([, { find }]) => find(image).length > 0)?.[0];
    if (unlike !== undefined) real[`file: ${unlike}`] = (real[`file: ${unlike}`] ?? 0) + 1;
    judge(CORE, real);
    const isLong = (image.said.blob.records["Load"] ?? []).some(({ size }) => BigInt(size ?? 0) > LOAD_MAX);
    if (lax !== undefined && !isLong) judge(lax, loose);
  }
  const milliseconds = (process.cpuUsage().user - began) / 1000 / count;
  return { real, lax: loose, notApart, wrong, classes: [...classes], milliseconds };
}

if (import.meta.main) {
  const [first, count, lax] = process.argv.slice(2);
  const loose = lax === undefined ? undefined : coreOf("aarch64", readFileSync(lax), CORE.binary, CORE_ELF);
  console.log(JSON.stringify(fuzz(Number(first), Number(count), loose)));
}
