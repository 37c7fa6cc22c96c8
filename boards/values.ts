// Values that descriptions of boards, guests and systems have in common, each with what people are told to write instead.
import { z } from "zod";

export const integer = (expected: string, least: number, most: number, step = 1): z.ZodInt =>
  z.int({ error: expected }).min(least, { error: expected }).max(most, { error: expected }).multipleOf(step, { error: expected });

export const text = (expected: string, pattern: RegExp): z.ZodString =>
  z.string({ error: expected }).regex(pattern, { error: expected });

/** Whatever shows it. */
export const line = text("text of one line", /^[^\0-\x1f\x7f]*$/u);
