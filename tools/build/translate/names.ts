// Names of WebAssembly as names of C: `core/vgic/inject` → core_vgic_inject, no two alike.

const RESERVED = [
  "auto",
  "break",
  "case",
  "char",
  "const",
  "continue",
  "default",
  "do",
  "double",
  "else",
  "enum",
  "extern",
  "float",
  "for",
  "goto",
  "if",
  "inline",
  "int",
  "long",
  "register",
  "restrict",
  "return",
  "short",
  "signed",
  "sizeof",
  "static",
  "struct",
  "switch",
  "typedef",
  "union",
  "unsigned",
  "void",
  "volatile",
  "while",
  "asm",
  "typeof",
  "linux",
  "unix",
  "u8",
  "u16",
  "u32",
  "u64",
  "i8",
  "i16",
  "i32",
  "i64",
  "LINEAR",
  "LINEAR_BASE",
  "ACCESS",
  "BOUND",
  "BOUND_AT",
  "BYTES_LOOP",
  "PIECE_LOOP",
];

export const isIdentifier = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED.includes(name);

/** `$name` or `$"any name"` as the source has it. */
export function sourceName(id: string): string {
  return id.startsWith('$"') ? id.slice(2, -1) : id.slice(1);
}

export class Names {
  readonly #used: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#used = new Set([...RESERVED, ...taken]);
  }

  /** A C name as close to the wished one as is free. */
  claim(wish: string): string {
    const plain = wish.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^(?=\d|$)/, "_");
    let name = plain;
    for (let n = 2; this.#used.has(name); n++) name = `${plain}_${n}`;
    this.#used.add(name);
    return name;
  }

  all(): ReadonlySet<string> {
    return this.#used;
  }
}
