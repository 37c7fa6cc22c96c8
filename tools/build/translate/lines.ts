// #line directives: every C line that comes from a source line says so, and debuggers then show the source.
import type { Line } from "./function.ts";

/** Where asc's own library lies, seen from the repository's root. */
const LIBRARY = "node_modules/assemblyscript/std/assembly/";

export function withLineDirectives(lines: readonly Line[]): string[] {
  const output: string[] = [];
  let file = "";
  let next = 0; // the source line that C counts the following line as
  for (const { text, at } of lines) {
    if (at !== undefined && (at.file !== file || at.line !== next)) {
      output.push(`#line ${at.line} "${at.file.replace(/^~lib\//, LIBRARY)}"`);
      file = at.file;
      next = at.line;
    }
    output.push(text);
    next++;
  }
  return output;
}
