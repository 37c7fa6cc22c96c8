// Why there is nothing to prove of a file, each with a stable code and one message that says what to do. An image that can be
// looked at, and is not as it has to be, is no error but a report (report.ts).
import { CodedError } from "../../industrial/link/coded-error.ts";
import { oneLine } from "../../partitions/source/text.ts";

const GIVE = "Give an image that `axv-part build` has made";

export const MESSAGES = {
  AXV_PROVE_UNREADABLE: (file: string, reason: string) => `${file} cannot be read: ${reason}. ${GIVE}`,
  AXV_PROVE_KIND: (file: string, what: string) => `${file} is no image of a system: ${what}. ${GIVE}`,
  AXV_PROVE_BOARD: (name: string, known: string) =>
    `there is no board ${name}, or it has mistakes. Give the path of a board.yaml, or one of ${known}`,
} as const;

export type ProveErrorCode = keyof typeof MESSAGES;

export class ProveError<C extends ProveErrorCode = ProveErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("ProveError", MESSAGES, code, parameters.map(oneLine) as Parameters<(typeof MESSAGES)[C]>);
  }
}
