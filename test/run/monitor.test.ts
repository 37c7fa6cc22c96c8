// `axv-part monitor` as a process, on a fake board at the other end of a socket, as a serial line would be.
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeBoard } from "./fake-board.ts";
import { Sandbox, until } from "./fake-run.ts";

const DEMO = join(import.meta.dirname, "../../partitions/examples/demo.yaml");

let sandbox: Sandbox;
let server: Server;
let line: Socket | undefined;
let timer: NodeJS.Timeout | undefined;
beforeEach(async () => {
  sandbox = new Sandbox();
  server = createServer((socket) => {
    line = socket;
    socket.on("error", () => undefined);
    const board = new FakeBoard(socket);
    timer = setInterval(() => board.tick(), 100); // it has started before anybody looked: no boot is shown
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  clearInterval(timer);
  line?.destroy();
  server.close();
  await sandbox.close();
});

const address = (): string => `tcp:127.0.0.1:${(server.address() as { port: number }).port}`;

describe("axv-part monitor", () => {
  test("shows partitions and consoles of a board that has started long ago, and ends by Ctrl-C with status 0", async () => {
    const monitor = sandbox.axvPart("monitor", DEMO, "--link", address());
    await until(() => /^plc +running/m.test(monitor.output()) && monitor.output().includes("plc   │ plc: scans="));
    monitor.child.kill("SIGINT");
    expect(await monitor.ended).toBe(0);
    await until(() => line?.destroyed === true);
  });

  test("ends with a message and status 1 when the line goes", async () => {
    const monitor = sandbox.axvPart("monitor", DEMO, "--link", address());
    await until(() => /^plc +running/m.test(monitor.output()));
    line?.destroy();
    expect(await monitor.ended).toBe(1);
    expect(monitor.errors()).toContain(`nothing comes from ${address()} any more: the other side hung up`);
  });

  test("says that nobody is there", async () => {
    const nowhere = address();
    server.close();
    const monitor = sandbox.axvPart("monitor", DEMO, "--link", nowhere);
    expect(await monitor.ended).toBe(1);
    expect(monitor.errors()).toContain(`cannot open the link ${nowhere}`);
  });

  test("--web serves the live page to this machine, with a password for this run, and tells what is done there", async () => {
    const monitor = sandbox.axvPart("monitor", DEMO, "--link", address(), "--web", "0");
    await until(() => monitor.output().includes("which holds as long as this runs"));
    const [, url = "", user = "", password = ""] =
      /live page: (\S+)\/\n.*log in as (\w+) with (\S+),/.exec(monitor.output()) ?? [];
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(url)).status).toBe(200);
    const post = (path: string, body: unknown, cookie = ""): Promise<Response> =>
      fetch(url + path, {
        method: "POST",
        headers: { Origin: url, "Content-Type": "application/json", Cookie: cookie },
        body: JSON.stringify(body),
      });
    const login = await post("/login", { user, password });
    expect(login.status).toBe(200);
    expect(
      (await post("/command", { partition: "plc", command: "pause" }, login.headers.getSetCookie()[0]?.split(";")[0])).status,
    ).toBe(200);
    await until(() => monitor.output().includes("web: operator at 127.0.0.1: command plc pause: done"));
    monitor.child.kill("SIGINT");
    expect(await monitor.ended).toBe(0);
  });

  test.each([
    [["--web", "nowhere"], "is no address to serve the live page on: write a port"],
    [["--web", "0.0.0.0:0"], "others reach 0.0.0.0:0, and nobody has to log in there"],
    [["--web", "0", "--users", "/dev/null"], "it names users, each as"],
  ])("%j is refused, with a remedy", async (options, message) => {
    const monitor = sandbox.axvPart("monitor", DEMO, "--link", address(), ...options);
    expect(await monitor.ended).toBe(1);
    expect(monitor.errors()).toContain(message);
  });
});
