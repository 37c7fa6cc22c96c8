// A guest that is wedged, in whatever way, is stopped, started and restarted from another core, and its neighbour does not
// notice. With direct interrupts the hypervisor is not entered by any interrupt there: what ends the guest is that its
// stage 2 is taken away.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { BOARDS, INTERRUPTS, type Interrupts } from "./systems.ts";
import { canBeWoken, wedgedImage, WEDGED, WEDGES } from "./wedged.ts";

const SECOND = 1_000_000_000n;

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
    // Injected interrupts come to EL2 whatever the guest does to its own, virtual interface: three ways are enough to see it.
    const wedges = interrupts === "direct" ? WEDGES : (["SPINNING", "ASLEEP", "BUSY"] as const);
    test.each(wedges)("%s", async (wedge) => {
      system = await BootedSystem.boot("wedged", yaml(board, interrupts, wedgedImage(folder, wedge, board)));
      if (canBeWoken(board, interrupts, wedge)) await endsAndStartsAgain(system, interrupts);
      else await isContained(system);
    });
  });
});

const scans = (booted: BootedSystem): bigint => booted.partition("neighbour").tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
const state = (booted: BootedSystem): string | undefined => booted.partition("wedged").telemetry?.state;
const lives = (booted: BootedSystem): number => booted.printed("wedged").split(WEDGED).length - 1;

async function wait(booted: BootedSystem, nanoseconds: bigint): Promise<void> {
  const time = (): bigint => booted.partition("wedged").telemetry?.time ?? 0n;
  const begin = time();
  await booted.until(`${nanoseconds} ns`, () => time() > begin + nanoseconds);
}

async function isWedged(booted: BootedSystem): Promise<void> {
  await booted.until("the guest being wedged", () => lives(booted) === 1);
  await wait(booted, SECOND);
  expect(state(booted)).toBe("running"); // it has not failed on the way
  expect(booted.printed("wedged")).not.toContain("foreign");
  await booted.until("the neighbour being ready", () => booted.partition("neighbour").sinceReady.exits !== undefined);
}

async function isContained(booted: BootedSystem): Promise<void> {
  const neighbour = booted.partition("neighbour");
  await isWedged(booted);
  const before = scans(booted);
  await booted.session.link.command(booted.index("wedged"), "restart");
  await booted.line("wedged", /^does not stop: its guest does not come out on pCPU 1/);
  await wait(booted, 2n * SECOND);
  expect(state(booted)).toBe("stopping"); // and nobody says that it has ended
  expect(lives(booted)).toBe(1);
  await expect(booted.session.link.command(booted.index("wedged"), "start")).rejects.toThrow(/present state/);

  await booted.until("the neighbour's scans going on", () => scans(booted) > before + 100n);
  expect(neighbour.held).toBe(0n);
  expect(neighbour.sinceReady.exits).toBe(0);
}

async function endsAndStartsAgain(booted: BootedSystem, interrupts: Interrupts): Promise<void> {
  const { link } = booted.session;
  const wedged = booted.partition("wedged");
  const neighbour = booted.partition("neighbour");
  await isWedged(booted);
  const before = { scans: scans(booted), held: neighbour.held };

  await link.command(wedged.index, "restart");
  await booted.until("its second life", () => lives(booted) === 2 && wedged.telemetry?.restarts === 1);
  await link.command(wedged.index, "stop");
  await booted.until("its end", () => state(booted) === "off");
  await link.command(wedged.index, "start");
  await booted.until("its third life", () => lives(booted) === 3 && state(booted) === "running");

  await booted.until("the neighbour's scans going on", () => scans(booted) > before.scans + 100n);
  expect(booted.printed("wedged")).not.toContain("foreign");
  expect(neighbour.held).toBe(before.held);
  if (interrupts === "direct") expect(neighbour.sinceReady.exits).toBe(0);
}
