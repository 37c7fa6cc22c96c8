// Images of a guest that wedges itself: assembly/wedged.S, for the machine that the profile of the PLC guest has.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { assemble } from "../run/bare-metal.ts";
import type { Interrupts } from "./systems.ts";

/** As wedged.S names them. */
export const WEDGES = ["SPINNING", "ASLEEP", "ASLEEP_IN_WFE", "NEVER_ENABLED", "DEAF", "MASKED", "BUSY"] as const;
export type Wedge = (typeof WEDGES)[number];

/**
 * A direct guest whose CPU interface signals nothing any more, and that sleeps: nothing on the core can wake it (no interrupt, and
 * there is no other way from one core to another), and that it never wakes cannot be known before. It is contained: it can execute
 * nothing, touches nothing, and holds up nobody but itself. Arm trusts the owner of a CPU interface with that much.
 */
const UNWAKEABLE: Readonly<Record<string, readonly Wedge[]>> = {
  "qemu-aarch64": ["DEAF", "BUSY"], // the priority mask is trapped, so MASKED is not one of them
  "qemu-aarch64-gicv2": ["DEAF", "MASKED", "BUSY"],
};

export const canBeWoken = (board: string, interrupts: Interrupts, wedge: Wedge): boolean =>
  interrupts === "injected" || UNWAKEABLE[board]?.includes(wedge) !== true;

/** What it says before. */
export const WEDGED = "wedged for good";

const SOURCE = join(import.meta.dirname, "assembly/wedged.S");
/** IPAs of rtos-guests/profiles/plc.yaml. */
const MACHINE = { GICD_IPA: "0x08000000", GICR_IPA: "0x080a0000", GICC_IPA: "0x08010000" };

/** Path of the image; its files are in `folder`. */
export function wedgedImage(folder: string, wedge: Wedge, board: string): string {
  const gicVersion = boards().get(board, new Findings(new YamlSource(board, "")))?.gic.version ?? 0;
  const defines = Object.entries({ ...MACHINE, WEDGE: wedge, GIC_VERSION: gicVersion }).map(([name, value]) => `#define ${name} ${value}`);
  return assemble(folder, [...defines, readFileSync(SOURCE, "utf8")].join("\n"));
}
