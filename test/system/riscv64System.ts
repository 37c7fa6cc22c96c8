// A system for RISC-V, one hart, booted in QEMU behind OpenSBI: its blob is written by hand, as there is no board of that ISA
// yet.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Blob, BlobRecord } from "../../partitions/blob/codec.ts";
import * as abi from "../../core/abi.ts";
import {
  NONE, PARTITION_AUTOSTART, REGION_DEVICE, REGION_MAILBOX, REGION_RAM, UART_NS16550,
} from "../../partitions/blob/layout.table.ts";
import { uartWords } from "../../partitions/blob/uart.ts";
import { encodeBlob } from "../../partitions/blob/write.ts";
import { Link } from "../../industrial/link/link.ts";
import type { HypervisorEvent, PartitionTelemetry, VcpuTelemetry } from "../../industrial/link/telemetry.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { CLANG, LLD, runTool } from "../../tools/build/native.ts";
import { Load } from "../../partitions/images/contents.ts";
import { imageLayout, packImage } from "../../tools/build/pack.ts";
import { CORE_RISCV64, PLC_RISCV64 } from "../../tools/build/programs.ts";
import { RISCV64 } from "../../tools/build/targets/riscv64.ts";
import { startQemu, type Machine } from "../../tools/run/qemu.ts";
import { buildProvenCore } from "../../tools/verify/provenCore.ts";

// QEMU's virt machine with aia=aplic-imsic,aia-guests=1.
const UART = 0x1000_0000n;
const UART_FACTS = { uartKind: UART_NS16550, uartShift: 0, uartWide: 0, uartDivisor: 0, noTree: 1 };
const IMAGE = 0x8020_0000n;
const IMAGE_BYTES = 0x40_0000n;
const RAM_BYTES = 0x1fe0_0000n;
const BOARD = { imsic: 0x2800_0000n, imsicShift: 13, sources: 96, aplic: 0x0d00_0000n, timebase: 10_000_000, identities: 255 };

/** Where the guest has its memory, and begins. */
const GUEST_IPA = 0x8020_0000n;
const GUEST_PA = 0x8400_0000n;
const GUEST_BYTES = 0x20_0000n;
const MAILBOX_IPA = 0x9000_0000n;
const MAILBOX_PA = 0x8500_0000n;

const PATIENCE_MS = 60_000;
const POLL_MS = 5;

export interface Riscv64Spec {
  /** Its image, a file. */
  readonly guest: string;
  /** PARTITION_*, besides PARTITION_AUTOSTART. */
  readonly flags?: number;
  readonly mailbox?: boolean;
  /** The guest reaches its own interrupt file. */
  readonly file?: boolean;
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
  /** QEMU's -M. */
  readonly machine?: string;
}

function blobOf(spec: Riscv64Spec, source: number, size: number): Blob {
  const { flags = 0, mailbox = false, file = false, apart = false, first = 0 } = spec;
  const { onFailure = abi.ON_FAILURE_STOP, tick = 1000 } = spec;
  const own = apart ? 1 : 0;
  const reserved = 0;
  const memory = { kind: REGION_RAM, access: 7, colours: 0, reserved };
  const page = { ...memory, access: 3, size: 0x1000n };
  const besides = [
    ...(mailbox ? [{ ...page, kind: REGION_MAILBOX, ipa: MAILBOX_IPA, pa: MAILBOX_PA }] : []),
    ...(file ? [{ ...page, kind: REGION_DEVICE, ipa: BOARD.imsic, pa: BOARD.imsic + page.size }] : []),
  ];
  return {
    isa: "riscv64",
    header: {
      imageBase: IMAGE, hypervisorSize: IMAGE_BYTES, uart: UART, ...UART_FACTS,
      watchdog: 0n, watchdogTop: 0, housekeeper: 0, tickMicroseconds: tick,
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
        regionFirst: 0, regionCount: 1 + besides.length, interruptFirst: 0, interruptCount: 0, loadFirst: 0, loadCount: 1,
        channelFirst: 0, channelCount: 0, quiesceFirst: 0, quiesceCount: 0,
      }],
      Region: [
        { ...memory, ipa: GUEST_IPA, pa: GUEST_PA, size: GUEST_BYTES },
        ...besides,
      ],
      Load: [{ source: BigInt(source), target: GUEST_IPA, size: BigInt(size), zeros: BigInt(size) }],
      Ram: [{ base: IMAGE, size: RAM_BYTES }],
    },
  };
}

/** The image, as QEMU's -kernel takes it. */
async function imageOf(spec: Riscv64Spec): Promise<Uint8Array> {
  const core = readFileSync((await buildProvenCore(() => {}, CORE_RISCV64)).binary);
  const guest = readFileSync(spec.guest);
  const sizes = [guest.length];
  const { loadOffsets: [source = 0], loadSizes: [size = 0] } =
    imageLayout(core.length, encodeBlob(blobOf(spec, 0, 0)).length, sizes);
  const blob = encodeBlob(blobOf(spec, source, size));
  spec.alter?.(blob);
  const data = new Load(guest.length, [{ at: 0, contents: guest }]);
  const uart = uartWords({ uart: UART, ...UART_FACTS });
  return packImage({ isa: "riscv64", core, uart, blob, loads: [{ offset: source, size, data }] }).bytes();
}

export class Riscv64System {
  readonly link: Link;
  readonly events: HypervisorEvent[] = [];
  telemetry: PartitionTelemetry | undefined;
  vcpu: VcpuTelemetry | undefined;
  /** What the guest has printed; plain text: the firmware's, and the hypervisor's. */
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
    this.link.on("partition", (telemetry) => (this.telemetry = telemetry));
    this.link.on("vcpu", (vcpu) => (this.vcpu = vcpu));
  }

  static async boot(spec: Riscv64Spec): Promise<Riscv64System> {
    const folder = mkdtempSync(join(tmpdir(), "axv-riscv64-"));
    const image = join(folder, "image.bin");
    writeFileSync(image, await imageOf(spec));
    const { firmware } = RISCV64.emulator;
    const time = spec.realTime === true ? [] : ["-icount", "shift=0,sleep=off"];
    const machine = await startQemu([
      "-M", spec.machine ?? "virt,aia=aplic-imsic,aia-guests=1", "-cpu", "rv64", "-m", "512M",
      "-smp", spec.apart === true ? "2" : "1", ...time, "-bios", firmware?.path ?? "", "-kernel", image,
    ], undefined, RISCV64.emulator);
    return new Riscv64System(machine, folder);
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (!holds()) {
      if (Date.now() > end || this.link.closed !== undefined) {
        throw new Error(`waited in vain for: ${what}\n${this.text}\n${this.printed}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
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
