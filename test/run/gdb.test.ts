import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { gdbPort } from "../../tools/run/gdb.ts";

test("where gdb attaches: the usual port, or a free one where somebody has that", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const other = await gdbPort(port);
  expect(other).not.toBe(port);
  expect(other).toBeGreaterThan(0);
  server.close();
  await once(server, "close");
  expect(await gdbPort(port)).toBe(port);
  expect(await gdbPort(port), "it is not held").toBe(port);
});
