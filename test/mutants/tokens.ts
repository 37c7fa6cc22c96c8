// AssemblyScript taken apart as far as mutants need it: what is code on a line, and what is a comment or a string.

export interface Line {
  /** From 1 on. */
  readonly number: number;
  readonly text: string;
  /** The same length as `text`; comments and strings are blanks. */
  readonly code: string;
}

/** The lines of a source. Template strings over several lines are not used in ours. */
export function linesOf(source: string): Line[] {
  let inComment = false;
  return source.split("\n").map((text, n) => {
    let code = "";
    for (let at = 0; at < text.length;) {
      const rest = text.slice(at);
      const skip = inComment ? rest.indexOf("*/") : -1;
      if (inComment) {
        const length = skip < 0 ? rest.length : skip + 2;
        inComment = skip < 0;
        code += " ".repeat(length);
        at += length;
      } else if (rest.startsWith("//")) {
        code += " ".repeat(rest.length);
        at = text.length;
      } else if (rest.startsWith("/*")) {
        inComment = true;
        code += "  ";
        at += 2;
      } else {
        const string = /^(["'`])(?:\\.|(?!\1).)*\1/.exec(rest)?.[0];
        code += string === undefined ? rest[0] : " ".repeat(string.length);
        at += string?.length ?? 1;
      }
    }
    return { number: n + 1, text, code };
  });
}

/** Where the parenthesis that opens at `open` closes; -1: not on this line. */
export function closing(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === "(") depth++;
    if (code[at] === ")" && --depth === 0) return at;
  }
  return -1;
}
