// The run socket, both ends of it, within one process: tools/run/run-socket.ts, run-server.ts and run-client.ts.
import { once } from "node:events";
import {
  chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync,
} from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as abi from "../../core/abi.ts";
import { ask, findRun, RemoteError } from "../../tools/run/run-client.ts";
import { RunServer } from "../../tools/run/run-server.ts";
import { MESSAGE_MAX, ownSocketPath, type Request, runFolder, socketPaths } from "../../tools/run/run-socket.ts";
import { Session } from "../../tools/run/session.ts";
import { until } from "../patience.ts";
import { demoPartitions, FakeBoard, LINUX, PLC } from "./fake-board.ts";
import { pair } from "./pair.ts";

let folder: string;
const sessions: Session[] = [];
const servers: Server[] = [];
const sockets: Socket[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-socket-"));
  vi.stubEnv("XDG_RUNTIME_DIR", folder);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const session of sessions.splice(0)) session.link.close();
  for (const server of servers.splice(0)) server.close();
  vi.unstubAllEnvs();
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

interface Started {
  readonly session: Session;
  readonly board: FakeBoard;
  readonly server: RunServer;
}

async function start(path?: string, partitions = demoPartitions): Promise<Started> {
  const [host, end] = pair();
  const session = new Session(host, partitions);
  sessions.push(session);
  const board = new FakeBoard(end);
  return { session, board, server: await RunServer.open(session, "demo.yaml", path) };
}

/** Something else that listens. */
async function listen(path: string, serve: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    serve(socket);
  }).listen(path);
  servers.push(server);
  await once(server, "listening");
  return server;
}

/** What comes on a socket, as text. */
function heard(socket: Socket): () => string {
  let text = "";
  sockets.push(socket);
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => (text += bytes.toString()));
  return () => text;
}

/** Everything that is answered to these bytes. */
async function answerTo(path: string, ...pieces: string[]): Promise<string> {
  const socket = connect({ path });
  const text = heard(socket);
  const closed = once(socket, "close");
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await closed;
  return text();
}

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no failure",
    (error: Error & { code: string }) => `${error.name} ${error.code}: ${error.message}`,
  );
}

describe("the folder of a user's runs", () => {
  test("is in XDG_RUNTIME_DIR, or in the folder for temporary files under the user's number; it is the user's alone", () => {
    expect(runFolder()).toBe(join(folder, "axv-part"));
    expect(statSync(join(folder, "axv-part")).mode & 0o777).toBe(0o700);
    vi.stubEnv("XDG_RUNTIME_DIR", "");
    vi.stubEnv("TMPDIR", folder);
    expect(runFolder()).toBe(join(folder, `axv-part-${userInfo().uid}`));
    expect(ownSocketPath()).toBe(join(folder, `axv-part-${userInfo().uid}`, `${process.pid}.sock`));
  });

  const refusal = (): string => `cannot use ${join(folder, "axv-part")} for the run's socket: `;

  test.each([0o710, 0o701, 0o770, 0o777])("mode %o: others may enter it", (mode) => {
    mkdirSync(join(folder, "axv-part"));
    chmodSync(join(folder, "axv-part"), mode);
    expect(() => runFolder()).toThrow(
      `${refusal()}it belongs to somebody else, or others may enter it: remove it, or chmod 700`,
    );
  });

  test("another user's, or what is no folder but leads to one, or no folder at all", () => {
    expect(() => runFolder(userInfo().uid + 1)).toThrow(
      `${refusal()}it belongs to somebody else, or others may enter it: remove it, or chmod 700`,
    );
    rmSync(join(folder, "axv-part"), { recursive: true });
    symlinkSync(folder, join(folder, "axv-part"));
    expect(() => runFolder()).toThrow(`${refusal()}it is not a folder`);
    rmSync(join(folder, "axv-part"));
    writeFileSync(join(folder, "axv-part"), "");
    expect(() => runFolder()).toThrow(`${refusal()}it is no folder`);
  });

  test("the sockets in it, by their names; and nothing else", () => {
    expect(socketPaths()).toEqual([]);
    for (const name of ["20.sock", "10.sock", "notes", "30.sock.old", "9.sock"]) writeFileSync(join(runFolder(), name), "");
    expect(socketPaths()).toEqual(["10.sock", "20.sock", "9.sock"].map((name) => join(folder, "axv-part", name)));
  });
});

