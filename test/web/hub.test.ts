// What pages are told: a snapshot first, then what changes; one that does not read gets a snapshot again
// when it does, and nothing meanwhile.
import { encode } from "cborg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { UNREAD_MAX } from "../../industrial/web/hub.ts";
import type { Welcome } from "../../industrial/web/protocol.ts";
import { LINUX, PLC } from "../run/fake-board.ts";
import { until } from "../patience.ts";
import { WebStation } from "./station.ts";

let station: WebStation;
beforeEach(async () => {
  station = await WebStation.start();
});
afterEach(() => station.close());

const LOG_CHARACTERS = 64 * 1024;
/** What a snapshot of two consoles and two full logs can have, and its cells. */
const SNAPSHOT_MAX = 4 * LOG_CHARACTERS + 64 * 1024;

describe("a page", () => {
  test("is told what there is, and then what changes, and no more", async () => {
    station.board.boot();
    station.board.tick();
    const page = await station.page();
    const { cells, logs } = await page.next("snapshot");
    expect(cells).toMatchObject({
      time: 1e9,
      link: null,
      "1.state": "running",
      "1.restarts": 0,
      "0.rates": expect.any(Array) as unknown,
    });
    expect(cells["0.vcpus"]).toMatchObject([{ index: 0, pcpu: 0, state: "on", exits: 1148 }, { index: 1, pcpu: 1 }]);
    expect(logs.events?.entries.map(({ partition, text }) => `${partition}: ${text}`)).toEqual([
      "axv: axv: image at 0x0000000040200000",
      "axv: hypervisor at 0x40200000 booted 2 partitions in 0.4 ms",
      "linux: started at 0x60000000",
      "plc: started at 0x40000000",
    ]);
    expect(logs["console.0"]?.entries).toEqual(["Booting Linux on physical CPU 0x0000000000 [0x410fd034]"]);
    station.board.print(PLC, "hello\n");
    const delta = await page.next("delta");
    expect(delta).toEqual({ type: "delta", cells: {}, logs: { "console.1": { from: 2, entries: ["hello"] } } });
    station.board.tick();
    const { cells: changed } = await page.next("delta", (message) => message.cells.time === 2e9);
    expect(changed).toMatchObject({ "1.uptime": 2e9 });
    expect(changed).not.toHaveProperty("1.state");
  });

  test("that comes later begins with all that is kept", async () => {
    for (let at = 0; at < 1000; at++) station.board.print(LINUX, `line ${at}\n`);
    const { logs } = await (await station.page()).next("snapshot");
    expect(logs["console.0"]?.entries).toHaveLength(300);
    expect([logs["console.0"]?.from, logs["console.0"]?.entries.at(-1)]).toEqual([700, "line 999"]);
  });

  test("sees overruns as they come, and none where a guest begins anew", async () => {
    const tell = (time: bigint, overruns: bigint): void => {
      const tags = new Map([[1, overruns]]);
      station.link.emit("partition", {
        partition: PLC,
        time,
        state: "running",
        uptime: time,
        restarts: 0,
        consoleDropped: 0,
        watchdogExpired: 0,
        doorbells: 0,
        tags,
      });
    };
    for (const [time, overruns] of [[1n, 7n], [2n, 7n], [3n, 9n], [4n, 0n], [5n, 1n]] as const) tell(time, overruns);
    const { logs } = await (await station.page()).next("snapshot");
    expect(logs.overruns?.entries.map(({ time, partition, more, total }) => [time, partition, more, total])).toEqual([
      [3, "plc", 2, 9],
      [5, "plc", 1, 1],
    ]);
  });

  test("is told that the link is lost, and why", async () => {
    const page = await station.page();
    await page.next("snapshot");
    station.served.live.takeLink("the cable");
    const { cells, logs } = await page.next("delta");
    expect([cells.link, logs.events?.entries[0]?.text]).toEqual(["the cable", "no link to the hypervisor: the cable"]);
  });

  test("is told which slot it is, and that its update is pending, as long as the hypervisor is heard", async () => {
    const page = await station.page();
    expect((await page.next("snapshot")).cells.system).toBeNull();
    station.board.system("b", abi.UPDATE_PENDING);
    expect((await page.next("delta")).cells.system).toEqual({ slot: "b", update: "pending" });
    station.served.live.takeLink("the cable");
    expect((await page.next("delta")).cells).toMatchObject({ link: "the cable", system: null });
  });

  test("is told which image of a partition runs, and how far a new one has come", async () => {
    const values = [1, abi.STATE_RUNNING, 1, 0, 0, 0, new Map(), 0, [abi.IMAGE_RECEIVING, 0, 512, 1024, 8, 7, 8]];
    const payload = encode(new Map(values.map((value, key) => [key, value])));
    station.board.send({ kind: abi.FRAME_PARTITION, partition: PLC, payload });
    const { cells } = await (await station.page()).next("snapshot");
    const update = { state: "receiving", received: 512, size: 1024, version: 8, running: 7, next: 8 };
    expect([cells["0.update"], cells["1.update"]]).toEqual([null, update]);
  });

  test("knows the planned version, and whose image can be taken back", async () => {
    const { systemVersion, partitions } = JSON.parse(station.served.live.welcome) as Welcome;
    expect([systemVersion, partitions.map(({ hasUpdate }) => hasUpdate)]).toEqual(["1.4.0", [false, true]]);
  });

  test("gets what hostile guests print as text, short, and without control characters", async () => {
    station.board.print(LINUX, `<script>alert(1)</script>\u001b[2J\u0007\u0000`);
    for (let at = 0; at < 10; at++) station.board.print(LINUX, "x".repeat(500));
    station.board.print(LINUX, "\n");
    station.board.send({ kind: abi.FRAME_CONSOLE, partition: PLC, payload: Uint8Array.of(0xff, 0xfe, 0x0a) });
    const { logs } = await (await station.page()).next("snapshot");
    expect(logs["console.0"]?.entries[0]).toMatch(/^<script>alert\(1\)<\/script>\u2407\u2400x+$/);
    expect(logs["console.0"]?.entries.every((line) => line.length <= 2000)).toBe(true);
    expect(logs["console.1"]?.entries).toEqual(["\ufffd\ufffd"]);
  });
});

