// Every guest profile that there is.
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { profilesIn } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import type { Profile } from "../../rtos-guests/profiles/schema.ts";

/** By name: the project's, and one's own in `folder`/guests. One with a mistake is left out: `check` says what it is. */
export function everyProfile(folder = "."): Profile[] {
  const shelf = profilesIn(folder);
  const findings = new Findings(new YamlSource("", ""));
  return shelf.names.flatMap((name) => shelf.get(name, findings) ?? []);
}
