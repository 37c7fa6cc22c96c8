// The guests' images: the files are there, are what the profiles say, and fit the partitions' memory.
import { isAbsolute } from "node:path";
import { ISA_TITLES } from "../../boards/isa.ts";
import type { Board } from "../../boards/schema.ts";
import {
  entryOutside,
  imageGranule,
  imageIsa,
  imageMissing,
  imageNeeded,
  imageNoCode,
  imageNotAsProfile,
  imageNotBuilt,
  imageOutsideRam,
  imageSaysItself,
  imageTooLarge,
  notForGuest,
} from "../diagnostics/catalogue.ts";
import type { Findings, Problem } from "../diagnostics/diagnostic.ts";
import { isFault, readGuestImage } from "../images/guest-image.ts";
import type { GuestImage, ImageFormat, ImageRules } from "../images/guest-image.ts";
import type { Contents } from "../images/contents.ts";
import { recognise } from "../images/recognise.ts";
import { memoryIpa, memorySize } from "../plan/memory.ts";
import { displayPath, inProject } from "../project.ts";
import type { PartitionRequest } from "../request.ts";
import { besideFile, withFile } from "../source/file.ts";
import type { OpenFile } from "../source/file.ts";
import type { Path } from "../source/path.ts";
import { alignUp, end, formatSize, formatSpan, GIB, hex, KIB, MIB } from "../units.ts";
import type { Span } from "../units.ts";

/**
 * Images that the build makes: look at them; or leave them alone, as they are about to be made anew, but for those that a set
 * names. none: look at nobody's, for what is asked does not depend on them; where the bridge runs, they need not be.
 */
export type StandardImages = "as they are" | "to be built" | "none" | ReadonlySet<string>;

export interface GuestImages {
  readonly image: GuestImage;
  readonly initrd: Contents | undefined;
}

/** By partition name; a partition whose images are missing or wrong is left out. `board`: if it is known which. */
export function readImages(
  systemPath: string,
  partitions: readonly PartitionRequest[],
  standard: StandardImages,
  findings: Findings,
  board?: Board,
): Map<string, GuestImages> {
  const found = new Map<string, GuestImages>();
  for (const partition of standard === "none" ? [] : partitions) {
    const images = readPartitionImages(systemPath, partition, standard, findings, board);
    if (images !== undefined) found.set(partition.name, images);
  }
  return found;
}

/** Files of the project that stand in where system.yaml names none. */
export function standardImages(partitions: readonly PartitionRequest[]): string[] {
  const files = partitions.flatMap(({ fields, profile }) => [
    fields.image === undefined ? profile?.image.file : undefined,
    fields.initrd === undefined ? profile?.device_tree?.initrd : undefined,
  ]);
  return [...new Set(files.filter((file) => file !== undefined))];
}

/** Paths of all images: those that system.yaml names, and those of the project's own that stand in. */
export function imageFiles(systemPath: string, partitions: readonly PartitionRequest[]): string[] {
  const given = partitions.flatMap(({ fields }) => [fields.image, fields.initrd]).filter((file) => file !== undefined);
  return [...given.map((file) => besideFile(systemPath, file)), ...standardImages(partitions).map(inProject)];
}

