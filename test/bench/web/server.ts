// The live page's server in a process of its own, on a board whose telemetry comes ten times a second. Asked by a message,
// it says its processor time in microseconds and its memory.
import { Link } from "../../../industrial/link/link.ts";
import { serveLive } from "../../../industrial/web/serve.ts";
import { demoPartitions, FakeBoard } from "../../run/fake-board.ts";
import { pair } from "../../run/pair.ts";

const PERIOD_MS = 100;

const [here, there] = pair();
const board = new FakeBoard(there);
const link = new Link(here);
const { server } = await serveLive(
  { host: "127.0.0.1", port: 0, names: [], users: [], anonymous: true, tls: undefined },
  {
    title: "bench",
    systemVersion: undefined,
    updated: undefined,
    partitions: demoPartitions,
    map: undefined,
    board: link,
    tellsMonitor: true,
    canRecord: () => true,
    record: () => {},
  },
);
board.boot();
setInterval(() => board.tick(), PERIOD_MS);
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system, rss: process.memoryUsage().rss });
});
process.send?.({ port: server.port });
