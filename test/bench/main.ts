// npm run bench [-- --json]: what the hypervisor's paths cost, how large it is, and how fast Linux boots in it. Instructions
// are counted by QEMU, so that the figures are the same on every machine and in every run. Ends with 1 when one is over its bar.
import { parseArgs } from "node:util";
import { paintFor } from "../../tools/run/paint.ts";
import { measureLinux } from "./linux.ts";
import { measurePaths } from "./paths.ts";
import { formatJson, formatTable, isOverBar } from "./report.ts";
import { linuxRow, pathRows, sizeRows } from "./rows.ts";

const { values: options } = parseArgs({ options: { json: { type: "boolean", default: false } } });
/** One of ours: it has a stable code, and a message that says what to do. */
const isExplained = (error: unknown): error is Error => error instanceof Error && "code" in error && typeof error.code === "string";
const progress = (line: string): void => console.error(line);

try {
  progress("paths …");
  const paths = pathRows(await measurePaths());
  const sizes = sizeRows();
  const linux = await measureLinux(progress);
  const rows = [...paths, ...sizes, linuxRow(linux)];
  if (options.json) {
    console.log(formatJson(rows));
  } else {
    console.log(`\n${formatTable(rows, paintFor(process.stdout)).join("\n")}\n`);
    console.log("Instructions as executed by QEMU's Cortex-A53 (-icount), injected interrupts, one pCPU; with the hypervisor's own in EL2.");
    console.log(`Linux ${linux.version}: ${linux.hosted.toFixed(4)} s of virtual time, ${linux.bare.toFixed(4)} s without the hypervisor.`);
  }
  if (rows.some(isOverBar)) process.exitCode = 1;
} catch (error) {
  if (!isExplained(error)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
