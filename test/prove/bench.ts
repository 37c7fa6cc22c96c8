// Images to prove, and to tamper with: systems of small programs on a board's own file, packed with the core that was built.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Isa } from "../../boards/isa.ts";
import type { Blob, BlobRecord } from "../../partitions/blob/codec.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { uartWords } from "../../partitions/blob/uart.ts";
import { encodeBlob } from "../../partitions/blob/write.ts";
import { Load } from "../../partitions/images/contents.ts";
import { planSystem } from "../../partitions/index.ts";
import { boards } from "../../partitions/shelf.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { imageLayout, packImage } from "../../tools/build/pack.ts";
import { CORE as CORE_PROGRAM, CORE_RISCV64 } from "../../tools/build/programs.ts";
import { boardsOn } from "../../tools/prove/board.ts";
import { coreOf } from "../../tools/prove/core.ts";
import type { Core } from "../../tools/prove/core.ts";
import { openImage, isRead } from "../../tools/prove/image.ts";
import type { ReadImage } from "../../tools/prove/image.ts";
import type { Known } from "../../tools/prove/prove.ts";

const built = await buildProgram(CORE_PROGRAM);
export const CORE_WASM = readFileSync(built.wasm);
export const CORE_ELF = readFileSync(built.elf);
export const CORE = coreOf("aarch64", CORE_WASM, readFileSync(built.binary), CORE_ELF);
const builtRiscv = await buildProgram(CORE_RISCV64);
export const RISCV_CORE = coreOf(
  "riscv64", readFileSync(builtRiscv.wasm), readFileSync(builtRiscv.binary), readFileSync(builtRiscv.elf),
);
const CORES: Readonly<Record<Isa, Core>> = { aarch64: CORE, riscv64: RISCV_CORE };
const coreFor = (yaml: string): Core => CORES[yaml.includes("board: qemu-riscv64") ? "riscv64" : "aarch64"];
/** Those of the shelf, without their trees. */
export const KNOWN: Known = { boards: boardsOn(boards()), treeOf: () => undefined };

/** Of everything that there is: DMA, a device without, channels, mailbox, direct and injected, two vCPUs, one that waits. */
export const MIXED = `
board: qemu-aarch64
partitions:
  net:
    guest: bare-metal
    image: net.bin
    load: 0x78000000
    cpus: [0, 1]
    memory: { size: 2M, at: 0x78000000, ipa: identity }
    devices: [virtio0, virtio1]
    accepts: [dma]
  plc:
    guest: bare-metal
    image: plc.bin
    load: 0x40000000
    cpus: [3]
    memory: 4M
    devices: [rtc]
    interrupts: direct
    watchdog: 1s
    on_failure: restart
  log:
    guest: bare-metal
    image: log.bin
    load: 0x40000000
    cpus: [2]
    memory: 1M
    telemetry: true
    controls: [plc]
    autostart: false
channels:
  image: { between: [plc, net] }
  trace: { between: [plc, log], size: 8K }
`;

/** By colours, on the same board. */
export const COLOURED = `
board: qemu-aarch64
partitions:
  one: { guest: bare-metal, image: one.bin, load: 0x40000000, cpus: [1], memory: 1M, cache: { colours: 0-7 } }
  two: { guest: bare-metal, image: two.bin, load: 0x40000000, cpus: [2], memory: 1M, cache: { colours: 8-11 } }
channels:
  both: { between: [one, two] }
`;

/** The same on a GICv2, whose CPU interface guests have in memory. */
export const GICV2 = `
board: qemu-aarch64-gicv2
partitions:
  one: { guest: bare-metal, image: one.bin, load: 0x40000000, cpus: [1], memory: 1M }
  two: { guest: bare-metal, image: two.bin, load: 0x40000000, cpus: [2], memory: 1M }
  three: { guest: bare-metal, image: three.bin, load: 0x40000000, cpus: [3], memory: 1M, interrupts: direct }
channels:
  both: { between: [one, three] }
`;

