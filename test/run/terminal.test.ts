// What a person sees and types, on a pseudo terminal.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Sandbox, until } from "./fake-run.ts";
import { GridTerminal } from "./grid-terminal.ts";

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.close());

const CTRL_BRACKET = "\u001d";
const CTRL_C = "\u0003";

/** What stands on a terminal that got these bytes; the terminal driver made CR LF of each line end. */
function screenOf(output: string, columns: number, rows: number): GridTerminal {
  const terminal = new GridTerminal(columns, rows);
  terminal.write(output.replaceAll("\r\n", "\n"));
  return terminal;
}

const END_OF_FRAME = "\u001b[?2026l";

/** What stands there after the last frame that has come whole. */
function followed(output: () => string, columns: number, rows: number): () => string[] {
  const terminal = new GridTerminal(columns, rows);
  let done = 0;
  return () => {
    const end = output().lastIndexOf(END_OF_FRAME) + END_OF_FRAME.length;
    if (end > done) terminal.write(output().slice(done, end).replaceAll("\r\n", "\n"));
    done = Math.max(done, end);
    return terminal.screen;
  };
}

describe("the live view", () => {
  test("lines scroll above the table, which is there once; the summary is the last thing", async () => {
    const run = sandbox.runOnTerminal(150, 40, ["--for", "1s"]);
    expect(await run.ended).toBe(0);
    const { text, cursorShown } = screenOf(run.output(), 150, 40);
    expect(cursorShown).toBe(true);
    expect(text).toEqual(expect.arrayContaining(["axv   │ axv: image at 0x0000000040200000", "linux ● started at 0x60000000"]));
    expect(text.filter((line) => line.startsWith("PARTITION"))).toHaveLength(1);
    expect(text.filter((line) => line.includes("Ctrl-C ends"))).toEqual([]);
    expect(text.filter((line) => line.startsWith("CHECK"))).toHaveLength(1);
    expect(text.slice(-2)[0]).toMatch(/^plc runs, never restarted +ok +running, restarts 0$/);
  });

  test("is coloured", async () => {
    const run = sandbox.runOnTerminal(150, 40, []);
    await until(() => run.output().includes("scans=3000"));
    expect(run.output()).toContain("\u001b[36mlinux\u001b[39m │ \u001b[1mBooting Linux\u001b[0m on physical");
    expect(screenOf(run.output(), 150, 40).cursorShown).toBe(false);
    run.child.stdin.write(CTRL_C);
    expect(await run.ended).toBe(0);
    expect(screenOf(run.output(), 150, 40).cursorShown).toBe(true);
  });

  test("c clears the maxima, and no other key does anything; the terminal is as it was, and Ctrl-C ends", async () => {
    const run = sandbox.runOnTerminal(150, 40, [], {}, "; echo status $?; stty -a");
    const screen = followed(run.output, 150, 40);
    const table = (): string[] => screen().filter((line) => /^(PLC|plc) /.test(line));
    await until(() => table().some((line) => line.endsWith(" 1001.0 / 5.0 / 3.0")));
    expect(screen().join("\n")).toContain(
      " ── h shows histograms ── c clears maxima ── Ctrl-C ends ──",
    );
    run.child.stdin.write("xyz\r");
    run.child.stdin.write("c");
    await until(() => run.output().includes("plc: maxima begin anew"));
    await until(() => table().some((line) => line.endsWith(" – / – / –")));
    expect(run.output()).not.toMatch(/xyz/);
    run.child.stdin.write(CTRL_C);
    await until(() => run.output().includes("status 0") && /^isig icanon .* echo /m.test(run.output()));
    expect(await run.ended).toBe(0);
  });

  test("h shows histograms in place of the table, which c clears with the maxima, and h again the table", async () => {
    const run = sandbox.runOnTerminal(130, 40, []);
    const rows = followed(run.output, 130, 40);
    const screen = (): string => rows().join("\n");
    await until(() => /^plc +running/m.test(screen()));
    run.child.stdin.write("h");
    await until(() => /^TIME +SCANS/m.test(screen()) && /^ +█ +█ +█$/m.test(screen()));
    expect(screen()).toMatch(/ ── h shows the table ── c clears maxima ── /);
    expect(screen()).not.toMatch(/^PARTITION|^plc +running/m);
    const samples = (): number => Number(/^plc jitter +(\d+) /m.exec(screen())?.[1]);
    await until(() => samples() > 20);
    run.child.stdin.write("c");
    await until(() => samples() < 20);
    run.child.stdin.write("h");
    await until(() => /^PARTITION/m.test(screen()) && !/^TIME|█/m.test(screen()));
    run.child.stdin.write(CTRL_C);
    expect(await run.ended).toBe(0);
  });

  test("NO_COLOR: not", async () => {
    const run = sandbox.runOnTerminal(150, 40, ["--for", "1s"], { NO_COLOR: "1" });
    expect(await run.ended).toBe(0);
    expect(run.output()).not.toMatch(/\u001b\[[0-9;]*m/);
    expect(run.output()).toContain("linux │ Booting Linux on physical");
  });
});

describe("console on a terminal", () => {
  test("Ctrl-C belongs to the partition, Ctrl-] leaves; the terminal is as it was", async () => {
    const run = sandbox.run();
    await until(() => run.output().includes("scans=1000"));
    const console = sandbox.axvPartOnTerminal("console", "linux");
    await until(() => console.output().includes("Ctrl-] leaves") && console.output().includes("process image"));
    console.child.stdin.write(`ls\r${CTRL_C}`);
    // What the fake board echoes; Node's raw mode leaves the terminal's LF → CR LF on.
    await until(() => console.output().includes(`ls\r\r\n${CTRL_C}`));
    console.child.stdin.write(`bye${CTRL_BRACKET}never`);
    await until(() => console.output().includes("status 0"));
    await until(() => / icanon /.test(console.output()) && / echo /.test(console.output())); // stty: edits and echoes again
    expect(console.output()).not.toContain("never\r\n"); // typed into the shell's terminal, not into the partition
    // It may come in pieces, and what others say between them.
    const ofLinux = (): string => [...run.output().matchAll(/linux │ (.*)/g)].map(([, text]) => text?.replace("\r", "")).join("");
    await until(() => ofLinux().includes("bye"));
    expect(run.output()).not.toContain("never");
  });
});