describe("trends", () => {
  test("that a page asks for begin with what was kept; of a partition that does not run nothing is known", async () => {
    station.board.tick();
    const page = await station.page();
    page.watch("plc.jitter last", "nobody.nothing", "plc.jitter last");
    const { trends } = await page.next("history");
    expect(Object.keys(trends)).toEqual(["plc.jitter last"]);
    expect(trends["plc.jitter last"]?.[1]).toEqual([800]);
    station.link.emit("partition", {
      partition: PLC,
      time: 9n,
      state: "paused",
      uptime: 9n,
      restarts: 0,
      consoleDropped: 0,
      watchdogExpired: 0,
      doorbells: 0,
      tags: new Map(),
    });
    await new Promise((done) => setTimeout(done, 600)); // two points are half a second apart
    station.link.emit("partition", {
      partition: PLC,
      time: 10n,
      state: "paused",
      uptime: 10n,
      restarts: 0,
      consoleDropped: 0,
      watchdogExpired: 0,
      doorbells: 0,
      tags: new Map(),
    });
    const points = await page.next("points");
    expect(points.trends["plc.jitter last"]?.[1].at(-1)).toBe(null);
  });

  test.each([
    ["no JSON", "{"],
    ["no wish", "{}"],
    ["null", "null"],
    ["no list", '{"watch":"a"}'],
    ["no names", '{"watch":[1]}'],
    ["more than eight", JSON.stringify({ watch: Array.from({ length: 9 }, String) })],
    ["more than a message may have", JSON.stringify({ watch: ["x".repeat(5000)] })],
  ])("a page that asks for them with %s is sent away", async (_, text) => {
    const page = await station.page();
    page.socket.send(text);
    await until("the end", () => page.socket.readyState === page.socket.CLOSED);
    expect(station.served.server.hub.size).toBe(0);
  });

  test("so is one that asks all the time, and one that sends bytes", async () => {
    const [busy, binary] = [await station.page(), await station.page()];
    for (let at = 0; at < 50; at++) busy.watch();
    binary.socket.send(Buffer.from('{"watch":[]}'), { binary: true });
    await until("the end of both", () => station.served.server.hub.size === 0);
  });
});

test("a page that does not read is told nothing more; when it reads again it gets what is true then", async () => {
  const { hub } = station.served.server;
  const [slow, fast] = [await station.page(), await station.page()];
  await slow.next("snapshot");
  slow.socket.pause();
  let printed = 0;
  const chatter = setInterval(() => {
    for (let at = 0; at < 120; at++)
      for (const partition of [LINUX, PLC]) station.board.print(partition, `${printed++} ${"x".repeat(490)}\n`);
  }, 20);
  await until("it falling behind", () => hub.fellBehind === 1);
  const waiting = hub.unread;
  expect(waiting).toBeGreaterThan(UNREAD_MAX);
  expect(waiting).toBeLessThan(UNREAD_MAX + SNAPSHOT_MAX);
  await new Promise((done) => setTimeout(done, 1000));
  clearInterval(chatter);
  expect(hub.unread, "for a second nothing has been added").toBeLessThanOrEqual(waiting);
  await until("the other one being told all", () =>
    fast.heard.some((message) => JSON.stringify(message).includes(`"${printed - 1} x`)),
  );
  expect(fast.heard.filter(({ type }) => type === "snapshot")).toHaveLength(1);

  slow.heard.length = 0;
  slow.socket.resume();
  const { logs } = await slow.next("snapshot");
  expect(logs["console.1"]?.entries.at(-1)).toMatch(new RegExp(`^${printed - 1} x`));
  station.board.print(PLC, "after\n");
  const delta = await slow.next("delta");
  expect(delta.logs["console.1"]?.entries).toEqual(["after"]);
  expect(delta.logs["console.1"]?.from, "nothing is missing between").toBe(
    (logs["console.1"]?.from ?? 0) + (logs["console.1"]?.entries.length ?? 0),
  );
});

test("no more pages than there is room for", async () => {
  const pages = await Promise.all(Array.from({ length: 32 }, () => station.page()));
  expect(await station.upgrade()).toBe(503);
  pages[0]?.socket.close();
  await until("room", () => station.served.server.hub.size < 32);
  expect(await station.upgrade()).toBe(101);
});

test("nobody who looks costs nothing: what changes is made when somebody wants to see it", async () => {
  const page = await station.page();
  page.socket.close();
  await until("its end", () => station.served.server.hub.size === 0);
  station.board.tick();
  expect(station.served.live.cells.all).not.toContain('"1.state":"running"');
  expect((await (await station.page()).next("snapshot")).cells["1.state"]).toBe("running");
});
