// Every guest profile that there is.
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { profiles } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import type { Profile } from "../../rtos-guests/profiles/schema.ts";

/** By name. They come with the project: test/partitions/schema.test.ts holds that none of them has a mistake. */
export function everyProfile(): Profile[] {
  const shelf = profiles();
  const findings = new Findings(new YamlSource("", ""));
  return shelf.names.flatMap((name) => shelf.get(name, findings) ?? []);
}
