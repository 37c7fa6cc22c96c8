// Intrinsics of physical memory, devices and the image that are the same C for every ISA: what is mapped is at its PA. Each ISA's
// table has them among its own.
import type { Intrinsic } from "../tools/build/intrinsic.ts";

/** `read` and `write` of one width at a physical address. */
export const mmio = (bits: 8 | 16 | 32 | 64): Intrinsic[] => {
  const type = bits === 64 ? "u64" : "u32";
  const value = bits === 64 ? "unsigned long" : "unsigned int";
  // volatile: once, of this size, and in order with the others
  const access = bits === 8 ? "unsigned char" : bits === 16 ? "unsigned short" : value;
  return [
    {
      name: `mmioRead${bits}`,
      params: { pa: "u64" },
      result: type,
      doc: `One ${bits}-bit load from a device register.`,
      c: `${value} value = *(volatile ${access} *)pa; __asm__ volatile("" : : : "memory"); return value;`,
    },
    {
      name: `mmioWrite${bits}`,
      params: { pa: "u64", value: type },
      result: "void",
      doc: `One ${bits}-bit store to a device register.`,
      c: `__asm__ volatile("" : : : "memory"); *(volatile ${access} *)pa = value; __asm__ volatile("" : : : "memory");`,
    },
  ];
};

export const symbol = (name: string, linkerSymbol: string, doc: string): Intrinsic => ({
  name,
  params: {},
  result: "u64",
  doc,
  c: `extern char ${linkerSymbol}[]; return (unsigned long)${linkerSymbol};`,
});

export const physical: readonly Intrinsic[] = [
  symbol("imageBase", "axv_image_start", "PA of the hypervisor's memory: the image, or zeros in front of it."),
  symbol("imageUart", "axv_image_uart", "PA of what the packer writes behind the image's header: which UART the board has."),
  {
    name: "imageSize",
    params: {},
    result: "u64",
    doc: "Bytes from there to the end of the core itself: text, data, stacks, linear memory. The packer puts the blob behind it.",
    c: `extern char axv_image_start[], axv_image_end[]; return (unsigned long)(axv_image_end - axv_image_start);`,
  },
  {
    name: "linearToPhysical",
    params: { pointer: "u32" },
    result: "u64",
    doc: "PA of a linear-memory offset.",
    c: `extern char axv_linear_start[]; return (unsigned long)axv_linear_start + pointer;`,
  },
  {
    name: "physicalRead32",
    params: { pa: "u64" },
    result: "u32",
    doc: "One 32-bit load from memory that later accesses cannot pass. A multiple of 4.",
    c: `return __atomic_load_n((unsigned int *)pa, __ATOMIC_ACQUIRE);`,
  },
  {
    name: "physicalWrite32",
    params: { pa: "u64", value: "u32" },
    result: "void",
    doc: "One 32-bit store to memory that earlier accesses cannot pass. A multiple of 4.",
    c: `__atomic_store_n((unsigned int *)pa, value, __ATOMIC_RELEASE);`,
  },
  {
    name: "physicalRead64",
    params: { pa: "u64" },
    result: "u64",
    doc: "One 64-bit load from memory.",
    c: `return *(volatile unsigned long *)pa;`,
  },
  {
    name: "physicalWrite64",
    params: { pa: "u64", value: "u64" },
    result: "void",
    doc: "One 64-bit store to memory (page-table entries outside linear memory).",
    c: `*(volatile unsigned long *)pa = value;`,
  },
  {
    name: "copyFromPhysical",
    params: { pointer: "u32", pa: "u64", bytes: "u32" },
    result: "void",
    doc: "Copies into linear memory. All three are multiples of 8.",
    c: `unsigned long *to = (unsigned long *)LINEAR(pointer); const unsigned long *from = (const unsigned long *)pa;
    for (unsigned int i = 0; i < bytes / 8; i++) { BYTES_LOOP; to[i] = from[i]; }`,
  },
];
