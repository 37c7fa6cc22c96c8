// What must be so besides the figures: which exits a guest had, by the hypervisor's own counters.
import * as abi from "../../core/abi.ts";
import { type Cell, END } from "./matrix.ts";

/** For people. */
export interface Check {
  readonly title: string;
  readonly holds: boolean;
  readonly detail: string;
}

const RUNG = /^bench: rung/;
const SENDER = 0;
const RECEIVER = 1;
const BENCH = 0;

/** Exits that a guest does not cause by what it executes. */
const UNCAUSED = [abi.EXIT_KICK, abi.EXIT_MAINTENANCE, abi.EXIT_TICK, abi.EXIT_BANDWIDTH];
/** Exits of a guest that waits for its console: how often depends on who takes the characters away. */
const WAITING = new Set<number>([abi.EXIT_TIMER, abi.EXIT_CONSOLE]);

const sum = (exits: readonly number[], causes: readonly number[]): number =>
  causes.reduce((total, cause) => total + (exits[cause] ?? 0), 0);

export function checkCells(cells: readonly Cell[]): Check[] {
  return cells.flatMap((cell) => [...checkExits(cell), ...checkCompany(cell, cells), ...checkPair(cell)]);
}

const nameOf = ({ gic, setting, company }: Cell): string =>
  `GICv${gic}, ${setting}${company === "linux" ? ", beside Linux" : ""}`;

/** No exit that the guest has not caused, and with direct interrupts none by its own interrupts either. */
function checkExits(cell: Cell): Check[] {
  const exits = cell.transcript?.exits(BENCH, END);
  if (exits === undefined || !cell.paths.has("timer")) return [];
  const own = sum(exits, [abi.EXIT_TIMER, abi.EXIT_INTERRUPT]);
  const others = sum(exits, UNCAUSED);
  const detail = `${own} by its own interrupts, ${others} by ticks, kicks and maintenance`;
  return [
    {
      title: `${nameOf(cell)}: exits are what they should be`,
      holds: others === 0 && (cell.setting === "direct" ? own === 0 : own > 0),
      detail,
    },
  ];
}

/** Beside Linux the guest has the very exits that it has alone. */
function checkCompany(cell: Cell, cells: readonly Cell[]): Check[] {
  if (cell.company !== "linux") return [];
  const alone = cells.find(
    ({ gic, setting, company, paths }) =>
      gic === cell.gic && setting === cell.setting && company === "alone" && paths.has("timer"),
  );
  const [here, there] = [cell, alone].map((one) => one?.transcript?.exits(BENCH, END));
  if (here === undefined || there === undefined) return [];
  const differing = here.flatMap((count, cause) =>
    WAITING.has(cause) || count === there[cause] ? [] : [`cause ${cause}: ${count}, alone ${there[cause]}`],
  );
  return [
    {
      title: `${nameOf(cell)}: the same exits as alone`,
      holds: differing.length === 0,
      detail: differing.join("; ") || "every cause as often",
    },
  ];
}

function checkPair(cell: Cell): Check[] {
  const rung = cell.transcript?.exits(RECEIVER, RUNG);
  const after = cell.transcript?.exits(RECEIVER, END);
  const sender = cell.transcript?.exits(SENDER, RUNG);
  const doorbells = [...(cell.paths.get("doorbell")?.values() ?? [])].reduce((total, count) => total + count, 0);
  if (rung === undefined || after === undefined || sender === undefined || doorbells === 0) return [];
  const interrupts = rung[abi.EXIT_INTERRUPT] ?? 0;
  const others = sum(rung, [abi.EXIT_TIMER, ...UNCAUSED]);
  const expected = cell.setting === "direct" ? 0 : doorbells;
  return [
    {
      title: `${nameOf(cell)}: nothing follows a doorbell`,
      holds: interrupts === expected && others === 0,
      detail:
        `receiver's exits for ${doorbells} doorbells: ${interrupts} by interrupts, ` +
        `${others} by anything else that came from outside`,
    },
    {
      title: `${nameOf(cell)}: nobody notices the other partition's restart`,
      holds: rung.every((count, cause) => count === after[cause]),
      detail: `the neighbour's exits before: ${rung.join(" ")}; after: ${after.join(" ")}`,
    },
  ];
}
