// npm run mutants -- [--files GLOB] [--count N | --all] [--seed S] [--workers N] [--list] [--fresh] [--quick]
//
// Changes the core in many small ways, and says which of them no test notices: a sample of five hundred, of each file as many
// as it is large, for which two idle cores should need less than an hour; with --all every one, which takes half a day. Sources
// are changed in copies only; what was found is kept in build/mutants.json, and an interrupted run goes on from there. The
// score counts mutants that change the compiled program and are not listed in equivalent.yaml.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../../tools/build/files.ts";
import { mutantsOf } from "./mutations.ts";
import type { Mutant } from "./mutations.ts";
import { nameOf, Record } from "./record.ts";
import { prepare } from "./prepared.ts";
import { sample } from "./sample.ts";
import type { Numbered } from "./schema.ts";
import { Trials } from "./trials.ts";
import { Workshop } from "./workshop.ts";
import type { Verdict } from "./workshop.ts";

/** By what was measured: two workers put 150 to quick tests in six minutes, and the 20 left to a minute of tests each in ten. */
const COUNT = "500";
const WORKERS = "2";
const SOURCES = ["core/**/*.ts", "arch/aarch64/*.ts", "arch/aarch64/*.S"];
/** First the likeliest and cheapest tests of so many milliseconds; then, but for --quick, of so many. */
const QUICK = 10_000;
const THOROUGH = 60_000;
/** Tables for the build, and what only gives names to numbers that both sides of the link use. */
const NO_SOURCE = /\.table\.ts$|^core\/abi\.ts$/;
const PERCENT = 100;

const { values } = parseArgs({
  options: {
    files: { type: "string" },
    count: { type: "string", default: COUNT },
    all: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: WORKERS },
    list: { type: "boolean", default: false },
    fresh: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
  },
});

const files = (values.files === undefined ? SOURCES : [values.files])
  .flatMap((glob) => globSync(glob, { cwd: ROOT }))
  .filter((file) => !NO_SOURCE.test(file))
  .sort();
const sources = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), "utf8")]));
const record = new Record();
const all = [...sources].flatMap(([file, source]) => mutantsOf(file, source)).map((mutant, number) => ({ ...mutant, number }));
const chosen = sample(all, values.all ? all.length : Number(values.count), Number(values.seed));
const equivalent = chosen.filter((mutant) => record.reasonFor(mutant) !== undefined);
const queue = chosen.filter((mutant) => !equivalent.includes(mutant));

if (values.list) {
  // What is left to be written to a pipe would be lost when the process exits.
  await new Promise((resolve) => process.stdout.write(chosen.map((mutant) => `${nameOf(mutant)}\n`).join(""), resolve));
  process.exit(0);
}
console.log(
  `${chosen.length} of ${all.length} mutants of ${files.length} files, ` +
    `seed ${values.seed}${chosen.length < all.length ? ": a sample (--all: all of them)" : ""}`,
);

const verdicts = new Map<Mutant, Verdict>();
const workshops: { readonly close: () => void }[] = [];
const survivors: Numbered[] = [];
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
const keep = (mutant: Mutant, verdict: Verdict, by = ""): void => {
  verdicts.set(mutant, verdict);
  record.keep(mutant, verdict);
  console.log(`${verdicts.size}/${queue.length} ${verdict.padEnd(8)} ${nameOf(mutant)}${by === "" ? "" : `   [${by}]`}`);
};
const conclude = (mutant: Numbered, by: string | undefined): void => {
  if (by === undefined) survivors.push(mutant);
  keep(mutant, by === undefined ? "survived" : "noticed", by);
};
const workers = async (count: number, run: () => Promise<void>): Promise<void> =>
  void (await Promise.all(Array.from({ length: count }, run)));
/** What has survived the quick tests, and what is not in the program. */
const slow: Numbered[] = [];
const late: Numbered[] = [];
try {
  if (pending.some(({ file }) => file.endsWith(".ts"))) {
    // Numbers are of all mutants of these files: another sample finds the program as it is.
    const { program, courses } = await prepare(
      sources,
      all.filter(({ file }) => file.endsWith(".ts")),
      (line) => console.log(line),
    );
    const held = new Set(program.held.map(({ number }) => number));
    const quick = pending.filter(({ number }) => held.has(number));
    late.push(...pending.filter(({ number }) => !held.has(number)));
    await workers(Math.min(Number(values.workers), quick.length), async () => {
      const trials = new Trials(program, courses);
      workshops.push(trials);
      for (let mutant = quick.shift(); mutant !== undefined; mutant = quick.shift()) {
        const by = await trials.judge(mutant, QUICK);
        if (by === undefined && !values.quick) slow.push(mutant);
        else conclude(mutant, by);
      }
      // No verdict before: a run that is interrupted goes on with them.
      for (let mutant = slow.shift(); mutant !== undefined; mutant = slow.shift())
        conclude(mutant, await trials.judge(mutant, THOROUGH));
    });
  } else {
    late.push(...pending);
  }
  // What cannot be in that program is compiled by itself; so is a survivor, which may be the same program as before.
  await workers(Math.min(Number(values.workers), late.length + survivors.length), async () => {
    const workshop = new Workshop();
    workshops.push(workshop);
    await workshop.prepare(late.map(({ file }) => file));
    for (let mutant = survivors.shift(); mutant !== undefined; mutant = survivors.shift()) {
      if (await workshop.isSame(mutant, sources.get(mutant.file) ?? "")) keep(mutant, "same");
    }
    for (let mutant = late.shift(); mutant !== undefined; mutant = late.shift())
      keep(mutant, await workshop.judge(mutant, sources.get(mutant.file) ?? ""));
  });
} finally {
  closeAll();
}

console.log("\nfile                                     noticed  survived  same  unbuilt");
for (const file of files) {
  const count = (wanted: Verdict): number =>
    [...verdicts].filter(([mutant, verdict]) => mutant.file === file && verdict === wanted).length;
  const counts = (["noticed", "survived", "same", "unbuilt"] as const).map(count);
  if (counts.some((n) => n > 0))
    console.log(file.padEnd(40) + counts.map((n, column) => String(n).padStart([8, 10, 6, 9][column] ?? 0)).join(""));
}
const left = [...verdicts].filter(([, verdict]) => verdict === "survived").map(([mutant]) => mutant);
const noticed = [...verdicts.values()].filter((verdict) => verdict === "noticed").length;
console.log(`\n${left.length === 0 ? "no survivors" : "survivors:"}`);
for (const mutant of left) console.log(`  ${nameOf(mutant)}`);
console.log(
  `\nscore: ${noticed} of ${noticed + left.length} noticed ` +
    `(${((noticed / Math.max(noticed + left.length, 1)) * PERCENT).toFixed(1)} %); ${equivalent.length} listed as equivalent`,
);
