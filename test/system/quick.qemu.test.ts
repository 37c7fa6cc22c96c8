// Quick traps with every general register: what the vectors fetch and put (entry.S, axv_quick) is in assembly, which the
// simulated machine does not have (assembly/quick.S is the guest).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BootedSystem } from "./bootedSystem.ts";
import { guestImage } from "./guestImage.ts";
import { BOARDS, INTERRUPTS } from "./systems.ts";

let folder: string;
let system: BootedSystem | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-quick-"));
});
afterEach(async () => {
  await system?.stop();
  rmSync(folder, { recursive: true });
});

describe.each(BOARDS)("%s", (board) => {
  test.each(INTERRUPTS)("interrupts: %s", async (interrupts) => {
    system = await BootedSystem.boot("quick", `
board: ${board}
partitions:
  guest:
    guest: plc
    image: ${guestImage(folder, "quick", board)}
    cpus: [1]
    memory: 16M
    interrupts: ${interrupts}
    devices: [rtc]
`);
    const booted = system;
    const printed = (): string => booted.printed("guest");
    await booted.until("a verdict", () => /register\.|wrong/.test(printed()));
    expect(printed()).toContain("every register.");
  });
});
