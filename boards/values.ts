// Values that descriptions of boards, guests and systems have in common, each with what people are told to write instead.
import * as z from "zod";
import { DEVICE_END, FRAME, MAPPED_END } from "./limits.ts";

export const integer = (expected: string, least: number, most: number, step = 1): z.ZodInt =>
  z.int({ error: expected }).min(least, { error: expected }).max(most, { error: expected }).multipleOf(step, { error: expected });

export const text = (expected: string, pattern: RegExp): z.ZodString =>
  z.string({ error: expected }).regex(pattern, { error: expected });

/** Whatever shows it. */
export const line = text("text of one line", /^[^\0-\x1f\x7f]*$/u);

/** `expected`: what a list has to be, also of how many. */
export const list = <T extends z.ZodType>(each: T, expected: string, least: number, most: number): z.ZodArray<T> =>
  z.array(each, { error: expected }).min(least, { error: expected }).max(most, { error: expected });

/** One, or a list of several. */
export const oneOrMore = <T extends z.ZodType>(each: T, expected: string, least: number, most: number) =>
  z.union([each, list(each, expected, least, most)], { error: expected });

/** Of a 32-bit register, or a cell of a device tree. */
export const WORD_MAX = 2 ** 32 - 1;
/** Bytes of a register, and of a cell. */
export const REGISTER = 4;
export const word = integer("a value of 32 bits", 0, WORD_MAX);
export const register = integer("an address such as 0x09010000, a multiple of 4, below 2^40", 0, DEVICE_END - REGISTER, REGISTER);

/** Of what the hypervisor drives, which it maps at VA = PA by whole pages; nothing of it is at 0. */
export const frame = integer("an address such as 0x08000000, a multiple of 4K, below 2^38", FRAME, MAPPED_END - FRAME, FRAME);

export const named = text('at most 63 of a-z, 0-9 and "-", the first one no "-"', /^[a-z0-9][a-z0-9-]{0,62}$/);
/** Devicetree Specification 2.3.1, and what kernels have besides. */
export const modelName = text("manufacturer and model, such as arm,pl031", /^[a-zA-Z0-9][a-zA-Z0-9,._+-]{0,127}$/);
/** Of a device tree: names of nodes as Devicetree Specification 2.2.1 has them, "/" for its root. */
export const nodePath = text(
  "the path of a device tree node, such as /soc/ethernet@3200c000",
  /^\/([a-zA-Z0-9][a-zA-Z0-9,._+@-]{0,62}(\/[a-zA-Z0-9][a-zA-Z0-9,._+@-]{0,62}){0,7})?$/,
);
