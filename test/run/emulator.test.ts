// How a machine is started and ended, with a shell's script in QEMU's place: tools/run/qemu.ts. What takes the real one is in
// qemu.test.ts.
import { once } from "node:events";
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TARGETS } from "../../tools/build/targets/index.ts";
import { findQemu, type Machine, startQemu } from "../../tools/run/qemu.ts";
import { until } from "../patience.ts";

let folder: string;
const machines: Machine[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-emulator-"));
  vi.stubEnv("AXV_QEMU", "");
});
afterEach(async () => {
  vi.useRealTimers();
  for (const machine of machines.splice(0)) await machine.stop();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function program(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

const GREETING = `echo '{"QMP":{}}' >&4`;
const ANSWER = `echo '{"return":{}}' >&4`;
/** What it is told goes into a file. */
const READ = `read -r line <&4; echo "$line" >> $0.told`;
/** Until it is told to quit. */
const OBEY = `while ${READ}; do ${ANSWER}; case $line in *quit*) exit 0;; esac; done`;

/** A script that has QEMU's name, in the first folder of the PATH. */
function qemu(...steps: string[]): void {
  const file = program("qemu-system-aarch64", `#!/bin/sh\n${steps.join("\n")}\n`);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
  told = () => (existsSync(`${file}.told`) ? readFileSync(`${file}.told`, "utf8") : "");
}
let told: () => string;

async function start(parameters: readonly string[] = [], image?: number): Promise<Machine> {
  const machine = await startQemu(parameters, image);
  machines.push(machine);
  return machine;
}

const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(() => "no failure", (error: Error & { code: string }) => `${error.code}: ${error.message}`);

const isAlive = (pid = 0): boolean => existsSync(`/proc/${pid}`);

describe("a machine that starts", () => {
  test("gets our own options and its own, and is asked for nothing but to begin, and at last to quit", async () => {
    qemu(`echo "$@" > $0.parameters`, GREETING, OBEY);
    const { stop } = await start(["-M", "virt"]);
    await stop();
    expect(readFileSync(join(folder, "qemu-system-aarch64.parameters"), "utf8")).toBe(
      "-nic none -vga none -parallel none -display none -monitor none -chardev socket,id=uart,fd=3 -serial chardev:uart " +
        "-chardev socket,id=qmp,fd=4 -mon chardev=qmp,mode=control -M virt\n",
    );
    expect(told()).toBe('{"execute":"qmp_capabilities"}\n{"execute":"quit"}\n');
  });

  test("is of a session of its own, and ends with its parent, whatever ends that", async () => {
    qemu(GREETING, OBEY);
    const { pid = 0 } = await start();
    const [, , group, session] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
    expect([group, session]).toEqual([String(pid), String(pid)]);
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toContain(join(folder, "qemu-system-aarch64"));
  });

  test("a UART that breaks is no failure of its own: the machine's end says what has happened", async () => {
    qemu(GREETING, OBEY);
    const { uart } = await start();
    expect(() => uart.emit("error", new Error("EPIPE"))).not.toThrow();
  });

  test("its UART goes both ways", async () => {
    qemu(GREETING, READ, ANSWER, "read -r line <&3", 'echo "heard $line" >&3', OBEY);
    const { uart } = await start();
    uart.write("hello\n");
    const [bytes] = (await once(uart, "data")) as [Buffer];
    expect(bytes.toString()).toBe("heard hello\n");
  });

  test("finds the image's file behind its descriptor, which is closed here, whatever becomes of the machine", async () => {
    const image = join(folder, "image.bin");
    writeFileSync(image, "what boots");
    qemu("cat <&5 >&3", GREETING, OBEY);
    const opened = openSync(image, "r");
    const { uart } = await start([], opened);
    const [bytes] = (await once(uart, "data")) as [Buffer];
    expect(bytes.toString()).toBe("what boots");
    expect(() => closeSync(opened)).toThrow("EBADF");

    vi.stubEnv("PATH", "");
    const again = openSync(image, "r");
    expect(await failure(startQemu([], again))).toContain("AXV_PROGRAM_MISSING");
    expect(() => closeSync(again)).toThrow("EBADF");
  });
});

describe("a machine that does not start", () => {
  test.each([
    ["says why", "echo nonsense >&2; exit 3", "AXV_QEMU_FAILED: QEMU ended by itself with status 3. It said:\nnonsense"],
    ["says nothing", "exit 0", "AXV_QEMU_FAILED: QEMU ended by itself with status 0"],
    ["is killed", "kill -KILL $$", "AXV_QEMU_FAILED: QEMU was killed by SIGKILL"],
    ["finds a port taken", "echo 'Failed to bind: Address already in use' >&2; exit 1",
      "AXV_QEMU_PORT: a port that QEMU needs is in use: end what holds it (ss -ltnp shows it), or choose another one. QEMU " +
        "said:\nFailed to bind: Address already in use"],
    ["cannot forward to a port", "echo 'Could not set up host forwarding rule' >&2; exit 1",
      "AXV_QEMU_PORT: a port that QEMU needs is in use: end what holds it (ss -ltnp shows it), or choose another one. QEMU " +
        "said:\nCould not set up host forwarding rule"],
  ])("%s", async (_, steps, message) => {
    qemu(steps);
    expect(await failure(startQemu([]))).toBe(message);
  });

  test("says a lot: its last 4000 bytes are told", async () => {
    qemu("head -c 3000 /dev/zero | tr '\\0' a >&2", "head -c 3500 /dev/zero | tr '\\0' b >&2", "exit 1");
    expect(await failure(startQemu([]))).toBe(
      `AXV_QEMU_FAILED: QEMU ended by itself with status 1. It said:\n${"a".repeat(500)}${"b".repeat(3500)}`,
    );
  });

  test("cannot even be tried", async () => {
    qemu(GREETING);
    program("setpriv", "#!/nowhere/sh\n");
    expect(await failure(startQemu([]))).toBe(
      `AXV_QEMU_FAILED: QEMU could not be started. It said:\nspawn ${join(folder, "setpriv")} ENOENT`,
    );
  });

  test("does not greet: after two minutes it is told to quit, and at last killed", async () => {
    qemu("echo $$ > $0.pid", "exec sleep 100");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const starting = failure(startQemu([]));
    const file = join(folder, "qemu-system-aarch64.pid");
    await until("it to start", () => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"));
    const pid = Number(readFileSync(file, "utf8"));
    await vi.advanceTimersByTimeAsync(119_999);
    expect(vi.getTimerCount(), "it is still waited for").toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await starting).toBe(
      "AXV_QEMU_SILENT: QEMU did not come up within 120 s. Is the machine overloaded? Try again, and look at its load with: top",
    );
    await until("it to go", () => !isAlive(pid));
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the end of a machine", () => {
  test("that comes by itself is told, with what it said", async () => {
    qemu(GREETING, READ, ANSWER, "echo goodbye >&2; exit 7");
    const { died } = await start();
    expect((await died).message).toBe("QEMU ended by itself with status 7. It said:\ngoodbye");
  });

  test("that it was told to come to is none by itself; nothing is left to be waited for", async () => {
    qemu(GREETING, OBEY);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { died, stop, pid } = await start();
    expect(vi.getTimerCount(), "its start is over").toBe(0);
    await stop();
    expect(vi.getTimerCount()).toBe(0);
    expect(isAlive(pid)).toBe(false);
    const soon = new Promise((resolve) => setImmediate(() => resolve("nothing")));
    expect(await Promise.race([died, soon])).toBe("nothing");
  });

  test("that it is deaf to is made after two seconds", async () => {
    qemu(GREETING, READ, ANSWER, "exec sleep 100");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { stop, pid } = await start();
    let hasStopped = false;
    const stopping = stop().then(() => (hasStopped = true));
    await vi.advanceTimersByTimeAsync(1999);
    await new Promise((resolve) => setImmediate(resolve));
    expect([hasStopped, isAlive(pid)]).toEqual([false, true]);
    await vi.advanceTimersByTimeAsync(1);
    await stopping;
    expect(isAlive(pid)).toBe(false);
  });

  test("that it refuses is made at once", async () => {
    qemu(GREETING, READ, ANSWER, READ, `echo '{"error":{"desc":"no"}}' >&4`, "exec sleep 100");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { stop, pid } = await start();
    await stop();
    expect(isAlive(pid)).toBe(false);
  });

  test("comes in good order also where nobody reads what it prints", async () => {
    qemu(GREETING, READ, ANSWER, "head -c 2000000 /dev/zero >&3", OBEY);
    const { stop } = await start();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await stop();
    expect(told()).toContain("quit");
  });
});

describe("which QEMU", () => {
  beforeEach(() => {
    for (const name of ["qemu-system-aarch64", "qemu-system-riscv64", "my-qemu-system-aarch64", "another"]) program(name, "");
    mkdirSync(join(folder, "mine"));
    for (const name of ["qemu-system-aarch64", "qemu-system-riscv64"]) program(join("mine", name), "");
    vi.stubEnv("PATH", folder);
  });

  test.each([
    ["", "aarch64", "qemu-system-aarch64"],
    ["", "riscv64", "qemu-system-riscv64"],
    ["FOLDER/another", "aarch64", "another"],
    ["FOLDER/another", "riscv64", "another"],
    ["another", "riscv64", "another"],
    ["FOLDER/mine/qemu-system-aarch64", "aarch64", "mine/qemu-system-aarch64"],
    ["FOLDER/mine/qemu-system-aarch64", "riscv64", "mine/qemu-system-riscv64"],
    ["FOLDER/my-qemu-system-aarch64", "riscv64", "my-qemu-system-aarch64"],
    ["qemu-system-aarch64", "riscv64", "qemu-system-aarch64"],
  ] as const)("AXV_QEMU=%s, for %s: %s", (named, isa, found) => {
    vi.stubEnv("AXV_QEMU", named.replace("FOLDER", folder));
    expect(findQemu(TARGETS[isa].emulator)).toBe(join(folder, found));
    if (isa === "aarch64") expect(findQemu()).toBe(join(folder, found));
  });

  test("one that is not there is told by its name and its package", () => {
    vi.stubEnv("PATH", "");
    expect(() => findQemu()).toThrow("qemu-system-aarch64 is not installed. Install it with: apt-get install qemu-system-arm");
    vi.stubEnv("AXV_QEMU", join(folder, "mine/none"));
    expect(() => findQemu()).toThrow(`${folder}/mine/none is not installed. Install it with: apt-get install qemu-system-arm`);
  });
});
