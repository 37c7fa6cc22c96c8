// Proves of a finished plan that a new image goes through memory of nobody's, and fits where the old one was.
import { IMAGE_LINE_BYTES, IMAGE_RING_BYTES, MAILBOX_SIZE } from "../../core/abi.ts";
import type { Plan, PlannedUpdate } from "./plan.ts";
import { isFreeRam, platformClaims } from "./prove-board.ts";
import { stretchesOf } from "./prove-cache.ts";
import { breaks, collisions } from "./violation.ts";
import type { Claim, Violation } from "./violation.ts";

const PAGE_BYTES = 4096;

export function proveUpdate(plan: Plan, missing: readonly string[]): Violation[] {
  const { update } = plan;
  if (update === undefined) return [];
  // Whether a new image fits is seen by the old one.
  const isKnown = !missing.includes(plan.partitions[update.partition]?.name ?? "");
  const wrong = [...wrongStaging(plan, update), ...wrongRing(plan, update), ...(isKnown ? wrongTarget(plan, update) : [])];
  return wrong.map((reason) => breaks("update", reason));
}

function wrongStaging(plan: Plan, { staging, size }: PlannedUpdate): string[] {
  const own: Claim = { from: staging, to: staging + 2 * size, by: "the memory for new images" };
  if (size <= 0 || size % PAGE_BYTES !== 0 || staging % PAGE_BYTES !== 0 || !isFreeRam(plan, own))
    return ["the memory for new images is not whole pages of RAM that firmware leaves"];
  const all = plan.partitions.flatMap(({ name, regions }) =>
    regions.flatMap((region) => stretchesOf(plan, region).map((stretch) => ({ ...stretch, by: `"${region.name}" of ${name}` }))),
  );
  const image = { from: plan.image.base, to: plan.image.base + plan.image.size, by: "the hypervisor's image" };
  return [...all, image, ...platformClaims(plan)].flatMap((other) => collisions([own, other]));
}

function wrongRing({ partitions }: Plan, { partition, bringer, ring }: PlannedUpdate): string[] {
  const from = partitions[bringer];
  if (from === undefined || partitions[partition] === undefined || partition === bringer)
    return ["a partition is updated by itself, or one of the two is not there"];
  const end = ring + IMAGE_RING_BYTES;
  const isThere = from.regions.some(
    ({ kind, ipa, size }) => kind === "mailbox" && ring >= ipa + MAILBOX_SIZE && end <= ipa + size,
  );
  const { tagImage } = from;
  const isApart = tagImage === null || end <= tagImage.ipa || tagImage.ipa + tagImage.size <= ring;
  const isWhole = ring % IMAGE_LINE_BYTES === 0;
  return isThere && isApart && isWhole ? [] : [`the ring for new images is not behind the mailbox of ${from.name}`];
}

function wrongTarget({ partitions }: Plan, { partition, size }: PlannedUpdate): string[] {
  const target = partitions[partition];
  if (target === undefined) return [];
  const { name, loads, regions } = target;
  const [image, ...others] = loads;
  if (image?.name !== "image") return [`${name} has no image that a new one could replace`];
  const end = image.ipa + size;
  const home = regions.find(({ kind, ipa, size: bytes }) => kind === "ram" && ipa <= image.ipa && image.ipa < ipa + bytes);
  if (home === undefined || end > home.ipa + home.size) return [`a new image of ${size} bytes does not fit into ${name}`];
  return others
    .filter((other) => other.ipa < end && image.ipa < other.ipa + other.size)
    .map((other) => `a new image of ${name} would lie over its ${other.name}`);
}
