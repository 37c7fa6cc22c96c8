import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TARGETS } from "../../tools/build/targets/index.ts";
import { RunError } from "../../tools/run/errors.ts";
import { INHERITED_IMAGE, startQemu } from "../../tools/run/qemu.ts";
import { assemble, counting, echoing, smallMachine } from "./bare-metal.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "axv-qemu-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Processes whose command line names our temporary folder: nobody else's. */
async function processes(): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, "latin1").catch(() => "");
    if (line.includes(folder)) found.push(Number(name));
  }
  return found;
}

const noneLeft = (): Promise<void> => expect.poll(processes).toEqual([]);

async function failure(promise: Promise<unknown>): Promise<RunError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RunError)) throw new Error(`not a RunError: ${String(error)}`);
  return error;
}

describe("the UART", () => {
  test("loses no byte, neither the first ones nor while nobody reads", async () => {
    const lines = 40_000; // 360 KB: more than all the buffers on the way hold
    const machine = await startQemu(smallMachine(assemble(folder, counting(lines))));
    await sleep(1500); // QEMU prints, fills the socket, and waits
    let text = "";
    machine.uart.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
    });
    const expected = Array.from({ length: lines }, (_, n) => `${n.toString(16).padStart(8, "0")}\n`).join("");
    await expect.poll(() => text.length).toBeGreaterThanOrEqual(expected.length);
    await machine.stop();
    expect(text === expected).toBe(true);
    await noneLeft();
  });

  test("carries what is typed, more than the board's FIFO holds at a time", async () => {
    const machine = await startQemu(smallMachine(assemble(folder, echoing)));
    const sent = "abcdefghijklmnopqrstuvwxyz".repeat(40);
    machine.uart.write(sent);
    let text = "";
    machine.uart.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
    });
    await expect.poll(() => text.length).toBeGreaterThanOrEqual(sent.length);
    await machine.stop();
    expect(text).toBe(sent.toUpperCase());
  });
});

test("what boots is the file that was opened, whatever stands in its place by then", async () => {
  const image = assemble(folder, counting(1));
  const opened = openSync(image, "r");
  await rm(image);
  await writeFile(image, "something else");
  const machine = await startQemu(smallMachine(INHERITED_IMAGE), opened);
  const [bytes] = (await once(machine.uart, "data")) as [Buffer];
  await machine.stop();
  expect(bytes.toString("latin1")).toMatch(/^0/);
  expect(() => closeSync(opened)).toThrow(/EBADF/); // it is not left open here
});

describe("the end of QEMU", () => {
  test("stop ends it, also when its output is stuck because nobody reads", async () => {
    const machine = await startQemu(smallMachine(assemble(folder, counting(100_000))));
    await sleep(500);
    expect(await processes()).toHaveLength(1);
    await machine.stop();
    await noneLeft();
  });

  test("that came by itself is told", async () => {
    const machine = await startQemu(smallMachine(assemble(folder, echoing)));
    const [pid] = await processes();
    process.kill(pid ?? 0, "SIGKILL");
    const death = await machine.died;
    expect(death.code).toBe("AXV_QEMU_FAILED");
    expect(death.message).toMatch(/was killed by SIGKILL/);
    await machine.stop();
  });

  test.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)(
    "comes with the end of the process that started it: %s",
    async (signal) => {
      const image = assemble(folder, echoing);
      const parent = join(folder, "parent.ts");
      await writeFile(
        parent,
        `import { INHERITED_IMAGE, startQemu } from ${JSON.stringify(join(import.meta.dirname, "../../tools/run/qemu.ts"))};
       await startQemu(${JSON.stringify(smallMachine(image))});
       console.log("started");
       setInterval(() => {}, 1000);`,
      );
      const child = spawn(process.execPath, [parent], { stdio: ["ignore", "pipe", "inherit"] });
      await once(child.stdout, "data");
      expect(await processes()).toHaveLength(2);
      child.kill(signal);
      await once(child, "exit");
      await noneLeft();
    },
  );
});

describe("a QEMU that cannot start is explained, and gone", () => {
  test("not installed", async () => {
    vi.stubEnv("PATH", folder);
    const error = await failure(startQemu([]));
    expect(error.code).toBe("AXV_PROGRAM_MISSING");
    expect(error.message).toBe("qemu-system-aarch64 is not installed. Install it with: apt-get install qemu-system-arm");
    vi.stubEnv("AXV_QEMU", join(folder, "another"));
    expect((await failure(startQemu([]))).message, "AXV_QEMU names it").toMatch(/^\/.*\/another is not installed/);
    vi.stubEnv("AXV_QEMU", join(folder, "qemu-system-aarch64"));
    const riscv = await failure(startQemu([], undefined, TARGETS.riscv64.emulator));
    expect(riscv.message, "another ISA's lies beside it").toMatch(/^\/.*\/qemu-system-riscv64 is not installed/);
  });

  test("wrong arguments", async () => {
    const error = await failure(startQemu(["-M", "virt", "-kernel", join(folder, "none.bin")]));
    expect(error.code).toBe("AXV_QEMU_FAILED");
    expect(error.message).toMatch(/ended by itself with status 1\. It said:\n.*could not load kernel/s);
    await noneLeft();
  });

  test("a port in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = address !== null && typeof address !== "string" ? address.port : 0;
    const gdb = await failure(startQemu([...smallMachine(assemble(folder, echoing)), "-S", "-gdb", `tcp:127.0.0.1:${port}`]));
    expect(gdb.code).toBe("AXV_QEMU_PORT");
    const forward = await failure(startQemu(["-M", "virt", "-netdev", `user,id=net,hostfwd=tcp:127.0.0.1:${port}-:22`]));
    expect(forward.code).toBe("AXV_QEMU_PORT");
    expect(forward.message).toMatch(/ss -ltnp/);
    server.close();
    await noneLeft();
  });

  test("a program that is not QEMU", async () => {
    const fake = join(folder, "qemu-system-aarch64");
    await writeFile(fake, "#!/bin/sh\necho nonsense >&2\nexit 3\n");
    await chmod(fake, 0o755);
    await symlink(execFileSync("which", ["setpriv"], { encoding: "utf8" }).trim(), join(folder, "setpriv"));
    vi.stubEnv("PATH", folder);
    const error = await failure(startQemu([]));
    expect(error.message).toBe("QEMU ended by itself with status 3. It said:\nnonsense");
  });
});
