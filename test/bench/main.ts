// npm run bench [-- --json]: what the hypervisor's paths cost beside bare metal, alone and beside a Linux
// under load, how large it is, how fast Linux boots in it, and what its handlers take beside what is proven of
// them. Instructions are counted by QEMU, so that the figures are the same on every machine and in every run.
// Ends with 1 when anything is over its goal.
import { parseArgs } from "node:util";
import { paintFor } from "../../tools/run/paint.ts";
import { checkCells } from "./checks.ts";
import { measureHandlers } from "./handlers.ts";
import { drawHistograms, PICTURE } from "./histograms.ts";
import { measureLinux } from "./linux.ts";
import { measureCells, measureCopying } from "./matrix.ts";
import { formatJson, formatTable, isBad, NOTES } from "./report.ts";
import { measureRiscv64 } from "./riscv64.ts";
import { measureRiscv64Linux } from "./riscv64Linux.ts";
import { measureRiscv64Reset } from "./riscv64Reset.ts";
import { linuxRow, pathRows, sizeRows } from "./rows.ts";

const { values: options } = parseArgs({ options: { json: { type: "boolean", default: false } } });
/** One of ours: it has a stable code, and a message that says what to do. */
const isExplained = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && typeof error.code === "string";
const progress = (line: string): void => console.error(line);

try {
  const copyPerByte = await measureCopying();
  const cells = await measureCells({ companies: ["alone", "linux"], progress });
  const linux = await measureLinux(progress);
  const handlers = await measureHandlers(progress);
  const riscv64 = [
    ...(await measureRiscv64(progress)), ...(await measureRiscv64Reset(progress)), ...(await measureRiscv64Linux(progress)),
  ];
  const paths = pathRows(cells, copyPerByte);
  const figures = [...(await sizeRows(copyPerByte)), linuxRow(linux), ...riscv64];
  const result = { paths, figures, checks: checkCells(cells), handlers };
  drawHistograms(paths);
  if (options.json) {
    console.log(formatJson(result));
  } else {
    console.log(`\n${formatTable(result, paintFor(process.stdout)).join("\n")}\n`);
    for (const note of NOTES) console.log(note);
    console.log(
      `Linux ${linux.version}: ${linux.hosted.toFixed(4)} s of virtual time, ${linux.bare.toFixed(4)} s without the hypervisor.`,
    );
    console.log(`Every sample, as a picture: ${PICTURE}`);
  }
  if (isBad(result)) process.exitCode = 1;
} catch (error) {
  if (!isExplained(error)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
