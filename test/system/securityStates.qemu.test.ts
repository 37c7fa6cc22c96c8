// A board whose firmware stays at EL3: a GICv3 with two Security states, where priorities are seen shifted, and the priority mask
// only if firmware takes FIQs (SCR_EL3.FIQ; IHI 0069 §4.8.6). Injected and direct interrupts work in either world.
import { closeSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { CLANG, LLD, runTool } from "../../tools/build/native.ts";
import { prepare } from "../../tools/run/prepare.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";

const PATIENCE_MS = 60_000;
const POLL_MS = 100;
const SYSTEM = `
board: qemu-aarch64
partitions:
  injected: { guest: plc, cpus: [1], memory: 16M }
  direct: { guest: plc, cpus: [3], memory: 16M, interrupts: direct }
`;

function buildFirmware(folder: string, fiq: number): string {
  const object = join(folder, "firmware.o");
  const file = join(folder, "firmware.bin");
  runTool(CLANG, ["--target=aarch64-none-elf", `-DFIQ=${fiq}`, "-c", "test/system/assembly/firmware.S", "-o", object]);
  runTool(LLD, ["--oformat=binary", "-Ttext=0", "--entry=0", object, "-o", file]);
  return file;
}

test.each([0, 1])("two Security states, SCR_EL3.FIQ = %i: both guests run, and are restarted", async (fiq) => {
  const folder = mkdtempSync(join(tmpdir(), "axv-security-"));
  const file = join(folder, `security-states-${fiq}.yaml`);
  writeFileSync(file, SYSTEM);
  const { plan, image, opened } = await prepare(file, () => {});
  closeSync(opened);
  const machine = await startQemu([
    ...["-M", "virt,secure=on,virtualization=on,gic-version=3", "-cpu", "cortex-a53", "-smp", "4", "-m", "1G", "-bios", buildFirmware(folder, fiq)],
    ...["-device", `loader,file=${image},addr=0x${plan.image.base.toString(16)},force-raw=on`],
  ]);
  const session = new Session(machine.uart, plan.partitions);
  const until = async (what: string, condition: (name: string) => boolean): Promise<void> => {
    const end = Date.now() + PATIENCE_MS;
    while (!["injected", "direct"].every(condition)) {
      if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  try {
    await until("scans", (name) => (session.monitor.named(name)?.tag(plcAbi.PLC_TAG_SCANS) ?? 0n) > 100n);
    for (const partition of [0, 1]) await session.link.command(partition, "restart");
    await until("a second life", (name) => session.monitor.named(name)?.telemetry?.restarts === 1 && (session.monitor.named(name)?.tag(plcAbi.PLC_TAG_SCANS) ?? 0n) > 100n);
    expect(session.monitor.named("direct")?.telemetry?.restarts).toBe(1);
  } finally {
    session.link.close();
    await machine.stop();
    rmSync(folder, { recursive: true });
  }
});
