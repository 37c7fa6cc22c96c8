// The live page beside a live view: where it is served, and to whom: tools/run/web.ts.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { hashPassword } from "../../industrial/opcua/users.ts";
import type { PlannedSystem } from "../../partitions/index.ts";
import { planFile } from "../../tools/plan/file.ts";
import { Session } from "../../tools/run/session.ts";
import { parsePlace, webBeside, type WebWish } from "../../tools/run/web.ts";
import { until } from "../patience.ts";
import { FakeBoard } from "./fake-board.ts";
import { pair } from "./pair.ts";

describe("where it is served", () => {
  test.each<[string | true, string, number]>([
    [true, "127.0.0.1", 8080],
    ["0", "127.0.0.1", 0],
    ["8081", "127.0.0.1", 8081],
    ["65535", "127.0.0.1", 65535],
    ["0.0.0.0:80", "0.0.0.0", 80],
    ["[::1]:8080", "::1", 8080],
    ["plant-7.example:8080", "plant-7.example", 8080],
  ])("%s", (text, host, port) => expect(parsePlace(text)).toEqual({ host, port }));

  test.each(["", "nowhere", "nowhere:", "65536", "123456", "::1:80", "[::1]80", "[x]:1", " 80", "80 ", "a_b:80", ":80"])(
    "%j is no address",
    (text) => {
      expect(() => parsePlace(text)).toThrow(
        `"${text}" is no address to serve the live page on: write a port, or ADDRESS:PORT, such as 127.0.0.1:8080`,
      );
    },
  );
});

const system = ((): PlannedSystem => {
  const { system: planned } = planFile("partitions/examples/demo.yaml", "none");
  if (planned === undefined) throw new Error("no plan");
  return planned;
})();

let folder: string;
const closing: (() => Promise<void> | void)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-web-"));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

interface Served {
  readonly url: string;
  readonly notes: string[];
  readonly session: Session;
  readonly board: FakeBoard;
}

async function serve(wish: Partial<WebWish> = {}): Promise<Served> {
  const begin = await webBeside({ web: "0", ...wish }, "demo.yaml", system);
  const [host, end] = pair();
  const session = new Session(host, system.plan.partitions);
  const board = new FakeBoard(end);
  const notes: string[] = [];
  const served = await begin(session, (text) => notes.push(text));
  closing.push(() => session.link.close(), () => served.close());
  return { url: /^the live page: (http:\S+)\/$/.exec(notes[0] ?? "")?.[1] ?? "", notes, session, board };
}

async function post(url: string, path: string, body: unknown, cookie = ""): Promise<Response> {
  const headers = { "Origin": url, "Content-Type": "application/json", "Cookie": cookie };
  return fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** What it tells who looks. */
async function look(url: string): Promise<() => string> {
  const live = new WebSocket(`${url.replace("http", "ws")}/live`, { headers: { Origin: url } });
  closing.push(() => live.terminate());
  let told = "";
  live.on("message", (text) => (told += String(text)));
  await until("the page to tell something", () => told !== "");
  return () => told;
}

describe("with nobody named", () => {
  test("it tells where it is, and as whom to log in as long as this runs; what is done there is told, too", async () => {
    const { url, notes, board } = await serve();
    const [, login = ""] = notes;
    const [, user, password] =
      /^to command there, log in as (\w+) with (\S+), which holds as long as this runs$/.exec(login) ?? [];
    expect([notes.length, user, password?.length]).toEqual([2, "operator", 14]);
    const answer = await post(url, "/login", { user, password });
    expect(answer.status).toBe(200);
    const [cookie = ""] = answer.headers.getSetCookie()[0]?.split(";") ?? [];
    expect((await post(url, "/command", { partition: "plc", command: "pause" }, cookie)).status).toBe(200);
    expect(board.received).toHaveLength(1);
    expect(notes.slice(-1)).toEqual(["web: operator at 127.0.0.1: command plc pause: done"]);
  });

  test("it shows the system and its board, and that the link is lost, once", async () => {
    const { url, board, session } = await serve();
    const told = await look(url);
    board.tick();
    await until("telemetry", () => told().includes('"1.state":"running"'));
    expect(told()).toContain("demo.yaml");
    session.link.close();
    await until("the end", () => told().includes("closed by this side"));
    expect(session.monitor.partitions[1]?.times.histograms[0]?.samples, "the session alone tells the monitor").toBe(1);
  });

  test("it is not served where others get there", async () => {
    await expect(serve({ web: "0.0.0.0:0" })).rejects.toThrow(
      "others reach 0.0.0.0:0, and nobody has to log in there: name the users, or serve the live page on 127.0.0.1",
    );
  });
});

describe("with users of a file", () => {
  const users = (text: string): string => {
    const file = join(folder, "users.yaml");
    writeFileSync(file, text);
    return file;
  };

  test("they log in, also where others get there; nobody else is made", async () => {
    const named = users(`anna: { role: operator, password: "${await hashPassword("secret of anna")}" }\n`);
    for (const web of ["0", "0.0.0.0:0"]) {
      const { url, notes } = await serve({ web, users: named });
      expect(notes).toHaveLength(1);
      const at = url.replace("0.0.0.0", "127.0.0.1");
      expect((await post(at, "/login", { user: "anna", password: "secret of anna" })).status).toBe(200);
      expect((await post(at, "/login", { user: "operator", password: "secret of anna" })).status).not.toBe(200);
    }
  });

  test.each([
    ["nothing", "", "users.yaml"],
    ["no user", "anna: 5\n", "anna"],
    ["a broken file", "anna: [\n", "users.yaml"],
  ])("%s is shown, and refused", async (_, text, shown) => {
    const said: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => void said.push(line));
    const file = users(text);
    await expect(serve({ users: file })).rejects.toThrow(
      `${file} has mistakes, which have been shown: it names users, each as "NAME: { role: operator, password: scrypt$… }"`,
    );
    expect(said.join("\n")).toContain(shown);
  });

  test("a file that is not there, or too large", async () => {
    const said: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => void said.push(line));
    await expect(serve({ users: join(folder, "none.yaml") })).rejects.toThrow("has mistakes, which have been shown");
    expect(said.join("\n")).toContain("there is no such file");
    await expect(serve({ users: users(" ".repeat(1024 * 1024 + 1)) })).rejects.toThrow("has mistakes");
    expect(said.join("\n")).toContain("at most 1M are read");
  });
});
