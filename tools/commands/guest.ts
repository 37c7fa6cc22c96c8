// axv-part guest: what guests there are profiles of, and what an image file is.
import type { Command } from "commander";
import { readFile } from "../../partitions/source/file.ts";
import { GIB } from "../../partitions/units.ts";
import { GuestError } from "../guest/errors.ts";
import { probe } from "../guest/probe.ts";
import type { Probe } from "../guest/probe.ts";
import { everyProfile } from "../guest/profiles.ts";
import { formatProbe, formatProfiles, probeJson } from "../guest/report.ts";
import { paintFor } from "../run/paint.ts";

interface Options {
  readonly json?: true;
}

export function register(program: Command): void {
  const guest = program.command("guest").description("guests: the profiles that there are, and what an image is");
  guest
    .command("list")
    .description("show every guest profile: what its images are like, and what they need")
    .option("--json", "print them as JSON")
    .action(({ json }: Options) => {
      const all = everyProfile();
      const { stdout } = process;
      console.log(json === true ? JSON.stringify(all, null, 2) : formatProfiles(all, paintFor(stdout), columnsOf(stdout)));
    });
  guest
    .command("probe")
    .description("recognise an image: format, entry, addresses, instruction set, the profile that fits, what is missing")
    .argument("<image>", "an arm64 Image, an ELF file or a raw binary")
    .option("--json", "print it as JSON")
    .action((file: string, { json }: Options) => {
      if (json === true) console.log(JSON.stringify(probeJson(probeFile(file)), null, 2));
      else console.log(formatProbe(probeFile(file), paintFor(process.stdout)));
    });
}

/** A terminal that knows no size says 0; what is no terminal has as many as are needed. */
const columnsOf = (stream: NodeJS.WriteStream): number => (stream.isTTY && stream.columns > 0 ? stream.columns : Infinity);

/** Bytes of a file that are looked at. */
const PROBED_MAX = GIB;

function probeFile(file: string): Probe {
  const bytes = readFile(file, PROBED_MAX);
  if (typeof bytes === "string") throw new GuestError("AXV_GUEST_UNREADABLE", file, bytes);
  return probe(file, bytes, everyProfile());
}
