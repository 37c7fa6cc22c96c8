// `axv-part console` and `axv-part control`, as processes, on a run of a fake board.
import { once } from "node:events";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { FakeBoard } from "./fake-board.ts";
import { type Running, Sandbox, until } from "./fake-run.ts";

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.close());

async function started(parameters: readonly string[] = [], sign = /scans=1000/, env = {}): Promise<Running> {
  // Slowly: the history that an attaching console gets must still have the start when a busy host has got to start the console.
  const run = sandbox.run(parameters, { AXV_FAKE_PERIOD: "300", ...env });
  await until(() => sign.test(run.output()));
  return run;
}

describe("console", () => {
  test("shows what was printed before, then what comes, of this partition alone; types into it", async () => {
    await started();
    const console = sandbox.axvPart("console", "linux");
    await until(() => console.output().includes("process image: scans=4000"));
    expect(console.output()).toContain("\u001b[1mBooting Linux\u001b[0m on physical"); // the very bytes
    expect(console.output()).not.toContain("plc: scans");
    expect(console.errors()).toBe("axv-part: linux of demo.yaml\n");
    console.child.stdin.write("uname -a\r");
    await until(() => console.output().includes("uname -a\r\n"));
  });

  test("questions to the terminal are passed on when they are asked, not once more from the history", async () => {
    await started();
    const first = sandbox.axvPart("console", "linux");
    await until(() => first.errors() !== "");
    first.child.stdin.write("\u001b[6n#\r"); // the fake board echoes it, as the partition would print it
    await until(() => first.output().includes("\u001b[6n#"));
    const second = sandbox.axvPart("console", "linux");
    await until(() => second.output().includes("#\r\n"));
    expect(second.output()).not.toContain("\u001b[6n");
  });

  test("typing through a pipe that ends does not end the output", async () => {
    await started();
    const console = sandbox.axvPart("console", "plc");
    console.child.stdin.end("status\r");
    await until(() => console.output().includes("status\r\n"));
    const length = console.output().length;
    await until(() => console.output().length > length);
  });

  test("two consoles of one partition both see it", async () => {
    await started();
    const consoles = [sandbox.axvPart("console", "plc"), sandbox.axvPart("console", "plc")];
    await until(() => consoles.every((console) => console.errors() !== ""));
    consoles[0]?.child.stdin.write("hello\r");
    await until(() => consoles.every((console) => console.output().includes("hello\r\n")));
  });

  test("the end of the run ends it: one message, status 1", async () => {
    const run = await started();
    const console = sandbox.axvPart("console", "linux");
    await until(() => console.output() !== "");
    run.child.kill("SIGTERM");
    expect(await console.ended).toBe(1);
    expect(console.errors()).toMatch(/axv-part: the console was closed: the run has ended \[AXV_CONSOLE_CLOSED\]\n$/);
  });

  test("leaving it leaves the run alone", async () => {
    const run = await started();
    const console = sandbox.axvPart("console", "linux");
    await until(() => console.output() !== "");
    console.child.kill("SIGTERM");
    await console.ended;
    const length = run.output().length;
    await until(() => run.output().length > length + 500);
  });
});

