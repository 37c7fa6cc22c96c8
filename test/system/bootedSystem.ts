// A system.yaml booted in QEMU, and what tests wait for on it. Everything is waited for by what the board says.
import { closeSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Plan } from "../../partitions/plan/plan.ts";
import { TARGETS } from "../../tools/build/targets/index.ts";
import { qemuArguments } from "../../tools/run/arguments.ts";
import type { PartitionRecord } from "../../industrial/live/monitor.ts";
import { prepare } from "../../tools/run/prepare.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import type { Machine } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";
import { until } from "../patience.ts";
import { coreHash } from "./coreHash.ts";
import { Transcript } from "./transcript.ts";

export interface BootOptions {
  /** More QEMU arguments, e.g. a debugger's port. */
  readonly qemu?: readonly string[];
  /** Files beside system.yaml, by their paths relative to it. */
  readonly beside?: Readonly<Record<string, Uint8Array | string>>;
  /** Changes the packed image before it boots. */
  readonly alter?: (image: Uint8Array, plan: Plan) => Uint8Array;
}

export class BootedSystem {
  readonly session: Session;
  readonly plan: Plan;
  /** Of the image that boots. */
  readonly coreHash: string;
  /** As they are shown: for messages. */
  readonly #shown: string[] = [];
  readonly #transcripts = new Map<number, Transcript>();
  readonly #machine: Machine;
  readonly #folder: string;

  private constructor(session: Session, plan: Plan, hash: string, machine: Machine, folder: string) {
    this.session = session;
    this.plan = plan;
    this.coreHash = hash;
    this.#machine = machine;
    this.#folder = folder;
    session.on("console", (partition, bytes) => this.#transcript(partition).print(bytes));
    session.on("line", ({ partition, kind, text }) => {
      this.#shown.push(`  ${session.monitor.nameOf(partition)} │ ${text}`);
      if (kind !== "console") this.#transcript(partition).add(text);
    });
  }

  /** Builds the system of that text, in build/test-<name>, and boots it. The caller stops it. */
  static async boot(name: string, yaml: string, options: BootOptions = {}): Promise<BootedSystem> {
    const folder = mkdtempSync(join(tmpdir(), "axv-system-"));
    const file = join(folder, `test-${name}.yaml`);
    writeFileSync(file, yaml);
    for (const [path, text] of Object.entries(options.beside ?? {})) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const { board, plan, disk, ...prepared } = await prepare(file, () => {});
    const image = join(folder, "image.bin");
    const packed = new Uint8Array(readFileSync(prepared.image));
    closeSync(prepared.opened);
    const booted = options.alter === undefined ? packed : options.alter(packed, plan);
    writeFileSync(image, booted);
    const machine = await startQemu([
      ...qemuArguments({ board, partitions: plan.partitions, image, disk }),
      ...(options.qemu ?? []),
    ], undefined, TARGETS[board.isa].emulator);
    return new BootedSystem(new Session(machine.uart, plan.partitions), plan, coreHash(booted, board.isa), machine, folder);
  }

  partition(name: string): PartitionRecord {
    const record = this.session.monitor.named(name);
    if (record === undefined) throw new Error(`no partition ${name}`);
    return record;
  }

  /** Index of the partition, as frames have it. */
  index(name: string): number {
    return this.partition(name).index;
  }

  /** What was printed, by a partition or about it, or as plain text by the hypervisor (name "axv"). */
  said(name: string): readonly string[] {
    const found = [...this.#transcripts].find(([partition]) => this.session.monitor.nameOf(partition) === name);
    return found?.[1].entries ?? [];
  }

  /** All that a partition has printed. */
  printed(name: string): string {
    return this.#transcript(this.index(name)).text;
  }

  #transcript(partition: number): Transcript {
    let transcript = this.#transcripts.get(partition);
    if (transcript === undefined) {
      transcript = new Transcript();
      this.#transcripts.set(partition, transcript);
    }
    return transcript;
  }

  /** Waits until the condition holds; `what` is what the failure says is missing. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const isDead = (): boolean => this.session.link.closed !== undefined;
    return until(what, condition, { isDead, seen: () => `last lines:\n${this.#shown.slice(-25).join("\n")}` });
  }

  /** Waits for a line that matches, after the first `after` lines of that partition. */
  async line(name: string, pattern: RegExp, after = 0): Promise<string> {
    const find = (): string | undefined => this.said(name).slice(after).find((text) => pattern.test(text));
    await this.until(`${name}: ${pattern}`, () => find() !== undefined);
    return find() ?? "";
  }

  type(name: string, text: string): void {
    this.session.link.type(this.index(name), new TextEncoder().encode(text));
  }

  async stop(): Promise<void> {
    await this.#machine.stop();
    this.session.link.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
