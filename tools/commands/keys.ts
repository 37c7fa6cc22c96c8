// axv-part keys: what images are signed by, and what boards are told of it.
import { type Command, Option } from "commander";
import { FdtError } from "../../partitions/devicetree/errors.ts";
import { BYTES_MAX } from "../../partitions/devicetree/fdt.ts";
import { displayPath } from "../../partitions/project.ts";
import { readFile } from "../../partitions/source/file.ts";
import { trusting } from "../firmware/keys/control.ts";
import { KeyError } from "../firmware/keys/errors.ts";
import { KEYS_FOLDER, newKey, privateFile, publicKeysOf, revokeKey, rotateKey } from "../firmware/keys/folder.ts";
import { ED25519, KEY_ALGORITHMS, type KeyAlgorithm, type KeyEntry, readKeyList } from "../firmware/keys/list.ts";
import { claim } from "../output/places.ts";
import { writeTogether } from "../output/write.ts";
import { type Column, layOut } from "../run/columns.ts";

interface Options {
  readonly keys: string;
  readonly algorithm?: KeyAlgorithm;
  readonly dtb?: string;
  readonly output?: string;
  readonly json?: true;
}

const TOLD = "Boards have to know it: axv-part keys show --dtb BOARD.dtb -o CONTROL.dtb";
const MANIFESTS_TOLD = "Manifests are signed by it: whoever deploys with --keys needs its public half, and keys.json";

export function register(program: Command): void {
  const keys = program.command("keys").description("make, show, replace and revoke the keys that images are signed by");
  const command = (name: string, description: string): Command =>
    keys
      .command(name)
      .description(description)
      .option("-k, --keys <folder>", "where the keys are", KEYS_FOLDER)
      .option("--json", "print it as JSON");
  const algorithm = (standard: string): Option =>
    new Option(
      "-a, --algorithm <name>",
      `rsa2048, rsa4096; ecdsa256, which stock U-Boot does not know; ed25519: for manifests (${standard})`,
    ).argParser(parseAlgorithm);
  command("new", "make the first key, or one after the last was revoked")
    .argument("<name>", "of the key; images tell it")
    .addOption(algorithm("default: rsa2048"))
    .action((name: string, options: Options) => made(newKey(options.keys, name, options.algorithm ?? "rsa2048"), options));
  command("rotate", "make a second key beside the active one: images are signed by both, until one is revoked")
    .argument("<name>", "of the new key")
    .addOption(algorithm("default: that of the active one"))
    .action((name: string, options: Options) => made(rotateKey(options.keys, name, options.algorithm), options));
  command("revoke", "sign nothing by a key any more; its files stay")
    .argument("<name>", "of the key")
    .action(revoke);
  command("show", "show the keys, or write those that are active into a device tree for U-Boot")
    .option("--dtb <file.dtb>", "U-Boot's control device tree, which is read")
    .option("-o, --output <file>", "with --dtb: the same tree, in which U-Boot finds these keys and no others")
    .action((options: Options) => (options.dtb === undefined ? show(options) : tell(options, options.dtb)));
}

function parseAlgorithm(written: string): KeyAlgorithm {
  const found = KEY_ALGORITHMS.find((name) => name === written);
  if (found === undefined) throw new KeyError("AXV_KEYS_ALGORITHM", written, KEY_ALGORITHMS.join(", "));
  return found;
}

function made(entry: KeyEntry, { keys, json }: Options): void {
  const file = displayPath(privateFile(keys, entry.name));
  if (json === true) {
    console.log(JSON.stringify({ ...entry, file }));
    return;
  }
  console.log(`${file}: a new ${entry.algorithm} key. Whoever has it can sign: keep it secret, and a copy elsewhere`);
  console.log(entry.algorithm === ED25519 ? MANIFESTS_TOLD : TOLD);
}

function revoke(name: string, { keys, json }: Options): void {
  const active = revokeKey(keys, name).map((key) => key.name);
  if (json === true) console.log(JSON.stringify({ revoked: name, active }));
  else
    console.log(
      `${name} signs nothing any more; active: ${active.join(", ") || "none"}\n` +
        `Boards go on trusting it until U-Boot gets a device tree without it: axv-part keys show --dtb BOARD.dtb -o CONTROL.dtb`,
    );
}

const SHOWN = 16;
const COLUMNS: readonly Column<KeyEntry>[] = [
  { title: "name", align: "left", cell: ({ name }) => name },
  { title: "algorithm", align: "left", cell: ({ algorithm }) => algorithm },
  { title: "state", align: "left", cell: ({ state }) => state },
  { title: "created", align: "left", cell: ({ created }) => created },
  { title: "fingerprint", align: "left", cell: ({ fingerprint }) => fingerprint.slice(0, SHOWN) },
];

function show({ keys, json }: Options): void {
  const entries = readKeyList(keys);
  console.log(json === true ? JSON.stringify(entries, null, 2) : layOut(COLUMNS, entries).join("\n"));
}

function tell({ keys, output, json }: Options, dtb: string): void {
  if (output === undefined) throw new KeyError("AXV_KEYS_DTB_ALONE");
  const active = publicKeysOf(keys);
  const bytes = readFile(dtb, BYTES_MAX);
  if (typeof bytes === "string") throw new KeyError("AXV_KEYS_DTB", dtb, bytes);
  const [place = output] = claim([{ path: output, what: "the device tree" }], [dtb]);
  writeTogether(new Map([[place, treeWith(dtb, bytes, active)]]));
  const names = active.map(({ name }) => name);
  if (json === true) console.log(JSON.stringify({ dtb: displayPath(place), keys: names }));
  else console.log(`${displayPath(place)}: U-Boot with this tree starts nothing that is not signed by ${names.join(" or ")}`);
}

function treeWith(dtb: string, bytes: Uint8Array, keys: Parameters<typeof trusting>[1]): Uint8Array {
  try {
    return trusting(bytes, keys);
  } catch (error) {
    if (error instanceof FdtError) throw new KeyError("AXV_KEYS_DTB", dtb, error.message);
    throw error;
  }
}
