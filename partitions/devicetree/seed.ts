// Where /chosen/rng-seed is in a compiled device tree (Devicetree Specification v0.4, 5.4): the hypervisor fills it in
// at each start.
import { readFdt } from "./fdt.ts";

/** Offset of its value; undefined: there is none. */
export function seedOffset(dtb: Uint8Array): number | undefined {
  const chosen = readFdt(dtb).root.children.find(({ name }) => name === "chosen");
  const seed = chosen?.properties.get("rng-seed");
  return seed && seed.byteOffset - dtb.byteOffset;
}
