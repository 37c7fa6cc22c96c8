// The server on TCP: frames, order, limits. MODBUS Messaging on TCP/IP Implementation Guide V1.0b.
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UNTAKEN_MAX } from "../../industrial/modbus/connection.ts";
import { ModbusError } from "../../industrial/modbus/errors.ts";
import { SUCCESS } from "../../industrial/modbus/exceptions.ts";
import { ModbusTcpServer, type TcpOptions } from "../../industrial/modbus/tcp.ts";
import { MemoryTarget } from "./memory-target.ts";
import { frame, TcpClient } from "./tcp-client.ts";

const READ = "03 00 00 00 01";
const OWN_UNIT = 5;
/** An answer with 125 registers. */
const FRAME_MAX_READ = 259;

let target: MemoryTarget;
let server: ModbusTcpServer;
let clients: TcpClient[];

async function start(options: Partial<TcpOptions> = {}): Promise<void> {
  server = await ModbusTcpServer.listen(target, { host: "127.0.0.1", port: 0, unit: OWN_UNIT, ...options });
}
function client(): TcpClient {
  const made = new TcpClient(server.port);
  clients.push(made);
  return made;
}
beforeEach(() => {
  target = new MemoryTarget();
  for (let i = 0; i < 1000; i++) target.registers["holding registers"].writeUInt16BE(i, 2 * i);
  clients = [];
});
afterEach(async () => {
  vi.useRealTimers();
  for (const each of clients) each.socket.destroy();
  await server.close();
});

