// A64 as LLVM knows it: words to text, text to words.
import { spawnSync } from "node:child_process";

const ARGUMENTS = ["--triple=aarch64", "-mattr=+all", "--show-encoding"];
const WORD = 4;

/** Text and encoding of every line that is an instruction. */
function run(input: string, ...more: string[]): { readonly text: string; readonly word: number }[] {
  const { stdout, error } = spawnSync("llvm-mc-19", [...ARGUMENTS, ...more], { input, encoding: "utf8", maxBuffer: 1 << 28 });
  if (error !== undefined) throw error;
  return [...stdout.matchAll(/^\t(.*?)\s*\/\/ encoding: \[(.*)\]$/gm)].map(([, text = "", bytes = ""]) => {
    const numbers = bytes.split(",").map(Number);
    if (numbers.length !== WORD || numbers.some(Number.isNaN)) throw new Error(`no encoding: ${text}: ${bytes}`);
    return { text: text.replace(/\s+/g, " "), word: new DataView(Uint8Array.from(numbers).buffer).getUint32(0, true) };
  });
}

/** What each word is; words that LLVM does not know, or would write otherwise, are left out. */
export function disassemble(words: readonly number[]): Map<number, string> {
  const input = words
    .map((word) => [0, 8, 16, 24].map((shift) => `0x${((word >>> shift) & 0xff).toString(16)}`).join(" "))
    .join("\n");
  return new Map(run(input, "--disassemble").map(({ text, word }) => [word, text]));
}

/** The words of so many lines of assembly. */
export function assemble(lines: readonly string[]): number[] {
  const words = run(lines.join("\n")).map(({ word }) => word);
  if (words.length !== lines.length) throw new Error(`${words.length} instructions of ${lines.length} lines: one is no A64`);
  return words;
}
