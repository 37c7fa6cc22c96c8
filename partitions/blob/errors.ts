// What can be wrong with a blob, each with a stable code.

export const BLOB_ERRORS = {
  "AXV-P070": "this is no system blob: it does not begin with AXVB",
  "AXV-P071": "the blob is cut off",
  "AXV-P072": "the blob is of another version than this tool",
  "AXV-P073": "the blob was altered after it was written: its checksum is wrong",
  "AXV-P074": "an array of the blob does not lie inside it",
  "AXV-P075": "the planned system is larger than the hypervisor has room for: give it fewer devices, SPIs or channels",
  "AXV-P076": "the blob is for an ISA that this tool does not know",
} as const;

export type BlobErrorCode = keyof typeof BLOB_ERRORS;

export class BlobError extends Error {
  readonly code: BlobErrorCode;

  constructor(code: BlobErrorCode, details: string) {
    const remedy = code === "AXV-P075" ? "" : "; build it again with `axv-part build`";
    super(`${BLOB_ERRORS[code]} (${details})${remedy} [${code}]`);
    this.name = "BlobError";
    this.code = code;
  }
}
