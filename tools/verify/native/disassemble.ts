// The linked binary's instructions, from llvm-objdump's text, as the target's reading has them.
import { execFileSync } from "node:child_process";
import { displayPath, VerifyError, type SourceLine } from "../errors.ts";
import type { Instruction } from "./instruction.ts";
import type { Reading } from "./reading.ts";

const OBJDUMP = "llvm-objdump-19";
const OUTPUT_MAX_BYTES = 256 * 1024 * 1024;

const SECTION = /^Disassembly of section/;
const SYMBOL = /^[0-9a-f]+ <.*>:$/;
const SOURCE = /^; (.+):(\d+)$/;
/** Address and bytes; a tab, the mnemonic; a tab, operands, and with AArch64 a comment. */
const LINE = /^ *([0-9a-f]+): ((?:[0-9a-f]+ )+) *\t(\S+)(?:\t(.*))?$/;
const DIGITS_A_BYTE = 2;

export function disassemble(elfPath: string, reading: Reading): Instruction[] {
  let text: string;
  try {
    text = execFileSync(OBJDUMP, ["--disassemble", "--line-numbers", ...reading.objdump, elfPath], {
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
  return parseDisassembly(text, reading);
}

export function parseDisassembly(text: string, reading: Reading): Instruction[] {
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
    const [, address = "", encoding = "", mnemonic = "", operands = ""] = match;
    instructions.push(
      reading.decode(
        {
          address: Number.parseInt(address, 16),
          bytes: encoding.replaceAll(" ", "").length / DIGITS_A_BYTE,
          mnemonic,
          operands: operands.replace(/\s*\/\/.*$/, "").trim(),
          source: source?.line === 0 ? undefined : source,
        },
        instructions.at(-1),
      ),
    );
  }
  return instructions;
}
