// Whether the bytes of a file or a slot are a FIT that starts: all its hashes hold, and it says for which boards it is.
import { CodedError } from "../../../industrial/link/coded-error.ts";
import { VERSION_PATTERN } from "../../../partitions/schema.ts";
import { OURS } from "../fit/frame.ts";
import { joined } from "../fit/system.ts";
import { readFit } from "../fit/read.ts";
import type { Fit } from "../fit/read.ts";
import type { Source } from "../fit/source.ts";
import { checkHash, checkSignatures } from "../fit/verify.ts";
import type { PublicKey } from "../fit/verify.ts";
import { isValue } from "../environment.ts";

export interface WholeSystem {
  readonly bytes: number;
  /** As its description has it. */
  readonly version: string;
  /** Of all its configurations, in order of the alphabet. */
  readonly boards: string;
  /** "1.4.0": that in which the descriptions of all its configurations end, which a signature covers. Undefined: in none. */
  readonly release: string | undefined;
  readonly fit: Fit;
}

/** Throws FitError. `keys`: by one of which each configuration has to be signed; undefined: by nobody. */
export function wholeSystem(source: Source, keys?: readonly PublicKey[]): WholeSystem {
  const fit = readFit(source);
  for (const image of fit.images.values()) checkHash(source, image);
  const configurations = [...fit.configurations.values()];
  if (keys !== undefined) for (const each of configurations) checkSignatures(fit, each, keys);
  const boards = joined(configurations.flatMap(({ compatible }) => compatible));
  const description = fit.description ?? "";
  const version = description.startsWith(OURS) ? description.slice(OURS.length) : description;
  const releases = new Set(configurations.map((each) => releaseIn(each.description ?? "")));
  return { bytes: fit.total, version, boards, release: releases.size === 1 ? [...releases][0] : undefined, fit };
}

function releaseIn(description: string): string | undefined {
  const last = description.split(" ").at(-1) ?? "";
  return VERSION_PATTERN.test(last) ? last : undefined;
}

/** Or what is wrong with it. */
export function systemIn(source: Source): WholeSystem | string {
  try {
    return wholeSystem(source);
  } catch (error) {
    if (error instanceof CodedError) return error.message;
    throw error;
  }
}

/** Of two of these and all else a copy of the slot state has room. */
const VERSION_MAX = 64;

/** What the slot state says of a version: nothing, where it cannot be written there. */
export const versionInState = (version: string): string => (version.length <= VERSION_MAX && isValue(version) ? version : "");
