// The disk image that axv-part build --disk leaves: what a card, or a board's own disk, is to hold at first.
import { dirname } from "node:path";
import type { Board } from "../../../boards/schema.ts";
import { Findings } from "../../../partitions/diagnostics/diagnostic.ts";
import { Load } from "../../../partitions/images/contents.ts";
import type { Plan } from "../../../partitions/plan/plan.ts";
import { boardsIn } from "../../../partitions/shelf.ts";
import { YamlSource } from "../../../partitions/source/yaml.ts";
import { claim } from "../../output/places.ts";
import type { Stream } from "../../output/write.ts";
import { DiskError } from "./errors.ts";
import { diskImage, diskPlan } from "./image.ts";

/** What buildSystem is to do besides. */
export interface DiskProduct {
  readonly path: string;
  inspect(plan: Plan): void;
  claimMore(taken: readonly string[]): void;
  /** `system`: what lies in both slots: the image as it is, or the FIT. */
  writeMore(plan: Plan, system: Load | Stream): ReadonlyMap<string, Stream>;
}

export function diskProduct(systemFile: string, path: string): DiskProduct {
  let place = path;
  const boardOf = ({ board: name }: Plan): Board => {
    const board = boardsIn(dirname(systemFile)).get(name, new Findings(new YamlSource(name, "")));
    if (board === undefined) throw new DiskError("AXV_DISK_LAYOUT", name); // it was there a moment ago
    return board;
  };
  return {
    path,
    inspect: (plan) => void diskPlan(boardOf(plan)),
    claimMore: (taken) => {
      [place = path] = claim([{ path, what: "the disk image" }], taken);
    },
    writeMore: (plan, content) =>
      new Map([[place, diskImage(boardOf(plan), { content, start: content instanceof Load ? "booti" : "bootm" })]]),
  };
}
