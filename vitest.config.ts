// Three kinds of tests. Those named …qemu.test.ts boot machines: one file at a time and after the others, for a QEMU with four CPUs
// alone fills the two cores that a CI machine has. But where QEMU counts instructions (-icount) its CPUs take turns on one core, and what
// else that machine does changes nothing: these run in parallel, as do all others.
import { configDefaults, defineConfig } from "vitest/config";
import { LONG, SlowestFirst } from "./test/slowest-first.ts";

const QEMU_TESTS = "test/**/*qemu.test.ts";
const COUNTED_TESTS = ["test/bench/bars.qemu.test.ts", "test/verify/measured.qemu.test.ts", "test/hostile/eoirStorm.qemu.test.ts", "test/plc/bare.qemu.test.ts", "test/plc/riscv64.qemu.test.ts"];
const SECOND = 1000;
/** By itself vitest leaves a CPU to its own process, which has next to nothing to do: of two, one. */
const ALL_CPUS = "100%";

export default defineConfig({
  test: {
    reporters: ["default", "./test/closing-line.ts"],
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, QEMU_TESTS, ...(process.env["AXV_QUICK"] === undefined ? [] : LONG)], // npm run test:quick
          maxWorkers: ALL_CPUS,
          testTimeout: 60 * SECOND,
          hookTimeout: 60 * SECOND, // the first to need it builds the core
        },
      },
      {
        test: {
          name: "counted",
          include: COUNTED_TESTS,
          maxWorkers: ALL_CPUS,
          testTimeout: 180 * SECOND,
          hookTimeout: 600 * SECOND,
        },
      },
      {
        test: {
          name: "qemu",
          include: [QEMU_TESTS],
          exclude: [...configDefaults.exclude, ...COUNTED_TESTS],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 180 * SECOND,
          hookTimeout: 600 * SECOND, // the first to need it downloads Linux
        },
      },
    ],
  },
});