describe("a run's socket", () => {
  test("is at the process's own place, or at another one, until the run ends", async () => {
    const { session, server } = await start();
    expect(server.path).toBe(ownSocketPath());
    const other = await start(join(folder, "other.sock"));
    expect(other.server.path).toBe(join(folder, "other.sock"));
    expect([server.path, other.server.path].map((path) => existsSync(path))).toEqual([true, true]);
    session.link.close();
    other.server.close();
    other.server.close(); // a second time is as good as once
    await until("the sockets to go", () => !existsSync(server.path) && !existsSync(other.server.path));
  });

  test("goes with the process, also after an error; and when it has gone, that is all right", async () => {
    const before = new Set(process.listeners("exit"));
    const { server } = await start();
    const added = process.listeners("exit").filter((listener) => !before.has(listener));
    expect(added).toHaveLength(1);
    for (const listener of added) listener.call(process, 0);
    expect(existsSync(server.path)).toBe(false);
    for (const listener of added) listener.call(process, 0);
    server.close();
    expect(process.listeners("exit").filter((listener) => !before.has(listener))).toEqual([]);
  });

  test("a place that cannot be had", async () => {
    const long = join(folder, `${"x".repeat(120)}.sock`);
    expect(await failure(start(long))).toBe(
      `RunError AXV_RUN_PATH: cannot listen on ${long}: the path of a socket has at most 107 bytes, and this has ` +
        `${long.length}. Choose another path with --link`,
    );
    const taken = join(folder, "taken.sock");
    await listen(taken, () => {});
    expect(await failure(start(taken))).toBe(
      `RunError AXV_RUN_PATH: cannot listen on ${taken}: something of that name is there already. Choose another path ` +
        "with --link",
    );
  });

  test("of runs that were killed are removed by whoever comes next; those of runs that go on are not", async () => {
    const dead = join(runFolder(), "1.sock");
    const alive = join(runFolder(), "2.sock");
    const server = createServer().listen(join(folder, "axv-part", "0.sock"));
    await once(server, "listening");
    renameSync(join(folder, "axv-part", "0.sock"), dead);
    server.close(); // whose path is another one by now: it stays
    let visits = 0;
    await listen(alive, (socket) => socket.on("close", () => (visits += 1)).resume());
    await start();
    expect(readdirSync(runFolder()).sort()).toEqual(["2.sock", `${process.pid}.sock`].sort());
    await until("the visitor to leave", () => visits === 1);
  });
});

