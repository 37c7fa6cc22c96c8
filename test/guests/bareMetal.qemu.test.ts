// Programs that no profile knows, `guest: bare-metal`, as an ELF file and as raw bytes. They compare their clocks: all
// partitions read one CNTVCT_EL0, whenever they were started (CNTVOFF_EL2 = 0); but one that asked for `clock: own`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { MAILBOX_MAGIC } from "../../core/abi.ts";
import { BootedSystem } from "../system/bootedSystem.ts";
import { bareMetalProgram } from "./bareMetal/program.ts";
import type { Program } from "./bareMetal/program.ts";

const RAM = 0x4000_0000;
const RAW_LOAD = 0x4008_0000;
const MAILBOX = 0x6000_0000;
/** QEMU's counter is the host's clock, read on two of its cores: of a thousand rounds so many may look the wrong way round. */
const HOST_JITTER = 10;

let folder: string;
let leader: Program;
let follower: Program;
let system: BootedSystem | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-bare-"));
  leader = bareMetalProgram(folder, "leader", "stamps.c", RAM);
  follower = bareMetalProgram(folder, "follower", "stamps.c", RAW_LOAD);
});
afterEach(async () => system?.stop());
afterAll(() => rmSync(folder, { recursive: true }));

const yaml = (board: string, interrupts: string, clock: string): string => `
board: ${board}
partitions:
  leader:
    guest: bare-metal
    image: ${leader.elf}
    cpus: [1]
    interrupts: ${interrupts}
    mailbox: { ipa: ${MAILBOX} }
  follower:
    guest: bare-metal
    image: ${follower.raw}
    load: ${RAW_LOAD}
    entry: ${follower.entry}
    cpus: [3]
    interrupts: ${interrupts}
    clock: ${clock}
    autostart: false
channels:
  stamps: { between: [leader, follower] }
`;

interface Report {
  readonly rounds: number;
  readonly outOfOrder: number;
  readonly apart: number;
}

/** What the leader says after so many more rounds at least. */
async function report(booted: BootedSystem, rounds: number): Promise<Report> {
  const line = await booted.line("leader", new RegExp(`^leader: rounds ${rounds},`));
  const [, outOfOrder, apart] = (/rounds \d+, out of order (\d+), virtual and physical apart (\d+)/.exec(line) ?? []).map(Number);
  return { rounds, outOfOrder: outOfOrder ?? NaN, apart: apart ?? NaN };
}

describe.each([
  ["qemu-aarch64", "direct"],
  ["qemu-aarch64-gicv2", "injected"],
])("%s, %s interrupts", (board, interrupts) => {
  /** Boots; the follower's life begins long after the leader's. */
  async function boot(clock: string): Promise<BootedSystem> {
    const booted = (system = await BootedSystem.boot("bare-metal", yaml(board, interrupts, clock)));
    await booted.line("leader", /^leader: mailbox/);
    await booted.session.link.command(booted.index("follower"), "start");
    await booted.line("follower", /^follower: begins/);
    return booted;
  }

  test("what two partitions stamp is in order, over a restart of one; the mailbox is where it was asked for", async () => {
    const booted = await boot("shared");
    expect(booted.said("leader")).toContain(`leader: mailbox ${MAILBOX.toString(16)} holds ${MAILBOX_MAGIC.toString(16)}`);
    const first = await report(booted, 1000);
    expect(first.apart).toBe(0);
    expect(first.outOfOrder).toBeLessThan(HOST_JITTER);
    await booted.session.link.command(booted.index("follower"), "restart");
    await booted.until("its second life", () => booted.partition("follower").telemetry?.restarts === 1);
    const done = booted.said("leader").length;
    const last = /rounds (\d+)/.exec(await booted.line("leader", /^leader: rounds/, done));
    const second = await report(booted, Number(last?.[1]));
    expect(second.apart).toBe(0);
    expect(second.outOfOrder).toBeLessThan(2 * HOST_JITTER);
  });

  test("`clock: own`: its stamps are of another clock", async () => {
    // Not in a round that took longer than the clocks differ: the first one, at least, began before the follower did.
    expect((await report(await boot("own"), 1000)).outOfOrder).toBeGreaterThan(500);
  });
});
