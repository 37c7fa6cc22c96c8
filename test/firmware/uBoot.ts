// Debian's unchanged U-Boot in QEMU, at EL2, and its prompt.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Machine, findQemu, startQemu } from "../../tools/run/qemu.ts";
import { until, type Waiting } from "../patience.ts";

/** Debian's package u-boot-qemu. */
const U_BOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
const PROMPT = "=> ";
/** So often a key is pressed, until U-Boot looks. */
const KEY_MS = 50;
const MACHINE = "virt,virtualization=on,gic-version=3";
const CPUS = ["-cpu", "cortex-a53", "-smp", "4", "-m", "1G"];

/** The device tree that QEMU makes for this machine, and U-Boot takes for its own. */
export function boardTree(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "axv-tree-"));
  const file = join(folder, "virt.dtb");
  try {
    const quiet = ["-nic", "none", "-display", "none"];
    execFileSync(findQemu(), ["-M", `${MACHINE},dumpdtb=${file}`, ...CPUS, ...quiet], { stdio: "pipe" });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export class UBoot {
  readonly machine: Machine;
  #said = "";

  constructor(machine: Machine) {
    this.machine = machine;
    machine.uart.on("data", (bytes: Buffer) => (this.#said += bytes.toString("latin1")));
  }

  /** `control`: the file of its device tree; `more`: of QEMU. */
  static async start(control: string, more: readonly string[]): Promise<UBoot> {
    return new UBoot(await startQemu(["-M", MACHINE, ...CPUS, "-bios", U_BOOT, "-dtb", control, ...more]));
  }

  get said(): string {
    return this.#said;
  }

  /** Stops it from starting anything by itself. */
  async prompt(): Promise<void> {
    const press = (): void => void this.machine.uart.write("\n");
    await this.until("the prompt", () => this.#said.endsWith(PROMPT), { meanwhile: press, pollMs: KEY_MS });
  }

  /** What it says to a line, up to the next prompt. */
  async answer(line: string): Promise<string> {
    this.send(line);
    await this.until(`the prompt behind ${line}`, () => this.#said.endsWith(`\n${PROMPT}`));
    return this.#said.slice(line.length);
  }

  send(line: string): void {
    this.#said = "";
    this.machine.uart.write(`${line}\n`);
  }

  until(what: string, condition: () => boolean, waiting: Waiting = {}): Promise<void> {
    return until(what, condition, { seen: () => this.#said, ...waiting });
  }
}
