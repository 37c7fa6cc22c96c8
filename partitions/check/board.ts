// The facts of a board, one with another: a plan that is made of facts that cannot all be true is refused by the board at boot.
// What can be said of each fact by itself, boards/schema.ts says.
import type { Board, Device } from "../../boards/schema.ts";
import { FRAME, MAPPED_END, MAX_BANKS } from "../../boards/limits.ts";
import { MAX_TEXTS } from "../blob/layout.table.ts";
import { textsOf, WORD_BYTES } from "../blob/texts.ts";
import { boardFact } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { isaOf } from "../isas.ts";
import { planMatch } from "../plan/match.ts";
import { alignDown, contains, end, formatSpan, gapsOf, hex, overlaps, pagesOf } from "../units.ts";
import type { Span } from "../units.ts";
import type { Fact } from "./frame.ts";
import { checkLayout } from "./layout.ts";

export function checkBoard(board: Board, mistakes: Findings): void {
  isaOf(board).checkFacts(board, mistakes);
  checkPlaces(board, mistakes);
  checkLayout(board, mistakes);
}

/** What the hypervisor drives: nobody else's. */
export const framesOf = (board: Board): Fact[] => [
  ...isaOf(board).framesOf(board),
  { what: "the UART", span: { base: alignDown(board.uart.reg, FRAME), size: FRAME }, at: ["uart", "reg"] },
  ...(board.watchdog === undefined
    ? []
    : [{ what: "the watchdog", span: { base: board.watchdog.reg, size: FRAME }, at: ["watchdog", "reg"] }]),
];

interface DeviceFact extends Fact {
  readonly registers: Span;
}

/** Of each of its windows. */
const deviceFacts = ([name, { windows }]: [string, Device]): DeviceFact[] =>
  windows.map((registers, window) => ({
    what: windows.length > 1 ? `window ${window} of "${name}"` : `"${name}"`,
    span: pagesOf(registers),
    at: ["devices", name, "reg", ...(windows.length > 1 ? [window] : [])],
    registers,
  }));

function checkPlaces(board: Board, mistakes: Findings): void {
  const banks = board.ram.map((span, bank): Fact => ({ what: `the RAM of bank ${bank}`, span, at: ["ram", bank] }));
  const frames = framesOf(board);
  const devices = Object.entries(board.devices).flatMap(deviceFacts);
  const mapped = Math.min(MAPPED_END, 2 ** board.cpus.pa_bits);
  const inits = board.init_registers.map(
    ({ what, ...span }, index): Fact => ({ what: `what may be written at first (${what})`, span, at: ["init_registers", index] }),
  );
  for (const { what, span, at } of [...banks, ...frames, ...inits]) {
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
  for (const one of inits) {
    const other = [...banks, ...frames].find(({ span }) => overlaps(span, one.span));
    if (other !== undefined) mistakes.report(one.at, apart(one, other));
  }
  checkMatches(board, mistakes);
  checkQuiesces(board, mistakes);
  checkReserved(board, mistakes);
  const { image } = board.boot;
  const free = gapsOf(board.ram, board.reserved);
  if (!free.some((bank) => contains(bank, { base: image, size: FRAME })))
    mistakes.report(
      ["boot", "image"],
      boardFact(
        `the image at ${hex(image)} is not in RAM that firmware leaves`,
        `load it into ${free.map(formatSpan).join(" or ")}`,
      ),
    );
}

/** The blob has the texts of all, each once. */
function checkMatches({ match }: Board, mistakes: Findings): void {
  const bytes = textsOf(match.map(planMatch)).words.length * WORD_BYTES;
  if (bytes > MAX_TEXTS * WORD_BYTES)
    mistakes.report(
      ["match"],
      boardFact(`its texts have ${bytes} bytes, and there is room for ${MAX_TEXTS * WORD_BYTES}`, "compare fewer properties"),
    );
}

/** It is RAM, or there is nothing to keep clear of; and what it leaves is what the hypervisor knows of RAM. */
function checkReserved({ ram, reserved }: Board, mistakes: Findings): void {
  for (const [index, { what, ...span }] of reserved.entries()) {
    const at = ["reserved", index];
    const name = `firmware's memory (${what}) at ${formatSpan(span)}`;
    if (!ram.some((bank) => contains(bank, span)))
      mistakes.report(at, boardFact(`${name} is not all RAM`, "leave out what is no RAM: nobody is given that"));
    const twin = reserved.slice(0, index).find((other) => overlaps(other, span));
    if (twin !== undefined)
      mistakes.report(at, boardFact(`${name} is over that at ${formatSpan(twin)} (${twin.what})`, "make one stretch of both"));
  }
  const pieces = gapsOf(ram, reserved).length;
  if (pieces > MAX_BANKS)
    mistakes.report(
      ["reserved"],
      boardFact(`firmware's memory leaves ${pieces} stretches of RAM`, `make larger ones of it: there is room for ${MAX_BANKS}`),
    );
}

const apart = (one: Fact, other: Fact): ReturnType<typeof boardFact> =>
  boardFact(
    `${one.what} at ${formatSpan(one.span)} is over ${other.what} at ${formatSpan(other.span)}`,
    "each has pages of its own: look at the board's device tree, or leave it out",
  );

const REGISTER = 4;

function checkQuiesces({ devices }: Board, mistakes: Findings): void {
  for (const [name, { quiesce, windows }] of Object.entries(devices)) {
    const [{ size }] = windows;
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
