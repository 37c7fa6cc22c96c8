// The linked binary's instructions, from llvm-objdump's text, as the target's reading has them.
import { resolve } from "node:path";
import type { Tool } from "../../build/installed.ts";
import { runTool } from "../../build/native.ts";
import { displayPath, type SourceLine } from "../errors.ts";
import type { Instruction } from "./instruction.ts";
import type { Reading } from "./reading.ts";

const OBJDUMP: Tool = { command: "llvm-objdump-19", package: "llvm-19" };

const SECTION = /^Disassembly of section/;
const SYMBOL = /^[0-9a-f]+ <.*>:$/;
const SOURCE = /^; (.+):(\d+)$/;
/** Address and bytes; a tab, the mnemonic; a tab, operands, and with AArch64 a comment. */
const LINE = /^ *([0-9a-f]+): ((?:[0-9a-f]+ )+) *\t(\S+)(?:\t(.*))?$/;
const DIGITS_A_BYTE = 2;

export const objdump = (elfPath: string, reading: Reading): string =>
  runTool(OBJDUMP, ["--disassemble", "--line-numbers", ...reading.objdump, resolve(elfPath)]);

export const disassemble = (elfPath: string, reading: Reading): Instruction[] =>
  parseDisassembly(objdump(elfPath, reading), reading);

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
