// The PLC guest without a hypervisor: QEMU's virt machine, which starts it at EL1, with time that is counted in
// instructions. Memory and registers are read through QMP.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { until } from "../patience.ts";
import { CHANNEL_IPA } from "./simulatedGuest.ts";

const CHANNEL_BYTES = 0x200;
/** Each takes the machine a while. */
const SNAPSHOTS_MS = 50;

export type GicVersion = 2 | 3;

/** `shift`: an instruction takes 2^shift ns. Channel and image are in one RAM here. */
const machineArguments = (elf: string, shift: number, gic: GicVersion): string[] => [
  "-M", `virt,gic-version=${gic}`, "-cpu", "cortex-a53", "-m", "512M", "-nodefaults", "-display", "none",
  "-icount", `shift=${shift},sleep=off`, "-qmp", "stdio", "-kernel", elf,
];

export interface Snapshot {
  readonly channel: DataView;
  readonly pc: bigint;
  readonly sp: bigint;
}

/** Runs until a snapshot satisfies `done`; gives back one of the stopped machine. */
export async function runBare(
  elf: string,
  shift: number,
  done: (snapshot: Snapshot) => boolean,
  gic: GicVersion = 3,
): Promise<Snapshot> {
  // setpriv: the kernel kills QEMU when this process ends, however it ends.
  const command = ["--pdeathsig", "KILL", "--", "qemu-system-aarch64", ...machineArguments(elf, shift, gic)];
  const qemu = spawn("setpriv", command, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<never>((_, reject) => {
    qemu.on("error", reject);
    qemu.on("close", (status) => reject(new Error(`QEMU ended early, with status ${String(status)}`)));
  });
  ended.catch(() => undefined); // looked at in the races below
  const replies: ((result: unknown) => void)[] = [];
  createInterface({ input: qemu.stdout }).on("line", (line) => {
    const message = JSON.parse(line) as { return?: unknown; error?: unknown };
    if ("return" in message || "error" in message) replies.shift()?.(message.return ?? message.error);
  });
  const execute = (command: string, argument?: Record<string, unknown>): Promise<unknown> =>
    Promise.race([
      ended,
      new Promise((resolve) => {
        replies.push(resolve);
        qemu.stdin.write(`${JSON.stringify({ execute: command, arguments: argument })}\n`);
      }),
    ]);
  const monitor = async (line: string): Promise<string> =>
    String(await execute("human-monitor-command", { "command-line": line }));
  const snapshot = async (): Promise<Snapshot> => {
    const memory = await monitor(`xp /${CHANNEL_BYTES}bx 0x${CHANNEL_IPA.toString(16)}`);
    const bytes = memory
      .split("\n")
      .flatMap((line) => [...(line.split(":")[1] ?? "").matchAll(/0x(\w\w)/g)].map(([, hex]) => Number(`0x${hex}`)));
    const registers = await monitor("info registers");
    const register = (name: string): bigint => BigInt(`0x${new RegExp(`\\b${name}=(\\w+)`).exec(registers)?.[1] ?? ""}`);
    return { channel: new DataView(Uint8Array.from(bytes).buffer), pc: register("PC"), sp: register("SP") };
  };

  try {
    await execute("qmp_capabilities");
    await until("what the guest has to get to", async () => done(await snapshot()), { pollMs: SNAPSHOTS_MS });
    await execute("stop");
    return await snapshot();
  } finally {
    qemu.kill("SIGKILL"); // with sleep=off an idle guest makes QEMU deaf to anything else
  }
}
