// Why a FIT is not taken, each with a stable code and a message that says what to do.
import { CodedError } from "../../../industrial/link/coded-error.ts";

export const MESSAGES = {
  AXV_FIT_NONE: () => "this is no FIT: it does not begin with 0xd00dfeed. Give an .itb file, as axv-part build --fit writes it",
  AXV_FIT_SHORT: (there: string, needed: string) =>
    `the FIT is cut off: ${there} of ${needed} bytes are there. Copy it again, whole`,
  AXV_FIT_DAMAGED: (what: string) => `the FIT is damaged: ${what}. Build it again`,
  AXV_FIT_EXTERNAL: (path: string) =>
    `the bytes of ${path} lie behind the FIT (data-offset, data-position), where no signature holds them in their place: build ` +
    "it with its data inside (mkimage without -E)",
  AXV_FIT_HASH: (path: string) => `the bytes of ${path} are not those that its hash was made of: build the FIT again`,
  AXV_FIT_HASHLESS: (path: string) => `${path} has no SHA-256, so that a signature would not hold its bytes: build the FIT again`,
  AXV_FIT_UNSIGNED: (configuration: string) =>
    `${configuration} has no signature: build it with a key (axv-part keys new, then build --fit)`,
  AXV_FIT_UNKNOWN_KEY: (configuration: string, keys: string) =>
    `${configuration} is signed by none of these keys: ${keys}. Sign it with one of them, or give the folder of its own`,
  AXV_FIT_SIGNATURE: (configuration: string, key: string) =>
    `the signature of ${configuration} by ${key} does not hold: it has been changed since. Build it again`,
  AXV_FIT_TIME: (value: string) =>
    `SOURCE_DATE_EPOCH is "${value}", and no number of seconds since 1970 below 2^32: correct or unset it`,
  AXV_FIT_BOARD: (board: string) =>
    `the board "${board}" does not say by what \`compatible\` U-Boot knows it: add ` +
    '{ path: /, property: compatible, has: "…" } to `match:` of its board.yaml',
  AXV_FIT_OPTIONS: () => "--keys and --unsigned say how a FIT is made: write --fit, too, and one of them at most",
  AXV_FIT_SIZE: (bytes: string) =>
    `a FIT has less than 4 GiB, and this image has ${bytes} bytes: make its guests' images smaller`,
} as const;

export type FitErrorCode = keyof typeof MESSAGES;

export class FitError<C extends FitErrorCode = FitErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("FitError", MESSAGES, code, parameters);
  }
}
