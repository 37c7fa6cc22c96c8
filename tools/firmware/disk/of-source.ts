// A disk whose bytes are read as those of a file are.
import type { Source } from "../fit/source.ts";
import { SECTOR } from "./sectors.ts";
import type { Sectors } from "./sectors.ts";

/** What lies behind the last whole sector is none. `name`: for messages. */
export const sectorsOf = (name: string, source: Source): Sectors => ({
  name,
  count: Math.floor(source.length / SECTOR),
  read: (first, sectors) => {
    const bytes = new Uint8Array(sectors * SECTOR);
    source.fill(bytes, first * SECTOR);
    return bytes;
  },
});
