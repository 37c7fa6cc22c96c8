// A server that listens, or says why not; and that a connection it cannot accept does not end.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { listenAt } from "../../industrial/link/listening.ts";

const HERE = { host: "127.0.0.1", port: 0 };

test("a second server on the same port is refused with Node's own error, which each server words for its users", async () => {
  const first = createServer();
  const port = await listenAt(first, HERE, () => undefined);
  expect(port).toBe((first.address() as AddressInfo).port);
  await expect(listenAt(createServer(), { ...HERE, port }, () => undefined)).rejects.toMatchObject({ code: "EADDRINUSE" });
  first.close();
});

test("a connection that cannot be accepted is lost and counted, and the server goes on", async () => {
  const server = createServer((_, response) => response.end("still here"));
  let lost = 0;
  const port = await listenAt(server, HERE, () => lost++);
  for (let n = 0; n < 3; n++) server.emit("error", Object.assign(new Error("accept ENOBUFS"), { code: "ENOBUFS" }));
  expect(lost).toBe(3);
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("still here");
  server.closeAllConnections();
  server.close();
});
