// What a file is, by its first bytes: an image in one of the formats that guests come in, or something that people give by
// mistake; and which instruction set it is for, where that can be told.
import { ARM64_MAGIC, MAGIC_OFFSET } from "./arm64-image.ts";
import { EM_AARCH64 } from "./elf.ts";
import type { ImageFormat } from "./formats.ts";
import { RISCV_MAGIC, RISCV_MAGIC_OFFSET } from "./riscv-image.ts";
import { codeIsa } from "./instructions.ts";

export interface Recognised {
  readonly format: ImageFormat | "other";
  /** "it is …", for people. */
  readonly what: string;
  /** Undefined: there is no telling. */
  readonly isa: string | undefined;
}

const text = (letters: string): number[] => [...letters].map((letter) => letter.charCodeAt(0));

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
  // Linux Documentation/arch/x86/boot.rst: header
  { offset: 0x202, bytes: [0x48, 0x64, 0x72, 0x53], what: "it is an x86 bzImage", isa: "x86" },
  // Linux arch/arm/boot/compressed/head.S: magic number to help the loader
  { offset: 0x24, bytes: [0x18, 0x28, 0x6f, 0x01], what: "it is a 32-bit Arm zImage", isa: "32-bit Arm" },
  { offset: 4, bytes: [0x7a, 0x69, 0x6d, 0x67], what: "it is compressed (an EFI zboot image)" },
  { offset: 0, bytes: [0x1f, 0x8b], what: "it is compressed with gzip" },
  { offset: 0, bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: "it is compressed with xz" },
  { offset: 0, bytes: [0x28, 0xb5, 0x2f, 0xfd], what: "it is compressed with zstd" },
  { offset: 0, bytes: [0x42, 0x5a, 0x68], what: "it is compressed with bzip2" },
  { offset: 0, bytes: [0x04, 0x22, 0x4d, 0x18], what: "it is compressed with lz4" },
  { offset: 0, bytes: [0x02, 0x21, 0x4c, 0x18], what: "it is compressed with lz4 (legacy frame, as kernels are)" },
  { offset: 0, bytes: [0x89, 0x4c, 0x5a, 0x4f, 0x00], what: "it is compressed with lzo" },
  { offset: 0, bytes: [0x1f, 0x9d], what: "it is compressed with compress (.Z)" },
  { offset: 0, bytes: [0x50, 0x4b, 0x03, 0x04], what: "it is a zip archive" },
  { offset: 0, bytes: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], what: "it is a 7z archive" },
  // POSIX.1-2017, pax: ustar Interchange Format, magic
  { offset: 257, bytes: text("ustar"), what: "it is a tar archive" },
  // Linux Documentation/driver-api/early-userspace/buffer-format.rst: without and with checksums
  { offset: 0, bytes: text("070701"), what: "it is a cpio archive, as an initrd is" },
  { offset: 0, bytes: text("070702"), what: "it is a cpio archive, as an initrd is" },
  { offset: 0, bytes: text("ANDROID!"), what: "it is an Android boot image" },
  { offset: 0, bytes: text("VNDRBOOT"), what: "it is an Android vendor boot image" },
  { offset: 0, bytes: text("hsqs"), what: "it is a squashfs file system" },
  { offset: 0, bytes: [0x51, 0x46, 0x49, 0xfb], what: "it is a disk of QEMU's (qcow2)" },
  { offset: 0, bytes: [0x27, 0x05, 0x19, 0x56], what: "it is a U-Boot uImage" },
  // UEFI 2.10, 5.3.2: the header's signature, in the second sector
  { offset: 512, bytes: text("EFI PART"), what: "it is a whole disk (GPT)" },
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
  if (has(file, RISCV_MAGIC_OFFSET, RISCV_MAGIC)) return { format: "riscv-image", what: "it is a riscv Image", isa: "RISC-V" };
  if (isElf(file)) return { format: "elf", what: "it is an ELF file", isa: elfIsa(file) };
  const other = OTHERS.find(({ offset, bytes }) => has(file, offset, bytes));
  if (other !== undefined) return { format: "other", what: other.what, isa: other.isa };
  const what = file.length === 0 ? "it is empty" : (treeKind(file) ?? lzmaKind(file) ?? textKind(file));
  if (what !== undefined) return { format: "other", what, isa: undefined };
  return { format: "raw", what: "it has no header", isa: codeIsa(file) };
}

