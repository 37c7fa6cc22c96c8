// The demo's system, booted for real: Debian Linux beside the PLC guest, and Linux living, dying and coming back without
// the PLC guest noticing: with injected interrupts by no exit of a cause that is not its own, with direct ones by none at all.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { demo } from "./systems.ts";

const SHELL_PROMPT = /linux:\/#/;

/** Exits of the PLC guest's vCPU that only a disturbance from outside would raise. */
const FOREIGN_CAUSES = [abi.EXIT_KICK, abi.EXIT_MAINTENANCE, abi.EXIT_FAULT, abi.EXIT_TICK, abi.EXIT_INTERRUPT, abi.EXIT_IPI];

describe.each([
  ["qemu-aarch64", "injected"],
  ["qemu-aarch64", "direct"],
  ["qemu-aarch64-gicv2", "direct"],
] as const)("Debian Linux beside the PLC guest on %s, its interrupts %s", (board, interrupts) => {
  let system: BootedSystem;
  beforeAll(async () => {
    system = await BootedSystem.boot("demo", demo(board, interrupts));
  });
  afterAll(async () => system?.stop());

  const plc = () => system.partition("plc");
  const scans = (): bigint => plc().tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
  const state = (name: string): string | undefined => system.partition(name).telemetry?.state;

  /** Does something to Linux, waits for `done`, and holds the PLC guest to not having noticed. */
  async function unnoticed(what: () => void | Promise<void>, done: () => Promise<void>): Promise<void> {
    const before = { scans: scans(), held: plc().held, restarts: plc().telemetry?.restarts, exits: plc().exits };
    await what();
    await done();
    await system.until("the PLC guest's scans going on", () => scans() > before.scans + 100n);
    expect(plc().held).toBe(before.held);
    expect(plc().telemetry?.restarts).toBe(before.restarts);
    if (interrupts === "direct") {
      expect(plc().exits).toEqual(before.exits);
      return;
    }
    for (const cause of FOREIGN_CAUSES) expect(plc().exits[cause], `exits by cause ${cause}`).toBe(before.exits[cause]);
    // Timer exits are its own: one a scan, and not one more for anything that happened to Linux.
    const timers = (plc().exits[abi.EXIT_TIMER] ?? 0) - (before.exits[abi.EXIT_TIMER] ?? 0);
    const scanned = Number(scans() - before.scans);
    expect(timers).toBeLessThan(scanned * 1.5 + 200);
  }

  test("Linux boots with two CPUs, disk, network and the channel", async () => {
    const line = await system.line("linux", /^axv: linux=/);
    expect(line).toMatch(/cpus=2 disk=ok net=ok/);
  });

  test("the PLC guest scans, publishes its tags and is never held", async () => {
    await system.until("1000 scans", () => scans() > 1000n && plc().sinceReady.exits !== undefined);
    expect(plc().held).toBe(0n);
    expect(plc().exits[abi.EXIT_FAULT]).toBe(0);
  });

  test("Linux reads the PLC guest's process image from the channel", async () => {
    const numbers = (): bigint[] =>
      system
        .said("linux")
        .flatMap((text) => [...(/scans=(\d+)/.exec(text)?.slice(1) ?? [])])
        .map(BigInt);
    await system.until("three lines of the process image", () => numbers().length >= 3);
    const [first = 0n, , third = 0n] = numbers();
    expect(third).toBeGreaterThan(first);
  });

  test("what is typed into Linux's console arrives, and its answer comes back", async () => {
    await system.line("linux", SHELL_PROMPT);
    system.type("linux", "echo sum $((6 * 7))\n");
    await system.line("linux", /^sum 42/);
  });

  test("`reboot` restarts Linux's partition alone", async () => {
    const seen = system.said("linux").length;
    await unnoticed(
      () => system.type("linux", "reboot\n"),
      async () => void (await system.line("linux", /^axv: linux=.*cpus=2 disk=ok net=ok/, seen)),
    );
    await system.until("its restart in telemetry", () => system.partition("linux").telemetry?.restarts === 1);
  });

  test("the host kills and restarts Linux", async () => {
    const seen = system.said("linux").length;
    await unnoticed(
      async () => system.session.link.command(system.index("linux"), "restart"),
      async () => void (await system.line("linux", /^axv: linux=.*cpus=2 disk=ok net=ok/, seen)),
    );
  });

  test("`poweroff` turns Linux's partition off, and the host turns it on again", async () => {
    await system.until(
      "a prompt",
      () => SHELL_PROMPT.test(system.said("linux").at(-1) ?? "") || system.said("linux").some((text) => /scans=/.test(text)),
    );
    await unnoticed(
      () => system.type("linux", "\npoweroff\n"),
      async () => system.until("Linux off", () => state("linux") === "off"),
    );
    const seen = system.said("linux").length;
    await unnoticed(
      async () => system.session.link.command(system.index("linux"), "start"),
      async () => void (await system.line("linux", /^axv: linux=.*cpus=2 disk=ok net=ok/, seen)),
    );
  });

  test.runIf(interrupts === "direct")("after all that the PLC guest has not had a single exit since it was ready", () => {
    expect(plc().sinceReady.exits).toBe(0);
  });
});
