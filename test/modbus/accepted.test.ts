// Accepted connections read into the one buffer that is given; and where Node keeps their handles elsewhere, they work as
// they came.
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { readInto } from "../../industrial/modbus/accepted.ts";
import { TcpClient } from "./tcp-client.ts";

let server: Server;
afterEach(() => server.close());

/** A server that repeats what it hears; into which buffers, and from which sockets. */
async function echo(before: (accepted: Socket) => Socket): Promise<{ buffer: Buffer; heard: Buffer[]; client: TcpClient }> {
  const buffer = Buffer.alloc(1000);
  const heard: Buffer[] = [];
  server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (accepted) => {
    const socket = readInto(buffer, before(accepted), (bytes, length) => {
      heard.push(bytes);
      socket.write(Buffer.from(bytes.subarray(0, length)));
      return true;
    });
    socket.once("end", () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { buffer, heard, client: new TcpClient(typeof address === "object" && address !== null ? address.port : 0) };
}
const frame = Buffer.from("000100000003010203", "hex");

test("into the one buffer", async () => {
  const { buffer, heard, client } = await echo((accepted) => accepted);
  expect((await client.ask(frame))?.pdu).toBe("0203");
  expect((await client.ask(frame))?.pdu).toBe("0203");
  expect(heard).toEqual([buffer, buffer]);
  expect(heard.every((bytes) => bytes === buffer)).toBe(true);
  client.socket.end();
  await client.closed;
  await new Promise((resolve) => setImmediate(resolve));
  expect(await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(0);
});

test("without a handle where it is looked for: as it came", async () => {
  const { buffer, heard, client } = await echo(
    (accepted) =>
      new Proxy(accepted, {
        get: (socket, name) => {
          const value: unknown = name === "_handle" ? undefined : Reflect.get(socket, name, socket);
          return typeof value === "function" ? value.bind(socket) : value;
        },
      }),
  );
  expect((await client.ask(frame))?.pdu).toBe("0203");
  expect(heard).toHaveLength(1);
  expect(heard[0] === buffer).toBe(false);
  await client.close();
});
