// SHA-256 of the core, in an image that boots or as it was built: over what no board changes. That is all of it but what
// the packer writes (tools/build/pack.ts): the size of the image, in its header, and the two words behind that, which UART it is.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { TARGETS } from "../../tools/build/targets/index.ts";
import { CORE_BINARY } from "../../tools/plan/file.ts";

const IMAGE_SIZE = 16;
const UART = TARGETS.aarch64.imageHeader.bytes;
const WORD = 8;

/** The core that was built, or the one in this image, which has it first. */
export function coreHash(image?: Uint8Array): string {
  const built = new Uint8Array(readFileSync(CORE_BINARY));
  const core = (image ?? built).slice(0, built.length);
  for (const at of [IMAGE_SIZE, UART, UART + WORD]) core.fill(0, at, at + WORD);
  return createHash("sha256").update(core).digest("hex");
}