export const isElf = (start: Uint8Array): boolean => has(start, 0, ELF_MAGIC);

const TREE_MAGIC: readonly number[] = [0xd0, 0x0d, 0xfe, 0xed];
/** FDT_BEGIN_NODE, "images" (Devicetree Specification 5.4; Flat Image Tree Specification, /images). */
const FIT_IMAGES: readonly number[] = [0, 0, 0, 1, ...text("images"), 0, 0];
/** In a FIT it stands before anything large. */
const FIT_IMAGES_WITHIN = 4096;

function treeKind(file: Uint8Array): string | undefined {
  if (!has(file, 0, TREE_MAGIC)) return undefined;
  const start = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, FIT_IMAGES_WITHIN));
  return start.includes(Buffer.from(FIT_IMAGES)) ? "it is a FIT (flat image tree of U-Boot's)" : "it is a device tree blob";
}

/**
 * LZMA_alone, which has no magic (LZMA Specification, "lzma file format"): properties 0x5d, the size of the dictionary,
 * which encoders make 2^n or 2^n + 2^(n - 1), and how long the contents are, or all ones.
 */
function lzmaKind(file: Uint8Array): string | undefined {
  if (file.length < LZMA_HEADER || file[0] !== LZMA_PROPERTIES) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, LZMA_HEADER);
  const dictionary = view.getUint32(1, true);
  const length = view.getBigUint64(5, true);
  const power = 2 ** Math.floor(Math.log2(Math.max(1, dictionary)));
  const usual = dictionary >= LZMA_DICTIONARY_MIN && (dictionary === power || dictionary === power * 1.5);
  return usual && (length === LZMA_UNKNOWN || length < LZMA_LENGTH_MAX) ? "it is compressed with lzma" : undefined;
}
const LZMA_HEADER = 13;
const LZMA_PROPERTIES = 0x5d;
const LZMA_DICTIONARY_MIN = 4096;
const LZMA_UNKNOWN = 2n ** 64n - 1n;
const LZMA_LENGTH_MAX = 2n ** 40n;

/**
 * Code has zeros and other control characters among its first instructions, however few these are: a branch back, or a return,
 * is no text. What could be letters of any language has to be mostly ASCII, where most bytes are letters (Latin-1, and UTF-16
 * of code's halves).
 */
const TEXT_LOOKED_AT = 4096;
const ENCODINGS = [
  { encoding: "utf-8", asciiAbove: 0 },
  { encoding: "utf-16le", asciiAbove: 1 / 2 },
  { encoding: "utf-16be", asciiAbove: 1 / 2 },
  { encoding: "latin1", asciiAbove: 1 / 2 },
] as const;

function textKind(file: Uint8Array): string | undefined {
  return ENCODINGS.some(({ encoding, asciiAbove }) => isText(file, encoding, asciiAbove)) ? "it is text" : undefined;
}

function isText(file: Uint8Array, encoding: string, asciiAbove: number): boolean {
  try {
    const stream = file.length > TEXT_LOOKED_AT; // its last letter may be cut
    const start = new TextDecoder(encoding, { fatal: true }).decode(file.subarray(0, TEXT_LOOKED_AT), { stream });
    const ascii = start.match(/[\t-\r\x1b -~]/g)?.length ?? 0;
    return !/[\0-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]/.test(start) && /\s/.test(start) && ascii > start.length * asciiAbove;
  } catch {
    return false; // it is not in this encoding
  }
}

function elfIsa(file: Uint8Array): string | undefined {
  if (file.length < ELF_MACHINE + 2) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const machine = view.getUint16(ELF_MACHINE, file[ELF_DATA] !== ELF_BIG_ENDIAN);
  return ELF_MACHINES[machine] ?? `machine ${machine} of ELF`;
}