function readPartitionImages(
  systemPath: string,
  partition: PartitionRequest,
  standard: StandardImages,
  findings: Findings,
  board: Board | undefined,
): GuestImages | undefined {
  const { path, fields, profile } = partition;
  if (profile === undefined) return undefined;
  const file = (given: string | undefined, key: "image" | "initrd", ours: string | undefined): Opened | undefined => {
    const common = { what: `the ${key}`, memory: memorySize(partition) };
    // A user's own profile names a file of theirs, which no build makes.
    const theirs =
      given !== undefined ? besideFile(systemPath, given) : ours !== undefined && isAbsolute(ours) ? ours : undefined;
    if (theirs !== undefined) {
      const unreadable = (reason: string): Problem => imageMissing(displayPath(theirs), reason);
      return readNamed({ ...common, path: theirs, at: [...path, given === undefined ? "guest" : key], unreadable }, findings);
    }
    if (ours === undefined || standard === "to be built") return undefined;
    if (standard instanceof Set && !standard.has(ours)) return undefined;
    // That it is not there yet is no mistake of the one who wrote system.yaml.
    const at = [...path, "guest"];
    return readNamed({ ...common, path: inProject(ours), at, unreadable: () => imageNotBuilt(ours) }, findings);
  };

  if (fields.image === undefined && profile.image.file === undefined)
    findings.report([...path, "guest"], imageNeeded(profile.name));
  const opened = file(fields.image, "image", profile.image.file);
  const tree = profile.device_tree;
  if (tree === undefined) {
    for (const key of ["initrd", "cmdline"] as const) {
      if (fields[key] !== undefined) findings.report([...path, key], notForGuest(key, profile.name), "key");
    }
  }
  const initrd = tree === undefined ? undefined : file(fields.initrd, "initrd", tree.initrd)?.whole;
  if (opened === undefined) return undefined;

  const rules = { ...profile.image, isa: profile.isa, load: loadAddress(partition), entry: fields.entry };
  const image = readGuestImage(opened.start, rules, opened.whole);
  const at = [...path, fields.image === undefined ? "guest" : "image"];
  const refuse = (reason: string): void =>
    findings.report(at, imageNotAsProfile(imageName({ fields, profile }), profile.name, reason, takenBy(rules)));
  if (isFault(image)) {
    if (image.kind === "isa") findings.report(at, imageIsa(imageName({ fields, profile }), image.isa, ISA_TITLES[profile.isa]));
    else refuse(image.reason);
    return undefined;
  }
  if (!profile.image.formats.includes(image.format)) {
    refuse(`it is ${FORMAT_NAMES[image.format]}`);
    return undefined;
  }
  for (const key of ["load", "entry"] as const) {
    if (fields[key] !== undefined && !TAKES[key].includes(image.format))
      findings.report([...path, key], imageSaysItself(key, FORMAT_NAMES[image.format]), "key");
  }
  if (image.format === "raw" && image.isa === undefined && opened.whole.length >= CODE_LEAST)
    findings.report(at, imageNoCode(imageName({ fields, profile }), ISA_TITLES[profile.isa]));
  if (board !== undefined) checkGranule(board, partition, image, findings);
  const needsInitrd = tree?.initrd !== undefined || fields.initrd !== undefined;
  return needsInitrd && initrd === undefined ? undefined : { image, initrd };
}

/** A program of fewer bytes may well have no function that returns. */
const CODE_LEAST = 4 * KIB;

/** Formats whose file leaves that to others. */
const TAKES: Readonly<Record<"load" | "entry", readonly ImageFormat[]>> = {
  load: ["arm64-image", "riscv-image", "raw"],
  entry: ["raw"],
};

/** Where the image is linked for; a raw one of which nobody says that begins with its memory. */
function loadAddress(partition: PartitionRequest): number | undefined {
  const { fields, profile } = partition;
  const said = fields.load ?? profile?.image.load;
  if (said !== undefined || profile?.image.formats.includes("raw") !== true) return said;
  const ipa = memoryIpa(partition);
  return ipa === "identity" ? undefined : ipa;
}

const FORMAT_NAMES: Readonly<Record<ImageFormat, string>> = {
  "arm64-image": "an arm64 `Image`",
  "riscv-image": "a riscv `Image`",
  elf: "an ELF file",
  raw: "a file without a header",
};

/** As the one who wrote system.yaml knows it. */
const imageName = ({ fields, profile }: Pick<PartitionRequest, "fields" | "profile">): string =>
  fields.image ?? profile?.image.file ?? "the image";

/** "an arm64 `Image` or an ELF file, as its build leaves it, not compressed" */
function takenBy({ formats, load }: ImageRules): string {
  const names = formats.map((format) =>
    format === "raw"
      ? `a raw binary ${load === undefined ? "with `load:` its address" : `for ${hex(load)}`}`
      : FORMAT_NAMES[format],
  );
  return `${names.join(" or ")}, as its build leaves it, not compressed`;
}

