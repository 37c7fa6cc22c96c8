// The FIT beside the image that it holds, as axv-part build --fit leaves it; and its manifest, where there are keys for one.
import type { KeyObject } from "node:crypto";
import { basename, dirname, extname, join } from "node:path";
import type { Load } from "../../../partitions/images/contents.ts";
import type { Plan } from "../../../partitions/plan/plan.ts";
import { claim } from "../../output/places.ts";
import type { Output } from "../../output/places.ts";
import type { Stream } from "../../output/write.ts";
import { isManifestFile, manifestBeside, manifestOf, versionOf } from "../manifest/product.ts";
import { compatibleOf, isSystemFit, systemFit } from "./system.ts";
import type { Signer } from "./write.ts";

const ENDING = ".itb";

const withoutEnding = (path: string): string => basename(path, extname(path));

/** build/demo/image.bin → build/demo/image.itb */
export const fitBeside = (image: string): string => join(dirname(image), `${withoutEnding(image)}${ENDING}`);

/** What buildSystem is to do besides. */
export interface FitProduct {
  readonly path: string;
  /** Undefined: there is no key for one. */
  readonly manifest: string | undefined;
  /** Of both. */
  readonly paths: readonly string[];
  inspect(plan: Plan): void;
  claimMore(taken: readonly string[]): void;
  /** The FIT first. */
  writeMore(plan: Plan, image: Load): ReadonlyMap<string, Stream>;
}

/** `image`: where that is written. `manifestSigners`: private keys; none: there is no manifest. */
export function fitProduct(
  systemFile: string,
  image: string,
  signers: readonly Signer[],
  manifestSigners: readonly KeyObject[] = [],
): FitProduct {
  const path = fitBeside(image);
  const manifest = manifestSigners.length === 0 ? undefined : manifestBeside(path);
  const outputs: Output[] = [
    { path, what: "the FIT", isOurs: isSystemFit },
    ...(manifest === undefined ? [] : [{ path: manifest, what: "its manifest", isOurs: isManifestFile }]),
  ];
  let places: readonly string[] = [];
  return {
    path,
    manifest,
    paths: outputs.map((each) => each.path),
    inspect: (plan) => {
      compatibleOf(plan);
      if (manifest !== undefined) versionOf(systemFile, plan);
    },
    claimMore: (taken) => {
      places = claim(outputs, taken);
    },
    writeMore: (plan, packed) => {
      const fit = systemFit(withoutEnding(systemFile), plan, packed, signers);
      const products = manifest === undefined ? [fit] : [fit, manifestOf(systemFile, plan, fit, manifestSigners)];
      return new Map(products.map((each, index) => [places[index] ?? "", each]));
    },
  };
}
