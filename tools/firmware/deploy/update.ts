// The manifest beside a FIT that is to be deployed, and what it asks of the disk.
import { readFile } from "../../../partitions/source/file.ts";
import { manifestKeysOf } from "../keys/folder.ts";
import { checkFile, checkUpdate, ENVELOPE_MAX, readManifest } from "../manifest/manifest.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { FIT_NAME, manifestBeside } from "../manifest/product.ts";
import { ManifestError } from "../manifest/errors.ts";
import { DeployError } from "./errors.ts";
import type { WholeSystem } from "./system.ts";

export interface Update {
  readonly manifest: Manifest;
  /** One that is older, or the same, has been asked for. */
  readonly isOlderTaken: boolean;
}

/** Undefined: the folder has no key for manifests. Throws where there is no manifest, or one that none of its keys has signed. */
export function updateBeside(fit: string, keys: string, isOlderTaken: boolean): Update | undefined {
  const known = manifestKeysOf(keys);
  if (known.length === 0) return undefined;
  const path = manifestBeside(fit);
  const bytes = readFile(path, ENVELOPE_MAX);
  if (typeof bytes === "string") throw new DeployError("AXV_DEPLOY_NO_MANIFEST", path, bytes, keys);
  return { manifest: readManifest(bytes, known), isOlderTaken };
}

/** Throws ManifestError. `digest`: SHA-256 of the whole FIT. */
export function checkSystem({ manifest }: Update, { bytes, release }: WholeSystem, digest: Buffer): void {
  checkFile(manifest, FIT_NAME, { size: bytes, sha256: digest });
  if (release !== manifest.version)
    throw new ManifestError("AXV_MANIFEST_FILE", FIT_NAME, `it is version ${release ?? "of none"}, and not ${manifest.version}`);
}

/** Throws ManifestError. */
export const checkStep = ({ manifest, isOlderTaken }: Update, { boards, release }: WholeSystem): void =>
  checkUpdate(manifest, { board: boards, version: release }, isOlderTaken);