describe("what can be asked", () => {
  const run = { system: "demo.yaml", pid: process.pid, partitions: ["linux", "plc"] };

  test("what runs there", async () => {
    const { server } = await start();
    const answer = await ask(server.path, { do: "describe" });
    expect(answer.run).toEqual(run);
    expect(answer.socket.destroyed).toBe(true);
    expect(await answerTo(server.path, '{"do":', '"describe"}\nmore')).toBe(`${JSON.stringify({ ok: true, run })}\n`);
  });

  test.each<[Request, string]>([
    [{ do: "start", partition: "linux" },
      'RemoteError AXV_COMMAND_REFUSED: the hypervisor refused "start": not in the partition\'s present state (start needs a ' +
        "stopped partition)"],
    [{ do: "commit" },
      'RemoteError AXV_COMMAND_REFUSED: the hypervisor refused "commit": not in the system\'s present state (commit needs a ' +
        "system on trial that is healthy)"],
    [{ do: "stop", partition: "windows" },
      'RemoteError AXV_PARTITION_UNKNOWN: there is no partition "windows": write one of linux, plc'],
    [{ do: "attach", partition: "windows" },
      'RemoteError AXV_PARTITION_UNKNOWN: there is no partition "windows": write one of linux, plc'],
    [{ do: "clear-maxima", partition: "linux" },
      "RemoteError AXV_NO_MAXIMA: linux publishes no values whose maxima could begin anew: its guest would need a tag such as " +
        '"jitter recent" (its profile names them)'],
  ])("%j is refused, with the reason", async (request, message) => {
    const { server } = await start();
    expect(await failure(ask(server.path, request))).toBe(message);
  });

  test("what is done: a command, a commit, maxima that begin anew", async () => {
    const { server, board, session } = await start();
    board.update = abi.UPDATE_HEALTHY;
    for (const request of [
      { do: "stop", partition: "plc" },
      { do: "commit" },
      { do: "clear-maxima", partition: "plc" },
    ] satisfies Request[])
      expect((await ask(server.path, request)).run, request.do).toEqual(run);
    expect(board.update).toBe(abi.UPDATE_COMMITTED);
    expect(board.received.map(({ kind, partition }) => [kind, partition])).toEqual([
      [abi.FRAME_COMMAND, PLC],
      [abi.FRAME_COMMAND, abi.FRAME_HYPERVISOR],
    ]);
    expect(session.monitor.named("plc")?.maxima.clearedAt).toBe(0n);
  });

  test.each(["", "nonsense", "{}", '{"do":"fly"}', '{"do":"describe","more":1}', '{"do":"stop"}', "null"])(
    "%j is no request",
    async (line) => {
      const { server } = await start();
      expect(await answerTo(server.path, `${line}\n`)).toBe(
        '{"ok":false,"code":"AXV_RUN_REQUEST","message":"not a request of this version of axv-part"}\n',
      );
    },
  );

  test("a request that does not end is waited for up to its bound, and not beyond it", async () => {
    const { server } = await start();
    const request = JSON.stringify({ do: "describe" });
    const whole = request.padEnd(MESSAGE_MAX);
    expect(await answerTo(server.path, whole, "\n")).toBe(`${JSON.stringify({ ok: true, run })}\n`);
    expect(await answerTo(server.path, `${whole} `)).toContain('"code":"AXV_RUN_REQUEST"');
  });
});

