// A system for RISC-V, one hart, booted in QEMU behind OpenSBI: its blob is written by hand, for plans that the planner does not
// make.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Blob, BlobRecord } from "../../partitions/blob/codec.ts";
import * as abi from "../../core/abi.ts";
import { NONE, PARTITION_AUTOSTART, REGION_DEVICE, REGION_MAILBOX, REGION_RAM } from "../../partitions/blob/layout.table.ts";
import { Link } from "../../industrial/link/link.ts";
import type { HypervisorEvent, PartitionTelemetry, VcpuTelemetry } from "../../industrial/link/telemetry.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { CLANG, LLD, runTool } from "../../tools/build/native.ts";
import { PLC_RISCV64 } from "../../tools/build/programs.ts";
import { RISCV64 } from "../../tools/build/targets/riscv64.ts";
import { startQemu, type Machine } from "../../tools/run/qemu.ts";
import { until } from "../patience.ts";
import { BOARD, IMAGE, imageOf, MAILBOX_IPA, UART, UART_FACTS } from "./riscv64Board.ts";
import type { Contents } from "./riscv64Board.ts";

const RTC = 0x10_1000n;
const RTC_LINE = 11;
const IMAGE_BYTES = 0x40_0000n;
const RAM_BYTES = 0x1fe0_0000n;

/** Where the guest has its memory, and begins. */
const GUEST_IPA = 0x8020_0000n;
const GUEST_PA = 0x8400_0000n;
const GUEST_BYTES = 0x20_0000n;
const MAILBOX_PA = 0x8500_0000n;

export interface Riscv64Spec {
  /** Its image, a file. */
  readonly guest: string;
  /** PARTITION_*, besides PARTITION_AUTOSTART. */
  readonly flags?: number;
  readonly mailbox?: boolean;
  /** The guest reaches its own interrupt file. */
  readonly file?: boolean;
  /** It has the board's RTC, and sees an APLIC. */
  readonly wired?: boolean;
  /** What is planned of the board, where it is not as QEMU's is. */
  readonly board?: BlobRecord;
  /** The guest has a hart of its own, and the hypervisor keeps house on another one. */
  readonly apart?: boolean;
  /** The hart that the plan begins with; 0 if it does not say. */
  readonly first?: number;
  /** Not in virtual time: there a hart that waits for another one, in firmware, keeps it from going on. */
  readonly realTime?: boolean;
  /** Microseconds. */
  readonly tick?: number;
  /** ON_FAILURE_*. */
  readonly onFailure?: number;
  /** Changes the blob before it is packed. */
  readonly alter?: (blob: Uint8Array) => void;
  /** QEMU's -M, and -cpu. */
  readonly machine?: string;
  readonly cpu?: string;
}

export interface StartOptions extends Pick<Riscv64Spec, "cpu" | "machine" | "realTime"> {
  readonly harts: number;
  /** QEMU's -m. */
  readonly memory?: string;
}

function blobOf(spec: Riscv64Spec, source: number, size: number): Blob {
  const { flags = 0, mailbox = false, file = false, wired = false, apart = false, first = 0 } = spec;
  const { onFailure = abi.ON_FAILURE_STOP, tick = 1000 } = spec;
  const own = apart ? 1 : 0;
  const reserved = 0;
  const memory = { kind: REGION_RAM, access: 7, colours: 0, reserved };
  const page = { ...memory, access: 3, size: 0x1000n };
  const besides = [
    ...(mailbox ? [{ ...page, kind: REGION_MAILBOX, ipa: MAILBOX_IPA, pa: MAILBOX_PA }] : []),
    ...(file ? [{ ...page, kind: REGION_DEVICE, ipa: BOARD.imsic, pa: BOARD.imsic + page.size }] : []),
    ...(wired ? [{ ...page, kind: REGION_DEVICE, ipa: RTC, pa: RTC }] : []),
  ];
  return {
    isa: "riscv64",
    header: {
      imageBase: IMAGE, hypervisorSize: IMAGE_BYTES, uart: UART, ...UART_FACTS,
      watchdog: 0n, watchdogKind: 0, watchdogTop: 0, housekeeper: 0, tickMicroseconds: tick,
      telemetryMilliseconds: 50, healthyMicroseconds: 1000, commitMicroseconds: 1000, colourCount: 0, ipaBits: 40,
    },
    machine: { ...BOARD, ...spec.board },
    records: {
      Cpu: [
        ...(apart ? [{ id: BigInt(first), partition: NONE, vcpu: NONE, guestFiles: 1, reserved }] : []),
        { id: BigInt(own ^ first), partition: 0, vcpu: 0, guestFiles: 1, reserved },
      ],
      Partition: [{
        name: "guest", flags: PARTITION_AUTOSTART + flags, onFailure, cpus: 1 << own, bootCpu: own,
        entry: GUEST_IPA, argument: 0n, seed: 0n, console: 0n, consoleInterrupt: 0,
        mailbox: mailbox ? MAILBOX_IPA : 0n, tags: 0n, tagBytes: 0, controls: 0,
        watchdogMicroseconds: 0, overrunTag: 0, bandwidthRefills: 0, bandwidthMicroseconds: 0, clusterWays: 0,
        controller: wired ? BOARD.aplic : 0n,
        regionFirst: 0, regionCount: 1 + besides.length, interruptFirst: 0, interruptCount: wired ? 1 : 0,
        loadFirst: 0, loadCount: 1,
        channelFirst: 0, channelCount: 0, quiesceFirst: 0, quiesceCount: 0,
      }],
      Region: [
        { ...memory, ipa: GUEST_IPA, pa: GUEST_PA, size: GUEST_BYTES },
        ...besides,
      ],
      Interrupt: wired ? [{ line: RTC_LINE, trigger: 0 }] : [],
      Load: [{ source: BigInt(source), target: GUEST_IPA, size: BigInt(size), zeros: BigInt(size) }],
      Ram: [{ base: IMAGE, size: RAM_BYTES }],
    },
  };
}

