// axv-part board: a board.yaml from a device tree, and one beside a device tree.
import { basename } from "node:path";
import type { Command } from "commander";
import { BYTES_MAX } from "../../partitions/devicetree/fdt.ts";
import { readFile } from "../../partitions/source/file.ts";
import { oneLine } from "../../partitions/source/text.ts";
import { checkAgainst } from "../board/check.ts";
import { compose } from "../board/compose.ts";
import { BoardError } from "../board/errors.ts";
import { parseRam } from "../board/ram-option.ts";
import { composeRiscv } from "../board/riscv64/compose.ts";
import type { RiscvTree } from "../board/riscv64/tree.ts";
import { openAnyTree } from "../board/tree.ts";
import type { Tree } from "../board/tree.ts";
import { writeBoard } from "../board/write.ts";
import { claim } from "../output/places.ts";
import { writeTogether } from "../output/write.ts";

interface FromOptions {
  readonly ram?: readonly string[];
  readonly output?: string;
  readonly json?: true;
}

export function register(program: Command): void {
  const board = program.command("board").description("boards: a board.yaml from a device tree, and one beside a device tree");
  board
    .command("from-dtb")
    .description("make a board.yaml of a board's device tree, or say why it cannot be one")
    .argument("<file.dtb>", "a device tree blob: a kernel's, or /sys/firmware/fdt of the running board")
    .option(
      "--ram <base+size>",
      "where RAM is, in the place of the tree's; again for the next bank",
      (text, all: string[] = []) => [...all, text],
    )
    .option("-o, --output <board.yaml>", "the file to write; without it, it is printed")
    .option("--json", "print it as JSON")
    .action(fromDtb);
  board
    .command("check")
    .description("compare a board.yaml with a device tree: each difference one line")
    .argument("<board>", "a board.yaml, or the name of a board")
    .requiredOption("--dtb <file.dtb>", "the board's device tree")
    .option("--json", "print the differences as JSON")
    .action((name: string, { dtb, json }: { dtb: string; json?: true }) => check(name, dtb, json === true));
}

function openFile(file: string): Tree | RiscvTree {
  const bytes = readFile(file, BYTES_MAX);
  if (typeof bytes === "string") throw new BoardError("AXV_BOARD_UNREADABLE", file, bytes);
  return openAnyTree(bytes);
}

function fromDtb(file: string, { ram = [], output, json }: FromOptions): void {
  const tree = openFile(file);
  const banks = ram.map(parseRam);
  const composed = tree.isa === "riscv64" ? composeRiscv(tree, banks) : compose(tree, banks);
  const { board, remarks, leftOut } = composed;
  const text = writeBoard(composed, basename(file));
  if (output !== undefined) {
    const [place = output] = claim([{ path: output, what: "the board" }], [file]);
    writeTogether(new Map([[place, text]]));
  }
  if (json === true) console.log(JSON.stringify({ board, remarks: Object.fromEntries(remarks), left_out: leftOut }, null, 2));
  else if (output === undefined) process.stdout.write(text);
  else console.log(`${output}: ${Object.keys(board.devices).length} devices, ${leftOut.length} left out`);
}

function check(name: string, dtb: string, json: boolean): void {
  const differences = checkAgainst(name, openFile(dtb));
  if (differences.length > 0) process.exitCode = 1;
  if (json) console.log(JSON.stringify(differences, null, 2));
  else if (differences.length === 0) console.log(`${oneLine(name)}: ok: as ${oneLine(dtb)} says`);
  else
    for (const { file, line, column, message, remedy, code } of differences)
      console.log(`${oneLine(file)}:${line}:${column}: ${message}: ${remedy} [${code}]`);
}
