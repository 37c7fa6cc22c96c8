// What the generated files say of a tag, in a comment: "i32, °C, 0…100, rw, what it is".
import type { Tag } from "../../partitions/tags/table.ts";
import { formatType } from "../../partitions/tags/type.ts";

/** In a comment nothing may end it. */
export const commentText = (text: string): string => text.replaceAll("*/", "* /");

export function aboutTag({ type, unit, range, writable, description }: Tag): string {
  const parts = [formatType(type), unit, range?.join("…"), writable ? "rw" : "ro", description];
  return commentText(parts.filter((part) => part !== undefined).join(", "));
}
