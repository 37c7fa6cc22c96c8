// The FIT of a system: its image, for the board that it was planned for.
import type { Isa } from "../../../boards/isa.ts";
import type { Load } from "../../../partitions/images/contents.ts";
import { HEADER_SIZE } from "../../../partitions/images/arm64-image.ts";
import { isaOfPlan } from "../../../partitions/plan/plan.ts";
import type { Plan, PlannedMatch } from "../../../partitions/plan/plan.ts";
import { withFile } from "../../../partitions/source/file.ts";
import { beforeImage } from "../../build/pack.ts";
import { FitError } from "./errors.ts";
import { OURS } from "./frame.ts";
import { readFit } from "./read.ts";
import { ofFile } from "./source.ts";
import { FitStream, type Signer, sourceDate } from "./write.ts";

/** As U-Boot calls them. */
export const ARCHITECTURES: Readonly<Record<Isa, string>> = { aarch64: "arm64", riscv64: "riscv" };

/** Of a plan's: what of its board U-Boot has to find, and where the image lies. */
type Planned = Pick<Plan, "isa" | "board" | "version" | "firmwareTree" | "image">;

/** What the root of the board's device tree says of it, by its `match:`. */
export const compatibleIn = (matches: readonly PlannedMatch[]): string[] =>
  matches
    .filter(({ path, property, how }) => path === "/" && property === "compatible" && how !== "absent")
    .map(({ value }) => value);

/** Of a plan's board. Throws FitError where there is nothing. */
export function compatibleOf({ board, firmwareTree }: Planned): string[] {
  const found = compatibleIn(firmwareTree.matches);
  if (found.length === 0) throw new FitError("AXV_FIT_BOARD", board);
  return found;
}

/** The same, as a manifest has it. */
export const boardsOf = (plan: Planned): string => joined(compatibleOf(plan));

/** In order of the alphabet, each once. */
export const joined = (boards: readonly string[]): string => [...new Set(boards)].sort().join(" ");

/** `name`: of the system. */
export function systemFit(name: string, plan: Planned, image: Load, signers: readonly Signer[]): FitStream {
  const isa = isaOfPlan(plan);
  const header = new Uint8Array(HEADER_SIZE);
  image.copyTo(header);
  const address = plan.image.base + beforeImage(isa, header);
  const described = plan.version === undefined ? name : `${name} ${plan.version}`;
  return new FitStream(
    { name: described, arch: ARCHITECTURES[isa], compatible: compatibleOf(plan), address, time: sourceDate() }, image, signers,
  );
}

/** Whether a file is a FIT of a system's. */
export function isSystemFit(path: string): boolean {
  try {
    const description = withFile(path, (file) => readFit(ofFile(file)).description ?? "");
    return description.startsWith(OURS);
  } catch (error) {
    if (error instanceof FitError) return false;
    throw error;
  }
}
