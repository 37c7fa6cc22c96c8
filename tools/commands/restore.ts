// axv-part restore: a backup onto a disk, so that one whole system starts at every moment.
import { join } from "node:path";
import type { Command } from "commander";
import { whileOpen } from "../../partitions/source/file.ts";
import { readBackup } from "../firmware/backup/format.ts";
import type { Backup } from "../firmware/backup/format.ts";
import { BackupError } from "../firmware/backup/errors.ts";
import { planRestoration, restore } from "../firmware/backup/restore.ts";
import { DeployError } from "../firmware/deploy/errors.ts";
import { TARGET, withOwnTarget, withTarget } from "../firmware/deploy/open.ts";
import { progressOn } from "../firmware/deploy/progress.ts";
import { ofFile } from "../firmware/fit/source.ts";
import type { Slot } from "../firmware/slots.ts";
import { claim } from "../output/places.ts";
import { writeTogether } from "../output/write.ts";

interface Options {
  readonly files?: string;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

export function register(program: Command): void {
  program
    .command("restore")
    .description("write a backup onto a disk: all of it is checked first, and one whole system starts at every moment")
    .argument("<file>", "as axv-part backup leaves it")
    .argument("<disk>", `of the same board: ${TARGET}`)
    .option("--files <folder>", "write the backup's files and public keys there")
    .option("--dry-run", "check everything, and write nothing")
    .option("--yes", "write to a device, too")
    .option("--json", "print what was written as JSON")
    .action(async (file: string, disk: string, options: Options) => {
      const isWritten = options.dryRun !== true;
      const open = isWritten ? withOwnTarget<Slot[]> : checkedTarget;
      const slots = await whileOpen(file, (opened) =>
        open(disk, async (target) => {
          const backup = readBackup(file, ofFile(opened));
          const plan = planRestoration(target, file, backup);
          if (isWritten) {
            // Nobody names a file by mistake as he may name a disk.
            if (target.model !== undefined && options.yes !== true) throw new DeployError("AXV_DEPLOY_UNCONFIRMED", disk);
            if (options.files !== undefined) writeFiles(options.files, backup, [file, disk]);
            await restore(target, plan, progressOn(process.stderr));
          }
          return [...backup.systems.keys()];
        }),
      );
      if (typeof slots === "string") throw new BackupError("AXV_BACKUP_UNREADABLE", file, slots);
      if (options.json === true) console.log(JSON.stringify({ disk, slots, isWritten }));
      else console.log(`slot${slots.length > 1 ? "s" : ""} ${slots.join(" and ")}: ${isWritten ? "" : "would be "}restored`);
    });
}

const checkedTarget: typeof withOwnTarget = (name, use) => withTarget(name, "claim", use);

function writeFiles(folder: string, { files, keys }: Backup, inputs: readonly string[]): void {
  const named = new Map(files);
  for (const [name, der] of keys) named.set(`${name}.pub.der`, der);
  const outputs = [...named.keys()].map((name) => ({ path: join(folder, name), what: `the backup's ${name}` }));
  const places = claim(outputs, inputs);
  writeTogether(new Map([...named.values()].map((bytes, index) => [places[index] ?? "", bytes])));
}
