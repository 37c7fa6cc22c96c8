// npm run mutants:tools -- [--files GLOB]... [--tests GLOB]... [--count N | --all] [--seed S] [--workers N] [--list]
//
// Changes the planner, verify and the run's tools in many small ways, by StrykerJS, and says which of them no test notices: a
// sample, of each file as many as it is large. Sources are changed in a copy only. The score counts mutants that are not listed
// in equivalent.yaml; what is executed only while a module is loaded (tables, schemas) is not tried.
import { globSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../../tools/build/files.ts";
import { nameOf, readEquivalents, reasonIn } from "../mutants/record.ts";
import { sample } from "../mutants/sample.ts";
import { CHOSEN, install, keyOf, mutantsOf, run } from "./stryker.ts";

const SOURCES = ["partitions/**/*.ts", "tools/verify/**/*.ts", "tools/run/**/*.ts"];
const COUNT = "500";
const PERCENT = 100;

const { values } = parseArgs({
  options: {
    files: { type: "string", multiple: true, default: SOURCES },
    tests: { type: "string", multiple: true },
    count: { type: "string", default: COUNT },
    all: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: "2" },
    list: { type: "boolean", default: false },
  },
});

install();
const files = values.files.flatMap((glob) => globSync(glob, { cwd: ROOT })).filter((file) => !file.endsWith(".table.ts")).sort();
const all = await mutantsOf(files);
const equivalents = readEquivalents(join(import.meta.dirname, "equivalent.yaml"));
const chosen = sample(all, values.all ? all.length : Number(values.count), Number(values.seed));
const open = chosen.filter((mutant) => reasonIn(equivalents, mutant) === undefined);
const tried = new Map(open.map((mutant) => [mutant.key, mutant]));
console.log(`${chosen.length} of ${all.length} mutants of ${files.length} files, seed ${values.seed}`);
if (values.list) {
  for (const mutant of chosen) console.log(nameOf(mutant));
  process.exit(0);
}

const list = join(ROOT, "build/stryker/chosen.json");
mkdirSync(dirname(list), { recursive: true });
writeFileSync(list, JSON.stringify([...tried.keys()]));
process.env[CHOSEN] = list;
if (values.tests !== undefined) process.env["AXV_MUTANTS_TESTS"] = JSON.stringify(values.tests);
const touched = [...new Set([...tried.values()].map(({ file }) => file))];
const results = (await run(touched, Number(values.workers))).filter((result) => tried.has(keyOf(result)));

const of = (...wanted: readonly string[]): typeof results => results.filter(({ status }) => wanted.includes(status));
const noticed = of("Killed", "Timeout");
const survivors = of("Survived", "NoCoverage");
console.log(survivors.length === 0 ? "\nno survivors" : "\nsurvivors:");
for (const result of survivors) {
  const mutant = tried.get(keyOf(result));
  if (mutant !== undefined) console.log(`  ${nameOf(mutant)}${result.status === "NoCoverage" ? "   [no test executes it]" : ""}`);
}
const failed = of("RuntimeError", "CompileError");
for (const { statusReason } of failed) console.log(`could not be tried: ${statusReason ?? ""}`);
const counted = noticed.length + survivors.length;
console.log(
  `\nscore: ${noticed.length} of ${counted} noticed (${((noticed.length / Math.max(counted, 1)) * PERCENT).toFixed(1)} %), ` +
    `${of("Timeout").length} of them because nothing ended; ${chosen.length - tried.size} listed as equivalent, ` +
    `${of("Ignored").length} executed only while a module is loaded`,
);
