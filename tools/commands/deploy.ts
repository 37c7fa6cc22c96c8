// axv-part deploy: a new system into the slot of a disk that does not start, and onto trial.
import type { Command } from "commander";
import { oneLine } from "../../partitions/source/text.ts";
import { whileOpen } from "../../partitions/source/file.ts";
import { formatSize } from "../../partitions/units.ts";
import { deploy, planDeployment } from "../firmware/deploy/deploy.ts";
import type { Deployment } from "../firmware/deploy/deploy.ts";
import { DeployError } from "../firmware/deploy/errors.ts";
import { TARGET, withOwnTarget, withTarget } from "../firmware/deploy/open.ts";
import { signedImage } from "../firmware/deploy/one-partition.ts";
import { progressOn } from "../firmware/deploy/progress.ts";
import { isSshAddress } from "../firmware/deploy/ssh/address.ts";
import type { Target } from "../firmware/deploy/target.ts";
import { ofFile } from "../firmware/fit/source.ts";
import type { Source } from "../firmware/fit/source.ts";
import { publicKeysOf } from "../firmware/keys/folder.ts";
import { SECTOR } from "../firmware/disk/sectors.ts";
import { updateBeside } from "../firmware/deploy/update.ts";
import { otherSlot, TRIES } from "../firmware/slots.ts";
import { asking } from "../init/ask.ts";

interface Options {
  readonly fit: string;
  readonly update?: string;
  readonly keys?: string;
  readonly downgrade?: true;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

export function register(program: Command): void {
  program
    .command("deploy")
    .description("write a FIT into the slot of a disk that does not start, and let it be tried")
    .argument("<target>", TARGET)
    .requiredOption("--fit <file.itb>", "the system, as axv-part build --fit leaves it")
    .option("--update <file>", "all that is new in it, the signed image of one partition: held until that runs with it")
    .option("-k, --keys <folder>", "active keys of this folder have to have signed it, and its manifest (default: not checked)")
    .option("--downgrade", "with a manifest: take an older version, or the same one, too")
    .option("--dry-run", "check everything, say what would be done, and write nothing")
    .option("--yes", "write to a device without asking")
    .option("--json", "print it as JSON")
    .action(run);
}

async function run(target: string, options: Options): Promise<void> {
  const keys = options.keys === undefined ? undefined : publicKeysOf(options.keys);
  const isOlderTaken = options.downgrade === true;
  const update = options.keys === undefined ? undefined : updateBeside(options.fit, options.keys, isOlderTaken);
  const signed = options.update === undefined ? undefined : signedImage(options.update);
  const planOn = (disk: Target, fit: Source): Deployment => planDeployment(disk, fit, keys, update, signed);
  const whileFitOpen = async <T extends object>(use: (fit: Source) => Promise<T>): Promise<T> => {
    const made = await whileOpen(options.fit, (open) => use(ofFile(open)));
    if (typeof made === "string") throw new DeployError("AXV_DEPLOY_UNREADABLE", options.fit, made);
    return made;
  };
  if (options.dryRun === true || !isSshAddress(target)) {
    const { planned, question } = await whileFitOpen((fit) =>
      withTarget(target, "claim", (disk) => {
        const plan = planOn(disk, fit);
        return { planned: plan, question: questionOf(disk, plan) };
      }),
    );
    if (options.dryRun === true) return report(planned, "would be written", options);
    if (question !== undefined && options.yes !== true) await confirm(question, target);
  }
  const done = await whileFitOpen((fit) =>
    withOwnTarget(target, async (disk) => {
      const deployment = planOn(disk, fit);
      await deploy(disk, deployment, fit, progressOn(process.stderr));
      return deployment;
    }),
  );
  report(done, "written", options);
}

/** Nobody names a file by mistake as he may name a disk. */
const questionOf = ({ name, count, model }: Target, { slot }: Deployment): string | undefined =>
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

function report({ slot, system, stays, one }: Deployment, done: string, { json, dryRun }: Options): void {
  const { bytes, version, boards } = system;
  const kept = otherSlot(slot);
  if (json === true) {
    const follows = one === undefined ? { tries: TRIES } : { held: one.partition };
    const facts = { slot, bytes, version, boards: boards.split(" "), ...follows, kept: { slot: kept, version: stays.version } };
    console.log(JSON.stringify({ ...facts, isWritten: dryRun !== true }));
    return;
  }
  const { partition, version: image } = one?.partition ?? {};
  const follows = one === undefined ? `it is tried ${TRIES} times` : `held until ${partition} runs version ${image}`;
  console.log(`slot ${slot}: ${oneLine(version)}, ${formatSize(bytes)}, ${done} and read back; ${follows}`);
  console.log(`slot ${kept}: ${oneLine(stays.version)} stays, and starts again, if slot ${slot} is not committed`);
}
