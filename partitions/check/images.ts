// The guests' images: the files are there, and are what the profiles say.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { imageMissing, imageNotAsProfile, imageNotBuilt, notForGuest } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { parseArm64Image } from "../images/arm64-image.ts";
import type { Arm64Image } from "../images/arm64-image.ts";
import { displayPath, inProject } from "../project.ts";
import type { PartitionRequest } from "../request.ts";
import type { Path } from "../source/yaml.ts";

/** Images that the build makes: look at them; or leave them alone, as they are about to be made anew. */
export type StandardImages = "as they are" | "to be built";

export interface GuestImages {
  readonly image: { readonly bytes: Uint8Array; readonly header: Arm64Image };
  readonly initrd: Uint8Array | undefined;
}

/** By partition name; a partition whose images are missing or wrong is left out. */
export function readImages(
  systemPath: string,
  partitions: readonly PartitionRequest[],
  standard: StandardImages,
  findings: Findings,
): Map<string, GuestImages> {
  const found = new Map<string, GuestImages>();
  for (const partition of partitions) {
    const images = readPartitionImages(systemPath, partition, standard, findings);
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

function readPartitionImages(
  systemPath: string,
  { path, fields, profile }: PartitionRequest,
  standard: StandardImages,
  findings: Findings,
): GuestImages | undefined {
  if (profile === undefined) return undefined;
  const file = (given: string | undefined, key: string, ours: string): Uint8Array | undefined => {
    if (given !== undefined) return readGiven(resolve(dirname(systemPath), given), [...path, key], findings);
    return standard === "to be built" ? undefined : readStandard(ours, [...path, "guest"], findings);
  };

  const bytes = file(fields.image, "image", profile.image.file);
  const tree = profile.device_tree;
  if (tree === undefined) {
    for (const key of ["initrd", "cmdline"] as const) {
      if (fields[key] !== undefined) findings.report([...path, key], notForGuest(key, profile.name), "key");
    }
  }
  const initrd = tree === undefined ? undefined : file(fields.initrd, "initrd", tree.initrd);
  if (bytes === undefined) return undefined;

  const header = parseArm64Image(bytes);
  if (typeof header === "string") {
    const [at, name] =
      fields.image === undefined ? [[...path, "guest"], profile.image.file] : [[...path, "image"], fields.image];
    findings.report(at, imageNotAsProfile(name, profile.name, header));
    return undefined;
  }
  return tree !== undefined && initrd === undefined ? undefined : { image: { bytes, header }, initrd };
}

/** A file that somebody named: it has to be there. */
function readGiven(file: string, at: Path, findings: Findings): Uint8Array | undefined {
  const bytes = read(file);
  if (typeof bytes === "string") findings.report(at, imageMissing(displayPath(file), bytes));
  return typeof bytes === "string" ? undefined : bytes;
}

/** A file that the build makes: that it is not there yet is no mistake of the one who wrote system.yaml. */
function readStandard(file: string, at: Path, findings: Findings): Uint8Array | undefined {
  const bytes = read(inProject(file));
  if (typeof bytes === "string") findings.report(at, imageNotBuilt(file));
  return typeof bytes === "string" ? undefined : bytes;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "you may not read it",
};

/** The file's bytes, or, as a string, why there are none. */
export function read(path: string): Uint8Array | string {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    const reason = REASONS[code];
    if (reason === undefined) throw cause;
    return reason;
  }
}
