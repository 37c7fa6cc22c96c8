// A guest keeps all of its registers, whatever the hypervisor does in between: takes its interrupts and calls, holds it and
// lets it go on (entry.S; assembly/keeper.S is the guest).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BootedSystem } from "./bootedSystem.ts";
import { guestImage } from "./guestImage.ts";
import { BOARDS, INTERRUPTS } from "./systems.ts";

const PAUSES = 5;

let folder: string;
let system: BootedSystem | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-keeper-"));
});
afterEach(async () => {
  await system?.stop();
  rmSync(folder, { recursive: true });
});

describe.each(BOARDS)("%s", (board) => {
  test.each(INTERRUPTS)("interrupts: %s", async (interrupts) => {
    system = await BootedSystem.boot("keeper", `
board: ${board}
partitions:
  keeper:
    guest: plc
    image: ${guestImage(folder, "keeper", board)}
    cpus: [1]
    memory: 16M
    interrupts: ${interrupts}
`);
    const booted = system;
    const keeper = booted.partition("keeper");
    const printed = (): string => booted.printed("keeper");
    const kept = (): number => printed().split("registers kept.").length - 1;
    const more = (lines: number): Promise<void> => {
      const before = kept();
      return booted.until(
        `${lines} more lines of "registers kept."`,
        () => kept() >= before + lines || printed().includes("changed"),
      );
    };
    await more(2);
    for (let n = 0; n < PAUSES; n++) {
      for (const [command, state] of [["pause", "paused"], ["resume", "running"]] as const) {
        await booted.session.link.command(keeper.index, command);
        await booted.until(state, () => keeper.telemetry?.state === state);
      }
      await more(1);
    }
    expect(printed()).not.toContain("changed");
    expect(keeper.telemetry?.restarts).toBe(0);
  });
});
