// What clang is told of single functions beyond their C: programs.ts says which, and why.
import { BuildError } from "../errors.ts";
import type { Program } from "../programs.ts";

export type Shapes = Pick<Program, "fast" | "apart" | "savesNothing" | "savesMost">;

/** What there is, by C name: all functions, and those that the assembly knows. */
interface Known {
  readonly functions: ReadonlySet<string>;
  readonly exports: ReadonlySet<string>;
}

/** Attributes of a function by its C name. */
export function attributes(
  { fast, apart = [], savesNothing = [], savesMost = [] }: Shapes,
  { functions, exports }: Known,
): (name: string) => string {
  for (const name of [...apart, ...savesNothing, ...savesMost])
    if (!functions.has(name)) throw new BuildError("function-missing", name);
  return (name) => {
    const size = fast !== undefined && !fast.some((start) => name.startsWith(start)) ? "__attribute__((minsize)) " : "";
    if (apart.includes(name)) return `${size}__attribute__((noinline)) `;
    if (savesNothing.includes(name)) return `${size}__attribute__((preserve_none)) `;
    if (savesMost.includes(name)) return `${size}__attribute__((preserve_most${exports.has(name) ? "" : ", noinline"})) `;
    return size;
  };
}
