// The manifest beside a FIT: image.manifest of image.itb.
import { createHash } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { basename, dirname, extname, join } from "node:path";
import type { Plan } from "../../../partitions/plan/plan.ts";
import { readFile } from "../../../partitions/source/file.ts";
import type { Stream } from "../../output/write.ts";
import { boardsOf } from "../fit/system.ts";
import { ManifestError } from "./errors.ts";
import { ENVELOPE_MAX, isManifest, writeManifest } from "./manifest.ts";

/** As a manifest calls the FIT, whatever it is called where it lies. */
export const FIT_NAME = "image.itb";

export const manifestBeside = (fit: string): string => join(dirname(fit), `${basename(fit, extname(fit))}.manifest`);

/** Whether it comes from axv-part. */
export function isManifestFile(path: string): boolean {
  const bytes = readFile(path, ENVELOPE_MAX);
  return typeof bytes !== "string" && isManifest(bytes);
}

/** Throws a ManifestError. */
export function versionOf(systemFile: string, { version }: Pick<Plan, "version">): string {
  if (version === undefined) throw new ManifestError("AXV_MANIFEST_NO_VERSION", systemFile);
  return version;
}

type Planned = Parameters<typeof boardsOf>[0] & Pick<Plan, "version">;

/** `signers`: private keys, one at least. */
export function manifestOf(systemFile: string, plan: Planned, fit: Stream, signers: readonly KeyObject[]): Stream {
  const hash = createHash("sha256");
  for (const chunk of fit.chunks()) hash.update(chunk);
  const files = new Map([[FIT_NAME, { size: fit.length, sha256: hash.digest() }]]);
  const bytes = writeManifest({ version: versionOf(systemFile, plan), board: boardsOf(plan), files }, signers);
  return { length: bytes.length, chunks: () => [bytes] };
}
