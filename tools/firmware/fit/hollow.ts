// A FIT without its payloads: a device tree as small as others, which the reader of those takes, and which no signature tells
// from the whole (signed.ts). Where the payloads lie in the FIT is given beside it.
//
// Of the words that lead from one token to the next each is checked here before it is used; whether what they make is a tree, the
// reader says.
import {
  BEGIN_NODE, COMPATIBLE_VERSION, END, END_NODE, HEADER, HEADER_BYTES, MAGIC, NAME_MAX, NOP, PROPERTY,
  RESERVATION, VERSION, WORD,
} from "../../../partitions/devicetree/fdt.ts";
import { alignUp, hex, KIB, type Span } from "../../../partitions/units.ts";
import { FitError } from "./errors.ts";
import { exactly, type Source } from "./source.ts";

/** Of what is beside the payloads: an image and its configuration take one KiB or two, and each signature is made of it anew. */
export const TREE_MAX = 256 * KIB;
/** The property that holds an image's bytes. */
const DATA = "data";

export interface HollowFit {
  /** Bytes of the whole FIT. */
  readonly total: number;
  readonly tree: Buffer;
  /** Where `data` lies, by the path of its node. */
  readonly payloads: ReadonlyMap<string, Span>;
}

const damaged = (at: number, what: string): FitError => new FitError("AXV_FIT_DAMAGED", `at byte ${at}, ${what}`);

export function hollow(source: Source): HollowFit {
  if (source.length < WORD || exactly(source, 0, WORD).readUInt32BE() !== MAGIC) throw new FitError("AXV_FIT_NONE");
  const header = exactly(source, 0, HEADER_BYTES);
  const total = header.readUInt32BE(HEADER.totalsize);
  if (total > source.length) throw new FitError("AXV_FIT_SHORT", String(source.length), String(total));
  const version = header.readUInt32BE(HEADER.version);
  if (version < VERSION || header.readUInt32BE(HEADER.compatible) > VERSION)
    throw damaged(HEADER.version, `its version is ${version}, and not ${VERSION}`);
  const block = (offset: number, size: number, what: string): Span => {
    const span = { base: header.readUInt32BE(offset), size: header.readUInt32BE(size) };
    if (span.base < HEADER_BYTES || span.base + span.size > total) throw damaged(offset, `${what} cannot be there`);
    return span;
  };
  const structure = block(HEADER.structure, HEADER.structureSize, "a structure");
  const strings = block(HEADER.strings, HEADER.stringsSize, "a block of strings");
  if (strings.size > TREE_MAX) throw damaged(HEADER.stringsSize, `${strings.size} bytes of names are too many`);
  const names = exactly(source, strings.base, strings.size);
  const { kept, payloads } = new Walk(source, structure, names).all();

  const structureAt = HEADER_BYTES + RESERVATION;
  for (const [at, value] of [
    [HEADER.totalsize, structureAt + kept.length + names.length], [HEADER.structure, structureAt],
    [HEADER.structureSize, kept.length], [HEADER.strings, structureAt + kept.length], [HEADER.reservations, HEADER_BYTES],
    [HEADER.compatible, COMPATIBLE_VERSION],
  ] as const)
    header.writeUInt32BE(value, at);
  return { total, tree: Buffer.concat([header, Buffer.alloc(RESERVATION), kept, names]), payloads };
}

/** So much of the structure is read at once. */
const WINDOW = 64 * KIB;

class Walk {
  readonly #source: Source;
  readonly #structure: Span;
  readonly #names: Buffer;
  readonly #payloads = new Map<string, Span>();
  readonly #open: string[] = [];
  #at: number;
  #windowAt = 0;
  #window: Buffer = Buffer.alloc(0);

  constructor(source: Source, structure: Span, names: Buffer) {
    this.#source = source;
    this.#structure = structure;
    this.#names = names;
    this.#at = structure.base;
  }

  all(): { kept: Buffer; payloads: Map<string, Span> } {
    const kept: Buffer[] = [];
    let keptBytes = 0;
    for (;;) {
      const start = this.#at;
      const { token, payload } = this.#step();
      const size = this.#at - start;
      if (payload === undefined) {
        keptBytes += size;
        if (keptBytes > TREE_MAX) throw damaged(start, `beside its payloads it has more than ${TREE_MAX} bytes`);
        kept.push(Buffer.from(this.#bytes(start, size)));
      } else {
        const path = `/${this.#open.slice(1).join("/")}`;
        if (this.#payloads.has(path)) throw damaged(start, `${path} has \`${DATA}\` twice`);
        this.#payloads.set(path, payload);
      }
      if (token === END) return { kept: Buffer.concat(kept), payloads: this.#payloads };
    }
  }

  /** To the next token; `payload`: the value of `data`. */
  #step(): { token: number; payload?: Span } {
    const at = this.#at;
    const token = this.#word(at);
    if (token === NOP || token === END) this.#skip(WORD);
    else if (token === BEGIN_NODE) {
      const name = this.#nodeName(at + WORD);
      this.#open.push(name);
      this.#skip(WORD + alignUp(name.length + 1, WORD));
    } else if (token === END_NODE) {
      if (this.#open.pop() === undefined) throw damaged(at, "a node ends that has not begun");
      this.#skip(WORD);
    } else if (token === PROPERTY) {
      const size = this.#word(at + WORD);
      const isPayload = this.#isData(at, this.#word(at + 2 * WORD));
      this.#skip(3 * WORD + alignUp(size, WORD));
      if (isPayload) return { token, payload: { base: at + 3 * WORD, size } };
    } else throw damaged(at, `${hex(token)} is no token`);
    return { token };
  }

  #isData(at: number, offset: number): boolean {
    const end = this.#names.indexOf(0, offset);
    if (offset >= this.#names.length || end < 0) throw damaged(at, "the name of a property cannot be there");
    return end - offset === DATA.length && this.#names.toString("latin1", offset, end) === DATA;
  }

  #nodeName(at: number): string {
    const most = this.#bytes(at, Math.min(NAME_MAX + 1, this.#structure.base + this.#structure.size - at));
    const length = most.indexOf(0);
    if (length < 0) throw damaged(at, `a name does not end after ${NAME_MAX} characters`);
    return most.toString("latin1", 0, length);
  }

  #word(at: number): number {
    return this.#bytes(at, WORD).readUInt32BE();
  }

  #skip(bytes: number): void {
    const next = this.#at + bytes;
    if (next > this.#structure.base + this.#structure.size) throw damaged(this.#at, `${bytes} bytes reach beyond the structure`);
    this.#at = next;
  }

  /** Within the structure. */
  #bytes(at: number, size: number): Buffer {
    const end = this.#structure.base + this.#structure.size;
    if (at + size > end) throw damaged(at, "the structure has no end");
    if (size > WINDOW) return exactly(this.#source, at, size);
    if (at < this.#windowAt || at + size > this.#windowAt + this.#window.length) {
      this.#windowAt = at;
      this.#window = exactly(this.#source, at, Math.min(WINDOW, end - at));
    }
    return this.#window.subarray(at - this.#windowAt, at - this.#windowAt + size);
  }
}
