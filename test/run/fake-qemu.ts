// Stands in for qemu-system-aarch64: a process with the UART on descriptor 3 and QMP on descriptor 4, and a FakeBoard
// behind them. A second of the board takes AXV_FAKE_PERIOD milliseconds; AXV_FAKE_DEFECT says what is wrong with it;
// AXV_FAKE_DIES: it ends by itself after so many periods.
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { type Defect, FakeBoard } from "./fake-board.ts";

const UART_FD = 3;
const QMP_FD = 4;

const uart = new Socket({ fd: UART_FD, readable: true, writable: true });
const qmp = new Socket({ fd: QMP_FD, readable: true, writable: true });
const say = (message: unknown): boolean => qmp.write(`${JSON.stringify(message)}\n`);
for (const stream of [uart, qmp]) stream.on("error", () => process.exit(1));

const board = new FakeBoard(uart, (process.env["AXV_FAKE_DEFECT"] ?? "none") as Defect);
board.update = Number(process.env["AXV_FAKE_UPDATE"] ?? board.update);
const dies = Number(process.env["AXV_FAKE_DIES"] ?? Number.POSITIVE_INFINITY);

createInterface({ input: qmp }).on("line", (line) => {
  const { execute } = JSON.parse(line) as { execute: string };
  say({ return: {} });
  if (execute === "quit") process.exit(0);
});
say({ QMP: { version: {}, capabilities: [] } });

board.boot();
let periods = 0;
setInterval(() => {
  board.tick();
  periods += 1;
  if (periods < dies) return;
  console.error("fake-qemu: as told, dying now");
  process.exit(7);
}, Number(process.env["AXV_FAKE_PERIOD"] ?? "100"));
