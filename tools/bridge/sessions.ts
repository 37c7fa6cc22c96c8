// axv-part bridge sessions: who is connected to the OPC UA server of a bridge that runs, and ending one.
import { askBridge } from "../../industrial/bridge/control.ts";
import type { ListedSession } from "../../industrial/bridge/control.ts";
import { BridgeError } from "../../industrial/bridge/errors.ts";
import { oneLine } from "../../partitions/source/text.ts";
import { layOut } from "../run/columns.ts";
import type { Column } from "../run/columns.ts";

export interface SessionOptions {
  readonly close?: string;
  readonly json?: true;
}

const SHOWN = 8;
/** The library's are ns=1;g=GUID. */
const digitsOf = ({ id }: ListedSession): string => id.replace(/^ns=\d+;[a-z]=/, "").toLowerCase();

const COLUMNS: readonly Column<ListedSession>[] = [
  { title: "id", align: "left", cell: (session) => digitsOf(session).slice(0, SHOWN) },
  {
    title: "user",
    align: "left",
    cell: ({ user, role }) => (user === "" ? "nobody" : `${oneLine(user)} (${role ?? "unknown"})`),
  },
  { title: "from", align: "left", cell: ({ address }) => address },
  { title: "since", align: "left", cell: ({ since }) => since.slice(0, 19).replace("T", " ") },
  { title: "subscriptions", align: "right", cell: ({ subscriptions }) => String(subscriptions) },
  { title: "items", align: "right", cell: ({ items }) => String(items) },
  { title: "application", align: "left", cell: ({ application }) => oneLine(application) },
];

export async function sessions(file: string, { close, json }: SessionOptions): Promise<void> {
  const answer = await askBridge(file, { command: "sessions" });
  if (answer === undefined || !("sessions" in answer)) throw new BridgeError("AXV_BRIDGE_NOT_RUNNING", file);
  if (close !== undefined) await end(file, answer.sessions, close, json === true);
  else if (json === true) console.log(JSON.stringify(answer.sessions, null, 2));
  else console.log(answer.sessions.length === 0 ? "nobody is connected" : layOut(COLUMNS, answer.sessions).join("\n"));
}

async function end(file: string, all: readonly ListedSession[], wanted: string, json: boolean): Promise<void> {
  const found = all.filter((each) => wanted !== "" && (digitsOf(each).startsWith(wanted.toLowerCase()) || each.id === wanted));
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const known = all.map((each) => `${digitsOf(each).slice(0, SHOWN)} (${oneLine(each.user)})`).join(", ");
    throw new BridgeError("AXV_BRIDGE_SESSION", wanted, known === "" ? "none, for nobody is connected" : `one of ${known}`);
  }
  const answer = await askBridge(file, { command: "close", id: only.id });
  const done = answer !== undefined && "done" in answer && answer.done;
  if (json) console.log(JSON.stringify({ id: only.id, closed: done }));
  else
    console.log(done ? `the session of ${oneLine(only.user)} at ${only.address} is ended` : "it has ended by itself meanwhile");
}
