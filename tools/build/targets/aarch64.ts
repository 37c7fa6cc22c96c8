// AArch64, as the core and its guests are built for it. Relocations: ELF for the Arm 64-bit Architecture, §5.7.
import { AARCH64_READING } from "../../verify/native/aarch64.ts";
import type { ImageHeader, RelocationRules, Target } from "./target.ts";

const relocations: RelocationRules = {
  prefix: "R_AARCH64_",
  relative: {
    260: "PREL64",
    261: "PREL32",
    262: "PREL16",
    273: "LD_PREL_LO19",
    274: "ADR_PREL_LO21",
    275: "ADR_PREL_PG_HI21",
    276: "ADR_PREL_PG_HI21_NC",
    277: "ADD_ABS_LO12_NC",
    278: "LDST8_ABS_LO12_NC",
    284: "LDST16_ABS_LO12_NC",
    285: "LDST32_ABS_LO12_NC",
    286: "LDST64_ABS_LO12_NC",
    299: "LDST128_ABS_LO12_NC",
    279: "TSTBR14",
    280: "CONDBR19",
    282: "JUMP26",
    283: "CALL26",
    314: "PLT32",
  },
  absolute: {
    257: "ABS64",
    258: "ABS32",
    259: "ABS16",
    263: "MOVW_UABS_G0",
    264: "MOVW_UABS_G0_NC",
    265: "MOVW_UABS_G1",
    266: "MOVW_UABS_G1_NC",
    267: "MOVW_UABS_G2",
    268: "MOVW_UABS_G2_NC",
    269: "MOVW_UABS_G3",
  },
  wrongBesides: () => [],
};

// Linux, Documentation/arch/arm64/booting.rst: offset of each field that matters here.
const TEXT_OFFSET = 8;
/** An image may lie so far behind where memory begins, and the first 2 MiB of that may be the loader's (core.ld). */
const LOADERS = 0x20_0000n;
const PAGE = 4096n;
const FLAGS = 24;
const MAGIC = 56;
const ARM64_MAGIC = 0x644d5241; // "ARM\x64" in memory
const FLAG_BIG_ENDIAN = 1n;
const FLAG_PAGE_SIZE = 6n;
const FLAG_PAGE_4K = 2n;
const FLAG_ANYWHERE = 8n;

const imageHeader: ImageHeader = {
  title: "Linux arm64 Image",
  bytes: 64,
  wrong(header) {
    if (header.getUint32(MAGIC, true) !== ARM64_MAGIC) return `no "ARM\\x64" at offset ${MAGIC}`;
    const offset = header.getBigUint64(TEXT_OFFSET, true);
    if (offset < LOADERS || offset >= 2n * LOADERS || offset % PAGE !== 0n) return `text_offset is 0x${offset.toString(16)}`;
    const flags = header.getBigUint64(FLAGS, true);
    const wanted = FLAG_PAGE_4K | FLAG_ANYWHERE;
    if ((flags & (FLAG_BIG_ENDIAN | FLAG_PAGE_SIZE | FLAG_ANYWHERE)) !== wanted)
      return `flags are 0x${flags.toString(16)}, not 0x${wanted.toString(16)}`;
    return undefined;
  },
  before: (header) => Number(header.getBigUint64(TEXT_OFFSET, true) - LOADERS),
};

export const AARCH64: Target = {
  isa: "aarch64",
  title: "AArch64",
  flags: ["--target=aarch64-none-elf", "-march=armv8-a"],
  cFlags: [
    "-mgeneral-regs-only", "-mno-outline-atomics", "-mtune=cortex-a53", "-mfix-cortex-a53-835769",
    // A caller knows which registers a function really changes, so that few have to be saved around calls
    // (tools/verify/native/kept.ts proves it of what was linked).
    "-mllvm", "-enable-ipra",
    // A constant that several places need is made once before them, wherever that is shorter: not only where it is quicker. On
    // RISC-V that is no shorter, and traps take longer.
    "-mllvm", "-consthoist-with-block-frequency=0",
  ],
  linkFlags: ["--fix-cortex-a53-843419"],
  headers: ["tools/build/targets/aarch64.h"],
  conventions: { savesNothing: "preserve_none", savesMost: "preserve_most" },
  relocations,
  imageHeader,
  emulator: { program: "qemu-system-aarch64", package: "qemu-system-arm" },
  reading: AARCH64_READING,
  budgets: "arch/aarch64/budgets.yaml",
};
