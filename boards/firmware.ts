// What a board.yaml says of its firmware, whatever the ISA: where it loads the image, what memory it keeps, and what its device
// tree says, by which the hypervisor knows that it is on the right board.
import * as z from "zod";
import { DEVICE_END, FRAME, MAPPED_END } from "./limits.ts";
import { integer, line, list, nodePath, REGISTER, register, text, word } from "./values.ts";

/** Linux's arm64 and riscv Images both want it (Documentation/arch/arm64/booting.rst, riscv/boot-image-header.rst). */
const IMAGE_STEP = 0x20_0000;
const IMAGE_EXPECTED = "an address such as 0x40200000, a multiple of 2M, below 2^38";

/** More than any of its machines has. */
const QEMU_CPUS_MAX = 512;

export const bootShape = {
  image: integer(IMAGE_EXPECTED, 0, MAPPED_END - IMAGE_STEP, IMAGE_STEP).describe("PA the image is loaded at"),
  dtb: z
    .literal("none", { error: "none: firmware hands over no device tree" })
    .optional()
    .describe("none: firmware hands over no device tree. Without this key the hypervisor refuses to start without one"),
  qemu: z
    .strictObject({
      machine: line,
      cpu: line,
      smp: integer("how many CPUs, 1 to 512", 1, QEMU_CPUS_MAX).optional().describe(
        "-smp, where the machine has CPUs that are no pCPUs; without this key as many as there are pCPUs",
      ),
    })
    .optional()
    .describe("how QEMU is this board"),
};

/** Stretches that firmware keeps. */
const RESERVED_MAX = 32;
const RESERVED_EXPECTED = `a list, such as [{ base: 0x40000000, size: 0x100000, what: TF-A }], at most ${RESERVED_MAX}`;

/** Comparisons that are made at boot. */
const MATCHES_MAX = 16;
const MATCHES_EXPECTED = `a list, such as [{ path: /, property: compatible, has: "phytium,pe2204" }], at most ${MATCHES_MAX}`;
export const matched = text("text of 1 to 127 characters without control characters", /^[\x20-\x7e]{1,127}$/);
const place = {
  path: nodePath,
  // Devicetree Specification 2.2.4.1
  property: text("the name of a property, such as compatible: 31 characters at most", /^[a-zA-Z0-9,._+?#-]{1,31}$/),
};
const Match = z.union(
  [
    z.strictObject({ ...place, has: matched.describe("one of its strings is this") }),
    z.strictObject({ ...place, is: matched.describe("its only string is this") }),
    z.strictObject({ ...place, absent: z.literal(true, { error: "true" }).describe("there is no such property") }),
  ],
  { error: '{ path: /, property: compatible, has: "a,b" }, or `is: text` or `absent: true` in the place of `has`' },
);

const variable = text("the name of an environment variable, such as AXV_TREE_PHYTIUM_PI", /^AXV_[A-Z0-9_]{1,60}$/)
  .optional()
  .describe("an environment variable that names the maker's own tree, which then goes before");
const fileName = text("the name of a file, such as rk3568-roc-pc.dtb", /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,126}$/);
const Tree = z.union(
  [
    z.strictObject({ debian: fileName.describe("one of Debian's arm64 kernel packages"), variable }),
    z.strictObject({ file: text("the path of a file", /^[^\0]+$/).describe("one beside this file"), variable }),
  ],
  { error: "{ debian: rk3568-roc-pc.dtb }, or { file: tree.dtb } beside this file" },
);

/** Clocks of one board. */
const RATES_MAX = 256;
const RATE_CELLS_MAX = 4;
const RATES_EXPECTED = `a list, such as [{ clock: /cru@fdd20000, cells: [291], hz: 24000000 }], at most ${RATES_MAX}`;

/** Stretches of registers that systems may initialise. */
const INIT_MAX = 64;
const INIT_EXPECTED = `a list, such as [{ base: 0xfdd20000, size: 0x1000, what: CRU }], at most ${INIT_MAX}`;

export const firmwareShape = {
  reserved: list(
    z.strictObject({
      base: integer("an address such as 0x40000000, a multiple of 4K, below 2^38", 0, MAPPED_END - FRAME, FRAME),
      size: integer("bytes, a multiple of 4K, at most 2^38", FRAME, MAPPED_END, FRAME),
      what: line.describe("whose it is: TF-A"),
    }),
    RESERVED_EXPECTED,
    0,
    RESERVED_MAX,
  )
    .default([])
    .describe("stretches of RAM that firmware keeps: they are nobody's"),
  match: list(Match, MATCHES_EXPECTED, 0, MATCHES_MAX)
    .default([])
    .describe("what firmware's device tree says on this board alone: compared before anything starts"),
  tree: Tree.optional().describe("the board's own device tree"),
  rates: list(
    z.strictObject({
      clock: nodePath.describe("whose clock it is"),
      cells: z.array(word).max(RATE_CELLS_MAX).default([]).describe("which of them: what stands behind its phandle in `clocks`"),
      hz: word,
    }),
    RATES_EXPECTED,
    0,
    RATES_MAX,
  )
    .default([])
    .describe("how fast clocks are as firmware leaves them, where one partition needs what another has and no tree says it"),
  init_registers: list(
    z.strictObject({
      base: register,
      size: integer("bytes, a multiple of 4", REGISTER, DEVICE_END, REGISTER),
      what: line.describe("what these are: clocks of the CRU"),
    }),
    INIT_EXPECTED,
    0,
    INIT_MAX,
  )
    .default([])
    .describe("the only registers that a system's `init:` may write"),
};