const contentsOf = (spec: Riscv64Spec): Contents => ({
  loads: [readFileSync(spec.guest)], harts: spec.apart === true ? 2 : 1,
  blob: ([source = 0], [size = 0]) => blobOf(spec, source, size),
});

export class Riscv64System {
  readonly link: Link;
  readonly events: HypervisorEvent[] = [];
  /** Of the partition and the vCPU that have told last: where there is one, its. */
  telemetry: PartitionTelemetry | undefined;
  vcpu: VcpuTelemetry | undefined;
  /** Of each, by its number, and its pCPU's. */
  readonly partitions = new Map<number, PartitionTelemetry>();
  readonly vcpus = new Map<number, VcpuTelemetry>();
  /** What the guests have printed; plain text: the firmware's, and the hypervisor's. */
  printed = "";
  text = "";
  readonly #machine: Machine;
  readonly #folder: string;

  private constructor(machine: Machine, folder: string) {
    this.#machine = machine;
    this.#folder = folder;
    this.link = new Link(machine.uart);
    this.link.on("console", (_, bytes) => (this.printed += Buffer.from(bytes).toString("latin1")));
    this.link.on("text", (bytes) => (this.text += Buffer.from(bytes).toString("latin1")));
    this.link.on("event", (event) => this.events.push(event));
    this.link.on("partition", (telemetry) => {
      this.telemetry = telemetry;
      this.partitions.set(telemetry.partition, telemetry);
    });
    this.link.on("vcpu", (vcpu) => {
      this.vcpu = vcpu;
      this.vcpus.set(vcpu.pcpu, vcpu);
    });
  }

  static async boot(spec: Riscv64Spec): Promise<Riscv64System> {
    return Riscv64System.start(await imageOf(contentsOf(spec), spec.alter), { harts: spec.apart === true ? 2 : 1, ...spec });
  }

  /** An image of any system. */
  static async start(bytes: Uint8Array, options: StartOptions): Promise<Riscv64System> {
    const { harts, machine, cpu = "rv64", realTime, memory = "512M" } = options;
    const folder = mkdtempSync(join(tmpdir(), "axv-riscv64-"));
    const image = join(folder, "image.bin");
    writeFileSync(image, bytes);
    const { firmware } = RISCV64.emulator;
    const time = realTime === true ? [] : ["-icount", "shift=0,sleep=off"];
    const started = await startQemu([
      "-M", machine ?? "virt,aia=aplic-imsic,aia-guests=1", "-cpu", cpu, "-m", memory,
      "-smp", String(harts), ...time, "-bios", firmware?.path ?? "", "-kernel", image,
    ], undefined, RISCV64.emulator);
    return new Riscv64System(started, folder);
  }

  until(what: string, holds: () => boolean): Promise<void> {
    const isDead = (): boolean => this.link.closed !== undefined;
    return until(what, holds, { isDead, seen: () => `${this.text}\n${this.printed}` });
  }

  /** Exits of the guest's vCPU so far, by EXIT_*; those of the tick left out. */
  exitsButTicks(): number[] {
    return (this.vcpu?.exits ?? [NONE]).map((count, cause) => (cause === abi.EXIT_TICK ? 0 : count));
  }

  async stop(): Promise<void> {
    await this.#machine.stop();
    this.link.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What a guest in assembly has printed, signed. */
export const numbersOf = ({ printed }: Riscv64System): bigint[] =>
  [...printed.matchAll(/[0-9a-f]{16} /g)].map(([text]) => BigInt.asIntN(64, BigInt(`0x${text.trim()}`)));

/** The PLC guest. */
export const plcGuest = async (): Promise<string> => (await buildProgram(PLC_RISCV64)).binary;

/** A guest in assembly: a file of test/system/assembly/riscv64, in `folder` as a raw image. */
export function assembled(folder: string, name: string): string {
  const [object, elf, image] = [".o", ".elf", ".bin"].map((suffix) => join(folder, name + suffix)) as [string, string, string];
  const source = `test/system/assembly/riscv64/${name}.S`;
  runTool(CLANG, [...RISCV64.flags, "-march=rv64imac_zicsr_zba_h", "-Itest/system/assembly/riscv64", "-c", source, "-o", object]);
  runTool(LLD, ["-static", "-Ttext", `0x${GUEST_IPA.toString(16)}`, object, "-o", elf]);
  runTool({ command: "llvm-objcopy-19", package: "llvm-19" }, ["-O", "binary", "-j", ".text", elf, image]);
  return image;
}
