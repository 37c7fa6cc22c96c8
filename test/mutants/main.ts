// npm run mutants -- [--files GLOB] [--count N] [--seed S] [--workers N] [--list] [--fresh]
//
// Changes the core in many small ways, and says which of them no test notices. Sources are changed in copies only; what was found is
// kept in build/mutants.json, and an interrupted run goes on from there. The score counts mutants that change the compiled program and
// are not listed in equivalent.yaml.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../../tools/build/files.ts";
import { mutantsOf } from "./mutations.ts";
import type { Mutant } from "./mutations.ts";
import { nameOf, Record } from "./record.ts";
import { sample } from "./sample.ts";
import { Workshop } from "./workshop.ts";
import type { Verdict } from "./workshop.ts";

/** As many as two workers try within an hour. */
const COUNT = "300";
const WORKERS = "2";
const SOURCES = ["core/*.ts", "arch/aarch64/*.ts", "arch/aarch64/*.S"];
/** Tables for the build, and what only gives names to numbers that both sides of the link use. */
const NO_SOURCE = /\.table\.ts$|^core\/abi\.ts$/;
const PERCENT = 100;

const { values } = parseArgs({ options: {
  files: { type: "string" }, count: { type: "string", default: COUNT }, seed: { type: "string", default: "1" }, workers: { type: "string", default: WORKERS },
  list: { type: "boolean", default: false }, fresh: { type: "boolean", default: false },
} });

const files = (values.files === undefined ? SOURCES : [values.files]).flatMap((glob) => globSync(glob, { cwd: ROOT })).filter((file) => !NO_SOURCE.test(file)).sort();
const sources = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), "utf8")]));
const record = new Record();
const all = [...sources].flatMap(([file, source]) => mutantsOf(file, source));
const chosen = sample(all, Number(values.count), Number(values.seed));
const equivalent = chosen.filter((mutant) => record.reasonFor(mutant) !== undefined);
const queue = chosen.filter((mutant) => !equivalent.includes(mutant));

if (values.list) {
  for (const mutant of chosen) console.log(nameOf(mutant));
  process.exit(0);
}
console.log(`${chosen.length} of ${all.length} mutants of ${files.length} files, seed ${values.seed}`);

const verdicts = new Map<Mutant, Verdict>();
const workshops: Workshop[] = [];
const closeAll = (): void => {
  for (const workshop of workshops) workshop.close();
};
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    closeAll();
    console.log("\ninterrupted: the next run goes on from here");
    process.exit(1);
  });
}

const pending = queue.filter((mutant) => {
  const known = values.fresh ? undefined : record.known(mutant);
  if (known !== undefined) verdicts.set(mutant, known);
  return known === undefined;
});
try {
  await Promise.all(Array.from({ length: Math.min(Number(values.workers), pending.length) }, async () => {
    const workshop = new Workshop();
    workshops.push(workshop);
    await workshop.prepare(pending.map(({ file }) => file));
    for (let mutant = pending.shift(); mutant !== undefined; mutant = pending.shift()) {
      const verdict = await workshop.judge(mutant, sources.get(mutant.file) ?? "");
      verdicts.set(mutant, verdict);
      record.keep(mutant, verdict);
      console.log(`${verdicts.size}/${queue.length} ${verdict.padEnd(8)} ${nameOf(mutant)}`);
    }
  }));
} finally {
  closeAll();
}

console.log("\nfile                                     noticed  survived  same  unbuilt");
for (const file of files) {
  const count = (wanted: Verdict): number => [...verdicts].filter(([mutant, verdict]) => mutant.file === file && verdict === wanted).length;
  const counts = (["noticed", "survived", "same", "unbuilt"] as const).map(count);
  if (counts.some((n) => n > 0)) console.log(file.padEnd(40) + counts.map((n, column) => String(n).padStart([8, 10, 6, 9][column] ?? 0)).join(""));
}
const survivors = [...verdicts].filter(([, verdict]) => verdict === "survived").map(([mutant]) => mutant);
const noticed = [...verdicts.values()].filter((verdict) => verdict === "noticed").length;
console.log(`\n${survivors.length === 0 ? "no survivors" : "survivors:"}`);
for (const mutant of survivors) console.log(`  ${nameOf(mutant)}`);
console.log(`\nscore: ${noticed} of ${noticed + survivors.length} noticed (${((noticed / Math.max(noticed + survivors.length, 1)) * PERCENT).toFixed(1)} %); ${equivalent.length} listed as equivalent`);
