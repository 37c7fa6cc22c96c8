// A guest beside Linux, with images that whoever runs this has built: VARIABLE=image[:image…]. Each is run on every board
// that has a GIC it can be for, on each of some sets of pCPUs, with interrupts injected and direct: it gets ready, answers
// what is typed through `axv-part console`, powers off alone where it can; and Linux is not disturbed.
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { gicVersions, probe } from "../../tools/guest/probe.ts";
import { everyProfile } from "../../tools/guest/profiles.ts";
import { GuestRun } from "./guestRun.ts";
import type { GuestConsole } from "./guestRun.ts";

export interface GuestSpec {
  /** Of the environment. */
  readonly variable: string;
  readonly profile: string;
  /** pCPU 1 is left to housekeeping, 0 to Linux. */
  readonly cpus: readonly (readonly number[])[];
  /** What it prints when it can be talked to. */
  readonly ready: RegExp;
  /** Types, and holds it to its answers. */
  readonly talk: (console: GuestConsole, vcpus: number) => Promise<void>;
  /** Its timer rings however little it has to do. */
  readonly ticks: boolean;
  /** What to type, given what it has printed; without this key it cannot be told to power off. */
  readonly powerOff?: (printed: string) => string;
}

const BOARDS: Readonly<Record<number, string>> = { 2: "qemu-aarch64-gicv2", 3: "qemu-aarch64" };
const INTERRUPTS = ["injected", "direct"] as const;

export function besideLinux(spec: GuestSpec): void {
  const images = (process.env[spec.variable] ?? "").split(":").filter((path) => path !== "");
  if (images.length === 0) {
    console.log(`${spec.profile} is not booted: ${spec.variable} names no image`);
    test.skip(`${spec.profile} beside Linux: set ${spec.variable}=image[:image…]`, () => {});
    return;
  }
  describe.each(images.map((path) => resolve(path)))(`${spec.profile}: %s`, (path) => {
    const found = probe(path, readFileSync(path), everyProfile());

    test("is recognised, with nothing missing", () => {
      expect(found.profile?.name).toBe(spec.profile);
      expect(found.missing).toEqual([]);
    });

    const variants = gicVersions(found).flatMap((gic) =>
      spec.cpus.flatMap((cpus) => INTERRUPTS.map((interrupts) => ({ gic, cpus, interrupts }))),
    );
    test.each(variants)("runs: GICv$gic, pCPUs $cpus, $interrupts", async ({ gic, cpus, interrupts }) => {
      const run = new GuestRun(
        `${basename(path)}-gicv${gic}-${cpus.length}-${interrupts}`,
        `board: ${BOARDS[gic]}
partitions:
  linux: { guest: linux, cpus: [0], memory: 256M }
  rtos: { guest: ${spec.profile}, cpus: [${cpus}], interrupts: ${interrupts}, image: ${path} }
`,
      );
      try {
        await runIt(spec, run, cpus.length, interrupts);
      } finally {
        await run.stop();
      }
    });
  });
}

async function runIt(spec: GuestSpec, run: GuestRun, vcpus: number, interrupts: "injected" | "direct"): Promise<void> {
  const guest = await run.console("rtos");
  const printed = await guest.until(spec.ready);
  await spec.talk(guest, vcpus);

  // Its ticks come by the hypervisor, or without it.
  await run.until("telemetry", () => run.exits("rtos", 0, "timer") !== undefined);
  if (interrupts === "direct") expect(run.exits("rtos", 0, "timer")).toBe(0);
  else if (spec.ticks) await run.until("a tick", () => (run.exits("rtos", 0, "timer") ?? 0) > 0);

  const linux = await run.console("linux");
  await linux.until(/^axv: linux=.*cpus=1/m);
  await linux.until(/linux:\/#/);
  if (spec.powerOff !== undefined) {
    guest.type(spec.powerOff(printed));
    await run.until("rtos off", () => run.state("rtos") === "off");
  } else expect(run.state("rtos")).toBe("running");
  expect(await linux.ask("echo sum $((6 * 7))", /^sum 42/m)).toContain("sum 42");
  expect(run.state("linux")).toBe("running");
  expect(run.restarts("linux")).toBe(0);
  expect(run.restarts("rtos")).toBe(0);
}
