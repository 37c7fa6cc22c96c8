// The shape of an intrinsic: the only way for wasm to reach the machine. One entry is the source of three things: the
// AssemblyScript declaration, the C function, and the name of the simulator's hook. The list of intrinsics is the list
// of powers (architecture, decision 3).

import type { Isa } from "./targets/target.ts";

export type IntrinsicType = "u32" | "u64";

export interface Intrinsic {
  /** Name of the wasm import; the AssemblyScript function and the simulator's hook have the same name. */
  readonly name: string;
  /** In order. */
  readonly params: Readonly<Record<string, IntrinsicType>>;
  readonly result: IntrinsicType | "void";
  /** What it does; becomes the comment of the AssemblyScript declaration. */
  readonly doc: string;
  /** Body of the C function, with the parameters by their names; one for each ISA where it is not C that clang knows for all. */
  readonly c: string | Readonly<Partial<Record<Isa, string>>>;
  /** Too long to stand at every call: one function of its own. */
  readonly outOfLine?: true;
}
