// `axv-part run` as a process, on a fake board: what it shows, how it ends, what it leaves behind.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Sandbox, until } from "./fake-run.ts";

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.close());

const nothingLeft = async (): Promise<void> => {
  await until(() => sandbox.qemus().length === 0);
  expect(sandbox.sockets()).toEqual([]);
};

describe("what it shows in a pipe", () => {
  test("both consoles labelled, the hypervisor's text and events, and the tables; status 0", async () => {
    const run = sandbox.run(["--for", "1s"]);
    expect(await run.ended).toBe(0);
    const lines = run.output().split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "axv   │ axv: image at 0x0000000040200000",
        "axv   ● hypervisor at 0x40200000 booted 2 partitions in 0.4 ms",
        "linux ● started at 0x60000000",
        "plc   ● started at 0x40000000",
        "linux │ Booting Linux on physical CPU 0x0000000000 [0x410fd034]",
        "plc   │ plc: scans=1000 overruns=0 cycle=999/1000/1001 us",
        "linux runs, never restarted                    ok      running, restarts 0",
      ]),
    );
    expect(run.output()).toMatch(
      /^PARTITION +STATE .*\nlinux +running .*\nplc +running +\S+ +0 +0 +direct +32 +0 in \d\d:\d\d /m,
    );
    expect(run.output()).not.toContain("\u001b");
    expect(run.errors()).toBe("");
    await nothingLeft();
  });

  test("--json: every line is an object, with the same things in it", async () => {
    const run = sandbox.run(["--for", "1s", "--json"]);
    expect(await run.ended).toBe(0);
    const objects = run.output().trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(objects).toContainEqual({ type: "text", text: "axv: image at 0x0000000040200000" });
    expect(objects).toContainEqual({
      type: "console",
      partition: "linux",
      text: "Booting Linux on physical CPU 0x0000000000 [0x410fd034]",
    });
    expect(objects).toContainEqual(
      expect.objectContaining({ type: "event", partition: "plc", code: 2, a: 0x40000000, text: "started at 0x40000000" }),
    );
    expect(objects).toContainEqual(
      expect.objectContaining({
        type: "partition",
        partition: "plc",
        state: "running",
        tags: expect.objectContaining({ scans: 2000 }) as unknown,
      }),
    );
    expect(objects).toContainEqual(
      expect.objectContaining({
        type: "partition",
        partition: "plc",
        interrupts: "direct",
        exits_since_ready: null,
        since_ready_ns: 0,
      }),
    );
    expect(objects).toContainEqual(
      expect.objectContaining({ type: "partition", partition: "plc", exits_since_ready: 0, since_ready_ns: 3_000_000_000 }),
    );
    expect(objects).toContainEqual(
      expect.objectContaining({ type: "partition", partition: "linux", interrupts: "injected", exits_since_ready: null }),
    );
    const maxima = { cycle: 1_001_000, jitter: 5000, execution: 3000 };
    const plc = { type: "partition", partition: "plc" };
    expect(objects).toContainEqual(expect.objectContaining({ ...plc, load: 0.0024, maxima, maxima_since_ns: null }));
    const jitter = { name: "jitter", samples: 1, from_ns: 795, step_ns: 1, median_ns: 800, p99_ns: 800, largest_ns: 800, far: 0 };
    const histograms = expect.arrayContaining([{ ...jitter, counts: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0] }]) as unknown;
    expect(objects).toContainEqual(expect.objectContaining({ ...plc, histograms }));
    expect(objects).toContainEqual(
      expect.objectContaining({
        type: "vcpu",
        partition: "linux",
        vcpu: 1,
        exits: expect.objectContaining({ timer: 500, hvc: 6 }) as unknown,
      }),
    );
    expect(objects.at(-1)).toMatchObject({
      type: "end",
      checks: expect.arrayContaining([
        { name: "plc never held by the hypervisor", verdict: "passed", detail: "held 0" },
      ]) as unknown,
    });
  });
});

