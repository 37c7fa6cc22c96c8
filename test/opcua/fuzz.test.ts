// What is no OPC UA, or only nearly: the server closes the connection or says what is wrong, keeps nothing of it, and serves whoever comes next.
import { connect } from "node:net";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestPlant } from "../tags/plant.ts";
import { Station } from "./station.ts";

const CONNECTIONS = 300;
const AT_ONCE = 20;
/** A client that has got no answer by then goes. */
const PATIENCE_MS = 30;

let station: Station;
beforeAll(async () => {
  station = await Station.start(new TestPlant({ plc: "[{ name: A, type: i32 }]" }));
});
afterAll(() => station.stop());

/** A message of OPC UA's transport (OPC 10000-6, 7.1.2). */
function message(type: string, body: Buffer, size = 8 + body.length): Buffer {
  const header = Buffer.alloc(8);
  header.write(type, 0, "latin1");
  header.writeUInt32LE(size >>> 0, 4);
  return Buffer.concat([header, body]);
}
const u32 = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.from(Uint32Array.of(value).buffer)));
const text = (value: string): Buffer => Buffer.concat([u32(value.length), Buffer.from(value)]);
const hello = (url: string, sizes = [0, 65_536, 65_536, 0, 0]): Buffer => message("HELF", Buffer.concat([u32(...sizes), text(url)]));
const open = (policy: string): Buffer => message("OPNF", Buffer.concat([u32(0), text(`http://opcfoundation.org/UA/SecurityPolicy#${policy}`), u32(0xffff_ffff, 0xffff_ffff, 1, 1), Buffer.alloc(40)]));

const bytes = (maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const edge = fc.constantFrom(0, 1, 7, 8, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff);
const ENDPOINT = "opc.tcp://127.0.0.1:4840";
const broken: fc.Arbitrary<Buffer[]> = fc.oneof(
  bytes(200).map((noise) => [noise]),
  fc.tuple(fc.constantFrom("HELF", "OPNF", "MSGF", "CLOF", "ACKF", "ERRF", "RHEF", "HELC", "MSGA", "XXXX"), bytes(100), edge).map(([type, body, size]) => [message(type, body, size)]),
  fc.tuple(fc.array(edge, { minLength: 5, maxLength: 5 }), fc.string({ maxLength: 30 })).map(([sizes, url]) => [hello(url, sizes)]),
  fc.tuple(fc.constantFrom("None", "Basic256Sha256", "Basic128Rsa15", "\u0000"), bytes(100)).map(([policy, noise]) => [hello(ENDPOINT), open(policy), noise]),
  // In one segment, behind what begins a connection: a length that cannot be.
  fc.tuple(edge, bytes(20)).map(([size, body]) => [Buffer.concat([hello(ENDPOINT), message("OPNF", body, size)])]),
  fc.tuple(bytes(300), fc.constantFrom("OPNF", "MSGF", "CLOF")).map(([body, type]) => [hello(ENDPOINT), message(type, body)]),
  // A message that is right but for one byte.
  fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 255 })).map(([at, value]) => {
    const whole = open("Basic256Sha256");
    whole[at % whole.length] = value;
    return [hello(ENDPOINT), whole];
  }),
);

function send(port: number, parts: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      for (const part of parts) socket.write(part);
      setTimeout(() => socket.destroy(), PATIENCE_MS);
    });
    socket.on("error", () => {}); // closed by the server: as it should be
    socket.on("data", () => {});
    socket.on("close", () => resolve());
  });
}

test(`${CONNECTIONS} connections that bring nonsense leave nothing behind, and hold up nobody`, async () => {
  const all = fc.sample(broken, { numRuns: CONNECTIONS, seed: 20_260_601 });
  for (let at = 0; at < all.length; at += AT_ONCE) await Promise.all(all.slice(at, at + AT_ONCE).map((parts) => send(station.server.port, parts)));
  const session = await station.login("engineer");
  expect((await session.read({ nodeId: "i=2258" })).statusCode.name).toBe("Good");
  await expect.poll(() => station.server.connections, { timeout: 10_000 }).toBe(1);
  expect(station.server.sessions).toBe(1);
  expect(station.server.guarded.felled).toBeGreaterThan(0);
  expect(station.logged.some((message) => /the connection of 127\.0\.0\.1 is ended: (chunk is too small|maximum chunk size)/.test(message))).toBe(true);
  await session.close();
});
