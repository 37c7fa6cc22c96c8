// The linked binary's instructions, from llvm-objdump's text: address, mnemonic, operands, target of a branch, source line.
import { execFileSync } from "node:child_process";
import { displayPath, VerifyError, type SourceLine } from "../errors.ts";

export interface Instruction {
  readonly address: number;
  readonly mnemonic: string;
  readonly operands: string;
  /** Of a direct branch or call. */
  readonly target: number | undefined;
  readonly source: SourceLine | undefined;
}

export const INSTRUCTION_BYTES = 4;
const OBJDUMP = "llvm-objdump-19";
const OUTPUT_MAX_BYTES = 256 * 1024 * 1024;

const SECTION = /^Disassembly of section/;
const SYMBOL = /^[0-9a-f]+ <.*>:$/;
const SOURCE = /^; (.+):(\d+)$/;
/** Data between code has its bytes shown before it all the same. */
const LINE = /^ *([0-9a-f]+):\s+(?:[0-9a-f]{2} )*\s*(\S+)(?:\s+(.*))?$/;
/** `0x102ec <entry+0xa4>` behind the other operands. */
const TARGET = /(?:^|, )0x([0-9a-f]+)(?: <[^>]*>)?$/;
const DIRECT = /^(b|bl|b\.[a-z]+|bc\.[a-z]+|cbn?z|tbn?z)$/;

export function disassemble(elfPath: string): Instruction[] {
  let text: string;
  try {
    text = execFileSync(OBJDUMP, ["--disassemble", "--no-show-raw-insn", "--line-numbers", elfPath], {
      encoding: "utf8",
      maxBuffer: OUTPUT_MAX_BYTES,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new VerifyError("tool-missing", `${OBJDUMP} (Debian package llvm-19) is not there`);
    }
    throw new VerifyError("tool-failed", `${OBJDUMP} ${elfPath}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parseDisassembly(text);
}

export function parseDisassembly(text: string): Instruction[] {
  const instructions: Instruction[] = [];
  let source: SourceLine | undefined;
  for (const line of text.split("\n")) {
    const place = SOURCE.exec(line);
    if (place !== null) {
      source = { file: displayPath(place[1] ?? ""), line: Number(place[2]) };
      continue;
    }
    if (SECTION.test(line) || SYMBOL.test(line)) {
      source = undefined;
      continue;
    }
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, address = "", mnemonic = "", operands = ""] = match;
    const target = DIRECT.test(mnemonic) ? TARGET.exec(operands.trim())?.[1] : undefined;
    instructions.push({
      address: Number.parseInt(address, 16),
      mnemonic,
      operands: operands.replace(/\s*\/\/.*$/, "").trim(),
      target: target === undefined ? undefined : Number.parseInt(target, 16),
      source: source?.line === 0 ? undefined : source,
    });
  }
  return instructions;
}
