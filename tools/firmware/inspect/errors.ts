// Why a file cannot be inspected, each with a stable code and what to do.
import { CodedError } from "../../../industrial/link/coded-error.ts";

export const MESSAGES = {
  AXV_INSPECT_UNREADABLE: (file: string, reason: string) =>
    `${file} cannot be read: ${reason}. Give the path of an image, a FIT or a disk image`,
  AXV_INSPECT_UNKNOWN: (file: string) =>
    `${file} is no image, no FIT and no disk image: it begins with none of their marks. Give one as axv-part build leaves it`,
} as const;

export type InspectErrorCode = keyof typeof MESSAGES;

export class InspectError<C extends InspectErrorCode = InspectErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("InspectError", MESSAGES, code, parameters);
  }
}
