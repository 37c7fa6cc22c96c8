// What the build can refuse, in one table: a stable code and the sentence that says what to do about it.

/** Where in a source file; the column is 1-based, as editors show it. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export const BUILD_ERRORS = {
  "compile-failed": "AssemblyScript found errors; correct them and build again",
  float: "programs are compiled without floating-point registers; use integers or fixed point",
  "indirect-call": "calls through tables hide the call graph from verify; call the function by its name",
  "memory-grow": "linear memory is fixed by the image; use static memory instead of `new`, arrays and strings",
  "unsupported-instruction": "the translator knows the integer part of WebAssembly only; write it another way",
  "unsupported-module": "the module uses a part of WebAssembly that has no meaning on bare metal",
  "unknown-import": "every import must be an intrinsic of one of the program's tables",
  "import-type": "the import's type differs from its intrinsics table; import it from build/generated",
  "loop-unbounded": "state its bound: make bound(iteration, LIMIT) the first statement of the loop's body",
  "loop-limit": "the limit of bound() must be a constant between 1 and 4294967294",
  "data-segments": "its tables of constants are more than axv_memory_init copies: raise SEGMENTS_MAX, here and in prelude.h",
  "export-name": "an export that assembly calls must have a name that C allows",
  "function-missing":
    "the program says how this function is compiled, and there is none of that name (asc may have made it part of " +
      "another one); correct programs.ts",
  "tool-missing": "install it with apt-get",
  "tool-failed": "the command's own words say why",
  "not-position-independent":
    "the core runs wherever it is loaded: address symbols relative to the program counter, or by label differences in data",
  "elf-malformed": "the file is not a 64-bit little-endian ELF executable",
  "image-header": "the core must begin with the header of a Linux Image of its ISA",
  "image-layout": "use the offsets that imageLayout() gives",
  "unknown-program": "name one of the programs, or all",
} as const;

export type BuildErrorCode = keyof typeof BUILD_ERRORS;

export class BuildError extends Error {
  override readonly name = "BuildError";
  readonly code: BuildErrorCode;
  readonly at: Location | undefined;

  /** `what` happened, in which function or file; `at` which line of which source file. */
  constructor(code: BuildErrorCode, what: string, at?: Location) {
    const where = at === undefined ? "" : `${at.file}:${at.line}:${at.column}: `;
    super(`${where}${what}: ${BUILD_ERRORS[code]} [${code}]`);
    this.code = code;
    this.at = at;
  }
}
