// Why `axv-part tags` shows or writes nothing, each with a stable code and one message that says what to do.
import { CodedError } from "../../industrial/link/coded-error.ts";

export const MESSAGES = {
  AXV_TAGS_NONE: (file: string) => `${file} has no tags: give a partition some, such as tags: [{ name: Level, type: f32 }]`,
  AXV_TAGS_PARTITION: (name: string, known: string) =>
    (name === "" ? "more than one partition has tags" : `no partition "${name}" has tags`) +
    `: write --partition, and one of ${known}`,
  AXV_TAGS_ONE_ONLY: (options: string) => `${options} at once: ask for one of them at a time`,
  AXV_TAGS_FORMAT: (written: string) => `a Modbus map as "${written}" is not made: write md or csv`,
} as const;

export type TagsErrorCode = keyof typeof MESSAGES;

export class TagsError<C extends TagsErrorCode = TagsErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("TagsError", MESSAGES, code, parameters);
  }
}
