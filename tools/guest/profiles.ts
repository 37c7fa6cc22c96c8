// Every guest profile that there is.
import { BOARD_ISAS } from "../../boards/isa.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { profilesIn } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import type { Profile } from "../../rtos-guests/profiles/schema.ts";

/** By ISA and name: the project's, and one's own in `folder`/guests. One with a mistake is left out: `check` says what it is. */
export function everyProfile(folder = "."): Profile[] {
  const findings = new Findings(new YamlSource("", ""));
  return BOARD_ISAS.flatMap((isa) => {
    const shelf = profilesIn(folder, isa);
    return shelf.names.flatMap((name) => shelf.get(name, findings) ?? []).filter((profile) => profile.isa === isa);
  });
}
