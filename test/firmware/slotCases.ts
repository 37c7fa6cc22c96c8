// Slot states as they may be found on a disk, good ones and damaged ones, by what they are.
import { crc32 } from "node:zlib";
import { STATE_BYTES, UNKNOWN, writeState } from "../../tools/firmware/slots.ts";
import type { SlotState } from "../../tools/firmware/slots.ts";

export type Copies = readonly [Uint8Array, Uint8Array];

export const EMPTY = new Uint8Array(STATE_BYTES);
export const state = (changes: Partial<SlotState>): SlotState => ({ ...UNKNOWN, ...changes });
const written = (changes: Partial<SlotState>): Uint8Array => writeState(state(changes));
/** With anything in it. */
function text(variables: Readonly<Record<string, string>>): Uint8Array {
  const bytes = new Uint8Array(STATE_BYTES);
  bytes.set(Buffer.from(Object.entries(variables).map(([name, value]) => `${name}=${value}\0`).join("")), 4);
  new DataView(bytes.buffer).setUint32(0, crc32(bytes.subarray(4)), true);
  return bytes;
}

function torn(bytes: Uint8Array): Uint8Array {
  const half = bytes.slice();
  half.fill(0xff, 64, 512);
  return half;
}

const GOOD = { generation: 7n, status: { a: "good", b: "good" }, booted: "a" } as const;
const PENDING_B = {
  order: ["b", "a"], status: { a: "good", b: "pending" }, booted: "a", version: { a: "1.0", b: "2.0-rc" },
} as const;

export const CASES: Readonly<Record<string, Copies>> = {
  "a new disk: both copies say the same": [written({ generation: 1n }), written({ generation: 1n })],
  "slot a is good and was started last: nothing is written": [written(GOOD), written({ ...GOOD, generation: 6n })],
  "the second copy is newer": [
    written({ ...GOOD, generation: 0xffn }), written({ ...GOOD, generation: 0x100n, order: ["b", "a"] }),
  ],
  "slot b is on trial for the first time": [
    written({ ...PENDING_B, generation: 9n, tries: 3 }), written({ ...GOOD, generation: 8n }),
  ],
  "slot b has one try left": [
    written({ ...PENDING_B, generation: 10n, tries: 2 }), written({ ...PENDING_B, generation: 11n, tries: 1 }),
  ],
  "slot b is on trial, with nothing to return to": [
    written({ ...PENDING_B, status: { a: "bad", b: "pending" }, generation: 9n, tries: 3 }), EMPTY,
  ],
  "slot b has had its tries: back to a": [
    written({ ...PENDING_B, generation: 12n, tries: 0, booted: "b" }), written({ ...PENDING_B, generation: 11n, tries: 1 }),
  ],
  "slot b is committed": [written({ ...GOOD, generation: 13n, order: ["b", "a"], booted: "b" }), EMPTY],
  "a rollback: a goes before b again": [written({ ...GOOD, generation: 14n, booted: "b" }), EMPTY],
  "slot a is bad": [written({ ...GOOD, status: { a: "bad", b: "good" } }), EMPTY],
  "both are bad": [written({ ...GOOD, status: { a: "bad", b: "empty" } }), EMPTY],
  "the newer copy was cut off while it was written": [
    written({ ...GOOD, generation: 20n }), torn(written({ ...PENDING_B, generation: 21n, tries: 3 })),
  ],
  "the older copy was": [torn(written({ ...GOOD, generation: 20n })), written({ ...PENDING_B, generation: 21n, tries: 3 })],
  "neither copy can be read": [torn(written(GOOD)), EMPTY],
  "a copy without a generation is none": [text({ axv_a: "bad", axv_b: "good" }), written(GOOD)],
  "what else stands in a copy is not taken": [
    text({ axv_gen: "5", axv_a: "good", strange: "1", axv_from: "0", axv_to: "0" }), EMPTY,
  ],
  "what is no order is the usual one": [text({ axv_gen: "5", axv_a: "good", axv_b: "good", axv_order: "b b a" }), EMPTY],
  "tries that nobody has given are none": [
    text({ axv_gen: "5", axv_a: "good", axv_b: "pending", axv_order: "b a", axv_tries: "99" }), EMPTY,
  ],
  "a generation that is no number counts as none": [
    text({ axv_gen: "zz", axv_a: "good", axv_b: "good" }), written({ ...GOOD, generation: 1n, order: ["b", "a"] }),
  ],
};

const EVIL = [
  "5; echo RUN", "5 = 5; echo RUN; test 5", "$(echo RUN)", "`echo RUN`", '" ; echo RUN ; "', "'; echo RUN; '", "${bootcmd}", "*0",
  "\necho RUN", "\\necho RUN",
];
/** What would run something, or read somewhere, if it were more than text. Of a disk with one of these only that is asked. */
export const HOSTILE: readonly Copies[] = EVIL.map((evil) => [
  text({
    strange: "1", axv_gen: evil, axv_a: evil, axv_b: "good", axv_order: evil, axv_tries: evil, axv_booted: evil,
    axv_a_version: evil,
  }),
  EMPTY,
]);

/** Of one where boot.scr is led to a device tree that is none. */
export const NO_TREE: Copies = [written({ ...PENDING_B, generation: 9n, tries: 3 }), EMPTY];
/** Of a disk that takes no write. */
export const READ_ONLY: Copies = [written({ ...PENDING_B, generation: 9n, tries: 3 }), written({ ...GOOD, generation: 8n })];
