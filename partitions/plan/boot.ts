// What lies where in a guest's RAM when it starts: image, initial RAM disk, device tree; and where it is entered.
//
//   RAM base            as the image says              2 MiB-aligned         2 MiB-aligned
//  ┌───────────────────┬──────────────────────────────┬─────────────────────┬─────────────────────┬ ─ ─ ─
//  │                   │ image, with its bss          │ initrd, if any      │ device tree, ≤ 64 K │
//  └───────────────────┴──────────────────────────────┴─────────────────────┴─────────────────────┴ ─ ─ ─
//
// An arm64 Image goes text_offset above the start of RAM, which is a 2 MiB boundary (Linux
// Documentation/arch/arm64/booting.rst); ELF files and raw binaries have addresses of their own. By the same document,
// the device tree is
// 8-byte aligned, has at most 2 MiB, and lies with nothing else of another cacheability; the initrd lies within the same
// 32 GiB as the kernel. Whole 2 MiB apart, none of them shares a block mapping with another.
import { imageTooLarge } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { GuestImages } from "../check/images.ts";
import type { PartitionRequest } from "../request.ts";
import { stretches } from "../images/guest-image.ts";
import { alignUp, BLOCK, formatSize, KIB } from "../units.ts";

export const DEVICE_TREE_MAX = 64 * KIB;

export interface BootLayout {
  /** Offsets from the start of RAM; size in bytes. */
  readonly image: readonly { readonly offset: number; readonly size: number; readonly zeros: number | undefined }[];
  readonly entry: number;
  readonly initrd: { readonly offset: number; readonly size: number } | undefined;
  readonly deviceTree: { readonly offset: number } | undefined;
  /** Memory that has to be there. */
  readonly needed: number;
}

/** `ram`: IPA of the start of RAM. */
export function layoutBoot({ image, initrd: disk }: GuestImages, deviceTree: boolean, ram: number): BootLayout {
  const base = image.movable ? 0 : ram;
  const imageEnd = image.end - base;
  const initrd = disk === undefined ? undefined : { offset: alignUp(imageEnd, BLOCK), size: disk.length };
  const initrdEnd = initrd === undefined ? imageEnd : initrd.offset + initrd.size;
  const tree = deviceTree ? { offset: alignUp(initrdEnd, BLOCK) } : undefined;
  return {
    image: stretches(image.parts).map((stretch) => ({ offset: stretch.base - base, size: stretch.size, zeros: stretch.zeros })),
    entry: image.entry - base,
    initrd,
    deviceTree: tree,
    needed: tree === undefined ? initrdEnd : tree.offset + DEVICE_TREE_MAX,
  };
}

/** Reported where the image was named, or else where the memory was. */
export function checkFits(partition: PartitionRequest, layout: BootLayout, size: number, findings: Findings): void {
  if (layout.needed <= size) return;
  const { path, fields } = partition;
  const key = fields.image !== undefined ? "image" : fields.memory !== undefined ? "memory" : "guest";
  const what = layout.deviceTree === undefined ? "the image" : "the image with its initrd and device tree";
  findings.report([...path, key], imageTooLarge(what, formatSize(alignUp(layout.needed, KIB)), formatSize(size)));
}
