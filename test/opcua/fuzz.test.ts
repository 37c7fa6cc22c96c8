// What is no OPC UA, or only nearly, also from one who has a session: the server closes the connection or says what is
// wrong, keeps nothing of it, and serves whoever comes next.
//
// So many packets fit into a run of all tests; AXV_PACKETS=100000 vitest run test/opcua/fuzz.test.ts takes a minute.
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_CAPS } from "../../industrial/opcua/target.ts";
import { TestPlant } from "../tags/plant.ts";
import { Attack, hello, message, record } from "./malformed.ts";
import type { Recorded } from "./malformed.ts";
import { Station } from "./station.ts";

const PACKETS = Number(process.env["AXV_PACKETS"] ?? 10_000);
const SEED = 20_260_601;
const SESSION_SECONDS = 5;
/** Sessions of clients that have gone end when they have been silent for so long. */
const PATIENCE_MS = 4 * SESSION_SECONDS * 1000;
/** What the log says of all that. */
const LINES_MAX = 100;

let station: Station;
let recorded: Recorded;
beforeAll(async () => {
  const plant = new TestPlant({ plc: "[{ name: A, type: i32, access: rw }]" });
  station = await Station.start(plant, {
    anonymous: true,
    sessionSeconds: SESSION_SECONDS,
    caps: { ...DEFAULT_CAPS, sessions: 500, connections: 500 },
  });
  plant.tell(0, "running");
  plant.scan(0, { A: 1 });
  recorded = await record(station.server.port, "plc.A");
});
afterAll(() => station.stop());

const openSockets = (): number => readdirSync("/proc/self/fd").length;

test("known: a hello, and behind it in the same segment a length that cannot be, ends that connection alone", async () => {
  const before = station.server.guarded.felled;
  const socket = connect({ port: station.server.port, host: "127.0.0.1" });
  socket.on("error", () => {}).on("data", () => {});
  socket.write(Buffer.concat([hello(station.url), message("OPNF", Buffer.alloc(0), 3)]));
  await new Promise((closed) => socket.once("close", closed));
  expect(station.server.guarded.felled).toBe(before + 1);
  expect(station.logged.some((line) => /the connection of 127\.0\.0\.1 is ended: chunk is too small/.test(line))).toBe(true);
});

test(
  `${PACKETS} packets leave no session and no socket behind, and hold up nobody`,
  { timeout: 60_000 + 2 * PACKETS },
  async () => {
    await expect.poll(() => station.server.connections, { timeout: PATIENCE_MS }).toBe(0);
    const before = openSockets();
    const { packets, connections, sessions } = await new Attack(station.server.port, recorded, SEED).run(PACKETS);
    expect(packets).toBeGreaterThanOrEqual(PACKETS);
    expect(Math.min(connections, sessions), "some have got so far").toBeGreaterThan(PACKETS / 100);
    const session = await station.login("engineer");
    expect((await session.read({ nodeId: "i=2258" })).statusCode.name).toBe("Good");
    await session.close();
    await expect.poll(() => station.server.sessions, { timeout: PATIENCE_MS }).toBe(0);
    await station.disconnect();
    await expect.poll(() => station.server.connections, { timeout: PATIENCE_MS }).toBe(0);
    await expect.poll(openSockets, { timeout: PATIENCE_MS }).toBeLessThanOrEqual(before);
    expect(station.server.guarded.felled).toBeGreaterThan(PACKETS / 1000);
    expect(station.logged.length, "a flood of packets is no flood of lines").toBeLessThan(LINES_MAX + packets / 100);
    expect(station.logged.filter((line) => line.includes("authenticationToken"))).toEqual([]);
    console.log(
      `${packets} packets in ${connections} connections, ${sessions} of them with a session; ` +
        `${station.server.guarded.felled} would have felled the library`,
    );
  },
);
