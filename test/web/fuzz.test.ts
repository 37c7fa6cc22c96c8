// Whatever comes in, over HTTP or over the WebSocket: the server goes on, keeps nothing of it, and does nothing for it.
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PATHS } from "../../industrial/web/protocol.ts";
import { until } from "../patience.ts";
import { WebStation } from "./station.ts";

let station: WebStation;
let crashed: unknown[];
const note = (error: unknown): void => void crashed.push(error);
beforeEach(async () => {
  crashed = [];
  process.on("unhandledRejection", note);
  station = await WebStation.start();
});
afterEach(async () => {
  process.off("unhandledRejection", note);
  await station.close();
});

/** Sends it, and waits until the server has had enough of it. Gives back the status of its first answer. */
async function send(bytes: Uint8Array): Promise<string> {
  let answer = "";
  const socket: Socket = connect(station.served.server.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.end(bytes);
  socket.on("data", (part: Buffer) => (answer += part.toString("latin1")));
  await Promise.race([once(socket, "close"), new Promise((done) => setTimeout(done, 1000))]);
  socket.destroy();
  return answer.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length);
}

async function isWell(): Promise<void> {
  expect((await station.ask("GET", "/")).status).toBe(200);
  await until("nobody being left", () => station.served.server.hub.size === 0);
  expect([crashed, station.board.received]).toEqual([[], []]);
}

const line = fc.string({ unit: "binary", maxLength: 40 });
const path = fc.oneof(fc.constantFrom("/", "/page.js", ...Object.values(PATHS)), line);
const header = fc.tuple(
  fc.constantFrom(
    "Host",
    "Origin",
    "Cookie",
    "Content-Type",
    "Content-Length",
    "Upgrade",
    "Sec-WebSocket-Key",
    "Transfer-Encoding",
    "X",
  ),
  line,
);
const asked = fc
  .tuple(
    fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "CONNECT", "\u0000"),
    path,
    fc.array(header, { maxLength: 6 }),
    fc.uint8Array({ maxLength: 200 }),
  )
  .map(([method, where, headers, body]) =>
    Buffer.concat([
      Buffer.from(`${method} ${where} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`),
      body,
    ]),
  );

test("requests that are none, or nearly", async () => {
  const answers = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), asked), { minLength: 5, maxLength: 10 }),
      async (all) => {
        for (const answer of await Promise.all(all.map(send))) answers.add(answer);
      },
    ),
    { numRuns: 30 },
  );
  expect([...answers]).toEqual(expect.arrayContaining(["400", "421"]));
  await isWell();
});

test("bodies that ask for what is not there, of whoever has logged in", async () => {
  const Cookie = await station.logIn("operator");
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom("plc", "linux", "stopp", "__proto__", "constructor", "x".repeat(300)));
  const body = fc
    .dictionary(fc.constantFrom("partition", "command", "text", "__proto__", "x"), value)
    .filter((each) => each["partition"] !== "plc" && each["partition"] !== "linux");
  await fc.assert(fc.asyncProperty(fc.constantFrom(PATHS.command, PATHS.type), body, async (where, each) => {
    expect((await station.post(where, each, Cookie)).status).toBeGreaterThanOrEqual(400);
  }), { numRuns: 100 });
  await isWell();
});

test("frames that are none on a WebSocket", async () => {
  const handshake = [
    `GET ${PATHS.live} HTTP/1.1`,
    `Host: ${station.host}`,
    `Origin: ${station.origin}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "\r\n",
  ].join("\r\n");
  // The first bytes of a frame (RFC 6455, 5.2) decide most: opcode, mask, length.
  const frame = fc
    .tuple(fc.nat(255), fc.nat(255), fc.uint8Array({ maxLength: 60 }))
    .map(([first, second, rest]) => Buffer.from([first, second, ...rest]));
  await fc.assert(fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 6 }), async (frames) => {
    expect(await send(Buffer.concat([Buffer.from(handshake), ...frames]))).toBe("101");
  }), { numRuns: 60 });
  await isWell();
});
