// npm run bench:update: how long a new image of 16 MiB for one partition takes from Linux until it is checked and ready, under
// QEMU with -icount, where an instruction takes a nanosecond of all CPUs' one clock. Ends with 1 when it is over the goal.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MIB } from "../../partitions/units.ts";
import { BootedSystem } from "../system/bootedSystem.ts";
import { linuxBesidePlc, makeUpdate } from "../system/updateSystem.ts";

const MEBIBYTES = 16;
const GOAL_SECONDS = 10;

/** Of Linux: beside the PLC one pCPU is spare, and the hypervisor's, or none. */
const SPARE = "0, 1";
const NONE_SPARE = "0, 1, 2";

/** Seconds until it is ready. */
async function measure(linuxCpus: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "axv-bench-update-"));
  let system: BootedSystem | undefined;
  try {
    const { text } = await makeUpdate(folder, "aarch64", linuxBesidePlc(linuxCpus), { extra: MEBIBYTES * MIB });
    const booted = await BootedSystem.boot("bench-update", text, { qemu: ["-icount", "shift=0,sleep=off"] });
    system = booted;
    await booted.line("linux", /^axv: linux=/);
    booted.type("linux", "dmesg -n 1; time update-sender /good\r");
    const took = await booted.line("linux", /^real\s/);
    await booted.until("ready", () => booted.partition("plc").telemetry?.update?.state === "ready");
    const [, minutes, seconds] = /(\d+)m ?([\d.]+)s/.exec(took) ?? [];
    return 60 * Number(minutes) + Number(seconds);
  } finally {
    await system?.stop();
    rmSync(folder, { recursive: true });
  }
}

for (const [title, linuxCpus] of [["with a spare pCPU", SPARE], ["without", NONE_SPARE]] as const) {
  const seconds = await measure(linuxCpus);
  console.log(`${MEBIBYTES} MiB from Linux until they are checked, ${title}: ${seconds} s (goal: ${GOAL_SECONDS} s)`);
  if (!(seconds <= GOAL_SECONDS)) process.exitCode = 1;
}
