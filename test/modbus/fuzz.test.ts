// 100,000 broken or strange packets: the server goes on, keeps its limits, and has no socket left over.
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { ModbusTcpServer } from "../../industrial/modbus/tcp.ts";
import { MemoryTarget } from "./memory-target.ts";
import { frame, TcpClient } from "./tcp-client.ts";

const PACKETS = 100_000;
/** Of one connection, if it lives that long. */
const BURST = 8;
const AT_ONCE = 20;
const LIMIT = 30;
const SEED = 0x6d6f6462;
const PROBE = frame("03 00 00 00 01", { unit: 0, transaction: 0xfeed });

/** Numbers that look random and are the same every time (Marsaglia's xorshift32). */
function random(): () => number {
  let state = SEED;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}
const next = random();
const below = (limit: number): number => Math.floor(next() * limit);
const randomBytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));

const UNITS = [0, 1, 255, 1, 0, 255, 9] as const;
const FUNCTIONS = [1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43] as const;

/** A packet that is wrong somewhere: the function, the numbers, the length, the protocol, the end; or that is no packet. */
function packet(): Buffer {
  const pdu = Buffer.concat([
    Buffer.of(next() < 0.8 ? (FUNCTIONS[below(FUNCTIONS.length)] ?? 0) : below(256)),
    randomBytes(next() < 0.5 ? 4 : below(30)),
  ]);
  const whole = frame(pdu.toString("hex"), {
    unit: UNITS[below(UNITS.length)] ?? 0,
    protocol: next() < 0.05 ? below(0x10000) : 0,
  });
  const kind = next();
  if (kind < 0.7) return whole;
  if (kind < 0.85) {
    whole[below(whole.length)] = below(256); // one byte, anywhere
    return whole;
  }
  if (kind < 0.9) return whole.subarray(0, 1 + below(whole.length));
  if (kind < 0.95) {
    whole.writeUInt16BE(below(2) === 0 ? below(4) : below(0x10000), 4);
    return whole;
  }
  return randomBytes(1 + below(300));
}

const openSockets = (): number => readdirSync("/proc/self/fd").length;

test(`${PACKETS} packets: no crash, no socket left, every connection answered or closed`, async () => {
  const target = new MemoryTarget();
  target.end = 1000;
  const before = openSockets();
  const server = await ModbusTcpServer.listen(target, { host: "127.0.0.1", port: 0, unit: 1, maxConnections: LIMIT });
  let sent = 0;
  let most = 0;
  const attack = async (): Promise<void> => {
    while (sent < PACKETS) {
      const client = new TcpClient(server.port);
      client.socket.removeAllListeners("data").resume(); // whatever it says
      const burst = Array.from({ length: BURST }, packet);
      sent += BURST;
      client.socket.write(Buffer.concat(burst));
      most = Math.max(most, server.counters.connections);
      if (next() < 0.3) client.socket.once("connect", () => setImmediate(() => client.socket.resetAndDestroy()));
      else client.socket.end();
      await client.closed;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, attack));
  expect(most).toBeLessThanOrEqual(LIMIT);
  await expect.poll(() => server.counters.connections).toBe(0);
  const after = new TcpClient(server.port);
  expect((await after.ask(PROBE))?.transaction).toBe(0xfeed);
  await after.close();
  expect(server.counters.broken).toBeGreaterThan(100);
  expect(server.counters.dropped).toBeGreaterThan(100);
  expect([...server.counters.exceptions.keys()].sort((a, b) => a - b)).toEqual([1, 2, 3, 11]);
  // Behind a length that is none, no packet of a connection is read.
  expect(server.counters.requests).toBeGreaterThan(PACKETS / 4);
  for (const { change } of target.writes)
    expect(change.first + (change.kind === "mask" ? 1 : change.count)).toBeLessThanOrEqual(target.end);
  await server.close();
  await expect.poll(() => openSockets()).toBeLessThanOrEqual(before);
});

test("more connections than the limit, all at once: those within it are answered, the others closed", async () => {
  const server = await ModbusTcpServer.listen(new MemoryTarget(), { host: "127.0.0.1", port: 0, unit: 1, maxConnections: LIMIT });
  const clients = Array.from({ length: 4 * LIMIT }, () => new TcpClient(server.port));
  const answers = await Promise.all(clients.map((client) => client.ask(PROBE)));
  expect(answers.filter((answer) => answer !== undefined)).toHaveLength(LIMIT);
  expect(server.counters).toMatchObject({ connections: LIMIT, accepted: LIMIT, refused: 3 * LIMIT });
  for (const client of clients) client.socket.destroy();
  await expect.poll(() => server.counters.connections).toBe(0);
  await server.close();
});
