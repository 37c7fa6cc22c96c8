// What clang is told of single functions beyond their C: programs.ts says which, and why.
import { BuildError } from "../errors.ts";
import type { Program } from "../programs.ts";
import type { Conventions } from "../targets/target.ts";

export type Shapes = Pick<Program, "fast" | "apart" | "savesNothing" | "savesMost">;

/** What there is, by C name: all functions, and those that the assembly knows. */
interface Known {
  readonly functions: ReadonlySet<string>;
  readonly exports: ReadonlySet<string>;
}

const attribute = (...names: (string | undefined)[]): string => {
  const known = names.filter((name) => name !== undefined);
  return known.length === 0 ? "" : `__attribute__((${known.join(", ")})) `;
};

/** Attributes of a function by its C name; `conventions` are the target's. */
export function attributes(
  { fast, apart = [], savesNothing = [], savesMost = [] }: Shapes,
  { functions, exports }: Known,
  conventions: Conventions = { savesNothing: undefined, savesMost: undefined },
): (name: string) => string {
  for (const name of [...apart, ...savesNothing, ...savesMost])
    if (!functions.has(name)) throw new BuildError("function-missing", name);
  return (name) => {
    const size = fast !== undefined && !fast.some((start) => name.startsWith(start)) ? attribute("minsize") : "";
    if (apart.includes(name)) return size + attribute("noinline");
    if (savesNothing.includes(name)) return size + attribute(conventions.savesNothing);
    if (savesMost.includes(name)) return size + attribute(conventions.savesMost, exports.has(name) ? undefined : "noinline");
    return size;
  };
}