describe("a console that is attached", () => {
  const attach = async (path: string, partition: string): Promise<{ socket: Socket; text: () => string }> => {
    const { socket } = await ask(path, { do: "attach", partition });
    return { socket, text: heard(socket) };
  };

  test("sees what its partition has printed, and prints from then on, and nobody else's", async () => {
    const { server, board } = await start();
    board.print(LINUX, "before ");
    board.print(PLC, "of another ");
    const console = await attach(server.path, "linux");
    await until("what was before", () => console.text() === "before ");
    board.print(PLC, "of another ");
    board.print(LINUX, "after");
    await until("what comes", () => console.text() === "before after");
  });

  test("of which nothing was printed yet sees nothing", async () => {
    const { server, board } = await start();
    const console = await attach(server.path, "linux");
    board.print(LINUX, "first");
    await until("what comes", () => console.text() === "first");
  });

  test("gets the last 4096 bytes of before, without what its terminal would answer", async () => {
    const { server, session } = await start();
    const question = "\u001b[6n";
    session.emit("console", LINUX, Buffer.from(`x${"a".repeat(4000)}`));
    session.emit("console", LINUX, Buffer.from(question + "b".repeat(96 - question.length)));
    const console = await attach(server.path, "linux");
    await until("all of it", () => console.text().length >= 4096 - question.length);
    expect(console.text()).toBe("a".repeat(4000) + "b".repeat(96 - question.length));
  });

  test("types into its partition, also with what comes right behind the request", async () => {
    const { server, board } = await start();
    const socket = connect({ path: server.path });
    const text = heard(socket);
    socket.write(`${JSON.stringify({ do: "attach", partition: "plc" })}\nsta`);
    await until("the answer", () => text().includes("sta"));
    socket.write("tus\r");
    await until("what was typed", () => board.typed[PLC] === "status\r");
    expect(board.typed[LINUX]).toBe("");
    await until("its echo", () => text().slice(text().indexOf("\n") + 1) === "status\r\n");
  });

  test("two of one partition see the same; one that leaves is forgotten", async () => {
    const { server, board } = await start();
    const [one, other] = [await attach(server.path, "plc"), await attach(server.path, "plc")];
    board.print(PLC, "both");
    await until("both to see it", () => one.text() === "both" && other.text() === "both");
    one.socket.destroy();
    board.print(PLC, ", and one");
    await until("one to see it", () => other.text() === "both, and one");
    expect(one.text()).toBe("both");
  });

  test("is hung up when the run ends", async () => {
    const { server } = await start();
    const { socket } = await attach(server.path, "plc");
    server.close();
    await once(socket, "close");
  });

  test("that does not read loses what is too much, and is told how much", async () => {
    const { server, session } = await start();
    const { socket } = await ask(server.path, { do: "attach", partition: "plc" });
    const print = (bytes: number, letter: string): boolean => session.emit("console", PLC, Buffer.alloc(bytes, letter));
    print(1024 * 1024 + 1, "a"); // more than the system takes at once: it is unread as a whole
    print(1000, "b");
    print(500, "b");
    const text = heard(socket);
    const told = "\r\n[axv-part: 1500 bytes not shown: this console was too slow]\r\n";
    await until("what was lost to be told", () => text().endsWith(told));
    expect(text().length).toBe(1024 * 1024 + 1 + told.length);
    print(7, "c");
    await until("what comes", () => text().endsWith(`${told}ccccccc`));
    socket.pause();
    print(1024 * 1024 + 1, "d");
    print(9, "e");
    socket.resume();
    const again = "\r\n[axv-part: 9 bytes not shown: this console was too slow]\r\n";
    await until("what was lost since then to be told", () => text().endsWith(again));
    socket.pause();
    print(1024 * 1024 + 1, "f");
    socket.resume();
    await until("all of it", () => text().includes("f".repeat(1024 * 1024 + 1)));
    print(1, "g");
    await until("what comes", () => text().endsWith("g"));
    expect(text().endsWith("fg"), "nothing more was lost").toBe(true);
  });

  test("that is slow, but not so slow, loses nothing, and is told nothing", async () => {
    const { server, session } = await start();
    const { socket } = await ask(server.path, { do: "attach", partition: "plc" });
    const print = (bytes: number, letter: string): boolean => session.emit("console", PLC, Buffer.alloc(bytes, letter));
    print(1024 * 1024, "a");
    print(1000, "b");
    const text = heard(socket);
    await until("all of it", () => text().length >= 1024 * 1024 + 1000);
    print(3, "c");
    await until("what comes", () => text().endsWith("ccc"));
    expect(text()).toBe("a".repeat(1024 * 1024) + "b".repeat(1000) + "ccc");
  });
});

