// What clang is told of single functions beyond their C: programs.ts says which, and why.
import { BuildError } from "../errors.ts";
import type { Program } from "../programs.ts";

export type Shapes = Pick<Program, "small" | "savesNothing" | "savesMost">;

/** Attributes of a function by its C name. `exports` are the names that the assembly knows. */
export function attributes({ small = [], savesNothing = [], savesMost = [] }: Shapes, exports: ReadonlyMap<string, unknown>): (name: string) => string {
  for (const name of savesNothing) if (!exports.has(name)) throw new BuildError("export-missing", name);
  return (name) => {
    const size = small.some((start) => name.startsWith(start)) ? "__attribute__((minsize)) " : "";
    if (savesMost.includes(name)) return `${size}__attribute__((preserve_most${exports.has(name) ? "" : ", noinline"})) `;
    return `${size}${savesNothing.includes(name) ? "__attribute__((preserve_none)) " : ""}`;
  };
}
