// What can be wrong when a new image of one partition is signed, each with a stable code and one message that says what to do.
import { CodedError } from "../../../industrial/link/coded-error.ts";

export const MESSAGES = {
  AXV_UPDATE_KEY: (file: string, why: string) =>
    `${file} is no Ed25519 key: ${why}. Make one with openssl genpkey -algorithm ed25519 -out FILE`,
  AXV_UPDATE_OTHER_KEY: (file: string, wanted: string) =>
    `the key ${file} is not the one that system.yaml names in \`update:\`, ${wanted}: sign with that, or name this one there`,
  AXV_UPDATE_NONE: (file: string) =>
    `no partition of ${file} has \`update:\`: write it where a partition is to be updated by itself`,
  AXV_UPDATE_IMAGE: (partition: string) =>
    `the image of "${partition}" is not built yet: name one in system.yaml, or run axv-part build`,
  AXV_UPDATE_VERSION: (written: string, least: string) =>
    `version ${written} is none, or not newer than that of the image that boots: write a whole number from ${least} on`,
} as const;

export type UpdateErrorCode = keyof typeof MESSAGES;

export class UpdateError<C extends UpdateErrorCode = UpdateErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("UpdateError", MESSAGES, code, parameters);
  }
}
