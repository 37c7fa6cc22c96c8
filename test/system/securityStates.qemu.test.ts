// A board whose firmware stays at EL3: a GICv3 with two Security states, where priorities are seen shifted, and the priority mask
// only if firmware takes FIQs (SCR_EL3.FIQ; IHI 0069 §4.8.6). Injected and direct interrupts work in either world.
import { closeSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { CLANG, LLD, runTool } from "../../tools/build/native.ts";
import { beforeImage } from "../../tools/build/pack.ts";
import type { PartitionRecord } from "../../industrial/live/monitor.ts";
import { prepare } from "../../tools/run/prepare.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";
import { until } from "../patience.ts";
import { guestImage } from "./guestImage.ts";

/** Two guests of that image, or the PLC guest's own. */
const yaml = (image = ""): string => `
board: qemu-aarch64
partitions:
  injected: { guest: plc, ${image}cpus: [1], memory: 16M }
  direct: { guest: plc, ${image}cpus: [3], memory: 16M, interrupts: direct }
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-security-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** `image`: where it goes on, at EL2. */
function buildFirmware(fiq: number, image: number): string {
  const object = join(folder, "firmware.o");
  const file = join(folder, "firmware.bin");
  const defines = [`-DFIQ=${fiq}`, `-DIMAGE=${image}`];
  runTool(CLANG, ["--target=aarch64-none-elf", ...defines, "-c", "test/system/assembly/firmware.S", "-o", object]);
  runTool(LLD, ["--oformat=binary", "-Ttext=0", "--entry=0", object, "-o", file]);
  return file;
}

interface Booted {
  readonly session: Session;
  /** Until it holds for both partitions. */
  readonly until: (what: string, condition: (partition: PartitionRecord) => boolean) => Promise<void>;
}

async function withBoard(fiq: number, system: string, use: (booted: Booted) => Promise<void>): Promise<void> {
  const file = join(folder, `security-states-${fiq}.yaml`);
  writeFileSync(file, system);
  const { plan, image, opened } = await prepare(file, () => {});
  closeSync(opened);
  const at = plan.image.base + beforeImage("aarch64", readFileSync(image));
  const machine = await startQemu([
    ...[
      "-M",
      "virt,secure=on,virtualization=on,gic-version=3",
      "-cpu",
      "cortex-a53",
      "-smp",
      "4",
      "-m",
      "1G",
      "-bios",
      buildFirmware(fiq, at),
    ],
    ...["-device", `loader,file=${image},addr=0x${at.toString(16)},force-raw=on`],
  ]);
  const session = new Session(machine.uart, plan.partitions);
  const holds = (name: string, condition: (partition: PartitionRecord) => boolean): boolean => {
    const partition = session.monitor.named(name);
    return partition !== undefined && condition(partition);
  };
  try {
    await use({
      session,
      until: (what, condition) => until(what, () => ["injected", "direct"].every((name) => holds(name, condition))),
    });
  } finally {
    session.link.close();
    await machine.stop();
  }
}

const scans = (partition: PartitionRecord): bigint => partition.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
const restarts = (partition: PartitionRecord): number => partition.telemetry?.restarts ?? 0;

describe.each([0, 1])("two Security states, SCR_EL3.FIQ = %i", (fiq) => {
  test("both guests run, and are restarted", () =>
    withBoard(fiq, yaml(), async ({ session, until }) => {
      await until("scans", (partition) => scans(partition) > 100n);
      for (const partition of [0, 1]) await session.link.command(partition, "restart");
      await until("a second life", (partition) => restarts(partition) === 1 && scans(partition) > 100n);
      expect(session.monitor.named("direct")?.telemetry?.restarts).toBe(1);
    }));

  test("the interrupt that a guest has not ended when it is restarted comes again in its next life, and in each", () =>
    withBoard(fiq, yaml(`image: ${guestImage(folder, "unended", "qemu-aarch64")}, `), async ({ until }) => {
      await until("a fourth life", (partition) => restarts(partition) >= 3);
    }));
});
