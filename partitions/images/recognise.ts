// What a file is, by its first bytes: an image in one of the formats that guests come in, or something that people give by
// mistake; and which instruction set it is for, where that can be told.
import { ARM64_MAGIC, MAGIC_OFFSET } from "./arm64-image.ts";
import { EM_AARCH64 } from "./elf.ts";
import type { ImageFormat } from "./guest-image.ts";
import { codeIsa } from "./instructions.ts";

export interface Recognised {
  readonly format: ImageFormat | "other";
  /** "it is …", for people. */
  readonly what: string;
  /** Undefined: there is no telling. */
  readonly isa: string | undefined;
}

interface Signature {
  readonly offset: number;
  readonly bytes: readonly number[];
  readonly what: string;
  readonly isa?: string;
}

const ELF_MAGIC: readonly number[] = [0x7f, 0x45, 0x4c, 0x46];
const ELF_DATA = 5;
const ELF_BIG_ENDIAN = 2;
const ELF_MACHINE = 18;

/** Kernels of other instruction sets, and what people give by mistake. */
const OTHERS: readonly Signature[] = [
  // Linux Documentation/arch/riscv/boot-image-header.rst: magic2
  { offset: 56, bytes: [0x52, 0x53, 0x43, 0x05], what: "it is a RISC-V Linux Image", isa: "RISC-V" },
  // Linux Documentation/arch/x86/boot.rst: header
  { offset: 0x202, bytes: [0x48, 0x64, 0x72, 0x53], what: "it is an x86 bzImage", isa: "x86" },
  // Linux arch/arm/boot/compressed/head.S: magic number to help the loader
  { offset: 0x24, bytes: [0x18, 0x28, 0x6f, 0x01], what: "it is a 32-bit Arm zImage", isa: "32-bit Arm" },
  { offset: 4, bytes: [0x7a, 0x69, 0x6d, 0x67], what: "it is compressed (an EFI zboot image)" },
  { offset: 0, bytes: [0x1f, 0x8b], what: "it is compressed with gzip" },
  { offset: 0, bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: "it is compressed with xz" },
  { offset: 0, bytes: [0x28, 0xb5, 0x2f, 0xfd], what: "it is compressed with zstd" },
  { offset: 0, bytes: [0xd0, 0x0d, 0xfe, 0xed], what: "it is a device tree blob" },
  { offset: 0, bytes: [0x27, 0x05, 0x19, 0x56], what: "it is a U-Boot uImage" },
];

/** e_machine (System V ABI, "Machine Information"). */
const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: "x86",
  8: "MIPS",
  20: "PowerPC",
  21: "PowerPC64",
  40: "32-bit Arm",
  62: "x86-64",
  [EM_AARCH64]: "AArch64",
  243: "RISC-V",
  258: "LoongArch",
};

const has = (file: Uint8Array, offset: number, bytes: readonly number[]): boolean =>
  bytes.every((byte, index) => file[offset + index] === byte);

export function recognise(file: Uint8Array): Recognised {
  if (has(file, MAGIC_OFFSET, ARM64_MAGIC)) return { format: "arm64-image", what: "it is an arm64 Image", isa: "AArch64" };
  if (has(file, 0, ELF_MAGIC)) return { format: "elf", what: "it is an ELF file", isa: elfIsa(file) };
  const other = OTHERS.find(({ offset, bytes }) => has(file, offset, bytes));
  if (other !== undefined) return { format: "other", what: other.what, isa: other.isa };
  if (file.length === 0) return { format: "other", what: "it is empty", isa: undefined };
  return { format: "raw", what: "it has no header", isa: codeIsa(file) };
}

function elfIsa(file: Uint8Array): string | undefined {
  if (file.length < ELF_MACHINE + 2) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const machine = view.getUint16(ELF_MACHINE, file[ELF_DATA] !== ELF_BIG_ENDIAN);
  return ELF_MACHINES[machine] ?? `machine ${machine} of ELF`;
}
