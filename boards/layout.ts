// What a board.yaml says of the disk, card or eMMC that its U-Boot boots from: where firmware lies, and how much of the rest is
// whose. Everything is counted in sectors of 512 bytes. Where each part begins, partitions/plan/disk.ts decides.
import * as z from "zod";
import { FRAME, MAPPED_END } from "./limits.ts";
import { integer, line, list } from "./values.ts";

/** An MBR's fields have 32 bits. */
export const DISK_SECTORS_MAX = 2 ** 32 - 1;
const DISK_SECTORS_MIN = 2 ** 15;
/** Stretches that firmware has on a disk. */
const RESERVED_MAX = 16;
const RESERVED_EXPECTED = `a list, such as [{ first: 64, sectors: 16320, what: SPL }], at most ${RESERVED_MAX}`;

/** A FAT16 has 4085 to 65524 clusters, and 64 sectors in one at most that every reader takes. */
const BOOT_MIN = 8192;
const BOOT_MAX = 2047 * 2048;

const sectorsOf = (least: number): z.ZodInt => integer(`sectors of 512 bytes, ${least} to 2^32 - 1`, least, DISK_SECTORS_MAX);
const first = integer("the number of a sector, 0 to 2^32 - 2", 0, DISK_SECTORS_MAX - 1);

export const Layout = z
  .strictObject({
    table: z.enum(["gpt", "mbr"], { error: "gpt, or mbr where firmware lies in a GPT's place" }),
    sectors: sectorsOf(DISK_SECTORS_MIN).describe("of the whole disk: it may have more"),
    reserved: list(
      z.strictObject({ first, sectors: sectorsOf(1), what: line.describe("what lies there: U-Boot") }),
      RESERVED_EXPECTED,
      0,
      RESERVED_MAX,
    )
      .default([])
      .describe("where firmware lies: nothing is ever written there"),
    slots: z
      .strictObject({
        sectors: sectorsOf(1).describe("of each of the two; rounded up to whole MiB"),
        first: first.optional().describe("where the first one begins; without this key where there is room"),
      })
      .describe("what is started lies in one of two slots, as it is, without a file system"),
    boot: z
      .strictObject({ sectors: integer("sectors of a FAT16: 4 MiB to 2047 MiB, 8192 to 4192256", BOOT_MIN, BOOT_MAX) })
      .describe("the partition with the script that U-Boot runs, a FAT16"),
    load: integer("an address such as 0x48000000, a multiple of 4K, below 2^38", 0, MAPPED_END - FRAME, FRAME).describe(
      "PA that U-Boot reads a slot to, clear of the image, and of U-Boot itself",
    ),
  })
  .describe("of the disk that U-Boot boots from; without this key there are no disk images of this board");
export type Layout = z.output<typeof Layout>;
