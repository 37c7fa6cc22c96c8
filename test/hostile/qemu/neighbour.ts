// The PLC guest beside the attacker, and the proof that it has noticed nothing: its scans go on, it is never held, it is never
// entered for a cause that is not its own, its code and constants are what they were, its interrupts are as it left them.
import { createHash } from "node:crypto";
import * as abi from "../../../core/abi.ts";
import * as plcAbi from "../../../rtos-guests/plc/abi.ts";
import { aarch64Plan } from "../../aarch64.ts";
import type { BootedSystem } from "../../system/bootedSystem.ts";
import type { VcpuTelemetry } from "../../../industrial/link/telemetry.ts";
import type { PartitionRecord } from "../../../industrial/live/monitor.ts";
import type { Attempt } from "../aarch64/attempt.ts";
import type { Monitor } from "./monitor.ts";

/** Exits that only a disturbance from outside would cause. */
const FOREIGN: readonly (readonly [string, number])[] = [
  ["kick", abi.EXIT_KICK], ["maintenance", abi.EXIT_MAINTENANCE], ["fault", abi.EXIT_FAULT], ["tick", abi.EXIT_TICK],
  ["interrupt", abi.EXIT_INTERRUPT], ["SGI", abi.EXIT_IPI], ["bandwidth", abi.EXIT_BANDWIDTH], ["GIC", abi.EXIT_CONTROLLER],
  ["register", abi.EXIT_REGISTER], ["SMC", abi.EXIT_FIRMWARE_CALL], ["console", abi.EXIT_CONSOLE],
];
const SCANS = 20n;
/** However slow the emulator is: by then it has scanned, or never will. */
const LOOKS = 10_000;
const LOOK_MS = 10;
/** Its timer is due once a millisecond; and what the emulator's clock has to catch up with. */
const NANOSECONDS_A_SCAN = 1_000_000;
const TIMER_EXITS = { perScan: 1.1, more: 50 } as const;

// GICD (IHI 0069 §12.9): group, enable, active; priority; configuration; route.
const BITS = [0x080, 0x100, 0x300];
const PRIORITIES = 0x400;
const TRIGGERS = 0xc00;
const ROUTES = 0x6000;
/** Code and constants of the PLC guest: what its layout.h has before its data. */
const CONSTANT_BYTES = 0xc000;
const GICR_SGI_BASE = 0x1_0000;
const VIRTUAL_TIMER = 27;

export class Neighbour {
  private readonly booted: BootedSystem;
  private readonly monitor: Monitor;
  private readonly name: string;
  /** Its vCPU, the frame before the last. */
  private previous: VcpuTelemetry | undefined;
  /** Attempts that were made since then. */
  private suspects: string[] = [];
  private frames = 0;
  private readonly noticed: string[] = [];

  constructor(booted: BootedSystem, monitor: Monitor, name: string) {
    this.booted = booted;
    this.monitor = monitor;
    this.name = name;
    booted.session.on("vcpu", (telemetry) => {
      if (telemetry.partition === this.record.index) this.compare(telemetry);
    });
  }

  private get record(): PartitionRecord {
    return this.booted.partition(this.name);
  }

  /** Published twice a second. */
  private get scans(): bigint {
    return this.record.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
  }

  async scanning(): Promise<void> {
    await this.booted.until(`${this.name} scanning`, () => this.scans > 0n && this.previous !== undefined);
  }

  /** Every frame of its telemetry: what has it noticed since the last one? */
  private compare(now: VcpuTelemetry): void {
    const { previous, record, suspects } = this;
    this.previous = now;
    this.suspects = suspects.slice(-1);
    this.frames++;
    if (previous === undefined) return;
    const more = (cause: number): number => (now.exits[cause] ?? 0) - (previous.exits[cause] ?? 0);
    const what = FOREIGN.filter(([, cause]) => more(cause) !== 0).map(([name, cause]) => `${more(cause)} exits for: ${name}`);
    if (now.held !== 0n) what.push(`held for ${now.held} ns`);
    if (record.telemetry !== undefined && (record.telemetry.restarts !== 0 || record.telemetry.state !== "running")) {
      what.push(`restarted, or stopped: ${record.telemetry.state}`);
    }
    const due = Number(now.time - previous.time) / NANOSECONDS_A_SCAN;
    if (more(abi.EXIT_TIMER) > due * TIMER_EXITS.perScan + TIMER_EXITS.more) {
      what.push(`${more(abi.EXIT_TIMER)} timer interrupts, of which ${due} were due`);
    }
    if (what.length > 0) this.noticed.push(`${this.name}: ${what.join("; ")} (during ${suspects.join(", ") || "nothing"})`);
  }

