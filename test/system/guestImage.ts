// Images of guests in assembly, for the machine that the profile of the PLC guest has.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { aarch64Board } from "../aarch64.ts";
import { assemble } from "../run/bare-metal.ts";

/** IPAs of rtos-guests/profiles/plc.yaml. */
const MACHINE = { GICD_IPA: "0x08000000", GICR_IPA: "0x080a0000", GICC_IPA: "0x08010000" };

/** Path of the image of assembly/<name>.S; its files are in `folder`. */
export function guestImage(folder: string, name: string, board: string, defines: Readonly<Record<string, string>> = {}): string {
  const gicVersion = aarch64Board(boards().get(board, new Findings(new YamlSource(board, "")))).gic.version;
  const lines = Object.entries({ ...MACHINE, ...defines, GIC_VERSION: gicVersion }).map(
    ([defined, value]) => `#define ${defined} ${value}`,
  );
  const sources = ["common.inc", `${name}.S`].map((file) => readFileSync(join(import.meta.dirname, "assembly", file), "utf8"));
  return assemble(folder, [...lines, ...sources].join("\n"));
}
