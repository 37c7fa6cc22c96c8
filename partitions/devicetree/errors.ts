// What can be wrong with a device tree blob that somebody else made, each with a stable code.
import { oneLine } from "../source/text.ts";

export const FDT_ERRORS = {
  "AXV-P160": "this is no device tree blob: it does not begin with 0xd00dfeed. Give a .dtb file (dtc -I dts -O dtb makes one)",
  "AXV-P161": "the device tree blob is cut off: copy it again, whole",
  "AXV-P162": "the device tree blob is damaged: take it from its maker again, or let dtc write it anew",
  "AXV-P163": "the device tree blob is larger than any that Linux takes: give the board's own tree",
  "AXV-P164": "a property of the device tree cannot be read as what its binding says: correct it in the tree's source",
  "AXV-P165": "the device tree names what it does not have: correct it in the tree's source",
} as const;

export type FdtErrorCode = keyof typeof FDT_ERRORS;

export class FdtError extends Error {
  readonly code: FdtErrorCode;

  /** `details`: where, and what is there. */
  constructor(code: FdtErrorCode, details: string) {
    super(`${oneLine(details)}: ${FDT_ERRORS[code]} [${code}]`);
    this.name = "FdtError";
    this.code = code;
  }
}
