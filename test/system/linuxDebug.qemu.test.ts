// Debugging inside a Linux partition, with the debug registers that the pCPU has: by a tracer of our own, and
// by Debian's gdbserver with a gdb outside.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureLinux } from "../../tools/linux/linux.ts";
import { gdbserver } from "../linux/debug/gdbserver.ts";
import { extend, linuxProgram } from "../linux/debug/programs.ts";
import { Monitor } from "../hostile/qemu/monitor.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { freePort, runGdb } from "./gdb.ts";

/** Where gdbserver listens, in the partition. */
const PORT = 2345;

let folder: string;
let system: BootedSystem;
let monitor: Monitor;
let debuggee: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-debug-"));
  const linux = await ensureLinux();
  debuggee = linuxProgram(folder, "debuggee");
  const initrd = extend(linux.initramfs, folder, [linuxProgram(folder, "tracer"), debuggee], await gdbserver(folder));
  const place = Monitor.place();
  system = await BootedSystem.boot("linux-debug", `
board: qemu-aarch64
partitions:
  linux:
    guest: linux
    image: ${linux.kernel}
    initrd: ${initrd}
    cpus: [0, 1]
    memory: 256M
    devices: [virtio0, virtio1]
`, { qemu: place.qemu });
  monitor = await Monitor.connect(place.folder);
  await system.line("linux", /^axv: linux=.*net=ok/);
});
afterAll(async () => {
  monitor?.close();
  await system?.stop();
  rmSync(folder, { recursive: true });
});

test("ptrace: 40 single steps are 40 stops, and a watchpoint is hit", async () => {
  system.type("linux", "tracer\n");
  await system.line("linux", /^tracer: watchpoint/);
  expect(system.said("linux").filter((text) => text.startsWith("tracer: "))).toEqual([
    "tracer: 40 steps",
    "tracer: watchpoint hit",
  ]);
});

test("Debian's gdbserver: hbreak stops where it should, stepi goes on by one instruction, watch sees the store", async () => {
  const port = await freePort();
  await monitor.forward("network0", port, PORT);
  system.type("linux", `gdbserver 0.0.0.0:${PORT} /bin/debuggee\n`);
  await system.line("linux", /Listening on port/);
  const said = await runGdb([
    `file ${debuggee}`,
    `target remote 127.0.0.1:${port}`,
    "hbreak count",
    "continue",
    'printf "at %#lx\\n", $pc',
    "stepi",
    'printf "at %#lx\\n", $pc',
    "stepi",
    'printf "at %#lx\\n", $pc',
    "delete",
    "watch counter",
    "continue",
    "continue",
    "info watchpoints",
    "kill",
  ]);
  expect(said).toMatch(/Hardware assisted breakpoint 1 at .*debuggee\.c/);
  expect(said).toMatch(/Breakpoint 1, count \(\)/);
  const [first = 0, second, third] = [...said.matchAll(/^at (0x[0-9a-f]+)$/gm)].map(([, pc]) => Number(pc));
  expect([second, third]).toEqual([first + 4, first + 8]);
  const values = [...said.matchAll(/Hardware watchpoint 2: counter\s+Old value = (\d+)\s+New value = (\d+)/g)].map(
    ([, old, now]) => [Number(old), Number(now)],
  );
  expect(values).toEqual([
    [0, 1],
    [1, 2],
  ]);
});
