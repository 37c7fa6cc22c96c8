// What a core with many mutants in it imports besides (test/mutants/schema.ts): which of them it is, and whom it tells where it
// comes by.

/** The module that it imports that from. */
export const MUTANT_IMPORTS = "mutants";
/** No mutant has this number. */
export const UNCHANGED = -1;

export const mutant = {
  /** Of machines made from now on. */
  chosen: UNCHANGED,
  reached: (_place: number): void => undefined,
};

export function mutantImports(): WebAssembly.Imports {
  const { chosen } = mutant;
  return {
    [MUTANT_IMPORTS]: {
      chosen: new WebAssembly.Global({ value: "i32", mutable: false }, chosen),
      reached: (place: number) => { mutant.reached(place); return 0; },
    }
  };
}
