// Starts QEMU and ends it again, whatever happens to us.
//
// The UART and QMP are socket pairs that QEMU inherits as descriptors 3 and 4: no path, no port, no temporary folder that
// could be in use, be guessed by somebody else, or stay behind; and the UART's first byte is kept by the kernel until
// somebody reads. When nobody reads, QEMU waits: nothing is lost.
//
// setpriv (util-linux) has the kernel kill QEMU when this process ends, also when it is killed itself: prctl(2),
// PR_SET_PDEATHSIG. QEMU is in a session of its own, so a Ctrl-C in the terminal ends us, and we end QEMU.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { AARCH64 } from "../build/targets/aarch64.ts";
import type { Emulator } from "../build/targets/target.ts";
import { RunError } from "./errors.ts";
import { findProgram } from "./program.ts";
import { Qmp } from "./qmp.ts";

const UART_FD = 3;
const QMP_FD = 4;
/** The image's, so that it is the very file that was built for this run. */
const IMAGE_FD = 5;
/** proc(5): what is opened there is the file behind the descriptor, also when it has another name by now, or none. */
export const INHERITED_IMAGE = `/proc/self/fd/${IMAGE_FD}`;

/** A machine that has much else to do takes its time; what is wrong with QEMU itself it says at once. */
const START_TIMEOUT_MS = 120_000;
/** After this, a QEMU that was told to quit is killed: with -icount sleep=off an idle guest makes it deaf. */
const QUIT_TIMEOUT_MS = 2000;
/** Enough of what QEMU says to understand why it died. */
const SAID_MAX = 4000;

/**
 * The UART is on descriptor 3, QMP on 4; nothing that was not asked for. -nodefaults would be shorter, but it takes away silence,
 * too, and a ZynqMP, which has sound, ends without from QEMU 8.2 on.
 */
const FIXED_ARGUMENTS: readonly string[] = [
  ...["-nic", "none", "-vga", "none", "-parallel", "none", "-display", "none", "-monitor", "none"],
  ...["-chardev", `socket,id=uart,fd=${UART_FD}`, "-serial", "chardev:uart"],
  ...["-chardev", `socket,id=qmp,fd=${QMP_FD}`, "-mon", "chardev=qmp,mode=control"],
];

/** A machine that runs a system: QEMU, or what a test puts in its place. */
export interface Machine {
  /** Both directions of the multiplexed UART. */
  readonly uart: Duplex;
  /** Settles when it has ended by itself: why, as an error that can be shown. Never rejects; never settles by `stop`. */
  readonly died: Promise<RunError>;
  /** Ends it; settles when it is gone. */
  stop(): Promise<void>;
  /** Of its process on this host; undefined: it is none. */
  readonly pid?: number | undefined;
}

/** `image`: an open file that the machine finds as INHERITED_IMAGE; it is closed here. `emulator`: the target's. */
export async function startQemu(
  machineArguments: readonly string[],
  image?: number,
  emulator: Emulator = AARCH64.emulator,
): Promise<Machine> {
  const child = launch(emulator, machineArguments, image);
  const uart = duplex(child, UART_FD);
  uart.on("error", () => {}); // QEMU is gone: its exit says so
  const qmp = new Qmp(duplex(child, QMP_FD));

  let said = "";
  child.stderr?.on("data", (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-SAID_MAX);
  });
  let stopping = false;
  // "close", not "exit": by then all it said has been read.
  const ended = new Promise<RunError>((resolve) => {
    child.on("error", (error) => resolve(new RunError("AXV_QEMU_FAILED", "could not be started", error.message)));
    child.on("close", (code, signal) => resolve(deathError(said.trim(), code, signal)));
  });
  const died = new Promise<RunError>((resolve) => {
    void ended.then((error) => {
      if (!stopping) resolve(error);
    });
  });

  const stop = async (): Promise<void> => {
    stopping = true;
    const killer = setTimeout(() => child.kill("SIGKILL"), QUIT_TIMEOUT_MS);
    qmp.execute("quit").catch(() => child.kill("SIGKILL"));
    uart.resume(); // a QEMU that waits for us to read cannot quit
    await ended;
    clearTimeout(killer);
  };

  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<RunError>((resolve) => {
    timer = setTimeout(() => resolve(new RunError("AXV_QEMU_SILENT", String(START_TIMEOUT_MS / 1000))), START_TIMEOUT_MS);
  });
  const ready = qmp.greeted.then(() => qmp.execute("qmp_capabilities"));
  const failure = await Promise.race([ready, died, late]);
  clearTimeout(timer);
  if (failure !== undefined) {
    await stop();
    throw failure;
  }
  return { uart, died, stop, pid: child.pid };
}

/** Of one ISA. */
const OF_AN_ISA = /^qemu-system-/;

/** AXV_QEMU is the path of another one than is installed; another ISA's lies beside it. */
export function findQemu(emulator: Emulator = AARCH64.emulator): string {
  const named = process.env["AXV_QEMU"] || emulator.program;
  const isOther = OF_AN_ISA.test(basename(named)) && named.includes("/");
  return findProgram(isOther ? join(dirname(named), emulator.program) : named, emulator.package);
}

function launch(emulator: Emulator, machineArguments: readonly string[], image: number | undefined): ChildProcess {
  try {
    const qemu = findQemu(emulator);
    const setpriv = findProgram("setpriv", "util-linux");
    return spawn(setpriv, ["--pdeathsig", "KILL", "--", qemu, ...FIXED_ARGUMENTS, ...machineArguments], {
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe", ...(image === undefined ? [] : [image])],
      detached: true,
    });
  } finally {
    if (image !== undefined) closeSync(image);
  }
}

/** Node types the descriptors above 2 as one-way streams; what it makes is a socket (libuv: UV_CREATE_PIPE is a socketpair). */
const duplex = (child: ChildProcess, descriptor: number): Duplex => child.stdio[descriptor] as Duplex;

function deathError(said: string, code: number | null, signal: NodeJS.Signals | null): RunError {
  if (/address already in use|could not set up host forwarding/i.test(said)) return new RunError("AXV_QEMU_PORT", said);
  const how = signal === null ? `ended by itself with status ${code}` : `was killed by ${signal}`;
  return new RunError("AXV_QEMU_FAILED", how, said);
}
