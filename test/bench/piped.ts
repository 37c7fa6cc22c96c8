// QEMU with its UART in a pipe. A 16550 of QEMU's is not ready as long as what it has sent finds no room, so the guest waits in
// virtual time for whoever reads: a socket has room for some 280 bytes, as they are sent one by one, a pipe for 64 KiB.
import { spawn } from "node:child_process";
import { Duplex } from "node:stream";
import type { Emulator } from "../../tools/build/targets/target.ts";
import { findQemu, type Machine } from "../../tools/run/qemu.ts";
import { RunError } from "../../tools/run/errors.ts";

const UART = ["-display", "none", "-monitor", "none", "-nic", "none", "-serial", "stdio"];
/** `cat` empties the pipe, whatever else this process does. */
const SCRIPT = '"$@" | cat';

export function startPiped(machineArguments: readonly string[], emulator: Emulator): Machine {
  const command = ["--pdeathsig", "KILL", "--", "sh", "-c", SCRIPT, "sh", findQemu(emulator), ...UART, ...machineArguments];
  const child = spawn("setpriv", command, { stdio: ["ignore", "pipe", "inherit"], detached: true });
  // What is sent to it goes nowhere.
  const uart = new Duplex({ read: () => child.stdout.resume(), write: (_bytes, _encoding, done) => done() });
  child.stdout.on("data", (bytes: Buffer) => uart.push(bytes));
  child.stdout.on("end", () => uart.push(null));
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const kill = (): void => void (child.pid !== undefined && child.exitCode === null && process.kill(-child.pid, "SIGKILL"));
  process.once("exit", kill);
  return {
    uart,
    died: ended.then(() => new RunError("AXV_QEMU_FAILED", "ended", "")),
    stop: async () => {
      kill();
      await ended;
      process.off("exit", kill);
    },
  };
}
