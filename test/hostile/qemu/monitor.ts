// QEMU's own view of the machine, which nothing that runs on it can deny: physical memory and device registers, by a QMP socket
// of this test's own (QEMU documentation, "QEMU Machine Protocol Specification").
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const RETRIES = 100;
const RETRY_MS = 50;

export class Monitor {
  private readonly socket: Socket;
  private readonly folder: string;
  private files = 0;
  private readonly waiting: { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }[] = [];

  private constructor(socket: Socket, folder: string) {
    this.socket = socket;
    this.folder = folder;
    createInterface({ input: socket }).on("line", (text) => {
      const message = JSON.parse(text) as { readonly return?: unknown; readonly error?: { readonly desc: string } };
      if ("return" in message) this.waiting.shift()?.resolve(message.return);
      else if (message.error !== undefined) this.waiting.shift()?.reject(new Error(message.error.desc));
    });
    socket.on("error", (error) => this.fail(error));
    socket.on("close", () => this.fail(new Error("QEMU's monitor hung up")));
  }

  /** A folder for its socket, and what to tell QEMU so that it listens there. */
  static place(): { readonly folder: string; readonly qemu: readonly string[] } {
    const folder = mkdtempSync(join(tmpdir(), "axv-qmp-"));
    return { folder, qemu: ["-qmp", `unix:${join(folder, "qmp")},server=on,wait=off`] };
  }

  static async connect(folder: string): Promise<Monitor> {
    const monitor = new Monitor(await connected(join(folder, "qmp")), folder);
    await monitor.execute("qmp_capabilities", {});
    return monitor;
  }

  close(): void {
    this.socket.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Bytes of physical memory. */
  async memory(pa: number, bytes: number): Promise<Buffer> {
    const file = join(this.folder, `memory-${this.files++}`);
    await this.execute("pmemsave", { val: pa, size: bytes, filename: file });
    const content = readFileSync(file);
    rmSync(file);
    return content;
  }

  /** A 32-bit register, or word of memory. */
  async word(pa: number): Promise<number> {
    const answer = await this.execute("human-monitor-command", { "command-line": `xp /1wx 0x${pa.toString(16)}` });
    const found = /: (0x[0-9a-f]+)/.exec(String(answer));
    if (found === null) throw new Error(`QEMU's monitor says of 0x${pa.toString(16)}: ${String(answer)}`);
    return Number(found[1]);
  }

  /** Leads a port of this machine's to one of the guest behind that user network. */
  async forward(network: string, from: number, to: number): Promise<void> {
    const answer = await this.execute(
      "human-monitor-command", { "command-line": `hostfwd_add ${network} tcp:127.0.0.1:${from}-:${to}` },
    );
    if (answer !== "") throw new Error(`QEMU's monitor says: ${String(answer)}`);
  }

  private execute(command: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) throw new Error("QEMU's monitor has hung up");
      this.waiting.push({ resolve, reject });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}

/** QEMU may not listen yet. */
async function connected(path: string): Promise<Socket> {
  for (let tries = 0; ; tries++) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = createConnection(path, () => resolve(socket));
        socket.once("error", reject);
      });
    } catch (error) {
      if (tries === RETRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
