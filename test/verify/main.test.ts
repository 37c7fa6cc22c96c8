// The program prints what the command says, and says by its status whether something is wrong.
import { afterEach, expect, test, vi } from "vitest";
import type { Said } from "../../tools/verify/command.ts";

const COMMAND = "../../tools/verify/command.ts";
const argv = process.argv;

afterEach(() => {
  process.argv = argv;
  process.exitCode = undefined;
  vi.doUnmock(COMMAND);
  vi.restoreAllMocks();
});

/** The parameters that the command got, what was printed, and the status. */
async function run(said: Said): Promise<unknown[]> {
  const [log, error] = [vi.spyOn(console, "log"), vi.spyOn(console, "error")].map((one) => one.mockReturnValue());
  const command = vi.fn(() => said);
  vi.doMock(COMMAND, () => ({ command }));
  process.argv = ["node", "main.ts", "--isa", "x"];
  vi.resetModules();
  await import("../../tools/verify/main.ts");
  return [command.mock.calls, log?.mock.calls, error?.mock.calls, process.exitCode];
}

test("two lines, and nothing wrong", async () => {
  expect(await run({ lines: ["one", "two"], errors: [] })).toEqual([[[["--isa", "x"]]], [["one"], ["two"]], [], undefined]);
});

test("no line, and two things wrong", async () => {
  expect(await run({ lines: [], errors: ["this", "that"] })).toEqual([[[["--isa", "x"]]], [], [["this"], ["that"]], 1]);
});