describe("what answers is no run", () => {
  const path = (): string => join(folder, "other.sock");
  const protocol = (): string =>
    `RunError AXV_RUN_PROTOCOL: what answers on ${path()} is not axv-part run, or not of this version`;
  const gone = (at = path()): string =>
    `RunError AXV_RUN_GONE: no run answers on ${at}: it has ended. Leave --link out to have the runs searched`;
  const asked = (): Promise<string> => failure(ask(path(), { do: "describe" }));

  test.each(["HTTP/1.1 400 Bad Request", "{}", '{"ok":true}', '{"ok":false,"code":1,"message":""}', ""])("%j", async (line) => {
    let closed = false;
    await listen(path(), (socket) => socket.on("close", () => (closed = true)).resume().write(`${line}\n`));
    expect(await asked()).toBe(protocol());
    await until("it to be left", () => closed);
  });

  test("it hangs up, or nobody is there, or nobody can be", async () => {
    await listen(path(), (socket) => socket.resume().end("half a li"));
    expect(await asked()).toBe(gone());
    const nowhere = join(folder, "nowhere.sock");
    expect(await failure(ask(nowhere, { do: "describe" }))).toBe(gone(nowhere));
    const long = join(folder, "x".repeat(120));
    expect(await failure(ask(long, { do: "describe" }))).toBe(gone(long));
  });

  test("a line that does not end is waited for up to its bound, and not beyond it", async () => {
    const answer = JSON.stringify({ ok: true, run: { system: "", pid: 1, partitions: [] } }).padEnd(MESSAGE_MAX);
    let more = "\n";
    await listen(path(), (socket) => {
      socket.resume().write(answer);
      setTimeout(() => socket.write(more), 50);
    });
    expect(await asked()).toBe("no failure");
    more = " ";
    expect(await asked()).toBe(protocol());
  });

  test("it says nothing for ten seconds", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let isAsked = false;
    await listen(path(), (socket) => socket.once("data", () => (isAsked = true)));
    const answer = asked();
    await until("the question", () => isAsked);
    vi.advanceTimersByTime(9999);
    const early = await Promise.race([answer, new Promise((resolve) => setImmediate(() => resolve("none yet")))]);
    expect(early).toBe("none yet");
    vi.advanceTimersByTime(1);
    expect(await answer).toBe(protocol());
  });
});

describe("the run that is meant", () => {
  const others = [{ ...demoPartitions[0], name: "cell" }] as typeof demoPartitions;
  const unknown = (known: string): string =>
    `RunError AXV_PARTITION_UNKNOWN: there is no partition "windows": write one of ${known}`;

  test("none: also where a socket was left over", async () => {
    const none =
      "RunError AXV_RUN_NONE: nothing runs here: start a system with axv-part run SYSTEM.yaml in another terminal first";
    expect(await failure(findRun())).toBe(none);
    writeFileSync(join(runFolder(), "1.sock"), "");
    expect(await failure(findRun("plc"))).toBe(none);
  });

  test("the only one, or the one that has such a partition; several are listed", async () => {
    const { server } = await start();
    expect([await findRun(), await findRun("plc")]).toEqual([server.path, server.path]);
    expect(await failure(findRun("windows"))).toBe(unknown("linux, plc"));

    const second = join(runFolder(), "second.sock");
    await start(second, others);
    expect([await findRun("cell"), await findRun("plc")]).toEqual([second, server.path]);
    const listed = [server.path, second].map((path) => `  ${path}  (demo.yaml, process ${process.pid})`).join("\n");
    expect(await failure(findRun())).toBe(
      `RunError AXV_RUN_SEVERAL: several systems run: choose one with --link PATH:\n${listed}`,
    );

    const third = join(runFolder(), "third.sock");
    await start(third);
    expect(await failure(findRun("windows"))).toBe(unknown("linux, plc, cell"));
    const fitting = [server.path, third].map((path) => `  ${path}  (demo.yaml, process ${process.pid})`).join("\n");
    expect(await failure(findRun("plc"))).toBe(
      `RunError AXV_RUN_SEVERAL: several systems run: choose one with --link PATH:\n${fitting}`,
    );
  });

  test("where something else answers, that is said", async () => {
    const path = join(runFolder(), "1.sock");
    await listen(path, (socket) => socket.resume().end("no\n"));
    expect(await failure(findRun())).toBe(
      `RunError AXV_RUN_PROTOCOL: what answers on ${path} is not axv-part run, or not of this version`,
    );
  });
});

test("what a run says that it cannot do has its own code", () => {
  const error = new RemoteError("AXV_NO_MAXIMA", "none");
  expect([error.name, error.code, error.message]).toEqual(["RemoteError", "AXV_NO_MAXIMA", "none"]);
});
