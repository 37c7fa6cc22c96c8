// The live page's server: who is let in, what is refused, and what is put on record.
import { hostname } from "node:os";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import * as abi from "../../core/abi.ts";
import { Users } from "../../industrial/opcua/users.ts";
import { PATHS } from "../../industrial/web/protocol.ts";
import { PLC } from "../run/fake-board.ts";
import { until } from "../patience.ts";
import { PASSWORDS, WebStation } from "./station.ts";

let station: WebStation;
beforeEach(async () => {
  station = await WebStation.start();
});
afterEach(() => station.close());

const JSON_TYPE = { "Content-Type": "application/json" };
const code = (text: string): string => (JSON.parse(text) as { code: string }).code;

describe("the page's files", () => {
  test("come with headers that let it do what it does and nothing else", async () => {
    for (const [path, type] of [
      ["/", "text/html"],
      ["/page.js", "text/javascript"],
      ["/page.css", "text/css"],
      ["/icon.svg", "image/svg+xml"],
    ] as const) {
      const { status, headers, text } = await station.ask("GET", path);
      expect([path, status, text.length > 100]).toEqual([path, 200, true]);
      expect(headers["content-type"]).toContain(type);
      const policy = String(headers["content-security-policy"]).split("; ");
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          "script-src 'self'",
          "frame-ancestors 'none'",
          "require-trusted-types-for 'script'",
        ]),
      );
      expect(policy.join()).not.toContain("unsafe");
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
      });
    }
  });

  test("name no other machine, and have no script and no style inside", async () => {
    const texts = await Promise.all(["/", "/page.css", "/page.js"].map(async (path) => (await station.ask("GET", path)).text));
    for (const text of texts)
      expect(text.match(/(?:https?:)?\/\/[a-z0-9.-]+\.[a-z]+/g)?.filter((each) => !each.includes("www.w3.org")) ?? []).toEqual(
        [],
      );
    expect(texts[0]).not.toMatch(/<script(?![^>]*src=)|<style|style=|\son\w+=/);
  });

  test.each([
    ["GET", "/../package.json", 404],
    ["GET", "/page.js/", 404],
    ["PUT", "/", 405],
    ["DELETE", PATHS.session, 405],
  ])("%s %s is answered %i", async (method, path, status) => {
    expect((await station.ask(method, path)).status).toBe(status);
  });
});

describe("another name for this machine (DNS rebinding)", () => {
  test.each([
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:80",
    "10.0.0.1",
    "[::2]",
    "a%20b",
    "user@localhost",
  ])("Host: %j is refused, everywhere", async (host) => {
    for (const path of ["/", PATHS.session]) expect((await station.ask("GET", path, { Host: host })).status).not.toBe(200);
    expect(
      (await station.ask("POST", PATHS.login, { Host: host, Origin: `http://${host}`, ...JSON_TYPE }, "{}")).status,
    ).not.toBe(200);
    expect(await station.upgrade({ Host: host, Origin: `http://${host}` })).toBe(421);
  });

  test("its own are taken, whatever the port: a tunnel has another one", async () => {
    for (const host of [station.host, "localhost:8080", "127.0.0.1", "[::1]:1", "LOCALHOST"])
      expect((await station.ask("GET", "/", { Host: host })).status).toBe(200);
  });

  test("and those that it was given, and that it has", async () => {
    const named = await WebStation.start({ names: ["Plant.example"] });
    expect((await named.ask("GET", "/", { Host: hostname() })).status).toBe(200);
    expect((await named.ask("GET", "/", { Host: "plant.example:8080" })).status).toBe(200);
    expect((await named.ask("GET", "/", { Host: "plant.example.evil" })).status).toBe(421);
    await named.close();
  });
});

describe("a page of somebody else's", () => {
  test.each(["http://evil.example", "null", "", "https://127.0.0.1", "http://127.0.0.1:1"])(
    "from %j gets no WebSocket, and asks nothing",
    async (origin) => {
      expect(await station.upgrade({ Origin: origin })).toBe(403);
      expect(
        code((await station.post(PATHS.login, { user: "operator", password: PASSWORDS.operator }, { Origin: origin })).text),
      ).toBe("ORIGIN");
    },
  );

  test("cannot send a form either: that is no JSON", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", ""])
      expect(
        (await station.post(PATHS.login, { user: "operator", password: PASSWORDS.operator }, { "Content-Type": type })).status,
      ).toBe(400);
  });
});

