// RT-Thread beside Linux, with images that whoever runs this has built: AXV_GUEST_RTTHREAD=image[:image…]. Each is run on
// every board that has a GIC it can be for, with one and with two vCPUs, with interrupts injected and direct: it reaches its
// prompt, answers what is typed through `axv-part console`, and powers off alone.
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { profiles } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { gicVersions, probe } from "../../tools/guest/probe.ts";
import { GuestRun } from "./guestRun.ts";

const VARIABLE = "AXV_GUEST_RTTHREAD";
const images = (process.env[VARIABLE] ?? "").split(":").filter((path) => path !== "");
const BOARDS: Readonly<Record<number, string>> = { 2: "qemu-aarch64-gicv2", 3: "qemu-aarch64" };
/** pCPU 1 is nobody's: housekeeping. */
const CPUS = [[3], [2, 3]] as const;
const INTERRUPTS = ["injected", "direct"] as const;
const PROMPT = /msh [/>]/;

const shelf = profiles();
const all = shelf.names.flatMap((name) => shelf.get(name, new Findings(new YamlSource("", ""))) ?? []);

if (images.length === 0) {
  console.log(`RT-Thread is not booted: ${VARIABLE} names no image`);
  test.skip(`RT-Thread beside Linux: set ${VARIABLE}=image[:image…]`, () => {});
}

describe.each(images.map((path) => resolve(path)))("%s", (path) => {
  const found = probe(path, readFileSync(path), all);

  test("is recognised as RT-Thread, with nothing missing", () => {
    expect(found.profile?.name).toBe("rt-thread");
    expect(found.missing).toEqual([]);
  });

  const variants = gicVersions(found).flatMap((gic) =>
    CPUS.flatMap((cpus) => INTERRUPTS.map((interrupts) => ({ gic, cpus, interrupts }))),
  );
  test.each(variants)("runs beside Linux: GICv$gic, pCPUs $cpus, $interrupts", async ({ gic, cpus, interrupts }) => {
    const run = new GuestRun(
      `${basename(path)}-gicv${gic}-${cpus.length}-${interrupts}`,
      `board: ${BOARDS[gic]}
partitions:
  linux: { guest: linux, cpus: [0], memory: 256M }
  rtos: { guest: rt-thread, cpus: [${cpus}], interrupts: ${interrupts}, image: ${path} }
`,
    );
    try {
      const msh = await run.console("rtos");
      const banner = await msh.until(PROMPT);
      const [version = "", major = ""] = /([45])\.\d+\.\d+ build/.exec(banner) ?? [];
      expect(await msh.ask("version", /build[^]*msh/)).toContain(version);
      const threads = await msh.ask("ps", /tidle0[^]*msh/);
      expect(threads).toContain("tshell");
      // Built for more than one CPU: the second one came up, and runs its idle thread.
      if (cpus.length > 1 && threads.includes("tidle1")) await msh.until(/call cpu ?1.*on success/i);

      // It ticks all the time: by the hypervisor, or without it.
      await run.until("telemetry", () => run.exits("rtos", 0, "timer") !== undefined);
      if (interrupts === "direct") expect(run.exits("rtos", 0, "timer")).toBe(0);
      else expect(run.exits("rtos", 0, "timer")).toBeGreaterThan(0);

      const linux = await run.console("linux");
      await linux.until(/^axv: linux=.*cpus=1/m);
      await linux.until(/linux:\/#/);

      msh.type(major === "4" ? "poweroff" : "shutdown");
      await run.until("rtos off", () => run.state("rtos") === "off");
      expect(await linux.ask("echo sum $((6 * 7))", /^sum 42/m)).toContain("sum 42");
      expect(run.state("linux")).toBe("running");
      expect(run.restarts("linux")).toBe(0);
      expect(run.restarts("rtos")).toBe(0);
    } finally {
      await run.stop();
    }
  });
});
