// axv-part update: new images of one partition, which the hypervisor takes while the others run on.
import type { Command } from "commander";
import { displayPath } from "../../partitions/project.ts";
import { formatSize } from "../../partitions/units.ts";
import { publicHex, readKey, signUpdate } from "../firmware/update/sign.ts";
import { claim } from "../output/places.ts";
import { writeTogether } from "../output/write.ts";
import { planWhole } from "../plan/file.ts";
import { soundSystem } from "../plan/show.ts";

interface SignOptions {
  readonly key: string;
  readonly version: string;
  readonly output: string;
  readonly json?: true;
}

export function register(program: Command): void {
  const update = program.command("update").description("sign new images of one partition, which it gets while the others run on");
  update
    .command("sign")
    .description("sign the image that system.yaml names for the partition with `update:`")
    .argument("<file>", "the system.yaml")
    .requiredOption("--key <file.pem>", "the Ed25519 private key")
    .requiredOption("--version <number>", "of this image: the hypervisor takes none that is not newer than the one before")
    .requiredOption("-o, --output <file>", "where to write it, for who brings it")
    .option("--json", "print it as JSON")
    .action(signTo);
  update
    .command("key")
    .description("show the public half of an Ed25519 key, as system.yaml has it in `update:`")
    .argument("<file.pem>", "the private key, or its public half")
    .action((file: string) => console.log(publicHex(readKey(file, false))));
}

function signTo(file: string, { key, version, output, json }: SignOptions): void {
  const outcome = planWhole(file);
  const { partition, bytes, size } = signUpdate(file, soundSystem(outcome), key, version);
  const [place = output] = claim([{ path: output, what: "the signed image" }], [...outcome.inputs, key]);
  writeTogether(new Map([[place, bytes]]));
  const made = { partition, version: Number(version), size, file: displayPath(output) };
  const said = `${made.file}: version ${version} of ${partition}, ${formatSize(size)}, signed`;
  console.log(json === true ? JSON.stringify(made) : said);
}
