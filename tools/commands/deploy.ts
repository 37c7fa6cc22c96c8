// axv-part deploy: a new system into the slot of a disk that does not start, and onto trial.
import { dirname } from "node:path";
import { realpathSync } from "node:fs";
import type { Command } from "commander";
import { oneLine } from "../../partitions/source/text.ts";
import { withFile } from "../../partitions/source/file.ts";
import { formatSize } from "../../partitions/units.ts";
import { deploy, planDeployment } from "../firmware/deploy/deploy.ts";
import type { Deployment, Progress } from "../firmware/deploy/deploy.ts";
import { DeployError } from "../firmware/deploy/errors.ts";
import { withTarget } from "../firmware/deploy/target.ts";
import type { WritableSectors } from "../firmware/deploy/target.ts";
import { ofFile } from "../firmware/fit/source.ts";
import type { Source } from "../firmware/fit/source.ts";
import { publicKeysOf } from "../firmware/keys/folder.ts";
import { SECTOR } from "../firmware/disk/sectors.ts";
import { otherSlot, TRIES } from "../firmware/slots.ts";
import { asking } from "../init/ask.ts";
import { withLock } from "../output/lock.ts";

interface Options {
  readonly fit: string;
  readonly keys?: string;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

const say = (line: string): void => console.error(line);

export function register(program: Command): void {
  program
    .command("deploy")
    .description("write a FIT into the slot of a disk that does not start, and let it be tried")
    .argument("<target>", "a disk image, as axv-part build --disk leaves it, or a device that holds one: /dev/sdX")
    .requiredOption("--fit <file.itb>", "the system, as axv-part build --fit leaves it")
    .option("-k, --keys <folder>", "it has to be signed by an active key of this folder (default: signatures are not checked)")
    .option("--dry-run", "check everything, say what would be done, and write nothing")
    .option("--yes", "write to a device without asking")
    .option("--json", "print it as JSON")
    .action(run);
}

async function run(target: string, options: Options): Promise<void> {
  const keys = options.keys === undefined ? undefined : publicKeysOf(options.keys);
  const { planned, question } = withFit(options.fit, (fit) =>
    withTarget(target, "claim", (disk) => {
      const plan = planDeployment(disk, fit, keys);
      return { planned: plan, question: questionOf(disk, plan) };
    }),
  );
  if (options.dryRun === true) {
    report(planned, "would be written", options);
    return;
  }
  if (question !== undefined && options.yes !== true) await confirm(question, target);
  await withLock(dirname(realpathSync(target)), say, () => {
    const done = withFit(options.fit, (fit) =>
      withTarget(target, "write", (disk) => {
        const deployment = planDeployment(disk, fit, keys);
        deploy(disk, deployment, fit, keys, progressOn(process.stderr));
        return deployment;
      }),
    );
    report(done, "written", options);
    return Promise.resolve();
  });
}

/** Nobody names a file by mistake as he may name a disk. */
const questionOf = ({ name, count, model }: WritableSectors, { slot }: Deployment): string | undefined =>
  model === undefined
    ? undefined
    : `Slot ${slot} of ${name} (${oneLine(model || "a disk")}, ${formatSize(count * SECTOR)}) is written. Its name, to go on`;

async function confirm(question: string, target: string): Promise<void> {
  const asked = asking(process.stdin, process.stderr);
  try {
    await asked.ask(question, "", (answer) => {
      if (answer !== target) throw new DeployError("AXV_DEPLOY_UNCONFIRMED", target);
      return true;
    });
  } finally {
    asked.close();
  }
}

function withFit<T extends object>(file: string, use: (fit: Source) => T): T {
  const made = withFile(file, (open) => use(ofFile(open)));
  if (typeof made === "string") throw new DeployError("AXV_DEPLOY_UNREADABLE", file, made);
  return made;
}

function report({ slot, system, stays }: Deployment, done: string, { json, dryRun }: Options): void {
  const { bytes, version, boards } = system;
  const kept = otherSlot(slot);
  if (json === true) {
    const facts = { slot, bytes, version, boards: boards.split(" "), tries: TRIES, kept: { slot: kept, version: stays.version } };
    console.log(JSON.stringify({ ...facts, isWritten: dryRun !== true }));
    return;
  }
  console.log(`slot ${slot}: ${oneLine(version)}, ${formatSize(bytes)}, ${done} and read back; it is tried ${TRIES} times`);
  console.log(`slot ${kept}: ${oneLine(stays.version)} stays, and starts again, if slot ${slot} is not committed`);
}

const PERCENT = 100;
/** Where nobody watches a line change, one in so many percent. */
const STEP = 25;

function progressOn(stream: NodeJS.WriteStream): Progress {
  let last = "";
  return (what, bytes, total) => {
    const step = stream.isTTY ? 1 : STEP;
    const line = `${what}: ${Math.floor((bytes / total) * (PERCENT / step)) * step} % of ${formatSize(total)}`;
    if (line === last) return;
    last = line;
    const isEnd = bytes === total;
    stream.write(stream.isTTY ? `\r${line}${isEnd ? "\n" : ""}` : `${line}\n`);
  };
}