describe("--for", () => {
  test("counts from when every partition has started", async () => {
    const begun = Date.now();
    expect(await sandbox.run(["--for", "700ms"]).ended).toBe(0);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(700);
  });

  test("a failed check: status 1, and the table says which", async () => {
    const run = sandbox.run(["--for", "1s"], { AXV_FAKE_DEFECT: "no-disk" });
    expect(await run.ended).toBe(1);
    expect(run.output()).toMatch(/linux has its CPUs, disk, network and channel +FAILED +axv: .*disk=absent/);
    await nothingLeft();
  });

  test("what has not been seen when the time is over gets longer, on a slow host", async () => {
    const run = sandbox.run(["--for", "50ms"], { AXV_FAKE_PERIOD: "2000" }); // far apart, however slow this host is
    expect(await run.ended).toBe(0);
    expect(run.output()).toMatch(/the time is over, but this has not been seen yet.*linux has its CPUs/);
  });
});

describe("a run that has failed for certain ends at once, with and without --for: its own message, status 1", () => {
  test.each([
    ["refuses", "1000", [], /the hypervisor refused to start anything[^]*axv: pCPU 0x0000000000000000: PA bits: planned/],
    ["panics", "100", ["--for", "60s"], /the hypervisor has panicked[^]*axv: PANIC in the hypervisor on pCPU 0x0/],
    ["dies", "100", [], /the hypervisor has been silent for 3/],
    ["plc-mute", "20", ["--for", "60s"], /plc has run for 20 s without printing anything/],
  ] as const)("%s", async (defect, period, parameters, message) => {
    const run = sandbox.run(parameters, { AXV_FAKE_DEFECT: defect, AXV_FAKE_PERIOD: period });
    expect(await run.ended).toBe(1);
    expect(run.errors()).toMatch(message);
    await nothingLeft();
  });
});

describe("however it ends, QEMU is gone and no socket is left", () => {
  test.each([
    ["SIGINT", 0], // Ctrl-C is how a run without --for is ended
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s: the summary is shown, status %i", async (signal, status) => {
    const run = sandbox.run();
    await until(() => run.output().includes("scans=2000"));
    expect(sandbox.qemus()).toHaveLength(1);
    expect(sandbox.sockets()).toHaveLength(1);
    run.child.kill(signal);
    expect(await run.ended).toBe(status);
    expect(run.output()).toMatch(/PLC +SCANS[^\n]*\nplc +\d+000 +0 [^\n]*\n$/);
    await nothingLeft();
  });

  test("Ctrl-C before the time of --for is over: status 130", async () => {
    const run = sandbox.run(["--for", "60s"]);
    await until(() => run.output().includes("scans=1000"));
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(130);
    await nothingLeft();
  });

  test("QEMU dies: its last words, status 1", async () => {
    const run = sandbox.run([], { AXV_FAKE_DIES: "3" });
    expect(await run.ended).toBe(1);
    const said = "QEMU ended by itself with status 7. It said:\nfake-qemu: as told, dying now";
    expect(run.errors()).toBe(`axv-part: ${said}\n[AXV_QEMU_FAILED]\n`);
    expect(run.output()).toContain("scans=3000"); // nothing of what came before is lost
    await nothingLeft();
  });

  test("killed: QEMU ends too; its socket is swept by whoever comes next", async () => {
    const run = sandbox.run();
    await until(() => run.output().includes("scans=1000"));
    run.child.kill("SIGKILL");
    expect(await run.ended).toBe("SIGKILL");
    await until(() => sandbox.qemus().length === 0);
    const next = sandbox.run(["--for", "1s"]);
    expect(await next.ended).toBe(0);
    await nothingLeft();
  });

  test("the reader of its output goes away: quietly, as after SIGPIPE", async () => {
    const run = sandbox.run();
    await until(() => run.output().includes("scans=1000"));
    run.child.stdout.destroy();
    expect(await run.ended).toBe(141);
    expect(run.errors()).toBe("");
    await nothingLeft();
  });

  test.each([
    ["/nonexistent/axv.sock", "its folder is not there, or you may not write into it"],
    [import.meta.filename, "something of that name is there already"],
  ])("a socket path that cannot be had, %s: one message, status 1", async (path, why) => {
    const run = sandbox.run(["--link", path]);
    expect(await run.ended).toBe(1);
    expect(run.errors()).toBe(`axv-part: cannot listen on ${path}: ${why}. Choose another path with --link [AXV_RUN_PATH]\n`);
    await nothingLeft();
  });
});
