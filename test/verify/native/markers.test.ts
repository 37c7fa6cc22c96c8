// Loop markers as they lie in the binary, and which source loops run inside which.
import { expect, test } from "vitest";
import { markerKey, readMarkers, withIntrinsics, type Marker } from "../../../tools/verify/native/markers.ts";
import { section } from "../handmade.ts";

function marked(records: readonly (readonly [address: bigint, limit: number, line: number])[], cut = 0): Marker[] {
  const bytes = Buffer.alloc(3 + records.length * 16); // not at the start of its buffer
  records.forEach(([address, limit, line], n) => {
    bytes.writeBigUInt64LE(address, 3 + n * 16);
    bytes.writeUInt32LE(limit, 3 + n * 16 + 8);
    bytes.writeUInt32LE(line, 3 + n * 16 + 12);
  });
  const text = section({ name: ".text", bytes: new Uint8Array(7) });
  return readMarkers({ sections: [text, section({ name: ".axv.bounds", bytes: bytes.subarray(3 + cut) })], symbols: [] });
}

test("address, limit and line of each record; the largest limit is that of a byte count", () => {
  expect(marked([[0x40_0000_1000n, 7, 12], [0x1004n, 0xffff_fffe, 0], [0x1008n, 0xffff_ffff, 3]])).toEqual([
    { address: 0x40_0000_1000, limit: 7, line: 12 },
    { address: 0x1004, limit: 0xffff_fffe, line: 0 },
    { address: 0x1008, limit: Infinity, line: 3 },
  ]);
  expect(marked([])).toEqual([]);
  expect(readMarkers({ sections: [section({ name: ".text", bytes: new Uint8Array(16) })], symbols: [] })).toEqual([]);
});

test("half a record, and a limit of nothing, are refused", () => {
  const advice = "section .axv.bounds must hold a 16-byte record for each bound() of this very WebAssembly; build the core again";
  expect(() => marked([[0n, 1, 1]], 1)).toThrow(`.axv.bounds has 15 bytes: ${advice} [markers-malformed]`);
  expect(() => marked([[0x10fcn, 0, 9]])).toThrow(`limit 0 at 0x10fc, line 9: ${advice} [markers-malformed]`);
});

test("a source loop is known by line and limit", () => {
  expect(markerKey({ line: 12, limit: 7 })).toBe("12:7");
  expect(markerKey({ line: 0, limit: Infinity })).toBe("0:Infinity");
});

test("an intrinsic's loop, and one as long as a byte count, run inside all others and around none", () => {
  const { encloses } = withIntrinsics({ encloses: (outer, inner) => outer === "1:5" && inner === "2:6" });
  const keys = ["1:5", "2:6", "0:7", "3:Infinity", "10:7"];
  const all = keys.flatMap((outer) => keys.map((inner) => [outer, inner] as const));
  expect(all.filter(([outer, inner]) => encloses(outer, inner)).map((pair) => pair.join(" around "))).toEqual([
    "1:5 around 2:6", "1:5 around 0:7", "1:5 around 3:Infinity",
    "2:6 around 0:7", "2:6 around 3:Infinity",
    "10:7 around 0:7", "10:7 around 3:Infinity",
  ]);
});
