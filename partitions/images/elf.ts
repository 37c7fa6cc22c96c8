// ELF files of AArch64 and RISC-V (System V ABI, "Object Files"; ELF for the Arm 64-bit Architecture, IHI 0056): what their
// program headers say is to be loaded, as one stretch of memory.
//
//   e_ident            0  7f 'E' 'L' 'F', class (2: 64 bit), data (1: little endian)
//   e_type      u16   16  2: executable, 3: position-independent
//   e_machine   u16   18
//   e_entry     u64   24  virtual address
//   e_phoff     u64   32      e_phentsize u16 54      e_phnum u16 56
//
//   p_type      u32    0  1: PT_LOAD
//   p_offset    u64    8      p_vaddr u64 16      p_paddr u64 24      p_filesz u64 32      p_memsz u64 40
//
// A segment goes to its physical address (p_paddr), as debuggers, QEMU and bootloaders have it: its virtual address holds
// only once the guest has its MMU on.
import { formatSpan, hex } from "../units.ts";
import type { ImagePart } from "./formats.ts";

export const EM_AARCH64 = 183;
const CLASS = 4;
const CLASS_64 = 2;
const DATA = 5;
const LITTLE_ENDIAN = 1;
const TYPES_WITH_SEGMENTS = [2, 3];
const PT_LOAD = 1;
const HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
/** Addresses of stage 2 have at most 48 bits (DDI 0487, D8.2). */
const ADDRESS_LIMIT = 2n ** 48n;
/** Where instructions begin: multiples of this on AArch64, and of that on RISC-V, which has compressed ones. */
const INSTRUCTION_BYTES = 4;
const COMPRESSED_BYTES = 2;

interface Segment extends ImagePart {
  readonly vaddr: bigint;
}

export interface ElfImage {
  /** By physical address; what a part has beyond its bytes must be zero at the start (System V ABI, "Program Header"). */
  readonly parts: readonly ImagePart[];
  /** Physical address of the first instruction. */
  readonly entry: number;
}

/** What is to be loaded; or, as a string, why nothing can be. Call it with an ELF file of AArch64 or RISC-V only. */
export function parseElf(file: Uint8Array): ElfImage | string {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < HEADER_SIZE) return "it is an ELF file that ends within its header";
  if (file[CLASS] !== CLASS_64) return "it is a 32-bit ELF file";
  if (file[DATA] !== LITTLE_ENDIAN) return "it is a big-endian ELF file";
  if (!TYPES_WITH_SEGMENTS.includes(view.getUint16(16, true))) return "it is an ELF file that was not linked yet (.o)";
  const segments = loadSegments(file, view);
  if (typeof segments === "string") return segments;
  if (segments.length === 0) return "it is an ELF file with nothing to load (no PT_LOAD)";
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    if (next !== undefined && segment.at + segment.size > next.at)
      return `its segments ${span(segment)} and ${span(next)} overlap`;
  }
  const entry = physicalEntry(view.getBigUint64(24, true), segments);
  const step = view.getUint16(18, true) === EM_AARCH64 ? INSTRUCTION_BYTES : COMPRESSED_BYTES;
  if (entry % step !== 0) return `it is entered at ${hex(entry)}, which is no multiple of ${step}`;
  return { parts: segments, entry };
}

const span = ({ at, size }: ImagePart): string => formatSpan({ base: at, size });

/** By physical address; those that take no memory left out. */
function loadSegments(file: Uint8Array, view: DataView): Segment[] | string {
  const table = Number(view.getBigUint64(32, true));
  const stride = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  if (count > 0 && (stride < PROGRAM_HEADER_SIZE || table + stride * count > file.length))
    return "it is an ELF file that ends within its program headers";
  const segments: Segment[] = [];
  for (let header = table; header < table + stride * count; header += stride) {
    if (view.getUint32(header, true) !== PT_LOAD) continue;
    const field = (at: number): bigint => view.getBigUint64(header + at, true);
    const [offset, vaddr, paddr, fileSize, size] = [field(8), field(16), field(24), field(32), field(40)] as const;
    if (size === 0n) continue;
    const name = `its segment at physical address 0x${paddr.toString(16)}`;
    if (paddr + size > ADDRESS_LIMIT) return `${name} is beyond 48 bits`;
    if (fileSize > size) return `${name} has more bytes than memory`;
    if (offset + fileSize > BigInt(file.length)) return `${name} is longer than the file`;
    const bytes = file.subarray(Number(offset), Number(offset + fileSize));
    segments.push({ at: Number(paddr), size: Number(size), bytes, vaddr });
  }
  return segments.sort((a, b) => a.at - b.at);
}

/** e_entry is a virtual address; some linker scripts give the physical one all the same. */
function physicalEntry(entry: bigint, segments: readonly Segment[]): number {
  const home = segments.find(({ vaddr, size }) => vaddr <= entry && entry < vaddr + BigInt(size));
  return home === undefined ? Number(entry) : home.at + Number(entry - home.vaddr);
}
