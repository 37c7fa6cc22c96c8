// Where /chosen/rng-seed is in a compiled device tree (Devicetree Specification v0.4, 5.4): the hypervisor fills it in
// at each start.

const OFF_DT_STRUCT = 8;
const OFF_DT_STRINGS = 12;
const BEGIN_NODE = 1;
const END_NODE = 2;
const PROPERTY = 3;
const END = 9;
const WORD = 4;
/** The root is at depth 1. */
const CHOSEN_DEPTH = 2;

/** Offset of its value; undefined: there is none. */
export function seedOffset(dtb: Uint8Array): number | undefined {
  const view = new DataView(dtb.buffer, dtb.byteOffset, dtb.byteLength);
  const text = (from: number): string => new TextDecoder().decode(dtb.subarray(from, dtb.indexOf(0, from)));
  const strings = view.getUint32(OFF_DT_STRINGS);
  let at = view.getUint32(OFF_DT_STRUCT);
  let depth = 0;
  let inChosen = false;
  for (;;) {
    const token = view.getUint32(at);
    at += WORD;
    if (token === END) return undefined;
    if (token === BEGIN_NODE) {
      const name = text(at);
      depth += 1;
      inChosen = depth === CHOSEN_DEPTH && name === "chosen";
      at += Math.ceil((name.length + 1) / WORD) * WORD;
    } else if (token === END_NODE) {
      depth -= 1;
    } else if (token === PROPERTY) {
      const length = view.getUint32(at);
      const name = text(strings + view.getUint32(at + WORD));
      at += 2 * WORD;
      if (inChosen && name === "rng-seed") return at;
      at += Math.ceil(length / WORD) * WORD;
    }
  }
}
