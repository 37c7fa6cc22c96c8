// What a person writes of a tag: an entry of a partition's `tags` in system.yaml.
import * as z from "zod";
import { decimals } from "../patterns.ts";
import { ARRAY_MAX, STRING_MAX } from "./type.ts";

/** Of one partition, counting a structure's fields one by one. */
export const TAGS_MAX = 4096;
export const TAG_NAME_MAX = 64;
/** What OPC UA shows (Part 8, EUInformation has a text), and what fits in a column. */
const UNIT_MAX = 16;
const DESCRIPTION_MAX = 200;
const CLIENTS_MAX = 64;
const FIELDS_MAX = 64;
/** Registers have 16 bits of address; those from here on are the bridge's own. */
export const REGISTERS_END = 60_000;

const said = (expected: string, pattern: RegExp): z.ZodString =>
  z.string({ error: expected }).regex(pattern, { error: expected }).meta({ errorMessage: `write ${expected}` });

const NAME_EXPECTED =
  `a name such as Tank.Level, of at most ${TAG_NAME_MAX} of A-Z, a-z, 0-9, "_" and ".", ` + 'the first one a letter or "_"';
const TagName = said(NAME_EXPECTED, new RegExp(`^[A-Za-z_][A-Za-z0-9_.]{0,${TAG_NAME_MAX - 1}}$`));
const FIELD_PATTERN = /^[A-Za-z][A-Za-z0-9_]{0,31}$/;

const TYPE_EXPECTED =
  `a type: bool, i8…i64, u8…u64, f32, f64, an array such as f32[8] (at most ${ARRAY_MAX}), ` +
  `string[16] (at most ${STRING_MAX})`;
export const TYPE_PATTERN = new RegExp(
  `^(?:(?:bool|[iu](?:8|16|32|64)|f32|f64)(?:\\[${decimals(1, ARRAY_MAX)}\\])?|string\\[${decimals(1, STRING_MAX)}\\])$`,
);
const TypeName = said(TYPE_EXPECTED, TYPE_PATTERN);
const STRUCTURE_EXPECTED = `${TYPE_EXPECTED}; or a structure: { Speed: f32, Count: u16 }`;

const RANGE_EXPECTED = "[least, greatest], such as [0, 100]";
const Limit = z.number({ error: RANGE_EXPECTED });

/** An IPv4 address or network: 192.168.1.10, 10.0.0.0/8; or an IPv6 address. Whether it is one, check/tags.ts says. */
const CLIENT_PATTERN = /^[0-9A-Fa-f:.]{2,45}(?:\/[0-9]{1,3})?$/;
const CLIENT_EXPECTED = "an address such as 192.168.1.10, or a network such as 192.168.1.0/24";
const CLIENTS_EXPECTED = `a list of addresses, such as [192.168.1.10, 192.168.2.0/24], at most ${CLIENTS_MAX}`;

export const TAG_SHAPE = {
  name: TagName.describe("What it is called everywhere: Tank.Level."),
  type: z
    .union(
      [
        TypeName,
        z
          .record(z.string().regex(FIELD_PATTERN), TypeName)
          .refine((fields) => Object.keys(fields).length > 0 && Object.keys(fields).length <= FIELDS_MAX, {
            error: STRUCTURE_EXPECTED,
          })
          .meta({ minProperties: 1, maxProperties: FIELDS_MAX }),
      ],
      { error: STRUCTURE_EXPECTED },
    )
    .describe("bool, i8…i64, u8…u64, f32, f64, an array such as f32[8], string[16]; or a structure: { Speed: f32, Count: u16 }."),
  unit: said(`a unit such as °C, of at most ${UNIT_MAX} characters`, new RegExp(`^[^\\0-\\x1f\\x7f]{1,${UNIT_MAX}}$`, "u"))
    .optional()
    .describe("Unit of its value: °C."),
  range: z
    .tuple([Limit, Limit], { error: RANGE_EXPECTED })
    .meta({ minItems: 2, maxItems: 2 })
    .optional()
    .describe("Least and greatest value: [0, 100]. What is written from outside has to lie in it."),
  access: z
    .enum(["ro", "rw"], { error: "ro or rw" })
    .default("ro")
    .describe("ro: outside it can only be read; rw: it may be written from outside, too."),
  description: said(
    `one line of at most ${DESCRIPTION_MAX} characters`,
    new RegExp(`^[^\\0-\\x1f\\x7f]{1,${DESCRIPTION_MAX}}$`, "u"),
  )
    .optional()
    .describe("What it is, in one line."),
  deadband: z
    .number({ error: "a number from 0, such as 0.5" })
    .min(0, { error: "a number from 0, such as 0.5" })
    .optional()
    .describe("A change that is smaller than this is not told. Default: every change is."),
  clients: z
    .array(said(CLIENT_EXPECTED, CLIENT_PATTERN), { error: CLIENTS_EXPECTED })
    .min(1, { error: CLIENTS_EXPECTED })
    .max(CLIENTS_MAX, { error: CLIENTS_EXPECTED })
    .optional()
    .describe("From where it may be written, by Modbus or OPC UA: [192.168.1.10]. Default: from everywhere."),
  register: z
    .int({ error: `a register from 0 to ${REGISTERS_END - 1}` })
    .min(0, { error: `a register from 0 to ${REGISTERS_END - 1}` })
    .max(REGISTERS_END - 1, { error: `a register from 0 to ${REGISTERS_END - 1}` })
    .optional()
    .describe(
      "Its first Modbus register, or coil if it is a bool, counted from 0. Default: the lock file's, or the next free one.",
    ),
};

export const Tag = z.strictObject(TAG_SHAPE);
export type WrittenTag = z.output<typeof Tag>;
