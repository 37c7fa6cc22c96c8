// What guests' images come in, and what they consist of.

import type { Contents } from "./contents.ts";

/**
 * arm64-image, riscv-image: Linux Documentation/arch/arm64/booting.rst, riscv/boot-image-header.rst; elf: its PT_LOAD segments;
 * raw: bytes for one address.
 */
export const IMAGE_FORMATS = ["arm64-image", "riscv-image", "elf", "raw"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

export interface ImagePart {
  readonly at: number;
  /** Memory it takes; what is behind its bytes is zero. */
  readonly size: number;
  readonly bytes: Contents;
}
