// npm run bench:bridge [-- --json]: what the bridge's servers do beside their peers, measured side by side in one run;
// medians of five. Ends with 1 when a goal is not reached.
import { parseArgs } from "node:util";
import { type Column, layOut } from "../../tools/run/columns.ts";
import { type BridgeRow, modbusRows } from "./modbus/rows.ts";
import { opcuaRows } from "./opcua/rows.ts";
import { startAndHistoryRows } from "./start.ts";
import { tagRows } from "./tagPath.ts";

const COLUMNS: readonly Column<BridgeRow>[] = [
  { title: "bridge", align: "left", cell: ({ title }) => title },
  { title: "here", align: "right", cell: ({ ours }) => ours },
  { title: "beside it", align: "left", cell: ({ theirs }) => theirs },
  { title: "ratio", align: "right", cell: ({ value }) => value.toFixed(2) },
  { title: "goal", align: "left", cell: ({ goal }) => goal },
  { title: "", align: "left", cell: ({ isReached }) => (isReached ? "ok" : "MISSED") },
];

const { values: options } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const rows = [...(await tagRows()), ...(await modbusRows()), ...(await opcuaRows()), ...(await startAndHistoryRows())];
console.log(options.json ? JSON.stringify(rows, null, 2) : layOut(COLUMNS, rows).join("\n"));
if (rows.some(({ isReached }) => !isReached)) process.exitCode = 1;