/** Whether the board's CPUs have the pages that it is built for. */
function checkGranule(board: Board, partition: PartitionRequest, image: GuestImage, findings: Findings): void {
  if (board.isa !== "aarch64") return;
  const { granules } = board.cpus;
  if (image.granule === undefined || granules.includes(image.granule)) return;
  const at = [...partition.path, partition.fields.image === undefined ? "guest" : "image"];
  findings.report(at, imageGranule(imageName(partition), image.granule, board.name, granules));
}

/**
 * Whether all of it, and its entry, is where the partition has memory. What only reaches beyond the end of that is left
 * to `checkFits`. `ram`: in IPAs.
 */
export function checkImagePlace(
  partition: PartitionRequest,
  image: GuestImage,
  ram: Span,
  findings: Findings,
): boolean {
  const base = image.movable ? ram.base : 0;
  const at = [...partition.path, partition.fields.image === undefined ? "guest" : "image"];
  const name = imageName(partition);
  const inside = (ipa: number): boolean => ram.base <= ipa && ipa < end(ram);
  const astray = image.parts.find((part) => !inside(base + part.at));
  if (astray !== undefined) {
    const span = formatSpan({ base: base + astray.at, size: astray.size });
    findings.report(at, imageOutsideRam(name, span, formatSpan(ram)));
    return false;
  }
  const entry = base + image.entry;
  const loaded = image.parts.some((part) => part.at <= image.entry && image.entry < part.at + part.size);
  if (inside(entry) && loaded) return true;
  const where = inside(entry) ? "all that is loaded" : `the partition's memory at ${formatSpan(ram)} (IPA)`;
  findings.report(at, entryOutside(name, hex(entry), where));
  return false;
}

/** Of an ELF file, which may have much in it that is not loaded. */
const ELF_MAX = 256 * MIB;
/** Of a guest of which nobody knows how much memory it has. */
const MEMORY_UNKNOWN = GIB;
/** In which every magic number is. */
const START_BYTES = 4096;

/** More than the partition has memory is not even read. */
class TooLarge {
  readonly bytes: number;
  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** A file, and as much of it as has to be looked at. */
interface Opened {
  readonly start: Uint8Array;
  readonly whole: Contents;
}

function open(path: string, file: OpenFile, memory: number): Opened | string | TooLarge {
  if (file.size === 0) return "it is empty";
  const start = file.first(START_BYTES);
  const kind = recognise(start).format;
  if (kind === "elf") {
    const bytes = file.whole(ELF_MAX);
    return typeof bytes === "string"
      ? `${bytes}: take out what is for debuggers (llvm-strip --strip-debug)`
      : { start: bytes, whole: bytes };
  }
  if (file.size > memory) return new TooLarge(file.size);
  const whole = { path, offset: 0, length: file.size };
  if (kind !== "raw") return { start, whole };
  const bytes = file.whole(memory);
  return typeof bytes === "string" ? bytes : { start: bytes, whole: bytes };
}

interface NamedFile {
  readonly path: string;
  readonly at: Path;
  /** What a person calls it: "the image". */
  readonly what: string;
  /** Bytes of the partition's memory, into which it has to go. */
  readonly memory: number | undefined;
  /** What is wrong when it cannot be read. */
  readonly unreadable: (reason: string) => Problem;
}

function readNamed({ path, at, what, memory = MEMORY_UNKNOWN, unreadable }: NamedFile, findings: Findings): Opened | undefined {
  const opened = withFile(path, (file) => open(path, file, memory));
  if (typeof opened === "string") findings.report(at, unreadable(opened));
  else if (!(opened instanceof TooLarge)) return opened;
  else findings.report(at, imageTooLarge(what, formatSize(alignUp(opened.bytes, KIB)), formatSize(memory)));
  return undefined;
}
