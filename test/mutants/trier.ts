// A process that tries mutants of one program: it has the tests of the core in memory, watches once which places each of
// them comes by, and runs for each mutant those alone that come by it, the cheapest first, up to the first that fails.
import { readdirSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { ROOT } from "../../tools/build/files.ts";
import type { Test } from "./collector.ts";

/** What one test comes by, and how long it takes in milliseconds. */
export interface Course {
  readonly file: string;
  /** Its place in the file; -1: the file itself, as it is loaded. */
  readonly n: number;
  readonly milliseconds: number;
  readonly places: readonly number[];
}

/** One that fails with the core as it is. */
export interface Failed {
  readonly file: string;
  readonly n: number;
  readonly name: string;
}

/** watch: answers with the courses of those files. Otherwise: a mutant, by its number, and what it is put to. */
export type Order =
  | { readonly kind: "watch"; readonly files: readonly string[] }
  | { readonly kind: "try"; readonly number: number; readonly tests: readonly { readonly file: string; readonly n: number }[] };
export type Report =
  | { readonly kind: "courses"; readonly courses: readonly Course[]; readonly failed: readonly Failed[] }
  | { readonly kind: "tried"; readonly by: { readonly file: string; readonly n: number; readonly name: string } | undefined };

const FOLDERS = ["test/core", "test/core/property", "test/core/reference", "test/machine", "test/machine/aarch64"];
/** Takes minutes, boots machines, or is not about the core. */
const NOT_THESE = /qemu|races\.test/i;

export const testFiles = (): string[] =>
  FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith(".test.ts") && !NOT_THESE.test(name))
      .map((name) => `${folder}/${name}`),
  );

if (process.send !== undefined) await serve(process.send.bind(process));

async function serve(send: (report: Report) => unknown): Promise<void> {
  const collector = pathToFileURL(join(import.meta.dirname, "collector.ts")).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "vitest" ? { url: collector, shortCircuit: true } : next(specifier, context),
  });
  // The first failure will do: nobody looks for the shortest.
  fc.configureGlobal({ endOnFailure: true });
  const { collect } = await import("./collector.ts");
  const { mutant } = await import("../../tools/machine/mutant.ts");
  let loads = 0;
  // A file is loaded anew for each mutant: what it has at hand may be of the last one.
  const load = (file: string): Promise<Test[]> => collect(() => import(`${pathToFileURL(join(ROOT, file)).href}?${loads++}`));
  const passes = async (run: () => Promise<unknown>): Promise<boolean> => {
    try {
      await run();
      return true;
    } catch (error) {
      if (process.env["AXV_MUTANTS_SAY"] !== undefined) console.error(error);
      return false;
    }
  };

  async function watch(files: readonly string[]): Promise<Report> {
    const courses: Course[] = [];
    const failed: Failed[] = [];
    for (const file of files) {
      let places = new Set<number>();
      // What the file has come by when it was loaded, all of its tests have: a machine that they look at may be made there.
      let loading: readonly number[] = [];
      mutant.reached = (place) => void places.add(place);
      const timed = async (n: number, name: string, run: () => Promise<unknown>): Promise<void> => {
        places = new Set(loading);
        const began = process.cpuUsage();
        if (!(await passes(run))) failed.push({ file, n, name });
        // Of this process, whatever else the machine has to do.
        const { user, system } = process.cpuUsage(began);
        courses.push({ file, n, milliseconds: (user + system) / 1000, places: [...places] });
      };
      let tests: Test[] = [];
      await timed(-1, "loading it", async () => { tests = await load(file); });
      loading = [...places];
      for (const [n, { name, run }] of tests.entries()) await timed(n, name, run);
    }
    return { kind: "courses", courses, failed };
  }

  async function attempt(number: number, order: readonly { readonly file: string; readonly n: number }[]): Promise<Report> {
    mutant.chosen = number;
    const loaded = new Map<string, Test[]>();
    for (const { file, n } of order) {
      let name = "loading it";
      const good = await passes(async () => {
        const tests = loaded.get(file) ?? (await load(file));
        loaded.set(file, tests);
        if (n < 0) return;
        name = tests[n]?.name ?? "a test that is not there any more";
        await tests[n]?.run();
      });
      if (!good) return { kind: "tried", by: { file, n, name } };
    }
    return { kind: "tried", by: undefined };
  }

  // Whoever has started it is gone.
  process.on("disconnect", () => process.exit());
  process.on(
    "message",
    (order: Order) => void (order.kind === "watch" ? watch(order.files) : attempt(order.number, order.tests)).then(send),
  );
}
