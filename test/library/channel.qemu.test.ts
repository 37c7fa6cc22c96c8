// axv.h in a guest of its own beside the PLC guest, under the hypervisor: both ends of a channel, and all services.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT_HYPERCALL } from "../../core/abi.ts";
import {
  ANSWER_BYTES, ANSWER_CORRUPT, ANSWER_DONE, ANSWER_OUT_OF_RANGE, ANSWER_UNKNOWN,
} from "../../rtos-guests/channel/commands.ts";
import { PLC_TAG_SCANS } from "../../rtos-guests/plc/abi.ts";
import { BootedSystem } from "../system/bootedSystem.ts";
import { guestImage } from "./guest.ts";

let folder: string;
let system: BootedSystem | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-guest-"));
});
afterEach(async () => {
  await system?.stop();
  rmSync(folder, { recursive: true });
});

interface Kind {
  readonly board: string;
  readonly interrupts: "direct" | "injected";
  readonly services: "mailbox" | "hypercalls";
}

const yaml = ({ board, interrupts }: Kind, image: string): string => `
board: ${board}
partitions:
  plc:
    guest: plc
    cpus: [1]
    memory: 16M
    interrupts: ${interrupts}
  guest:
    guest: plc                 # its machine: RAM, channel
    image: ${image}
    cpus: [3]
    memory: 16M
    interrupts: ${interrupts}
    watchdog: 3s
    on_failure: stop
channels:
  process-image: { between: [plc, guest] }
`;

describe.each<Kind>([
  { board: "qemu-aarch64", interrupts: "direct", services: "mailbox" },
  { board: "qemu-aarch64-gicv2", interrupts: "injected", services: "hypercalls" },
])("$board, $interrupts interrupts, by $services", (kind) => {
  test("process image, setpoint, nonsense refused, garbage survived; tags, doorbells, console, watchdog", async () => {
    system = await BootedSystem.boot("library", yaml(kind, guestImage(folder, kind.services)));
    await system.line("guest", /^guest: done/);
    expect(system.said("guest").filter((line) => line.startsWith("guest: "))).toEqual([
      ...(kind.services === "mailbox" ? ["guest: mailbox 0"] : []),
      "guest: rings 0",
      "guest: working after 1",
      `guest: setpoint ${ANSWER_DONE}`,
      "guest: in force 1",
      `guest: too hot ${ANSWER_OUT_OF_RANGE}`,
      `guest: unknown ${ANSWER_UNKNOWN}`,
      `guest: told of garbage ${ANSWER_BYTES}`,
      `guest: as ${ANSWER_CORRUPT}`,
      `guest: sane again ${ANSWER_DONE}`,
      ...Array.from({ length: 5 }, () => "guest: doorbell 0"),
      "guest: done 0",
    ]);
    const guest = system.partition("guest");
    await system.until("its last tag", () => guest.tag(31) === 0xfedc_ba98_7654_3210n);
    expect(guest.tag(0)).toBeGreaterThan(0n); // scans of the PLC's, as the guest saw them
    // Telemetry may be of a moment before the last of them: the tag comes first.
    const doorbells = (): number => guest.telemetry?.doorbells ?? 0;
    const fewest = kind.services === "mailbox" ? 1 : 5; // two that a mailbox has within one tick are one
    await system.until("its doorbells", () => doorbells() >= fewest);
    expect(doorbells()).toBeLessThanOrEqual(5);
    // A vCPU's frame comes behind its partition's.
    const hypercalls = (): number => guest.exits[EXIT_HYPERCALL] ?? 0;
    const least = kind.services === "mailbox" ? 2 : 100;
    await system.until("its hypercalls", () => hypercalls() >= least);
    if (kind.services === "mailbox") expect(hypercalls()).toBe(2); // version and mailbox

    await system.until("its watchdog's expiry, for it is fed no more", () => guest.telemetry?.watchdogExpired === 1);
    const plc = system.partition("plc");
    const scans = (): bigint => plc.tag(PLC_TAG_SCANS) ?? 0n;
    const before = scans();
    await system.until("the PLC going on", () => scans() > before + 1000n);
    expect(plc.telemetry?.restarts).toBe(0);
  });
});
