// A direct neighbour ends the victim's level SPI in ICC_EOIR1_EL1 (GICC_EOIR on a GICv2) all the time, before it is acknowledged
// and while it is handled: one exit more and a maintenance interrupt for each that comes. One executed instruction is one
// nanosecond of the counter here (-icount), so how long the handler waits and takes is a number of instructions, of a quiet
// neighbour's turns too; test/core/eoirStorm.test.ts has the single steps.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { bareMetalProgram } from "../guests/bareMetal/program.ts";
import { BootedSystem } from "../system/bootedSystem.ts";
import { BOARDS } from "../system/systems.ts";

const RAM = 0x4000_0000;
/** Of each kind (eoir.c). */
const EVENTS = 20;
/** Of the counter: 62.5 MHz. */
const NANOSECONDS_A_TICK = 16;
/** More instructions of an event, as the storm goes on: of two exits, and of the turns of others meanwhile. */
const MORE = 1000;

let folder: string;
let system: BootedSystem | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-eoir-"));
});
afterEach(async () => {
  await system?.stop();
  rmSync(folder, { recursive: true });
});

test.each(BOARDS)("%s", async (board) => {
  const gic = board === "qemu-aarch64" ? 3 : 2;
  const image = (name: string): string => bareMetalProgram(folder, name, "eoir.c", RAM, [`-DGIC_VERSION=${gic}`]).elf;
  system = await BootedSystem.boot("eoir", `
board: ${board}
partitions:
  victim: { guest: bare-metal, image: ${image("victim")}, cpus: [1], devices: [rtc] }
  attacker: { guest: bare-metal, image: ${image("attacker")}, cpus: [3], interrupts: direct }
channels:
  turns: { between: [victim, attacker] }
`, { qemu: ["-icount", "shift=0,sleep=off"] });
  const booted = system;
  const times = async (what: string): Promise<{ readonly waits: number; readonly handles: number }> => {
    const found = /waits (\d+), handles (\d+)/.exec(await booted.line("victim", new RegExp(`^victim: ${what}: waits`)));
    return { waits: Number(found?.[1]) * NANOSECONDS_A_TICK, handles: Number(found?.[2]) * NANOSECONDS_A_TICK };
  };
  const [quiet, storm] = [await times("quiet"), await times("storm")];
  const time = booted.partition("victim").vcpus[0]?.time ?? 0n;
  await booted.until("the exits of all that", () => (booted.partition("victim").vcpus[0]?.time ?? 0n) > time);
  const [interrupts, maintenance] = [abi.EXIT_INTERRUPT, abi.EXIT_MAINTENANCE].map(
    (cause) => booted.partition("victim").exits[cause] ?? 0
  );
  expect(storm.waits).toBeLessThanOrEqual(quiet.waits + MORE);
  expect(storm.handles).toBeLessThanOrEqual(quiet.handles + MORE);
  // QEMU's GICv2 keeps who has acknowledged an SPI, and lets nobody else end it: there the storm comes to nothing.
  expect([interrupts, maintenance]).toEqual(gic === 3 ? [EVENTS + 2 * EVENTS, EVENTS] : [2 * EVENTS, 0]);
});
