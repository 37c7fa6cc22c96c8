// axv-part backup: a disk's systems and their state in one file, with public keys and what else is to be kept beside them.
import type { Command } from "commander";
import { oneLine } from "../../partitions/source/text.ts";
import { formatSize } from "../../partitions/units.ts";
import { backupOf } from "../firmware/backup/backup.ts";
import { TARGET, withTarget } from "../firmware/deploy/open.ts";
import { publicKeysOf } from "../firmware/keys/folder.ts";
import { SLOTS } from "../firmware/slots.ts";
import { claim } from "../output/places.ts";
import { writeTogether } from "../output/write.ts";

interface Options {
  readonly keys?: string;
  readonly with?: string[];
  readonly json?: true;
}

export function register(program: Command): void {
  program
    .command("backup")
    .description("write the systems of a disk and their state into one file; the same each time")
    .argument("<disk>", TARGET)
    .argument("<file>", "the backup")
    .option("-k, --keys <folder>", "with the public halves of this folder's active keys")
    .option("--with <file...>", "with these files: system.yaml, a manifest; none that holds a private key")
    .option("--json", "print what is in it as JSON")
    .action(async (disk: string, file: string, options: Options) => {
      const keys = options.keys === undefined ? [] : publicKeysOf(options.keys);
      const [place = file] = claim([{ path: file, what: "the backup" }], [disk, ...(options.with ?? [])]);
      const { stream, boards, slots } = await withTarget(disk, "read", (open) => {
        const made = backupOf(open, keys, options.with ?? []);
        writeTogether(new Map([[place, made.stream]]));
        return made;
      });
      if (options.json === true) {
        console.log(JSON.stringify({ file, bytes: stream.length, boards: boards.split(" "), slots }));
        return;
      }
      for (const slot of SLOTS) {
        const found = slots[slot];
        const what = typeof found === "string" ? `not in it: ${found}` : `${found.version}, ${formatSize(found.bytes)}`;
        console.log(oneLine(`slot ${slot}: ${what}`));
      }
      console.log(oneLine(`${file}: ${formatSize(stream.length)}, for ${boards}`));
    });
}
