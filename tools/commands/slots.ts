// axv-part slots: what lies in a disk's two slots, and which of them starts next; to commit, and to go back; and what was before.
import { type Command, Option } from "commander";
import { Link } from "../../industrial/link/link.ts";
import { DEFAULT_BAUD, openTransport } from "../../industrial/link/transport.ts";
import { oneLine } from "../../partitions/source/text.ts";
import { DeployError } from "../firmware/deploy/errors.ts";
import { placesOn, sourceOf, stateOn } from "../firmware/deploy/places.ts";
import { recordsOn } from "../firmware/deploy/remember.ts";
import { heldOn, runsWithIt } from "../firmware/deploy/held.ts";
import type { Held } from "../firmware/deploy/held.ts";
import { commit, keep, rollback, startsNext } from "../firmware/deploy/state.ts";
import { systemIn } from "../firmware/deploy/system.ts";
import { TARGET, withOwnTarget, withTarget } from "../firmware/deploy/open.ts";
import { isSshAddress } from "../firmware/deploy/ssh/address.ts";
import type { Target } from "../firmware/deploy/target.ts";
import { withFound } from "../firmware/history.ts";
import { entriesOf, WHAT } from "../firmware/history-entries.ts";
import type { HistoryEntry } from "../firmware/history-entries.ts";
import { SLOTS } from "../firmware/slots.ts";
import type { Slot } from "../firmware/slots.ts";
import { type Column, layOut } from "../run/columns.ts";

interface Options {
  readonly commit?: true;
  readonly rollback?: true;
  readonly history?: true;
  readonly link?: string;
  readonly baud: string;
  readonly json?: true;
}

export function register(program: Command): void {
  program
    .command("slots")
    .description("show the slots of a disk, which starts next, and what is on trial")
    .argument("<target>", TARGET)
    .addOption(new Option("--commit", "the system on trial, or held, is good: it starts from now on").conflicts("rollback"))
    .option("--link <address>", "with --commit: the UART of the board that runs, whose hypervisor says whether it is healthy")
    .option("--baud <rate>", "speed of a serial line, 8N1", String(DEFAULT_BAUD))
    .option("--rollback", "the other system starts from now on")
    .addOption(new Option("--history", "what was deployed, committed and rolled back before").conflicts(["commit", "rollback"]))
    .option("--json", "print it as JSON")
    .action(async (target: string, options: Options) => {
      if (options.history === true) return print(await withTarget(target, "read", historyOf), HISTORY_COLUMNS, options);
      const { link, baud } = options;
      if (link !== undefined && options.commit !== true) throw new DeployError("AXV_SLOTS_LINK");
      const held = options.commit === true ? await withTarget(target, "read", heldOn) : undefined;
      if (held !== undefined && link === undefined) throw new DeployError("AXV_SLOTS_UNHEARD", target, held.slot);
      const change = changeOf(options, held);
      const changed = (disk: Target): Row[] => {
        change?.(disk);
        return rowsOf(disk);
      };
      const show = (): Promise<Row[]> => withTarget(target, "read", rowsOf);
      const done = change === undefined ? show : (): Promise<Row[]> => withOwnTarget(target, changed);
      print(await (link === undefined ? done() : committed(link, Number(baud), held, done)), COLUMNS, options);
      if (options.commit === true && link === undefined && isSshAddress(target)) console.error(TELL);
    });
}

function changeOf({ commit: isCommit, rollback: isRollback }: Options, held: Held | undefined) {
  if (held !== undefined) return (disk: Target): void => keep(disk, held.slot);
  if (isCommit === true) return commit;
  return isRollback === true ? rollback : undefined;
}

/** The hypervisor resets the board of a system on trial that nobody has told it is good. */
const TELL = "axv-part: tell the hypervisor, too: axv-part control commit, beside a run or monitor; --link next time";

/**
 * `done`: on the disk. `held`: the slot that is, rather than one on trial. In this order: whatever is cut off, no system is good
 * that has not been healthy.
 */
async function committed<T>(
  address: string,
  baud: number,
  held: Held | undefined,
  done: () => Promise<T>,
): Promise<T> {
  const link = new Link(await openTransport(address, baud));
  try {
    if (held !== undefined) {
      await runsWithIt(link, held);
      return await done();
    }
    await link.askForHealth();
    const made = await done();
    await link.commit();
    return made;
  } finally {
    link.close();
  }
}

const print = <R>(rows: readonly R[], columns: readonly Column<R>[], { json }: Options): void =>
  console.log(json === true ? JSON.stringify(rows, null, 2) : layOut(columns, rows).join("\n"));

function historyOf(disk: Target): HistoryEntry[] {
  const places = placesOn(disk);
  return entriesOf(withFound(recordsOn(disk, places), stateOn(disk, places).state));
}

/** "2026-11-30T08:01:31Z" as "2026-11-30 08:01:31Z" */
const HISTORY_COLUMNS: readonly Column<HistoryEntry>[] = [
  { title: "when", align: "left", cell: ({ time }) => time?.replace("T", " ") ?? "found so" },
  { title: "slot", align: "left", cell: ({ slot }) => slot },
  { title: "version", align: "left", cell: ({ version }) => oneLine(version ?? "") },
  { title: "what", align: "left", cell: ({ what }) => WHAT[what] },
  { title: "by", align: "left", cell: ({ by }) => oneLine(by ?? "") },
];

interface Row {
  readonly slot: Slot;
  readonly startsNext: boolean;
  readonly startedLast: boolean;
  readonly state: string;
  /** Left; of what is on trial. */
  readonly tries: number | undefined;
  readonly version: string | undefined;
  readonly boards: readonly string[];
  /** With it: nothing. */
  readonly wrong: string | undefined;
}

function rowsOf(disk: Target): Row[] {
  const places = placesOn(disk);
  const { state } = stateOn(disk, places);
  const next = startsNext(disk, places);
  return SLOTS.map((slot) => {
    const system = systemIn(sourceOf(disk, places.slots[slot]));
    const isWhole = typeof system !== "string";
    return {
      slot,
      startsNext: slot === next,
      startedLast: slot === state.booted,
      state: state.status[slot] || "not good",
      tries: state.status[slot] === "pending" ? state.tries : undefined,
      version: isWhole ? system.version : undefined,
      boards: isWhole ? system.boards.split(" ") : [],
      wrong: isWhole ? undefined : system,
    };
  });
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "slot", align: "left", cell: ({ slot }) => slot },
  { title: "starts next", align: "left", cell: (row) => (row.startsNext ? "yes" : "") },
  { title: "started last", align: "left", cell: (row) => (row.startedLast ? "yes" : "") },
  { title: "state", align: "left", cell: ({ state }) => oneLine(state) },
  { title: "tries left", align: "right", cell: ({ tries }) => (tries === undefined ? "" : String(tries)) },
  { title: "version", align: "left", cell: ({ version, wrong }) => oneLine(version ?? wrong ?? "") },
  { title: "for boards", align: "left", cell: ({ boards }) => oneLine(boards.join(" ")) },
];