describe("control", () => {
  test("clear-maxima is done by the run itself, for who publishes recent values; the board hears nothing of it", async () => {
    const run = await started();
    const control = async (partition: string): Promise<unknown[]> => {
      const command = sandbox.axvPart("control", "clear-maxima", partition);
      return [await command.ended, command.output(), command.errors()];
    };
    expect(await control("plc")).toEqual([0, "plc: maxima begin anew\n", ""]);
    expect(await control("linux")).toEqual([1, "", expect.stringContaining("linux publishes no values whose maxima")]);
    expect(run.output()).not.toContain("stopped");
  });

  test("stop, start, restart: carried out, and seen in the run", async () => {
    const run = await started();
    const control = async (...words: string[]): Promise<unknown[]> => {
      const command = sandbox.axvPart("control", ...words);
      return [await command.ended, command.output(), command.errors()];
    };
    expect(await control("stop", "linux")).toEqual([0, "linux: told to stop\n", ""]);
    await until(() => run.output().includes("linux ● stopped: by command"));
    expect(await control("start", "linux")).toEqual([0, "linux: started\n", ""]);
    expect(await control("restart", "plc")).toEqual([0, "plc: told to restart\n", ""]);
    await until(() => run.output().includes("plc   ● started at 0x40000000, restart 1"));
    const [status, , message] = await control("start", "linux");
    expect(status).toBe(1);
    expect(message).toBe(
      'axv-part: the hypervisor refused "start": not in the partition\'s present state (start needs a stopped partition) ' +
        "[AXV_COMMAND_REFUSED]\n",
    );
  });

  test("pause, resume: carried out, and seen in the run", async () => {
    const run = await started(["--json"], /"scans":1000/);
    const control = async (...words: string[]): Promise<unknown[]> => {
      const command = sandbox.axvPart("control", ...words);
      return [await command.ended, command.output(), command.errors()];
    };
    expect(await control("pause", "linux")).toEqual([0, "linux: told to pause\n", ""]);
    await until(() => /"partition":"linux",.*"state":"paused"/.test(run.output()));
    expect(await control("pause", "linux")).toEqual([
      1,
      "",
      'axv-part: the hypervisor refused "pause": not in the partition\'s present state (pause needs a running partition) ' +
        "[AXV_COMMAND_REFUSED]\n",
    ]);
    const before = run.output().length;
    expect(await control("resume", "linux")).toEqual([0, "linux: told to go on\n", ""]);
    await until(() => /"partition":"linux",.*"state":"running"/.test(run.output().slice(before)));
  });

  test("commit: of the whole, once; and whom an action is about is asked for", async () => {
    await started([], undefined, { AXV_FAKE_UPDATE: String(abi.UPDATE_HEALTHY) });
    const control = async (...words: string[]): Promise<unknown[]> => {
      const command = sandbox.axvPart("control", ...words);
      return [await command.ended, command.output(), command.errors()];
    };
    expect(await control("commit")).toEqual([0, "the trial is over: the board is not reset\n", ""]);
    const refused = (why: RegExp): unknown[] => [1, "", expect.stringMatching(why)];
    expect(await control("commit")).toEqual(refused(/refused "commit": .*\(commit needs a system on trial that is healthy\) \[/));
    expect(await control("commit", "plc")).toEqual(refused(/commit is of the whole system: leave "plc" out/));
    expect(await control("stop")).toEqual(refused(/stop needs a partition: write its name behind it/));
  });

  test("a wrong action is explained", async () => {
    const command = sandbox.axvPart("control", "kill", "linux");
    expect(await command.ended).toBe(1);
    expect(command.errors()).toMatch(/Allowed choices are start, stop, restart, pause, resume/);
  });
});

describe("which run", () => {
  const message = async (...words: string[]): Promise<string> => {
    const command = sandbox.axvPart(...words);
    expect(await command.ended).toBe(1);
    return command.errors();
  };

  test("none", async () => {
    expect(await message("console", "linux")).toBe(
      "axv-part: nothing runs here: start a system with axv-part run SYSTEM.yaml in another terminal first [AXV_RUN_NONE]\n",
    );
  });

  test("none has such a partition", async () => {
    await started();
    const unknown = 'axv-part: there is no partition "windows": write one of linux, plc [AXV_PARTITION_UNKNOWN]\n';
    expect(await message("console", "windows")).toBe(unknown);
    expect(await message("control", "stop", "windows")).toBe(unknown);
  });

  test("several: they are listed, and --link chooses", async () => {
    const other = join(sandbox.socketFolder, "other.sock");
    const first = await started();
    await started(["--link", other]);
    const several = await message("console", "linux");
    expect(several).toMatch(/several systems run: choose one with --link PATH:/);
    expect(several).toContain(
      `${join(sandbox.socketFolder, `${first.child.pid}.sock`)}  (demo.yaml, process ${first.child.pid})`,
    );
    expect(several).toContain(`${other}  (demo.yaml`);
    const console = sandbox.axvPart("console", "linux", "--link", other);
    await until(() => console.output().includes("process image"));
  });

  test("one that has ended", async () => {
    const path = join(sandbox.folder, "gone.sock");
    expect(await message("console", "linux", "--link", path)).toBe(
      `axv-part: no run answers on ${path}: it has ended. Leave --link out to have the runs searched [AXV_RUN_GONE]\n`,
    );
  });

  test("something else listens there", async () => {
    const path = join(sandbox.folder, "web.sock");
    const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(path);
    expect(await message("console", "linux", "--link", path)).toBe(
      `axv-part: what answers on ${path} is not axv-part run, or not of this version [AXV_RUN_PROTOCOL]\n`,
    );
    server.close();
  });

  test("a folder that others may enter is not trusted", async () => {
    mkdirSync(sandbox.socketFolder, { mode: 0o777 });
    chmodSync(sandbox.socketFolder, 0o777);
    expect(await message("console", "linux")).toMatch(/cannot use .* for the run's socket: .*others may enter it/);
  });

  test("a file where the folder should be", async () => {
    writeFileSync(sandbox.socketFolder, "");
    expect(await message("console", "linux")).toMatch(/cannot use .* for the run's socket/);
  });
});

describe("on a serial line", () => {
  const message = async (...words: string[]): Promise<string> => {
    const command = sandbox.axvPart("console", ...words);
    expect(await command.ended).toBe(1);
    return command.errors();
  };

  test("shows the board's text and the partition's console, and types into it; --system gives the names", async () => {
    const boards: FakeBoard[] = [];
    const server = createServer((socket) => {
      const board = new FakeBoard(socket);
      boards.push(board);
      board.boot();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const serial = ["--serial", `tcp:127.0.0.1:${address !== null && typeof address !== "string" ? address.port : 0}`];
    for (const partition of [["1"], ["plc", "--system", join(import.meta.dirname, "../../partitions/examples/demo.yaml")]]) {
      const console = sandbox.axvPart("console", ...partition, ...serial);
      await until(() => console.output().includes("plc: started"));
      expect(console.output()).toContain("axv: image at 0x0000000040200000");
      expect(console.output()).not.toContain("Booting Linux");
      console.child.stdin.write("status\r");
      await until(() => console.output().includes("status\r\n"));
      expect(boards.at(-1)?.typed).toEqual(["", "status\r"]);
      console.child.kill("SIGTERM");
      await console.ended;
    }
    server.close();
  });

  test("a partition that the system does not have", async () => {
    const system = join(import.meta.dirname, "../../partitions/examples/demo.yaml");
    expect(await message("windows", "--serial", "/dev/null", "--system", system)).toMatch(
      /there is no partition "windows": write one of linux, plc \[AXV_PARTITION_UNKNOWN\]\n$/,
    );
  });

  test("the other side hangs up: one message, status 1", async () => {
    const server = createServer((socket) => socket.end("axv: no blob\r\n")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const console = sandbox.axvPart(
      "console",
      "0",
      "--serial",
      `tcp:127.0.0.1:${address !== null && typeof address !== "string" ? address.port : 0}`,
    );
    expect(await console.ended).toBe(1);
    expect(console.output()).toBe("axv: no blob\r\n");
    expect(console.errors()).toMatch(/axv-part: the console was closed: the other side hung up \[AXV_CONSOLE_CLOSED\]\n$/);
    server.close();
  });

  test("a name needs the system file", async () => {
    expect(await message("linux", "--serial", "/dev/ttyUSB0")).toMatch(
      /name the system file with --system SYSTEM.yaml, or write the partition's index/,
    );
  });

  test("a device that is not there", async () => {
    expect(await message("0", "--serial", join(sandbox.folder, "ttyUSB0"))).toMatch(/cannot open the link .*no such file/);
  });
});
