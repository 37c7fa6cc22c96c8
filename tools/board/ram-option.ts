// --ram BASE+SIZE, such as 0x40000000+1G.
import { FRAME, MAPPED_END } from "../../boards/limits.ts";
import type { Span } from "../../partitions/units.ts";
import { end, parseSize } from "../../partitions/units.ts";
import { BoardError } from "./errors.ts";

const NUMBER = /^(0x[0-9a-fA-F]{1,12}|[0-9]{1,15})$/;
const number = (text: string): number => (NUMBER.test(text) ? Number(text) : NaN);

export function parseRam(text: string): Span {
  const [base = "", size = "", ...more] = text.split("+");
  const span = { base: number(base), size: parseSize(size) ?? number(size) };
  const isWhole = span.base % FRAME === 0 && span.size % FRAME === 0 && span.size > 0;
  if (!isWhole || more.length > 0 || end(span) > MAPPED_END) throw new BoardError("AXV_BOARD_RAM_OPTION", text);
  return span;
}
