// The partitions, a row each, and what may be done with them by whoever has logged in.
import type { PartitionState } from "../../link/telemetry.ts";
import { COMMAND_NAMES } from "../../link/commands.ts";
import type { CommandName } from "../../link/commands.ts";
import { showCount, showRate, showTime, showUpdate, showUptime } from "../../live/show.ts";
import { confirmed } from "./dialogs.ts";
import { el, scroller, setAttribute } from "./dom.ts";
import { known, rowsOf } from "./panel.ts";
import type { MakePanel, Row } from "./panel.ts";
import { showQuality, showState } from "./states.ts";
import { LiveTable } from "./table.ts";
import type { Column } from "./table.ts";

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
const uptime = (nanoseconds: number): string => showUptime(BigInt(Math.round(nanoseconds)));
/** Of a partition with direct interrupts every single exit is remarkable. */
const ready = ({ facts, now }: Row): string =>
  known(
    now.ready,
    ({ exits, time }) => `${showCount(exits)} in ${uptime(time)}${facts.direct ? (exits === 0 ? " ✓" : " !") : ""}`,
  );

const COLUMNS: readonly Column<Row>[] = [
  { title: "Partition", cell: ({ facts }) => facts.name },
  { title: "State", cell: () => "", live: (cell, { now }) => showState(cell, now.state) },
  { title: "Values", cell: () => "", live: (cell, { now }) => showQuality(cell, now.quality) },
  { title: "Guest", cell: ({ facts }) => facts.guest },
  { title: "Interrupts", cell: ({ facts }) => (facts.direct ? "direct" : "injected") },
  { title: "Uptime", isNumber: true, cell: ({ now }) => known(now.uptime, uptime) },
  { title: "Restarts", isNumber: true, cell: ({ now }) => known(now.restarts, String) },
  { title: "CPU load", isNumber: true, cell: ({ now }) => known(now.load, (load) => `${(load * 100).toFixed(1)} %`) },
  { title: "Exits/s", isNumber: true, cell: ({ now }) => known(now.rates, (rates) => showRate(sum(rates))) },
  { title: "Exits since ready", isNumber: true, cell: ready },
  { title: "Held", isNumber: true, cell: ({ now }) => known(now.held, showTime) },
  { title: "Watchdog", isNumber: true, cell: ({ now }) => known(now.watchdog, showCount) },
  {
    title: "Console lost",
    isNumber: true,
    cell: ({ now }) => known(now.dropped, (bytes) => (bytes === 0 ? "0" : `${showCount(bytes)} B`)),
  },
];

const UPDATE: Column<Row> = {
  title: "Image",
  cell: ({ facts, now }) => (facts.hasUpdate ? known(now.update, showUpdate) : ""),
};

/** In which states the hypervisor carries out each command. */
const POSSIBLE: Readonly<Record<CommandName, readonly PartitionState[]>> = {
  start: ["off", "failed", "inspect"],
  stop: ["running", "paused"],
  restart: ["off", "running", "failed", "inspect", "paused"],
  pause: ["running"],
  resume: ["paused"],
  rollback: ["off", "running", "failed", "inspect", "paused"],
};
/** Whatever its guest holds in memory is gone. */
const ASKED_TWICE: readonly CommandName[] = ["stop", "restart"];

export const partitionsPanel: MakePanel = (place, welcome, deeds) => {
  let mayAct = false;
  const hasQuality = (rows: readonly Row[]): boolean => rows.some(({ now }) => typeof now.quality === "string");
  const buttons = (cell: HTMLElement, { facts, now }: Row): void => {
    if (cell.firstChild === null) {
      const possible = COMMAND_NAMES.filter((name) => name !== "rollback" || facts.hasUpdate);
      const of = possible.map((name) =>
        el(
          "button",
          {
            type: "button",
            "data-command": name,
            "aria-label": `${name} ${facts.name}`,
            onclick: ({ currentTarget }) => void press(currentTarget, facts.name, name),
          },
          name,
        ),
      );
      cell.append(el("div", { class: "buttons", role: "group", "aria-label": `Commands for ${facts.name}` }, ...of));
    }
    // Not `disabled`: a button that loses its sense while it has the focus keeps it.
    for (const button of cell.querySelectorAll("button")) {
      const name = button.dataset["command"] as CommandName;
      setAttribute(
        button,
        "aria-disabled",
        String(now.state === undefined || now.state === null || !POSSIBLE[name].includes(now.state)),
      );
    }
  };
  const press = async (button: EventTarget | null, partition: string, name: CommandName): Promise<void> => {
    if (!(button instanceof HTMLElement) || button.getAttribute("aria-disabled") === "true") return;
    if (
      ASKED_TWICE.includes(name) &&
      !(await confirmed(`${name} ${partition}?`, "What its guest holds in memory is lost.", name))
    )
      return;
    deeds.command(partition, name);
  };
  const commands: Column<Row> = { title: "Commands", cell: () => "", live: buttons };
  let table: LiveTable<Row> | undefined;
  let made = "";
  return {
    show(store) {
      const rows = rowsOf(welcome, store);
      const wanted = `${mayAct} ${hasQuality(rows)}`;
      if (table === undefined || made !== wanted) {
        made = wanted;
        const seen = COLUMNS.filter(({ title }) => title !== "Values" || hasQuality(rows));
        const updates = welcome.partitions.some(({ hasUpdate }) => hasUpdate) ? [UPDATE] : [];
        const all = [...seen, ...updates, ...(mayAct ? [commands] : [])];
        table = new LiveTable("Partitions: what each is doing", all, "cards");
        place.querySelector(".scroller")?.remove();
        place.append(scroller("Partitions", table.element));
      }
      table.show(rows);
    },
    allow(session) {
      mayAct = session.mayAct && welcome.hasCommands;
    },
  };
};
