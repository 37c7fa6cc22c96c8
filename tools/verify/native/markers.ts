// Loop markers: section .axv.bounds of the linked binary. A marker is no instruction; its address is that of the
// instruction after it. It says: this place is passed at most `limit` times each time the source loop is entered in
// which it stands.
//
//    0           8          12         16
//   ┌───────────┬──────────┬──────────┐
//   │ address   │ limit    │ line     │   little endian
//   └───────────┴──────────┴──────────┘
//
// Limit 0xffffffff: as often as a count of bytes says. Line 0: an intrinsic's.
import { VerifyError, hex } from "../errors.ts";
import type { Elf } from "./elf.ts";

export interface Marker {
  readonly address: number;
  /** Infinity: as often as a byte count says. */
  readonly limit: number;
  readonly line: number;
}

/** Which source loops can run inside an iteration of which others. Keys as made by `markerKey`. */
export interface LoopNesting {
  encloses(outer: string, inner: string): boolean;
}

const SECTION = ".axv.bounds";
const RECORD_BYTES = 16;
const LIMIT_BYTE_COUNT = 0xffffffff;

/** Byte loops are intrinsics', too. Such a loop runs inside whatever loop calls it. */
export const withIntrinsics = (nesting: LoopNesting): LoopNesting => ({
  encloses: (outer, inner) => (isIntrinsics(inner) ? !isIntrinsics(outer) : nesting.encloses(outer, inner)),
});

const isIntrinsics = (key: string): boolean => key.endsWith(":Infinity") || key.startsWith("0:");

/** Names a source loop. Two loops of different files may share a key: then they have the same limit. */
export const markerKey = ({ line, limit }: Pick<Marker, "line" | "limit">): string => `${line}:${limit}`;

export function readMarkers(elf: Elf): Marker[] {
  const section = elf.sections.find((one) => one.name === SECTION);
  if (section === undefined) return [];
  const { bytes } = section;
  if (bytes.length % RECORD_BYTES !== 0) throw new VerifyError("markers-malformed", `${SECTION} has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / RECORD_BYTES }, (_, index) => {
    const at = index * RECORD_BYTES;
    const address = Number(view.getBigUint64(at, true));
    const limit = view.getUint32(at + 8, true);
    const line = view.getUint32(at + 12, true);
    if (limit === 0) throw new VerifyError("markers-malformed", `limit 0 at ${hex(address)}, line ${line}`);
    return { address, limit: limit === LIMIT_BYTE_COUNT ? Infinity : limit, line };
  });
}