/** Everything that there is on RISC-V: direct on two harts, beside injected ones, of which one waits. */
export const RISCV = `
board: qemu-riscv64
partitions:
  net:
    guest: bare-metal
    image: net.bin
    load: 0xb8000000
    cpus: [0, 1]
    memory: { size: 2M, at: 0xb8000000, ipa: identity }
    interrupts: direct
    devices: [virtio0, virtio1]
    accepts: [dma]
  plc:
    guest: bare-metal
    image: plc.bin
    load: 0x80200000
    cpus: [3]
    memory: 4M
    interrupts: direct
    devices: [rtc]
    watchdog: 1s
    on_failure: restart
  log:
    guest: bare-metal
    image: log.bin
    load: 0x80200000
    cpus: [2]
    memory: 1M
    telemetry: true
    controls: [plc]
    autostart: false
channels:
  image: { between: [plc, net] }
  trace: { between: [plc, log], size: 8K }
`;

/** The image of a system. */
export function imageOf(yaml: string): Uint8Array {
  const core = coreFor(yaml);
  const folder = mkdtempSync(join(tmpdir(), "axv-prove-"));
  try {
    const file = join(folder, "system.yaml");
    writeFileSync(file, yaml);
    for (const [, name = ""] of yaml.matchAll(/image: (\w+\.bin)/g)) {
      writeFileSync(join(folder, name), Uint8Array.from({ length: 300 + name.length }, (_, n) => (n * 7 + name.length) & 0xff));
    }
    const { system, diagnostics } = planSystem(file, (blob, loads) => imageLayout(core.memory, blob, loads));
    if (system === undefined) throw new Error(diagnostics.map(({ message, remedy }) => `${message}: ${remedy}`).join("\n"));
    return pack(readBlob(system.blob), system.loads.map((load) => load.bytes()));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As the packer would, with a blob that nobody planned. */
export function pack(blob: Blob, loads: readonly Uint8Array[]): Uint8Array {
  const bytes = encodeBlob(blob);
  const core = CORES[blob.isa];
  const { loadOffsets } = imageLayout(core.memory, bytes.length, loads.map(({ length }) => length));
  return packImage({
    isa: blob.isa, core: core.binary, blob: bytes, uart: uartWords(blob.header),
    loads: loads.map((contents, n) => {
      const data = new Load(contents.length, [{ at: 0, contents }]);
      return { data, size: data.length, offset: loadOffsets[n] ?? 0 };
    }),
  }).bytes();
}

export function open(bytes: Uint8Array, core = CORE): ReadImage {
  const image = openImage(bytes, core);
  if (!isRead(image)) throw new Error(String(image.said));
  return image;
}

/** With another blob: loads are where they have to be then. */
export function repacked(image: Uint8Array, change: (blob: Blob) => Blob, core = CORE): Uint8Array {
  const { said: { blob, declared } } = open(image, core);
  const loads = declared.loads.map(({ source, stored }) => image.subarray(source - core.before, source - core.before + stored));
  const changed = change(blob);
  const size = encodeBlob(changed).length;
  const { loadOffsets, total } = imageLayout(core.memory, size, loads.map(({ length }) => length));
  const placed = (changed.records["Load"] ?? []).map((load, n) => ({ ...load, source: BigInt(loadOffsets[n] ?? 0) }));
  const header = { ...changed.header, hypervisorSize: BigInt(Math.ceil(total / 4096) * 4096) };
  return pack({ ...changed, header, records: { ...changed.records, Load: placed } }, loads);
}

type Change = (record: BlobRecord) => BlobRecord;

/** One record of a kind is another one. */
export const withRecord = (kind: string, index: number, change: Change) => (blob: Blob): Blob => {
  const list = (blob.records[kind] ?? []).map((one, n) => (n === index ? change(one) : one));
  return { ...blob, records: { ...blob.records, [kind]: list } };
};
