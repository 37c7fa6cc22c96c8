// What the largest board costs a user besides the tool's own start: its board.yaml from its device tree, and a plan of it.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../tools/build/files.ts";
import { debianTrees } from "../../tools/linux/trees.ts";
import { BenchError } from "./errors.ts";

/** 651 nodes. */
const BOARD = "orangepi-5-plus";
const TREE = "rk3588-orangepi-5-plus.dtb";
/** As firmware would fill it in. */
const RAM = "0x40000000+1G";
const SYSTEM = `board: ${BOARD}
partitions:
  linux: { guest: linux, cpus: [0, 1], memory: 256M, devices: [gmac0], accepts: [dma, providers] }
  plc: { guest: plc, cpus: [3], memory: 16M, interrupts: direct }
`;

export interface BoardRow {
  readonly title: string;
  /** Beyond those of --help. */
  readonly seconds: number;
  readonly goal: number;
}

function seconds(parameters: readonly string[]): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(join(ROOT, "tools/axv-part"), parameters, { encoding: "utf8" });
  if (status !== 0) throw new BenchError("tool-failed", `axv-part ${parameters.join(" ")} ended with ${status}:\n${stderr}`);
  return (performance.now() - began) / 1000;
}

/** Of each the least of so many times: what else the machine does only adds to it. */
export async function boardRows(scratch: string, rounds: number): Promise<BoardRow[]> {
  const tree = join(await debianTrees((line) => console.error(line)), TREE);
  const system = join(scratch, "board.yaml");
  writeFileSync(system, SYSTEM);
  const commands = [["--help"], ["board", "from-dtb", tree, "--ram", RAM], ["plan", system]];
  const rows = Array.from({ length: rounds }, () => commands.map(seconds));
  const [start = 0, fromDtb = 0, plan = 0] = commands.map((_, column) => Math.min(...rows.map((row) => row[column] ?? Infinity)));
  return [
    { title: `board from-dtb of ${BOARD}`, seconds: fromDtb - start, goal: 0.1 },
    { title: `plan of ${BOARD}`, seconds: plan - start, goal: 0.3 },
  ];
}
