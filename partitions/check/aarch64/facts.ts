// The facts of an AArch64 board, one with another: affinities, PPIs, SPIs; and where its GIC is.
import { redistributorsOf } from "../../../boards/aarch64.ts";
import type { Aarch64Board as Board } from "../../../boards/schema.ts";
import { boardFact } from "../../diagnostics/catalogue.ts";
import type { Findings } from "../../diagnostics/diagnostic.ts";
import { GICC_SIZE, GICD_SIZE, GICR_SIZE, GICV2_GICD_SIZE } from "../../plan/aarch64/sizes.ts";
import type { Path } from "../../source/path.ts";
import { hex } from "../../units.ts";
import { checkBaud } from "../baud.ts";
import type { Frame } from "../frame.ts";

export function checkFacts(board: Board, mistakes: Findings): void {
  checkAffinities(board, mistakes);
  if (board.cluster !== undefined && !Array.isArray(board.cpus.caches))
    mistakes.report(["cluster"], boardFact("the ways of a cache of which nothing is known", "say which `caches` there are"));
  checkPcpus(board, mistakes);
  checkBaud(board.uart, mistakes);
  checkPpis(board, mistakes);
  checkSpis(board, mistakes);
}

/** Aff3, and Aff2 to Aff0; the bits between them are no affinity (DDI 0487, MPIDR_EL1). */
const AFFINITY_LOW_END = 2 ** 24;
const AFFINITY_HIGH = 2 ** 32;

function checkAffinities({ cpus: { mpidr } }: Board, mistakes: Findings): void {
  for (const [cpu, affinity] of mpidr.entries()) {
    const at = ["cpus", "mpidr", cpu];
    if (affinity % AFFINITY_HIGH >= AFFINITY_LOW_END)
      mistakes.report(
        at,
        boardFact(`${hex(affinity)} has bits that are no affinity`, "write Aff3 to Aff0 of its MPIDR_EL1 alone"),
      );
    const twin = mpidr.indexOf(affinity);
    if (twin < cpu)
      mistakes.report(at, boardFact(`pCPU ${twin} has the affinity ${hex(affinity)}, too`, "give each pCPU its own"));
  }
}

/** What is said of each pCPU is said of all of them. */
function checkPcpus({ cpus: { mpidr, compatible }, pmu, gic }: Board, mistakes: Findings): void {
  const all = mpidr.length;
  const check = (at: Path, what: string, count: number): void => {
    if (count !== all) mistakes.report(at, boardFact(`${count} ${what} are listed, and there are ${all} pCPUs`, `list ${all}`));
  };
  check(["cpus", "compatible"], "models", compatible.length);
  if (typeof pmu === "object") check(["pmu", "spis"], "SPIs of PMUs", pmu.spis.length);
  if (gic.version === 2 || typeof gic.gicr === "number") return;
  check(["gic", "gicr"], "redistributors", gic.gicr.length);
  if (gic.gicr_stride !== undefined)
    mistakes.report(["gic", "gicr_stride"], boardFact("a stride of redistributors that are listed", "leave out one of the two"));
}

function checkPpis({ timer, pmu, gic }: Board, mistakes: Findings): void {
  const uses: [string, Path, number][] = Object.entries(timer).map(([kind, ppi]) => [`the ${kind} timer`, ["timer", kind], ppi]);
  uses.push(["the GIC's maintenance interrupt", ["gic", "maintenance"], gic.maintenance]);
  if (typeof pmu === "number") uses.push(["the PMU", ["pmu"], pmu]);
  const owners = new Map<number, string>();
  for (const [use, at, ppi] of uses) {
    const owner = owners.get(ppi);
    if (owner === undefined) owners.set(ppi, use);
    else
      mistakes.report(
        at,
        boardFact(`PPI ${ppi} is ${owner}'s, and ${use}'s`, "each has one of its own: look at the board's device tree"),
      );
  }
}

/** Devices may share one with each other: then they go to one partition together. */
function checkSpis({ gic, uart, pmu, spare_spis: [first, last], devices }: Board, mistakes: Findings): void {
  if (first > last) mistakes.report(["spare_spis"], boardFact(`${first} is behind ${last}`, "write the lower number first"));
  const own: [string, Path, number][] = [
    ["the UART", ["uart", "spi"], uart.spi],
    ...(typeof pmu === "object" ? pmu.spis : []).map((spi, cpu): [string, Path, number] => [
      `the PMU of pCPU ${cpu}`,
      ["pmu", "spis", cpu],
      spi,
    ]),
  ];
  const triggers = new Map<number, string>();
  for (const [name, { spis }] of Object.entries(devices)) {
    for (const { spi, trigger } of spis) {
      const other = triggers.get(spi) ?? trigger;
      triggers.set(spi, trigger);
      if (other === trigger) continue;
      const what = `SPI ${spi} is ${other} triggered for one device and ${trigger} triggered for "${name}"`;
      mistakes.report(["devices", name, "spi"], boardFact(what, "it is one of the two"));
    }
  }
  const ofDevices = Object.entries(devices).flatMap(([name, { spis }]) =>
    spis.map(({ spi }, index): [string, Path, number] => [
      `"${name}"`,
      ["devices", name, "spi", ...(spis.length > 1 ? [index] : [])],
      spi,
    ]),
  );
  const uses = [...own, ...ofDevices];
  const owners = new Map<number, string>();
  for (const [use, at, spi] of uses) {
    const owner = owners.get(spi);
    const mayShare = owner === undefined || (owner !== use && !own.some(([each]) => each === owner));
    const how = owner === use ? "listed twice" : `${owner}'s, too`;
    if (!mayShare) mistakes.report(at, boardFact(`SPI ${spi} of ${use} is ${how}`, "look at the board's device tree"));
    owners.set(spi, owner ?? use);
  }
  for (const [use, at, spi] of uses) {
    if (spi >= first && spi <= last)
      mistakes.report(
        at,
        boardFact(`SPI ${spi} of ${use} is one of the spare ones, ${first} to ${last}`, "give others as `spare_spis`"),
      );
  }
  for (const [use, at, spi] of [...uses, ["the spare ones", ["spare_spis", 1], last] as const]) {
    if (spi >= gic.spis)
      mistakes.report(at, boardFact(`SPI ${spi} of ${use} is none of the GIC's`, `it has 0 to ${gic.spis - 1}`));
  }
}

export const framesOf = (board: Board): Frame[] => gicFrames(board);

/** GICV is for guests alone. */
export function gicFrames({ gic, cpus }: Pick<Board, "gic"> & { readonly cpus: Pick<Board["cpus"], "mpidr"> }): Frame[] {
  const frame = (what: string, at: Path, base: number, size: number, isDriven = true): Frame => ({
    what,
    span: { base, size },
    at,
    isDriven,
  });
  const parts =
    gic.version === 2
      ? (["gicc", "gich", "gicv"] as const).map((part) =>
          frame(part.toUpperCase(), ["gic", part], gic[part], GICC_SIZE, part !== "gicv"),
        )
      : redistributorsOf(gic, cpus.mpidr.length).map((gicr, n) => frame(`redistributor ${n}`, ["gic", "gicr"], gicr, GICR_SIZE));
  return [frame("GICD", ["gic", "gicd"], gic.gicd, gic.version === 2 ? GICV2_GICD_SIZE : GICD_SIZE), ...parts];
}
