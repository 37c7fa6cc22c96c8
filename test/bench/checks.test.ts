import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { checkCells } from "./checks.ts";
import type { Cell } from "./matrix.ts";
import { Transcript } from "./run.ts";

type Exits = Readonly<Record<number, number>>;

/** The lines of a run, and what telemetry said of a partition's exits behind each. */
function transcript(steps: readonly { readonly line: string; readonly exits: readonly Exits[] }[]): Transcript {
  const result = new Transcript();
  for (const { line, exits } of steps) {
    result.lines.push(line);
    for (const [partition, counts] of exits.entries()) {
      const all = Array.from({ length: abi.EXIT_CAUSES }, (_, cause) => counts[cause] ?? 0);
      result.add({ partition, index: 0, pcpu: 0, state: "on", exits: all, held: 0n, throttled: 0, time: 0n });
    }
  }
  return result;
}

const failed = (...cells: readonly Cell[]): string[] => checkCells(cells).filter(({ holds }) => !holds).map(({ title }) => title);

describe("a guest that measures itself", () => {
  const cell = (setting: "injected" | "direct", company: "alone" | "linux", exits: Exits): Cell => ({
    gic: 3,
    setting,
    company,
    paths: new Map([["timer", new Map([[2, 1000]])]]),
    transcript: transcript([{ line: "bench: end", exits: [exits] }]),
  });
  const TIMERS = { [abi.EXIT_TIMER]: 1000 };

  test("has exits by its interrupts when they are injected, and none when they are direct", () => {
    expect(failed(cell("injected", "alone", TIMERS), cell("direct", "alone", {}))).toEqual([]);
    expect(failed(cell("direct", "alone", TIMERS))).toHaveLength(1);
    expect(failed(cell("injected", "alone", {}))).toHaveLength(1);
  });

  test.each([abi.EXIT_KICK, abi.EXIT_MAINTENANCE, abi.EXIT_TICK])("has none that it has not caused (%i)", (cause) => {
    expect(failed(cell("injected", "alone", { ...TIMERS, [cause]: 1 }))).toHaveLength(1);
    expect(failed(cell("direct", "alone", { [cause]: 1 }))).toHaveLength(1);
  });

  test("has the same ones beside Linux, but for those of waiting for its console", () => {
    const alone = cell("direct", "alone", { [abi.EXIT_CONTROLLER]: 100, [abi.EXIT_CONSOLE]: 50 });
    expect(failed(alone, cell("direct", "linux", { [abi.EXIT_CONTROLLER]: 100, [abi.EXIT_CONSOLE]: 60 }))).toEqual([]);
    expect(failed(alone, cell("direct", "linux", { [abi.EXIT_CONTROLLER]: 101, [abi.EXIT_CONSOLE]: 50 }))).toHaveLength(1);
  });
});

describe("a pair of guests", () => {
  const DOORBELLS = 10;
  const cell = (setting: "injected" | "direct", rung: Exits, after: Exits = rung): Cell => ({
    gic: 3, setting, company: "alone", paths: new Map([["doorbell", new Map([[184, DOORBELLS]])]]),
    transcript: transcript([{ line: "bench: rung", exits: [{}, rung] }, { line: "bench: end", exits: [{}, after] }]),
  });

  test("one exit for each injected doorbell, none for a direct one", () => {
    expect(failed(cell("injected", { [abi.EXIT_INTERRUPT]: DOORBELLS }), cell("direct", {}))).toEqual([]);
    expect(failed(cell("injected", { [abi.EXIT_INTERRUPT]: DOORBELLS + 1 }))).toHaveLength(1);
    expect(failed(cell("direct", { [abi.EXIT_INTERRUPT]: 1 }))).toHaveLength(1);
  });

  test("a maintenance interrupt is noticed", () => {
    expect(failed(cell("injected", { [abi.EXIT_INTERRUPT]: DOORBELLS, [abi.EXIT_MAINTENANCE]: 1 }))).toHaveLength(1);
  });

  test("so is any exit of the neighbour while the other one restarts", () => {
    const rung = { [abi.EXIT_INTERRUPT]: DOORBELLS };
    expect(failed(cell("injected", rung, { ...rung, [abi.EXIT_REGISTER]: 1 }))).toHaveLength(1);
  });
});
