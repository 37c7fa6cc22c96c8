// Two kinds of tests. Those named …qemu.test.ts boot machines: one file at a time and after the others, for a QEMU with
// four CPUs alone fills the two cores that a CI machine has. All others run in parallel.
import { configDefaults, defineConfig } from "vitest/config";
import { SlowestFirst } from "./test/slowest-first.ts";

const QEMU_TESTS = "test/**/*qemu.test.ts";
const SECOND = 1000;

export default defineConfig({
  test: {
    reporters: ["default", "./test/closing-line.ts"],
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, QEMU_TESTS],
          maxWorkers: "100%", // by itself vitest leaves a CPU to its own process, which has next to nothing to do: of two, one
          testTimeout: 60 * SECOND,
          hookTimeout: 60 * SECOND, // the first to need it builds the core
        },
      },
      {
        test: {
          name: "qemu",
          include: [QEMU_TESTS],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 180 * SECOND,
          hookTimeout: 600 * SECOND, // the first to need it downloads Linux
        },
      },
    ],
  },
});
