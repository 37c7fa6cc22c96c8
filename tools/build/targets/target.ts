// What the tools have to know of an instruction set, all of it: one description each (aarch64.ts, riscv64.ts). A new one is a
// file here, with its C header and its reading beside it, and a line in index.ts.
import type { Isa } from "../../../boards/isa.ts";
import type { Reading } from "../../verify/native/reading.ts";
import type { Relocation } from "../elf.ts";

export type { Isa };

export interface Target {
  readonly isa: Isa;
  /** As sentences have it. */
  readonly title: string;
  /** For clang: architecture and ABI, for C and assembly. */
  readonly flags: readonly string[];
  /** For C alone, beyond what all targets have (native.ts). */
  readonly cFlags: readonly string[];
  /** For lld, likewise. */
  readonly linkFlags: readonly string[];
  /**
   * Before the prelude of a translated program, relative to the root: C for LINEAR, which is where a pointer leads; for
   * BOUND_AT, a loop's marker; and for the atomic operations.
   */
  readonly headers: readonly string[];
  readonly conventions: Conventions;
  /** Proof that a linked program runs at any 4 KiB aligned address: names of what stands in its way, by the place. */
  readonly relocations: RelocationRules;
  readonly imageHeader: ImageHeader;
  readonly emulator: Emulator;
  /** How verify understands what llvm-objdump writes. */
  readonly reading: Reading;
  /** What the core may cost, relative to the root. */
  readonly budgets: string;
}

/**
 * clang's attributes for functions that keep other registers than the ABI says; undefined: there is none, and assembly saves
 * them.
 */
export interface Conventions {
  /** For a program's `savesNothing`. */
  readonly savesNothing: string | undefined;
  /** For its `savesMost`. */
  readonly savesMost: string | undefined;
}

export interface RelocationRules {
  /** Before a type's name, as the ABI's document has it. */
  readonly prefix: string;
  /** Number → name of the types by which an address is known from its distance; those in neither list are refused. */
  readonly relative: Readonly<Record<number, string>>;
  /** Of those that take a symbol's value as it is. */
  readonly absolute: Readonly<Record<number, string>>;
  /** What else is wrong with them all. */
  wrongBesides(relocations: readonly Relocation[]): readonly Relocation[];
}

/** The first bytes of what boots, by which a boot loader knows it. All have the image's size in the same place. */
export interface ImageHeader {
  /** As a sentence has it. */
  readonly title: string;
  readonly bytes: number;
  /** Undefined: it is as it must be. */
  wrong(header: DataView): string | undefined;
  /** Bytes of the program that are zero at first, and in no file: they lie in front of the image (core.ld). */
  before(header: DataView): number;
}

/** QEMU for the whole machine. */
export interface Emulator {
  readonly program: string;
  /** The Debian package that it comes in. */
  readonly package: string;
  /** What it starts before the image, where it has none of its own; also a Debian package's. */
  readonly firmware?: { readonly path: string; readonly package: string };
}