describe("frames", () => {
  beforeEach(() => start());

  test("an answer repeats transaction and unit", async () => {
    expect(await client().ask(frame("03 00 07 00 01", { transaction: 0xabcd, unit: OWN_UNIT }))).toEqual({
      transaction: 0xabcd,
      unit: OWN_UNIT,
      pdu: "03020007",
    });
  });

  test("the own unit, 0 and 255 are answered; any other is told that it is not there", async () => {
    const asks = client();
    for (const unit of [OWN_UNIT, 0, 255]) expect((await asks.ask(frame(READ, { unit })))?.pdu).toBe("03020000");
    for (const unit of [1, 4, 6, 254])
      expect(await asks.ask(frame(READ, { unit }))).toEqual({ transaction: 1, unit, pdu: "830b" });
    expect((await asks.ask(frame("06 00 00 00 01", { unit: 1 })))?.pdu).toBe("860b");
    expect(target.writes).toEqual([]);
    expect(server.counters.exceptions).toEqual(new Map([[0x0b, 5]]));
  });

  test("another protocol is dropped, and the connection lives", async () => {
    const asks = client();
    asks.send(frame(READ, { unit: 0, transaction: 1, protocol: 1 }), frame(READ, { unit: 0, transaction: 2 }));
    expect((await asks.next())?.transaction).toBe(2);
    expect(server.counters.dropped).toBe(1);
  });

  test.each([0, 1, 255, 0xffff])("a length of %d is none: the connection is closed, after the answers before", async (length) => {
    const asks = client();
    const broken = frame(READ);
    broken.writeUInt16BE(length, 4);
    asks.send(frame(READ, { unit: 0 }), broken.subarray(0, 6), Buffer.from(frame("06 00 00 00 01", { unit: 0 })));
    expect((await asks.next())?.pdu).toBe("03020000");
    expect(await asks.next()).toBeUndefined();
    expect(server.counters.broken).toBe(1);
    expect(target.writes).toEqual([]);
  });

  test("the longest request there is", async () => {
    expect((await client().ask(frame(`10 00 00 00 7b f6${" ab".repeat(246)}`, { unit: 0 })))?.pdu).toBe("100000007b");
    expect((await client().ask(frame("7f".repeat(253), { unit: 0 })))?.pdu).toBe("ff01");
  });

  test("however requests are cut or joined, each is answered once and in order", async () => {
    const requests = Array.from({ length: 40 }, (_, i) =>
      i % 7 === 3
        ? frame(`06 03 e7 00 ${(i + 16).toString(16)}`, { unit: 0, transaction: i })
        : frame(`03 00 ${(i + 16).toString(16)} 00 7d`, { unit: 255, transaction: i }),
    );
    const bytes = Buffer.concat(requests);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }),
        fc.boolean(),
        async (cuts, doesWait) => {
          const asks = client();
          const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          for (const [i, place] of places.slice(0, -1).entries()) {
            asks.socket.write(bytes.subarray(place, places[i + 1]));
            if (doesWait) await new Promise((resolve) => setImmediate(resolve));
          }
          for (let i = 0; i < requests.length; i++) {
            const got = await asks.next();
            expect(got?.transaction).toBe(i);
            if (got?.pdu.startsWith("03")) expect(got.pdu.slice(0, 8)).toBe(`03fa00${(i + 16).toString(16)}`);
          }
          await asks.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  test("byte by byte", async () => {
    const asks = client();
    for (const byte of frame(READ, { unit: 0 })) {
      asks.socket.write(Buffer.of(byte));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect((await asks.next())?.pdu).toBe("03020000");
  });
});

describe("writes", () => {
  beforeEach(() => start());

  test("say who writes; one object for the same client", async () => {
    const asks = client();
    for (const unit of [0, 0, OWN_UNIT]) await asks.ask(frame("06 00 01 00 02", { unit }));
    const [first, second, third] = target.writes.map((write) => write.client);
    expect(first).toEqual({ via: "tcp", address: "127.0.0.1", unit: 0 });
    expect(second).toBe(first);
    expect(third).toEqual({ via: "tcp", address: "127.0.0.1", unit: OWN_UNIT });
  });

  test("an IPv4 client of a socket that has both is called by its IPv4 address", async () => {
    await server.close();
    await start({ host: "::" });
    await client().ask(frame("06 00 01 00 02", { unit: 0 }));
    expect(target.writes[0]?.client.address).toBe("127.0.0.1");
  });

  test("what the same client asks next waits; others do not", async () => {
    let finish: () => void = () => {};
    target.decide = () => new Promise((resolve) => (finish = () => resolve(SUCCESS)));
    const writer = client();
    writer.send(
      frame("06 00 00 12 34", { unit: 0, transaction: 1 }),
      frame(READ, { unit: 0, transaction: 2 }),
      frame(READ, { unit: 0, transaction: 3 }),
    );
    expect((await client().ask(frame(READ, { unit: 0 })))?.pdu).toBe("03020000");
    writer.send(frame(READ, { unit: 0, transaction: 4 }));
    finish();
    expect((await writer.next())?.pdu).toBe("0600001234");
    for (const transaction of [2, 3, 4]) expect(await writer.next()).toEqual({ transaction, unit: 0, pdu: "03021234" });
  });

  test("a client that is gone before the end of its write: done, and nobody told", async () => {
    let finish: (() => void) | undefined;
    target.decide = () => new Promise((resolve) => (finish = () => resolve(SUCCESS)));
    const writer = client();
    writer.send(frame("06 00 00 12 34", { unit: 0 }));
    await expect.poll(() => finish).toBeDefined();
    writer.socket.resetAndDestroy();
    await expect.poll(() => server.counters.connections).toBe(0);
    finish?.();
    await expect.poll(() => server.counters.late).toBe(1);
    expect(target.writes).toHaveLength(1);
  });

  test("a client that only says that it sends no more gets all its answers", async () => {
    target.decide = () => new Promise((resolve) => setTimeout(() => resolve(SUCCESS), 20));
    const writer = client();
    writer.socket.end(Buffer.concat([frame("06 00 00 12 34", { unit: 0 }), frame(READ, { unit: 0 })]));
    expect((await writer.next())?.pdu).toBe("0600001234");
    expect((await writer.next())?.pdu).toBe("03021234");
    expect(await writer.next()).toBeUndefined();
  });
});

describe("limits", () => {
  test("a connection over the limit is closed at once; when one has gone there is room again", async () => {
    await start({ maxConnections: 2 });
    const kept = [client(), client()];
    for (const each of kept) expect((await each.ask(frame(READ, { unit: 0 })))?.pdu).toBe("03020000");
    expect(await client().ask(frame(READ, { unit: 0 }))).toBeUndefined();
    expect(server.counters).toMatchObject({ connections: 2, accepted: 2, refused: 1 });
    await kept[0]?.close();
    await expect.poll(() => server.counters.connections).toBe(1);
    expect((await client().ask(frame(READ, { unit: 0 })))?.pdu).toBe("03020000");
  });

  test("who completes no request for the idle time is closed, even when bytes trickle in; who asks stays", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    await start({ idleSeconds: 60 });
    const [asks, silent, trickles] = [client(), client(), client()];
    for (let minute = 0; minute < 3; minute++) {
      for (let quarter = 0; quarter < 4; quarter++) {
        expect((await asks.ask(frame(READ, { unit: 0 })))?.pdu).toBe("03020000");
        if (minute * 4 + quarter < 7) trickles.socket.write(Buffer.of(0));
        vi.advanceTimersByTime(15_000);
      }
    }
    await Promise.all([silent.closed, trickles.closed]);
    expect(server.counters).toMatchObject({ idle: 2, connections: 1 });
  });

  test("a write that takes long is not idle", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    await start({ idleSeconds: 1 });
    let finish: (() => void) | undefined;
    target.decide = () => new Promise((resolve) => (finish = () => resolve(SUCCESS)));
    const writer = client();
    writer.send(frame("06 00 00 12 34", { unit: 0 }));
    await expect.poll(() => finish).toBeDefined();
    vi.advanceTimersByTime(100_000);
    finish?.();
    expect((await writer.next())?.pdu).toBe("0600001234");
  });

  test("who does not take the answers is not read from: memory is bounded, and every answer comes when it does", async () => {
    await start();
    const slow = client();
    slow.socket.pause();
    const COUNT = 100_000;
    const request = frame("03 00 00 00 7d", { unit: 0 });
    slow.socket.write(Buffer.concat(Array.from({ length: COUNT }, () => request)));
    let before = -1;
    await vi.waitUntil(() => {
      const isStill = before === server.counters.requests;
      before = server.counters.requests;
      return isStill && before > 0;
    }, { interval: 100, timeout: 120_000 });
    expect(server.counters.requests).toBeLessThan(COUNT); // what kernel buffers take, and UNTAKEN_MAX
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(40e6 + UNTAKEN_MAX);
    let received = 0;
    slow.socket.removeAllListeners("data").on("data", (chunk: Buffer) => (received += chunk.length));
    slow.socket.resume();
    await expect.poll(() => received).toBe(COUNT * FRAME_MAX_READ);
    expect(server.counters.requests).toBe(COUNT);
  });
});

describe("listening", () => {
  const refusal = async (options: Partial<TcpOptions>): Promise<ModbusError> => {
    const error: unknown = await ModbusTcpServer.listen(target, { host: "127.0.0.1", port: 0, unit: 1, ...options }).then(
      (unwanted) => unwanted.close(),
      (reason: unknown) => reason,
    );
    if (!(error instanceof ModbusError)) throw new Error("it listens, or fails in another way");
    return error;
  };
  test("on a port that is in use, on an address of another machine, as no unit", async () => {
    await start();
    expect(await refusal({ port: server.port })).toMatchObject({
      code: "AXV_MODBUS_PORT_IN_USE",
      message: expect.stringContaining(`127.0.0.1:${server.port}`) as string,
    });
    expect(await refusal({ host: "192.0.2.1" })).toMatchObject({ code: "AXV_MODBUS_LISTEN" });
    expect(await refusal({ unit: 256 })).toMatchObject({ code: "AXV_MODBUS_UNIT" });
  });
});