  /** Does `attempt`, waits until the neighbour has scanned on, and throws whatever it has noticed by then. */
  async unmoved({ name, touches }: Attempt, attempt: () => Promise<void>): Promise<void> {
    this.suspects.push(name);
    const [published, before] = [this.scans, await this.latestScans()];
    await attempt();
    if (touches?.includes("channel") === true) await this.booted.until(
      `${this.name}'s scans going on`, () => this.scans > published,
    );
    else await this.goesOn(before);
    this.complain();
  }

  /** As unmoved, once more, with everything that was noticed up to now. */
  async quiet(): Promise<void> {
    const { frames } = this;
    await this.booted.until(`telemetry of ${this.name}`, () => this.frames > frames + 1);
    this.complain();
  }

  private complain(): void {
    if (this.noticed.length > 0) throw new Error(this.noticed.splice(0).join("\n"));
  }

  /** As it writes it at every scan, into memory that it shares with the attacker. */
  private async latestScans(): Promise<bigint> {
    const channel = this.booted.plan.partitions[this.record.index]?.regions.find(({ kind }) => kind === "channel");
    return (await this.monitor.memory((channel?.pa ?? 0) + plcAbi.PROCESS_IMAGE_SCANS, 8)).readBigUInt64LE();
  }

  private async goesOn(before: bigint): Promise<void> {
    for (let look = 0; (await this.latestScans()) <= before + SCANS; look++) {
      if (look === LOOKS) {
        throw new Error(`${this.name} scans no more: ${before} scans before the attempt, ${await this.latestScans()} now`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Of its code and constants, as they are in physical memory. */
  async memory(): Promise<string> {
    const ram = this.booted.plan.partitions[this.record.index]?.regions.find(({ kind }) => kind === "ram");
    if (ram === undefined) throw new Error(`${this.name} has no memory`);
    return createHash("sha256").update(await this.monitor.memory(ram.pa, CONSTANT_BYTES)).digest("hex");
  }

  /**
   * The physical state of its interrupts: SPIs in the distributor, its timer in its redistributor. Its doorbells may be pending.
   * GICv3 only: QEMU's model of GICv2 cannot be read by a monitor (it asks which CPU reads, and there is none).
   */
  async interrupts(): Promise<string[]> {
    const { monitor } = this;
    const plan = aarch64Plan(this.booted.plan);
    const own = plan.partitions[this.record.index];
    const lines: string[] = [];
    for (const { intid } of own?.interrupts ?? []) {
      const bit = (word: number): number => (word >>> (intid & 31)) & 1;
      const bits = await Promise.all(BITS.map(async (base) => bit(await monitor.word(plan.gic.gicd + base + 4 * (intid >> 5)))));
      const priority = (await monitor.word(plan.gic.gicd + PRIORITIES + (intid & ~3))) >>> (8 * (intid & 3)) & 0xff;
      const trigger = (await monitor.word(plan.gic.gicd + TRIGGERS + 4 * (intid >> 4))) >>> (2 * (intid & 15)) & 3;
      lines.push(
        `SPI ${intid}: group, enable, active ${bits.join()}; priority ${priority}; trigger ${trigger}; ` +
          `route ${await monitor.word(plan.gic.gicd + ROUTES + 8 * intid)}`,
      );
    }
    const gicr = plan.cpus[own?.cpus[0] ?? 0]?.gicr ?? 0;
    const [group, enable] = await Promise.all([0x080, 0x100].map(async (base) => monitor.word(gicr + GICR_SGI_BASE + base)));
    const priority = (await monitor.word(gicr + GICR_SGI_BASE + PRIORITIES + (VIRTUAL_TIMER & ~3))) >>> 24;
    lines.push(`private: group ${group}, enable ${enable}, timer's priority ${priority}`);
    return lines;
  }
}
