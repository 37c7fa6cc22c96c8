// axv-part build: system.yaml → the image that boots, and what was decided on the way.
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { displayPath } from "../../partitions/project.ts";
import { type DiskProduct, diskProduct } from "../firmware/disk/product.ts";
import { FitError } from "../firmware/fit/errors.ts";
import { type FitProduct, fitProduct } from "../firmware/fit/product.ts";
import type { Signer } from "../firmware/fit/write.ts";
import { KEYS_FOLDER, manifestSignersOf, signersOf } from "../firmware/keys/folder.ts";
import { OutputError } from "../output/errors.ts";
import { STANDARD_OUTPUT } from "../output/places.ts";
import { writeWhole } from "../output/streams.ts";
import type { Content } from "../output/write.ts";
import { buildSystem, packSystem } from "../plan/build.ts";
import { standardImage } from "../plan/products.ts";

const say = (line: string): void => console.error(line);

interface Options {
  readonly output?: string;
  readonly fit?: true;
  readonly keys?: string;
  readonly unsigned?: true;
  readonly disk?: string;
  readonly json?: true;
}

export function register(program: Command): void {
  program
    .command("build")
    .description("build the image of a system: core, plan, device trees and guests in one file")
    .argument("<system.yaml>", "the system to build")
    .option(
      "-o, --output <file>",
      "the image; what was planned is written beside it (default: build/NAME/image.bin beside NAME.yaml; -: the " +
        "image alone, on standard output)",
    )
    .option("--fit", "beside it also a FIT, which U-Boot checks before it starts it: image.itb, signed by all active keys")
    .option("-k, --keys <folder>", "with --fit: where the keys are (default: keys beside NAME.yaml)")
    .option("--unsigned", "with --fit: with hashes only, which keep nobody from making another one")
    .option("--disk <file>", "also a disk image for the board: boot.scr, and in both slots the image, or with --fit the FIT")
    .option("--json", "print where the image is, and its size, as JSON")
    .action(build);
}

async function build(file: string, options: Options): Promise<void> {
  const { output, json } = options;
  const signers = signersFor(file, options);
  if (output === STANDARD_OUTPUT) return pipeImage(file, options);
  const manifestSigners = signers === undefined || signers.length === 0 ? [] : manifestSignersOf(keysFolder(file, options));
  const fit = signers === undefined ? undefined : fitProduct(file, output ?? standardImage(file), signers, manifestSigners);
  const disk = options.disk === undefined ? undefined : diskProduct(file, options.disk);
  await buildSystem(
    file,
    output,
    say,
    ({ image, bytes, isSame }) => {
      const folder = displayPath(dirname(image));
      const signed = fit === undefined ? {} : {
        fit: displayPath(fit.path), signed_by: namesOf(signers),
        ...(fit.manifest === undefined ? {} : { manifest: displayPath(fit.manifest) }),
      };
      if (json === true) {
        const onDisk = disk === undefined ? {} : { disk: displayPath(disk.path) };
        console.log(JSON.stringify({ image: displayPath(image), bytes, folder, unchanged: isSame, ...signed, ...onDisk }));
        return;
      }
      console.log(`${displayPath(image)}: ${bytes} bytes${isSame ? ", unchanged" : ""}; the plan is in ${folder}`);
      if (fit !== undefined) console.log(told(fit, namesOf(signers)));
      if (disk !== undefined) console.log(diskTold(disk, fit !== undefined));
    },
    (plan) => {
      fit?.inspect(plan);
      disk?.inspect(plan);
    },
    (taken) => {
      fit?.claimMore(taken);
      disk?.claimMore([...taken, ...(fit?.paths ?? [])]);
    },
    (plan, packed) => {
      const fits = [...(fit?.writeMore(plan, packed) ?? [])];
      const [, system = packed] = fits[0] ?? [];
      return new Map<string, Content>([...fits, ...(disk?.writeMore(plan, system) ?? [])]);
    },
  );
}

const namesOf = (signers: readonly Signer[] = []): string[] => signers.map(({ name }) => name);

function told({ path, manifest }: FitProduct, by: readonly string[]): string {
  const how = by.length === 0 ? "not signed: U-Boot refuses it where a key is required" : `signed by ${by.join(" and ")}`;
  const beside = manifest === undefined ? "" : `\n${displayPath(manifest)}: its version, board and hash, signed by itself`;
  return `${displayPath(path)}: ${how}${beside}`;
}

function diskTold({ path }: DiskProduct, isFit: boolean): string {
  const what = isFit ? "the FIT" : "the image, which U-Boot starts unchecked (with --fit it looks first),";
  return `${displayPath(path)}: a disk with ${what} in both slots`;
}

/** undefined: no FIT is wanted; none: one that is not signed. */
function signersFor(file: string, { fit, keys, unsigned }: Options): Signer[] | undefined {
  if ((fit === undefined && (keys ?? unsigned) !== undefined) || (keys !== undefined && unsigned === true))
    throw new FitError("AXV_FIT_OPTIONS");
  if (fit === undefined) return undefined;
  return unsigned === true ? [] : signersOf(keysFolder(file, { keys }));
}

const keysFolder = (file: string, { keys }: { readonly keys?: string | undefined }): string =>
  keys ?? join(dirname(file), KEYS_FOLDER);

async function pipeImage(file: string, { json, fit, disk }: Options): Promise<void> {
  if (disk !== undefined) throw new OutputError("AXV_OUTPUT_STDOUT", "the image beside a disk");
  if (fit === true) throw new OutputError("AXV_OUTPUT_STDOUT", "the FIT");
  if (json === true) throw new OutputError("AXV_OUTPUT_TWICE", "standard output", "the image", "what is said of it as JSON");
  if (process.stdout.isTTY) throw new OutputError("AXV_OUTPUT_TERMINAL");
  await writeWhole(process.stdout, await packSystem(file, say));
}
