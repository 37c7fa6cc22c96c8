// A plugin of Stryker: its runner for vitest, which tries only the mutants that the environment names. It also says of a test
// file that fails while it is loaded that this is noticed; to Stryker such a mutant is invalid.
import { readFileSync } from "node:fs";
import { CHOSEN, keyOf, strykerPackage } from "./stryker.ts";
import type { StrykerMutant } from "./stryker.ts";

interface Outcome {
  readonly status: string;
  readonly errorMessage?: string;
}
interface Runner {
  mutantRun: (options: { readonly activeMutant: StrykerMutant }) => Promise<Outcome>;
}
type Factory = (injector: unknown) => Runner;

const file = process.env[CHOSEN];
const chosen = new Set(file === undefined ? [] : (JSON.parse(readFileSync(file, "utf8")) as string[]));
const { strykerPlugins: [vitest] } =
  await strykerPackage<{ strykerPlugins: readonly [{ readonly factory: Factory }] }>("@stryker-mutator/vitest-runner");

function sampledRunner(injector: unknown): Runner {
  const runner = vitest.factory(injector);
  const whole = runner.mutantRun.bind(runner);
  runner.mutantRun = async (options) => {
    if (!chosen.has(keyOf(options.activeMutant))) return { status: "error", errorMessage: "not in the sample" };
    const outcome = await whole(options);
    return outcome.status === "error" && outcome.errorMessage?.includes("outside of a test run") === true
      ? { status: "killed", killedBy: [], failureMessage: outcome.errorMessage, nrOfTests: 0 } as Outcome
      : outcome;
  };
  return runner;
}

export const strykerPlugins = [
  { kind: "TestRunner", name: "sampled-vitest", factory: Object.assign(sampledRunner, { inject: ["$injector"] }) },
];
