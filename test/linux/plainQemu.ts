// Debian's kernel and our initramfs on QEMU alone, without the hypervisor: the machine that a test boots and types on.
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Linux } from "../../tools/linux/linux.ts";
import { until } from "../patience.ts";

const MACHINE = ["-M", "virt,gic-version=3", "-cpu", "cortex-a53", "-smp", "2", "-m", "512"];
const QUIET = ["-nodefaults", "-display", "none", "-monitor", "none", "-serial", "stdio"];

/** A part of RAM that Linux is not given, in the place of a channel: address and contents. */
export interface ChannelMemory {
  readonly address: number;
  readonly contents: Uint8Array;
}

const CHANNEL_BYTES = 4096;

/** QEMU's own device tree for the machine, with a channel as the planner describes it to Linux. */
function deviceTreeWithChannel(folder: string, { address }: ChannelMemory): string {
  const own = join(folder, "own.dtb");
  const overlay = join(folder, "overlay.dtbo");
  const result = join(folder, "channel.dtb");
  execFileSync("qemu-system-aarch64", ["-M", `virt,gic-version=3,dumpdtb=${own}`, ...MACHINE.slice(2), ...QUIET], {
    stdio: "ignore",
  });
  const hex = address.toString(16);
  execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb", "-o", overlay, "-"], {
    input: `/dts-v1/; /plugin/;
      &{/} {
        reserved-memory {
          #address-cells = <2>; #size-cells = <2>; ranges;
          memory@${hex} { reg = <0 0x${hex} 0 ${CHANNEL_BYTES}>; no-map; };
        };
        process-image@${hex} {
          compatible = "generic-uio";
          axv,carries = "process-image";
          reg = <0 0x${hex} 0 ${CHANNEL_BYTES}>;
        };
      };`,
  });
  execFileSync("fdtoverlay", ["-i", own, "-o", result, overlay]);
  return result;
}

export class PlainQemu {
  readonly #qemu: ChildProcessWithoutNullStreams;
  #text = "";
  #hasEnded = false;
  /** Exit status of QEMU: 0 after the guest's power-off. */
  readonly ended: Promise<number | null>;

  private constructor(parameters: readonly string[]) {
    this.#qemu = spawn("qemu-system-aarch64", [...MACHINE, ...QUIET, ...parameters]);
    const collect = (bytes: Buffer): void => {
      this.#text += bytes.toString("latin1");
    };
    this.#qemu.stdout.on("data", collect);
    this.#qemu.stderr.on("data", collect);
    this.#qemu.stdin.on("error", () => undefined); // it has ended
    this.ended = new Promise((resolve, reject) => {
      this.#qemu.on("error", reject);
      this.#qemu.on("close", (status) => {
        resolve(status);
        this.#hasEnded = true;
      });
    });
  }

  static plain(linux: Linux, parameters: readonly string[]): PlainQemu {
    return new PlainQemu(["-kernel", linux.kernel, "-initrd", linux.initramfs, "-append", "console=ttyAMA0", ...parameters]);
  }

  static async withChannel(linux: Linux, folder: string, channel: ChannelMemory): Promise<PlainQemu> {
    const contents = join(folder, "channel.bin");
    await writeFile(contents, channel.contents);
    const loader = `loader,file=${contents},addr=0x${channel.address.toString(16)},force-raw=on`;
    return PlainQemu.plain(linux, ["-dtb", deviceTreeWithChannel(folder, channel), "-device", loader]);
  }

  get text(): string {
    return this.#text;
  }

  type(line: string): void {
    this.#qemu.stdin.write(`${line}\n`);
  }

  /** Waits until the console has shown this often enough; the last match. */
  async shows(pattern: RegExp, times = 1): Promise<string> {
    const all = new RegExp(pattern.source, `${pattern.flags}g`);
    const find = (): string | undefined => this.#text.match(all)?.at(times - 1);
    const waiting = { isDead: () => this.#hasEnded, seen: () => this.#text };
    await until(`${pattern} on the console`, () => find() !== undefined, waiting);
    return find() ?? "";
  }

  async kill(): Promise<void> {
    this.#qemu.kill("SIGKILL");
    await this.ended;
  }
}
