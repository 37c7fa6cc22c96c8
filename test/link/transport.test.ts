import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { socketPathProblem } from "../../industrial/link/socket-path.ts";
import { openTransport } from "../../industrial/link/transport.ts";

let directory: string;
let server: Server | undefined;
let pty: ChildProcess | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "axv-transport-"));
});

afterEach(async () => {
  server?.close();
  pty?.kill("SIGKILL");
  await rm(directory, { recursive: true });
});

async function echo(listen: (server: Server) => void): Promise<Server> {
  server = createServer((socket) => socket.pipe(socket));
  listen(server);
  await once(server, "listening");
  return server;
}

async function echoes(address: string): Promise<void> {
  const stream = await openTransport(address);
  stream.write("hello");
  const [answer] = (await once(stream, "data")) as [Buffer];
  expect(answer.toString()).toBe("hello");
  stream.destroy();
}

test("a unix socket", async () => {
  const path = join(directory, "uart");
  await echo((it) => it.listen(path));
  await echoes(path);
});

test("TCP", async () => {
  const it = await echo((s) => s.listen(0, "127.0.0.1"));
  const address = it.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  await echoes(`tcp:127.0.0.1:${address.port}`);
  await echoes(`tcp:[::ffff:127.0.0.1]:${address.port}`);
});

test("a serial device: raw both ways, zero bytes and all", async () => {
  // A pseudo terminal stands in for the device; `script` (Debian: bsdutils, essential) has its other end on its pipes.
  pty = spawn("script", ["-qfc", "stty raw -echo; tty; exec sleep 60", join(directory, "typescript")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { stdin, stdout } = pty;
  if (!stdin || !stdout) throw new Error("no pipes");
  const [name] = (await once(stdout, "data")) as [Buffer];
  const stream = await openTransport(name.toString().trim());
  const wire = Buffer.of(0x00, 0x02, 0x01, 0x03, 0x04, 0x0a, 0x0d, 0x11, 0x13, 0x1a, 0x7f, 0xff, 0x00);

  stream.write(wire);
  const [sent] = (await once(stdout, "data")) as [Buffer];
  expect(sent).toEqual(wire);

  stdin.write(wire);
  const [received] = (await once(stream, "data")) as [Buffer];
  expect(received).toEqual(wire);

  stream.destroy();
});

describe("what cannot be opened is said", () => {
  test.each([
    ["nothing there", () => join(directory, "none"), "AXV_LINK_UNREACHABLE"],
    ["no colon", () => "tcp:1234", "AXV_LINK_ADDRESS"],
    ["no port", () => "tcp:host:", "AXV_LINK_ADDRESS"],
    ["a port too large", () => "tcp:host:70000", "AXV_LINK_ADDRESS"],
    ["a port nobody listens on", () => "tcp:127.0.0.1:1", "AXV_LINK_UNREACHABLE"],
    ["a directory", () => directory, "AXV_LINK_ADDRESS"],
    ["a device that is no terminal", () => "/dev/null", "AXV_SERIAL_SETUP"],
  ])("%s", async (_, address, code) => {
    await expect(openTransport(address())).rejects.toMatchObject({ code });
  });

  test("a plain file is no link", async () => {
    const path = join(directory, "file");
    await writeFile(path, "");
    await expect(openTransport(path)).rejects.toThrow(/is no link address/);
  });

  test("a baud rate that stty does not know", async () => {
    pty = spawn("script", ["-qfc", "tty; exec sleep 60", join(directory, "typescript")], { stdio: ["pipe", "pipe", "inherit"] });
    if (!pty.stdout) throw new Error("no pipe");
    const [name] = (await once(pty.stdout, "data")) as [Buffer];
    await expect(openTransport(name.toString().trim(), 12345)).rejects.toMatchObject({ code: "AXV_SERIAL_SETUP" });
  });
});

test.each([
  [107, undefined],
  [108, "the path of a socket has at most 107 bytes, and this has 108"],
])("a socket's path of %i bytes (unix(7)): Node would cut it", (length, problem) => {
  expect(socketPathProblem("x".repeat(length))).toBe(problem);
});
