// The FIT beside the image that it holds, as axv-part build --fit leaves it.
import { basename, dirname, extname, join } from "node:path";
import type { Load } from "../../../partitions/images/contents.ts";
import type { Plan } from "../../../partitions/plan/plan.ts";
import { claim } from "../../output/places.ts";
import { compatibleOf, isSystemFit, systemFit } from "./system.ts";
import type { FitStream, Signer } from "./write.ts";

const ENDING = ".itb";

const withoutEnding = (path: string): string => basename(path, extname(path));

/** build/demo/image.bin → build/demo/image.itb */
export const fitBeside = (image: string): string => join(dirname(image), `${withoutEnding(image)}${ENDING}`);

/** What buildSystem is to do besides. */
export interface FitProduct {
  readonly path: string;
  inspect(plan: Plan): void;
  claimMore(taken: readonly string[]): void;
  writeMore(plan: Plan, image: Load): ReadonlyMap<string, FitStream>;
}

/** `image`: where that is written. */
export function fitProduct(systemFile: string, image: string, signers: readonly Signer[]): FitProduct {
  const path = fitBeside(image);
  let place = path;
  return {
    path,
    inspect: (plan) => void compatibleOf(plan),
    claimMore: (taken) => {
      [place = path] = claim([{ path, what: "the FIT", isOurs: isSystemFit }], taken);
    },
    writeMore: (plan, packed) => new Map([[place, systemFit(withoutEnding(systemFile), plan, packed, signers)]]),
  };
}
