// The facts of a board, one with another: a plan that is made of facts that cannot all be true is refused by the board at boot.
// What can be said of each fact by itself, boards/schema.ts says.
import type { Board, Device } from "../../boards/schema.ts";
import { FRAME, MAPPED_END } from "../../boards/limits.ts";
import { boardFact } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { GICC_SIZE, GICD_SIZE, GICR_SIZE, GICV2_GICD_SIZE } from "../plan/plan.ts";
import type { Path } from "../source/path.ts";
import { alignDown, contains, end, formatSpan, hex, overlaps, pagesOf } from "../units.ts";
import type { Span } from "../units.ts";

/** A stretch of physical memory, and where the file says that it is there. */
interface Fact {
  readonly what: string;
  readonly span: Span;
  readonly at: Path;
}

export function checkBoard(board: Board, mistakes: Findings): void {
  checkAffinities(board, mistakes);
  checkPpis(board, mistakes);
  checkSpis(board, mistakes);
  checkPlaces(board, mistakes);
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

function checkPpis({ timer, pmu, gic }: Board, mistakes: Findings): void {
  const uses: [string, Path, number][] = Object.entries(timer).map(([kind, ppi]) => [`the ${kind} timer`, ["timer", kind], ppi]);
  uses.push(["the GIC's maintenance interrupt", ["gic", "maintenance"], gic.maintenance]);
  if (pmu !== undefined) uses.push(["the PMU", ["pmu"], pmu]);
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

function checkSpis({ gic, uart, spare_spis: [first, last], devices }: Board, mistakes: Findings): void {
  if (first > last) mistakes.report(["spare_spis"], boardFact(`${first} is behind ${last}`, "write the lower number first"));
  const uses: [string, Path, number][] = [
    ["the UART", ["uart", "spi"], uart.spi],
    ...Object.entries(devices).map(([name, { spi }]): [string, Path, number] => [`"${name}"`, ["devices", name, "spi"], spi]),
  ];
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

/** What the hypervisor drives: nobody else's. */
function framesOf({ gic, uart, cpus }: Board): Fact[] {
  const frame = (what: string, at: Path, base: number, size: number): Fact => ({ what, span: { base, size }, at });
  const parts =
    gic.version === 2
      ? (["gicc", "gich", "gicv"] as const).map((part) => frame(part.toUpperCase(), ["gic", part], gic[part], GICC_SIZE))
      : cpus.mpidr.map((_, cpu) =>
          frame(`the GICR of pCPU ${cpu}`, ["gic", "gicr"], gic.gicr + cpu * gic.gicr_stride, GICR_SIZE),
        );
  return [
    frame("GICD", ["gic", "gicd"], gic.gicd, gic.version === 2 ? GICV2_GICD_SIZE : GICD_SIZE),
    ...parts,
    frame("the UART", ["uart", "reg"], alignDown(uart.reg, FRAME), FRAME),
  ];
}

interface DeviceFact extends Fact {
  readonly registers: Span;
}

function deviceFact([name, { reg, size }]: [string, Device]): DeviceFact {
  const registers = { base: reg, size };
  return { what: `"${name}"`, span: pagesOf(registers), at: ["devices", name, "reg"], registers };
}

function checkPlaces(board: Board, mistakes: Findings): void {
  const banks = board.ram.map((span, bank): Fact => ({ what: `the RAM of bank ${bank}`, span, at: ["ram", bank] }));
  const frames = framesOf(board);
  const devices = Object.entries(board.devices).map(deviceFact);
  const mapped = Math.min(MAPPED_END, 2 ** board.cpus.pa_bits);
  for (const { what, span, at } of [...banks, ...frames]) {
    if (end(span) > mapped)
      mistakes.report(
        at,
        boardFact(
          `${what} at ${formatSpan(span)} is not all below ${hex(mapped)}`,
          "the hypervisor reaches no more: leave the rest out",
        ),
      );
  }
  for (const [index, one] of [...banks, ...frames].entries()) {
    const other = [...banks, ...frames].slice(0, index).find(({ span }) => overlaps(span, one.span));
    if (other !== undefined) mistakes.report(one.at, apart(one, other));
  }
  // Devices may share a page with each other, but no register: then they go to one partition together.
  let furthest: DeviceFact | undefined;
  for (const device of devices.sort((a, b) => a.registers.base - b.registers.base)) {
    const twin = furthest !== undefined && overlaps(furthest.registers, device.registers) ? furthest : undefined;
    const other = [...banks, ...frames].find(({ span }) => overlaps(span, device.span)) ?? twin;
    if (other !== undefined) mistakes.report(device.at, apart(device, other));
    if (furthest === undefined || end(device.registers) > end(furthest.registers)) furthest = device;
  }
  checkQuiesces(board, mistakes);
  const { image } = board.boot;
  if (!board.ram.some((bank) => contains(bank, { base: image, size: FRAME })))
    mistakes.report(
      ["boot", "image"],
      boardFact(`the image at ${hex(image)} is not in RAM`, `load it into ${board.ram.map(formatSpan).join(" or ")}`),
    );
}

const apart = (one: Fact, other: Fact): ReturnType<typeof boardFact> =>
  boardFact(
    `${one.what} at ${formatSpan(one.span)} is over ${other.what} at ${formatSpan(other.span)}`,
    "each has pages of its own: look at the board's device tree, or leave it out",
  );

const REGISTER = 4;

function checkQuiesces({ devices }: Board, mistakes: Findings): void {
  for (const [name, { quiesce, size }] of Object.entries(devices)) {
    if (quiesce !== undefined && quiesce.offset + REGISTER > size)
      mistakes.report(
        ["devices", name],
        boardFact(
          `the register ${hex(quiesce.offset)} that quiesces "${name}" is none of its ${size} bytes`,
          "correct `offset` or `size` of its kind",
        ),
      );
  }
}
