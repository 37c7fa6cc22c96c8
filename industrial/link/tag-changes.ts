// A frame of what has changed in a partition's tag image: FRAME_TAGS of core/abi.ts.
import { LinkError } from "./errors.ts";
import type { Frame } from "./frame.ts";

export interface TagChanges {
  readonly partition: number;
  /** Of the image's header. */
  readonly table: number;
  /** CNTVCT_EL0 of the scan that all of this is of. */
  readonly time: bigint;
  /** `at`: in words of 8 bytes, from the image's start; `bytes`: those 8, as they stand there. */
  readonly words: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

const TIME = 4;
const WORDS = 12;
const BYTES = 2;
const RECORD = 10;

export function decodeTags({ partition, payload }: Frame): TagChanges {
  const count = (payload.length - WORDS) / RECORD;
  if (!Number.isInteger(count) || count < 0) {
    throw new LinkError("AXV_TELEMETRY_MALFORMED", `tags frame of ${payload.length} bytes`);
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return {
    partition,
    table: view.getUint32(0, true),
    time: view.getBigUint64(TIME, true),
    words: Array.from({ length: count }, (_, n) => {
      const at = WORDS + n * RECORD;
      return { at: view.getUint16(at, true), bytes: payload.subarray(at + BYTES, at + RECORD) };
    }),
  };
}
