// SHA-256 of the core, in an image that boots or as it was built: over what no board changes. That is all of it but what
// the packer writes (tools/build/pack.ts): the size of the image, in its header, and the two words behind that, which UART it is.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Isa } from "../../boards/isa.ts";
import { TARGETS } from "../../tools/build/targets/index.ts";
import { coreBinary } from "../../tools/plan/file.ts";

const IMAGE_SIZE = 16;
const WORD = 8;

/** The core that was built, or the one in this image, which has it first. */
export function coreHash(image?: Uint8Array, isa: Isa = "aarch64"): string {
  const uart = TARGETS[isa].imageHeader.bytes;
  const built = new Uint8Array(readFileSync(coreBinary(isa)));
  const core = (image ?? built).slice(0, built.length);
  for (const at of [IMAGE_SIZE, uart, uart + WORD]) core.fill(0, at, at + WORD);
  return createHash("sha256").update(core).digest("hex");
}