describe("bodies", () => {
  const whole = { user: "operator", password: PASSWORDS.operator };
  test.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["null", "null"],
    ["of other types", JSON.stringify({ user: 1, password: {} })],
    ["without a password", '{"user":"a"}'],
    ["too long", JSON.stringify({ ...whole, more: "x".repeat(9000) })],
    ["with a name too long", JSON.stringify({ ...whole, user: "x".repeat(1025) })],
  ])("%s", async (_, body) => {
    const answer = await station.ask("POST", PATHS.login, { Origin: station.origin, ...JSON_TYPE }, body);
    expect([answer.status, code(answer.text)]).toEqual([400, "BODY"]);
    expect(station.recorded).toEqual([]);
  });
});

describe("a login", () => {
  test("gives a cookie that no script sees and no other page sends; it ends when its user leaves", async () => {
    const { headers, text } = await station.post(PATHS.login, { user: "operator", password: PASSWORDS.operator });
    const [cookie = ""] = headers["set-cookie"] ?? [];
    expect(cookie).toMatch(/^axv-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
    expect(JSON.parse(text)).toEqual({ user: "operator", role: "operator", hasUsers: true, mayLook: true, mayAct: true });
    const Cookie = cookie.split(";")[0] ?? "";
    const who = async (): Promise<unknown> =>
      (JSON.parse((await station.ask("GET", PATHS.session, { Cookie })).text) as { user: unknown }).user;
    expect(await who()).toBe("operator");
    await station.post(PATHS.logout, {}, { Cookie });
    expect(await who()).toBe(null);
    expect(station.recorded.map(({ what, user, from, allowed }) => [what, user, from, allowed])).toEqual([
      ["login", "operator", "127.0.0.1", true],
      ["logout", "operator", "127.0.0.1", true],
    ]);
  });

  test("that fails takes as long whoever it is, is put on record, and after three the fourth is not looked at", async () => {
    // The wait is a second: the clock stands, or it would be over where scrypt takes so long.
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const tried = async (user: string, password: string): Promise<number> =>
      (await station.post(PATHS.login, { user, password })).status;
    expect(await tried("operator", "wrong")).toBe(401);
    expect(await tried("nobody", "wrong")).toBe(401);
    expect(await tried("__proto__", "wrong")).toBe(401);
    expect(await tried("operator", PASSWORDS.operator), "right, but it has to wait").toBe(429);
    expect(station.recorded.map(({ result, allowed }) => [result, allowed])).toEqual([
      ["wrong", false],
      ["wrong", false],
      ["wrong", false],
      ["must wait", false],
    ]);
  });

  test("no more than some at once: others are not even looked at", async () => {
    // Held until all have asked, however slow the machine: a check that was over would make room for the next.
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const check = vi.spyOn(Users.prototype, "check").mockImplementation(() => released.then(() => "wrong"));
    onTestFinished(() => check.mockRestore());
    let refused = 0;
    const asked = Array.from({ length: 20 }, async () => {
      const { status } = await station.post(PATHS.login, { user: "x", password: "y" });
      if (status === 429 && ++refused === 12) release();
      return status;
    });
    expect((await Promise.all(asked)).filter((status) => status === 401)).toHaveLength(8);
    expect([refused, check.mock.calls.length, station.recorded.length]).toEqual([12, 8, 8]);
    expect((await station.post(PATHS.login, { user: "x", password: "y" })).status, "there is room again").toBe(401);
  });

  test("a cookie that is none lets nobody in", async () => {
    for (const Cookie of [
      "axv-1=x",
      `axv-${station.served.server.port}=`,
      `axv-${station.served.server.port}=${"A".repeat(43)}`,
      "=;;",
    ])
      expect((await station.post(PATHS.command, { partition: "plc", command: "stop" }, { Cookie })).status).toBe(401);
  });
});

describe("commands", () => {
  test("are carried out for whoever may, told to everybody who looks, and put on record", async () => {
    const Cookie = await station.logIn("operator");
    const page = await station.page();
    await page.next("snapshot");
    expect((await station.post(PATHS.command, { partition: "plc", command: "pause" }, Cookie)).status).toBe(200);
    expect(station.board.received.map(({ kind, partition, payload }) => [kind, partition, payload[0]])).toEqual([
      [abi.FRAME_COMMAND, PLC, abi.COMMAND_PAUSE],
    ]);
    const { logs } = await page.next("delta", (message) => message.logs.events !== undefined);
    expect(logs.events?.entries.map(({ kind, partition, text }) => [kind, partition, text])).toEqual([
      ["command", "plc", "pause plc, by operator: done"],
    ]);
    const again = await station.post(PATHS.command, { partition: "plc", command: "pause" }, Cookie);
    expect([again.status, code(again.text)]).toEqual([409, "AXV_COMMAND_REFUSED"]);
    expect(station.recorded.slice(1)).toMatchObject([
      { what: "command", user: "operator", object: "plc", detail: "pause", allowed: true, result: "done" },
      {
        what: "command",
        object: "plc",
        detail: "pause",
        allowed: true,
        result: expect.stringContaining("not in the partition's present state") as string,
      },
    ]);
  });

  test("not for who may only look, nor without a login", async () => {
    const Cookie = await station.logIn("observer");
    const answer = await station.post(PATHS.command, { partition: "plc", command: "stop" }, Cookie);
    expect([answer.status, code(answer.text)]).toEqual([403, "ROLE"]);
    expect((await station.post(PATHS.type, { partition: "linux", text: "x" }, Cookie)).status).toBe(403);
    expect((await station.post(PATHS.command, { partition: "plc", command: "stop" })).status).toBe(401);
    expect(station.board.received).toEqual([]);
    expect(station.recorded.slice(1).map(({ what, allowed }) => [what, allowed])).toEqual([["command", false], ["type", false]]);
  });

  test.each([
    [{ partition: "plc", command: "explode" }, 400],
    [{ partition: "plc" }, 400],
    [{ partition: "nobody", command: "stop" }, 404],
    [{ partition: 0, command: "stop" }, 404],
    [{ partition: "__proto__", command: "stop" }, 404],
    [{ partition: "linux", command: "clear maxima" }, 409],
  ])("%j is answered %i", async (body, status) => {
    expect((await station.post(PATHS.command, body, await station.logIn("engineer"))).status).toBe(status);
    expect(station.board.received).toEqual([]);
  });

  test("not while they cannot be put on record", async () => {
    const Cookie = await station.logIn("operator");
    station.canRecord = false;
    expect((await station.post(PATHS.command, { partition: "plc", command: "stop" }, Cookie)).status).toBe(503);
    expect((await station.post(PATHS.type, { partition: "plc", text: "x" }, Cookie)).status).toBe(503);
    expect(station.board.received).toEqual([]);
  });

  test("clear maxima begins them, and the histograms, anew", async () => {
    station.board.tick();
    station.board.tick();
    const page = await station.page();
    const { cells } = await page.next("snapshot");
    expect(cells["1.maxima"]).toEqual({ cycle: 1_001_000, jitter: 5_000, execution: 3_000 });
    expect(cells["1.histograms"]).toMatchObject([
      { name: "cycle", samples: 2, largest: 1_000_100 },
      { name: "jitter", samples: 2 },
      { name: "execution", samples: 2 },
    ]);
    await station.post(PATHS.command, { partition: "plc", command: "clear maxima" }, await station.logIn("operator"));
    const delta = await page.next("delta", (message) => "1.maxima" in message.cells);
    expect(delta.cells).toMatchObject({ "1.maxima": {}, "1.histograms": [], "1.cleared": 2_000_000_000 });
  });
});

describe("consoles", () => {
  test("take what is typed by whoever may; how much is put on record, and not what: it may be a password", async () => {
    const Cookie = await station.logIn("operator");
    expect((await station.post(PATHS.type, { partition: "linux", text: "secret\r" }, Cookie)).status).toBe(200);
    await until("it being typed", () => station.board.typed[0] === "secret\r");
    expect(JSON.stringify(station.recorded)).not.toContain("secret\\r");
    expect(station.recorded.at(-1)).toMatchObject({ what: "type", object: "linux", detail: "7 bytes" });
  });

  test.each(["", "x".repeat(257), 5, null])("but not %j", async (text) => {
    expect((await station.post(PATHS.type, { partition: "linux", text }, await station.logIn("operator"))).status).toBe(400);
    expect(station.board.typed).toEqual(["", ""]);
  });
});

describe("where others get there", () => {
  test("nobody serves it without users", async () => {
    await expect(WebStation.start({ host: "0.0.0.0", users: [] })).rejects.toMatchObject({ code: "AXV_WEB_NO_LOGIN" });
  });

  test("nobody looks without a login; who leaves looks no more", async () => {
    const open = await WebStation.start({ host: "0.0.0.0" });
    expect(await open.upgrade()).toBe(401);
    expect(JSON.parse((await open.ask("GET", PATHS.session)).text)).toMatchObject({
      mayLook: false,
      mayAct: false,
      hasUsers: true,
    });
    const Cookie = await open.logIn("observer");
    const page = await open.page(Cookie);
    await open.post(PATHS.logout, {}, Cookie);
    await until("the end of its view", () => page.socket.readyState === page.socket.CLOSED);
    await open.close();
  });

  test("a port that is in use is said", async () => {
    await expect(WebStation.start({ port: station.served.server.port })).rejects.toMatchObject({ code: "AXV_WEB_LISTEN" });
  });
});
