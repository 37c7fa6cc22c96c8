// Tests without QEMU: most of them share their worker with those before them, and with it the modules that these have loaded, which
// takes half of their time; so do "unit-building", which build and start programs. "unit-apart" are those that replace a module,
// the clock or the environment, and each begins anew.
// Then there are those named …qemu.test.ts boot machines: one file at a time and after the others, for a QEMU with four CPUs
// alone fills the two cores that a CI machine has. But where QEMU counts instructions (-icount) its CPUs take turns on one core, and what
// else that machine does changes nothing: these run in parallel, as do all others.
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { NOT_QUICK, SlowestFirst } from "./test/slowest-first.ts";
import { QUICK_WASM } from "./tools/build/quickWasm.ts";

const QEMU_TESTS = "test/**/*qemu.test.ts";
const COUNTED_TESTS = ["test/bench/bars.qemu.test.ts", "test/verify/measured.qemu.test.ts", "test/hostile/eoirStorm.qemu.test.ts", "test/plc/bare.qemu.test.ts", "test/plc/riscv64.qemu.test.ts"];
/** They change nothing that another test sees, but files in folders of their own. */
const SHARING = [
  "boards", "core", "devicetree", "firmware", "history", "hostile", "link", "machine", "partitions", "plan", "plc", "tags",
].map((folder) => `test/${folder}/**/*.test.ts`).concat("test/house.test.ts");
/** They replace a module, the clock, the environment or a method of a class. */
const APART = [
  "bridge/bridge", "bridge/diskFull", "bridge/hypervisor", "bridge/linkTags", "bridge/node", "bridge/slot",
  "build/installed", "linux/fetch", "live/lines", "modbus/rtu", "modbus/tcp", "opcua/feed", "opcua/steadyTokens",
  "run/attached", "run/attend", "run/checks", "run/emulator", "run/failure-watch", "run/firmware", "run/keys", "run/qemu",
  "run/run-socket", "run/screen", "run/session", "run/view", "run/web", "verify/main", "web/fuzz", "web/server",
].map((name) => `test/${name}.test.ts`);
/** npm run test:quick leaves them out. */
const LEFT_OUT = process.env["AXV_QUICK"] === undefined ? [] : NOT_QUICK;
const SECOND = 1000;
/**
 * A machine may be busy with ten other things, and the first test to need it builds the core. What waits for a machine ends by
 * itself when that is dead (test/patience.ts); only what hangs takes so long.
 */
const PATIENCE = 900 * SECOND;
const PATIENT = { testTimeout: PATIENCE, hookTimeout: PATIENCE, expect: { poll: { timeout: PATIENCE / 3 } } };
/** They build programs, as the command line does. "unit" runs the core for millions of steps, which wants better code. */
const BUILDING = { ...PATIENT, execArgv: [...QUICK_WASM] };
/** By itself vitest leaves a CPU to its own process, which has next to nothing to do: of two, one. */
const ALL_CPUS = "100%";

/** Of every Node that starts here: what V8 has made of a module it finds again. tools/axv-part has the same place. */
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "build/compile-cache");

export default defineConfig({
  test: {
    reporters: ["default", "./test/closing-line.ts"],
    sequence: { sequencer: SlowestFirst },
    globalSetup: "test/bundle.ts",
    projects: [
      {
        test: {
          name: "unit",
          include: SHARING,
          exclude: [...configDefaults.exclude, QEMU_TESTS, ...LEFT_OUT],
          isolate: false,
          maxWorkers: ALL_CPUS,
          ...PATIENT,
        },
      },
      {
        test: {
          name: "unit-building",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, QEMU_TESTS, ...SHARING, ...APART, ...LEFT_OUT],
          isolate: false,
          maxWorkers: ALL_CPUS,
          ...BUILDING,
        },
      },
      {
        test: {
          name: "unit-apart",
          include: APART,
          exclude: [...configDefaults.exclude, QEMU_TESTS, ...LEFT_OUT],
          maxWorkers: ALL_CPUS,
          ...BUILDING,
        },
      },
      {
        test: {
          name: "counted",
          include: COUNTED_TESTS,
          maxWorkers: ALL_CPUS,
          ...BUILDING,
        },
      },
      {
        test: {
          name: "qemu",
          include: [QEMU_TESTS],
          exclude: [...configDefaults.exclude, ...COUNTED_TESTS],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          ...BUILDING,
        },
      },
    ],
  },
});
