// What a board.yaml holds whatever the ISA: facts of a board, and nothing else. How partitions use the board is system.yaml's
// business. boards/<isa>.ts puts an ISA's own facts beside these, and says how it numbers interrupts.
import * as z from "zod";
import { DeviceKind } from "./devices.ts";
import { firmwareShape } from "./firmware.ts";
import { Layout } from "./layout.ts";
import {
  BAUD_MAX, BAUD_MIN, CACHE_LEVELS, CACHE_LINES, CACHE_SETS_MAX, CACHE_WAYS_MAX, FRAME, MAPPED_END, MAX_BANKS,
} from "./limits.ts";
import { frame, integer, line, list, named, WORD_MAX } from "./values.ts";

const Cache = z.strictObject({
  level: z.int().min(1).max(CACHE_LEVELS),
  kind: z.enum(["instruction", "data", "unified"]),
  sets: integer("how many sets there are, 1 to 16M", 1, CACHE_SETS_MAX),
  ways: integer("how many ways there are, 1 to 1024", 1, CACHE_WAYS_MAX),
  line: z.literal(CACHE_LINES),
});
const CACHES_MAX = 16;
const CACHES_EXPECTED = "a list of all caches, or { none: why nothing is known of them }";
export const Caches = z
  .union(
    [
      list(Cache, CACHES_EXPECTED, 1, CACHES_MAX),
      z.strictObject({ none: line.min(1).describe("why: then there are no colours, and no `bandwidth`") }),
    ],
    { error: CACHES_EXPECTED },
  )
  .describe("all levels; the last one before memory is shared by all pCPUs");

const REG_WIDTH = z.literal([1, 4], { error: "1 or 4" });
const REG_SHIFT_MAX = 3;
const uart = {
  reg: frame,
  clock_hz: integer("its clock in Hz, 1 to 2^32 - 1", 1, WORD_MAX),
  baud: integer("bits a second, 300 to 12000000", BAUD_MIN, BAUD_MAX)
    .optional()
    .describe("its rate; without this key that is left as firmware has set it"),
};

/** `interrupt`: how the ISA says which one it has. */
export const uartOf = <I extends z.ZodRawShape>(interrupt: I) =>
  z.discriminatedUnion(
    "kind",
    [
      z.strictObject({ kind: z.literal("pl011"), ...uart, ...interrupt }),
      z.strictObject({ kind: z.literal("cadence"), ...uart, ...interrupt }),
      z.strictObject({ kind: z.literal("imx"), ...uart, ...interrupt }),
      z.strictObject({
        kind: z.literal("ns16550"),
        ...uart,
        ...interrupt,
        reg_shift: integer("0 to 3", 0, REG_SHIFT_MAX).default(0).describe("register n is at n << reg_shift"),
        reg_width: REG_WIDTH.default(1).describe("bytes of an access to a register"),
      }),
    ],
    { error: "a UART of kind pl011, ns16550, cadence or imx" },
  );

const RAM_SIZE_EXPECTED = "bytes, a multiple of 4K, at most 2^38";
const RAM_EXPECTED = `1 to ${MAX_BANKS} banks, such as [{ base: 0x40000000, size: 0x40000000 }]`;

export const commonShape = {
  name: named,
  description: line,
  ram: list(
    z.strictObject({
      base: integer("an address such as 0x40000000, a multiple of 4K, below 2^38", 0, MAPPED_END - FRAME, FRAME),
      size: integer(RAM_SIZE_EXPECTED, FRAME, MAPPED_END, FRAME),
    }),
    RAM_EXPECTED,
    1,
    MAX_BANKS,
  ),
  watchdog: z
    .discriminatedUnion(
      "kind",
      [
        z.strictObject({
          kind: z.literal("dw"),
          reg: frame,
          clock_hz: integer("its clock in Hz, 1 to 2^32 - 1", 1, WORD_MAX),
        }),
        z.strictObject({ kind: z.literal("imx"), reg: frame }),
      ],
      { error: "dw: DesignWare's (snps,dw-wdt), or imx: i.MX's (fsl,imx21-wdt)" },
    )
    .optional()
    .describe("the board's own: the hypervisor arms it before the first guest, and feeds it; nobody else has it"),
  ...firmwareShape,
  layout: Layout.optional(),
  device_kinds: z.record(named, DeviceKind),
};
