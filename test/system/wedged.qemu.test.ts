// A guest that is wedged, in whatever way, is stopped, started and restarted from another core, and its neighbour does not
// notice. With direct interrupts the hypervisor is not entered by any interrupt there: what ends the guest is that its
// stage 2 is taken away.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { BOARDS, INTERRUPTS, type Interrupts } from "./systems.ts";
import { wedgedImage, WEDGED, WEDGES } from "./wedged.ts";

let folder: string;
let system: BootedSystem | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-wedged-"));
});
afterEach(async () => {
  await system?.stop();
  rmSync(folder, { recursive: true });
});

const yaml = (board: string, interrupts: Interrupts, image: string): string => `
board: ${board}
partitions:
  wedged:
    guest: plc
    image: ${image}
    cpus: [1]
    memory: 16M
    interrupts: ${interrupts}
  neighbour:
    guest: plc
    cpus: [3]
    memory: 16M
    interrupts: ${interrupts}
`;

describe.each(BOARDS)("%s", (board) => {
  describe.each(INTERRUPTS)("interrupts: %s", (interrupts) => {
    test.each(WEDGES)("%s", async (wedge) => {
      system = await BootedSystem.boot("wedged", yaml(board, interrupts, wedgedImage(folder, wedge, board)));
      await endsAndStartsAgain(system, interrupts);
    });
  });
});

async function endsAndStartsAgain(booted: BootedSystem, interrupts: Interrupts): Promise<void> {
  const { link } = booted.session;
  const wedged = booted.partition("wedged");
  const neighbour = booted.partition("neighbour");
  const scans = (): bigint => neighbour.tag(abi.PLC_TAG_SCANS) ?? 0n;
  const time = (): bigint => wedged.telemetry?.time ?? 0n;
  const state = (): string | undefined => wedged.telemetry?.state;
  const lives = (): number => booted.said("wedged").filter((line) => WEDGED.test(line)).length;

  await booted.until("the guest being wedged", () => lives() === 1);
  const since = time();
  await booted.until("it being so for a second", () => time() > since + 1_000_000_000n);
  expect(state()).toBe("running"); // it has not failed on the way
  await booted.until("the neighbour being ready", () => neighbour.sinceReady.exits !== undefined);
  const before = { scans: scans(), held: neighbour.held };

  await link.command(wedged.index, "restart");
  await booted.until("its second life", () => lives() === 2 && wedged.telemetry?.restarts === 1);
  await link.command(wedged.index, "stop");
  await booted.until("its end", () => state() === "off");
  await link.command(wedged.index, "start");
  await booted.until("its third life", () => lives() === 3 && state() === "running");

  await booted.until("the neighbour's scans going on", () => scans() > before.scans + 100n);
  expect(booted.said("wedged").filter((line) => /foreign/.test(line))).toEqual([]);
  expect(neighbour.held).toBe(before.held);
  if (interrupts === "direct") expect(neighbour.sinceReady.exits).toBe(0);
}
