// A private apt: its own lists, status and cache in one folder, so that packages of another architecture can be looked
// up and downloaded without touching the machine's apt, dpkg or its architectures. The machine's proxy and keys hold.
// apt.conf(5), apt-get(8).
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lastWords, output, run } from "./command.ts";
import { LinuxError } from "./errors.ts";

// Of the machine's settings, how to reach an archive is taken over; what to fetch from it is not.
const WANTED_SETTING = /^Acquire::/;
const UNWANTED_SETTING = /^Acquire::(IndexTargets|Languages|PDiffs)\b/;

export class PrivateApt {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Lays down a configuration in an empty folder and fetches the package lists of the sources (deb822 text). */
  static async open(folder: string, sources: string, architecture: string): Promise<PrivateApt> {
    const apt = new PrivateApt(folder);
    const dump = (await output("apt-config", ["dump"])).toString().split("\n");
    const settings = dump.filter((line) => WANTED_SETTING.test(line) && !UNWANTED_SETTING.test(line));
    const configuration = [
      ...settings,
      `Dir::State "${folder}";`,
      `Dir::State::status "${join(folder, "status")}";`,
      `Dir::Cache "${folder}";`,
      `Dir::Etc::sourcelist "${join(folder, "debian.sources")}";`,
      // Nothing else of the machine's configuration: no other lists, no hooks, no pins.
      ...["sourceparts", "main", "parts", "preferences", "preferencesparts"].map((part) => `Dir::Etc::${part} "/dev/null";`),
      `APT::Architecture "${architecture}";`,
      `APT::Architectures { "${architecture}"; };`,
      'APT::Sandbox::User "root";', // the user _apt could not enter this folder
      'APT::Update::Error-Mode "any";', // apt calls a list it could not fetch a warning
      'Acquire::Languages "none";',
      'Acquire::Retries "1";',
      "",
    ];
    await mkdir(join(folder, "lists", "partial"), { recursive: true });
    await mkdir(join(folder, "archives", "partial"), { recursive: true });
    await writeFile(join(folder, "status"), "");
    await writeFile(join(folder, "debian.sources"), sources);
    await writeFile(join(folder, "apt.conf"), configuration.join("\n"));
    const update = await apt.#get(["update"]);
    if (update.status !== 0) throw new LinuxError("no-network", `apt-get update:\n${lastWords(update)}\n`);
    return apt;
  }

  /** The fields of a package's newest version, their names as Debian writes them. */
  async show(name: string): Promise<ReadonlyMap<string, string>> {
    const result = await run("apt-cache", ["show", "--no-all-versions", name], { env: this.#environment() });
    const fields = [...result.stdout.toString().matchAll(/^(\S+): (.*)$/gm)];
    if (result.status !== 0 || fields.length === 0) throw new LinuxError("no-package", `package ${name}`);
    return new Map(fields.map(([, field = "", value = ""]) => [field, value]));
  }

  /** Downloads packages into a folder; apt checks their signatures and sums. */
  async download(names: readonly string[], folder: string): Promise<void> {
    const result = await this.#get(["download", ...names], folder);
    if (result.status !== 0) throw new LinuxError("no-network", `apt-get download ${names.join(" ")}:\n${lastWords(result)}\n`);
  }

  /** Downloads packages with all that they need, down to the libc, into a folder. */
  async downloadWhole(names: readonly string[], folder: string): Promise<void> {
    const where = ["-o", `Dir::Cache::archives=${folder}`]; // apt makes it, and a folder "partial" in it
    const what = ["--no-install-recommends", "--download-only", "install", ...names];
    const result = await this.#get([...where, "-y", ...what]);
    if (result.status !== 0) throw new LinuxError("no-network", `apt-get ${what.join(" ")}:\n${lastWords(result)}\n`);
  }

  #get(parameters: readonly string[], cwd?: string): ReturnType<typeof run> {
    return run("apt-get", ["-q", ...parameters], { env: this.#environment(), ...(cwd === undefined ? {} : { cwd }) });
  }

  #environment(): Readonly<Record<string, string>> {
    return { APT_CONFIG: join(this.#folder, "apt.conf") };
  }
}
