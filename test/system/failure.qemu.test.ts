// A partition that fails: what its on_failure says happens to it, and nothing to its neighbour. The guest fails in earnest: a
// debugger bends its stack pointer to where its own page tables let it go, but it owns nothing.
import { afterEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { freePort, gdb } from "./gdb.ts";
import { twoPlcs } from "./systems.ts";

/** In the 2 MiB that the PLC guest maps for its GIC, behind its redistributor: nothing is there. */
const NOWHERE = 0x0810_0000;
const PAGE = 0x1000n;

let system: BootedSystem | undefined;
afterEach(async () => system?.stop());

async function failing(failure: "stop" | "restart" | "inspect"): Promise<BootedSystem> {
  const port = await freePort();
  const booted = await BootedSystem.boot(`failure-${failure}`, twoPlcs({ onFailure: failure }), {
    qemu: ["-gdb", `tcp:127.0.0.1:${port}`],
  });
  system = booted;
  await booted.until("scans of both", () => scans(booted, "first") > 10n && scans(booted, "second") > 10n);
  // pCPU 1 is QEMU's thread 2. PSTATE.EL (CPSR bits 3 and 2) is 1 in the guest.
  await gdb(port, booted.plan.image.base, [
    "thread 2",
    "while ($cpsr & 0xc) != 4",
    "stepi",
    "end",
    `set $sp = ${NOWHERE}`,
    "detach",
  ]);
  return booted;
}

const scans = (booted: BootedSystem, name: string): bigint => booted.partition(name).tag(plcAbi.PLC_TAG_SCANS) ?? 0n;

async function neighbourGoesOn(booted: BootedSystem): Promise<void> {
  const before = scans(booted, "second");
  await booted.until("the neighbour's scans going on", () => scans(booted, "second") > before + 500n);
  expect(booted.partition("second").held).toBe(0n);
  expect(booted.partition("second").telemetry?.restarts).toBe(0);
  expect(booted.partition("second").exits[abi.EXIT_FAULT]).toBe(0);
}

describe("a partition that stores where it owns nothing", () => {
  test("on_failure: stop — it is stopped, and reported with address and program counter", async () => {
    const booted = await failing("stop");
    await booted.until("failed", () => booted.partition("first").telemetry?.state === "failed");
    const fault = booted.partition("first").events.find(({ code }) => code === abi.EVENT_FAULT);
    expect(fault?.b).toBeLessThan(BigInt(NOWHERE));
    expect(fault?.b).toBeGreaterThanOrEqual(BigInt(NOWHERE) - PAGE);
    const ram = booted.plan.partitions[booted.index("first")]?.regions[0];
    expect(fault?.c).toBeGreaterThanOrEqual(BigInt(ram?.ipa ?? 0));
    expect(fault?.c).toBeLessThan(BigInt((ram?.ipa ?? 0) + (ram?.size ?? 0)));
    await neighbourGoesOn(booted);
  });

  test("on_failure: restart — it starts anew", async () => {
    const booted = await failing("restart");
    await booted.until("a restart", () => booted.partition("first").telemetry?.restarts === 1);
    await booted.until(
      "scans again",
      () => scans(booted, "first") > 100n && booted.partition("first").telemetry?.state === "running",
    );
    await neighbourGoesOn(booted);
  });

  test("on_failure: inspect — it is left as it was, until the host starts it", async () => {
    const booted = await failing("inspect");
    await booted.until("left for inspection", () => booted.partition("first").telemetry?.state === "inspect");
    await neighbourGoesOn(booted);
    await booted.session.link.command(booted.index("first"), "start");
    await booted.until("running again", () => booted.partition("first").telemetry?.state === "running");
  });
});
