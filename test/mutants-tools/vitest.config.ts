// The tests that mutants of the tools are put to: those of the unit projects that cover them, but for what starts processes
// (nothing that happens in one is known to be covered) or throws dice for minutes.
import { configDefaults, defineConfig } from "vitest/config";

const FOLDERS = ["partitions", "plan", "prove", "verify", "run", "devicetree", "boards", "tags", "output"];
const LEFT_OUT = [
  "test/**/*qemu.test.ts",
  "test/{partitions,tags}/cli.test.ts",
  "test/prove/command.test.ts",
  "test/boards/{boardCommand,riscv64}.test.ts",
  "test/run/{console,csv-command,monitor,run,terminal}.test.ts",
  "test/output/{commands,streams}.test.ts",
  "test/{boards,prove}/fuzz.test.ts",
  "test/partitions/{own-shelf-fuzz,json-schema}.test.ts",
  "test/partitions/codes.test.ts", // reads sources
];
const PATIENCE = 300_000;
/** Of main.ts's --tests: who knows which tests are about these sources is done sooner. */
const only = process.env["AXV_MUTANTS_TESTS"];

export default defineConfig({
  test: {
    include: only === undefined ? FOLDERS.map((folder) => `test/${folder}/**/*.test.ts`) : JSON.parse(only) as string[],
    exclude: [...configDefaults.exclude, ...LEFT_OUT],
    // One worker loads all modules once: most mutants take no longer than that.
    isolate: false,
    maxWorkers: 1,
    testTimeout: PATIENCE,
    hookTimeout: PATIENCE,
  },
});
