// The facts of a board, one with another: a plan that is made of facts that cannot all be true is refused by the board at boot.
// What can be said of each fact by itself, boards/schema.ts says.
import type { Board, Device } from "../../boards/schema.ts";
import { FRAME, MAPPED_END } from "../../boards/limits.ts";
import { boardFact } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { isaOf } from "../isas.ts";
import { alignDown, contains, end, formatSpan, hex, overlaps, pagesOf } from "../units.ts";
import type { Span } from "../units.ts";
import type { Fact } from "./frame.ts";

export function checkBoard(board: Board, mistakes: Findings): void {
  isaOf(board).checkFacts(board, mistakes);
  checkPlaces(board, mistakes);
}

/** What the hypervisor drives: nobody else's. */
const framesOf = (board: Board): Fact[] => [
  ...isaOf(board).framesOf(board),
  { what: "the UART", span: { base: alignDown(board.uart.reg, FRAME), size: FRAME }, at: ["uart", "reg"] },
];

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
