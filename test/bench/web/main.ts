// node test/bench/web/main.ts: what the live page takes, at ten telemetries a second: its bytes, and
// the server's memory and processor time.
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { bundledPage } from "../../../industrial/web/page-files.ts";
import { PATHS } from "../../../industrial/web/protocol.ts";
import { type Column, layOut } from "../../../tools/run/columns.ts";

const PAGES = [0, 1, 20] as const;
const SETTLE_MS = 3000;
const MEASURED_MS = 10_000;
/** What a page watches. */
const WATCHED = ["plc.jitter recent", "plc.cycle last"];

interface Usage {
  readonly cpu: number;
  readonly rss: number;
}
interface Row {
  readonly pages: number;
  readonly cpu: number;
  readonly rss: number;
  readonly bytes: number;
}

const server = fork(join(import.meta.dirname, "server.ts"), { serialization: "json" });
const [{ port }] = (await once(server, "message")) as [{ readonly port: number }];
const usage = async (): Promise<Usage> => {
  server.send("usage");
  return ((await once(server, "message")) as [Usage])[0];
};

const sockets: WebSocket[] = [];
let bytes = 0;
async function open(): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${PATHS.live}`, { headers: { Origin: `http://127.0.0.1:${port}` } });
  socket.on("message", (data: Buffer) => (bytes += data.length));
  await once(socket, "open");
  socket.send(JSON.stringify({ watch: WATCHED }));
  sockets.push(socket);
}

const rows: Row[] = [];
for (const pages of PAGES) {
  while (sockets.length < pages) await open();
  await sleep(SETTLE_MS);
  const before = await usage();
  bytes = 0;
  await sleep(MEASURED_MS);
  const { cpu, rss } = await usage();
  rows.push({
    pages,
    cpu: (cpu - before.cpu) / (MEASURED_MS * 1000),
    rss,
    bytes: pages === 0 ? 0 : bytes / pages / (MEASURED_MS / 1000),
  });
}
for (const socket of sockets) socket.terminate();
server.kill();

const columns: readonly Column<Row>[] = [
  { title: "pages", align: "right", cell: ({ pages }) => String(pages) },
  { title: "memory", align: "right", cell: ({ rss }) => `${(rss / 1e6).toFixed(0)} MB` },
  { title: "of a core", align: "right", cell: ({ cpu }) => `${(cpu * 100).toFixed(1)} %` },
  { title: "a page gets", align: "right", cell: ({ bytes: each }) => `${(each / 1e3).toFixed(1)} kB/s` },
];
console.log(layOut(columns, rows).join("\n"));
for (const [name, file] of Object.entries(await bundledPage())) console.log(`${name}: ${file.length} bytes`);
