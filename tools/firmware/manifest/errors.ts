// Why a manifest of an update is not taken, each with a stable code and one message that says what to do.
import { CodedError } from "../../../industrial/link/coded-error.ts";
import { oneLine } from "../../../partitions/source/text.ts";

const AGAIN = "Get the update again from its maker";

export const MESSAGES = {
  AXV_MANIFEST_MALFORMED: (what: string) => `this is no manifest of an update: ${what}. ${AGAIN}`,
  AXV_MANIFEST_VERSION: (version: string) =>
    `"${version}" is no version: write three numbers with dots between them, such as 1.4.0`,
  AXV_MANIFEST_NO_VERSION: (system: string) =>
    `${system} has no version, which its manifest tells: write one into it, such as \`version: 1.0.0\``,
  AXV_MANIFEST_KEY: (found: string) => `manifests are signed with Ed25519, and the key is ${found}: take one of that kind`,
  AXV_MANIFEST_UNKNOWN_KEY: (keys: string) =>
    `the manifest is signed by none of the keys that are known here (${keys}): take an update of these keys' owner`,
  AXV_MANIFEST_SIGNATURE: (key: string) => `the signature of the manifest by ${key} does not hold: it has been changed. ${AGAIN}`,
  AXV_MANIFEST_BOARD: (wanted: string, here: string) =>
    `the update is for the board ${wanted}, and this is ${here}: take the one for ${here}`,
  AXV_MANIFEST_DOWNGRADE: (older: string, here: string) =>
    `the update is version ${older}, and ${here} is here: a version that is older, or the same, is taken only if you ask for ` +
    "it (--downgrade)",
  AXV_MANIFEST_FILE: (name: string, what: string) => `${name} is not the one that the manifest is of: ${what}. ${AGAIN}`,
} as const;

export type ManifestErrorCode = keyof typeof MESSAGES;

export class ManifestError<C extends ManifestErrorCode = ManifestErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("ManifestError", MESSAGES, code, parameters.map(oneLine) as Parameters<(typeof MESSAGES)[C]>);
  }
}
