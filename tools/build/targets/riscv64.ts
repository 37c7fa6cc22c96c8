// RISC-V with 64 bits: RVA22S64 without the floating-point registers, which all that has the hypervisor extension and AIA is.
// Relocations: RISC-V ELF psABI, "Relocations".
import { RISCV64_READING } from "../../verify/native/riscv64.ts";
import type { Relocation } from "../elf.ts";
import type { ImageHeader, RelocationRules, Target } from "./target.ts";

/** A symbol's value is added where another one's is taken away: their difference is a distance. By width. */
const DIFFERENCES: Readonly<Record<number, number>> = { 33: 37, 34: 38, 35: 39, 36: 40 };
const ADDED = new Set(Object.keys(DIFFERENCES).map(Number));
const TAKEN_AWAY = new Set(Object.values(DIFFERENCES));

const relocations: RelocationRules = {
  prefix: "R_RISCV_",
  relative: {
    0: "NONE", // relaxed away
    16: "BRANCH",
    17: "JAL",
    18: "CALL",
    19: "CALL_PLT",
    23: "PCREL_HI20",
    24: "PCREL_LO12_I",
    25: "PCREL_LO12_S",
    33: "ADD8",
    34: "ADD16",
    35: "ADD32",
    36: "ADD64",
    37: "SUB8",
    38: "SUB16",
    39: "SUB32",
    40: "SUB64",
    43: "ALIGN",
    44: "RVC_BRANCH",
    45: "RVC_JUMP",
    51: "RELAX",
    57: "32_PCREL",
  },
  absolute: {
    1: "32",
    2: "64",
    26: "HI20",
    27: "LO12_I",
    28: "LO12_S",
  },
  wrongBesides(all) {
    const places = (types: ReadonlySet<number>): Set<string> =>
      new Set(all.filter(({ type }) => types.has(type)).map(place));
    const added = places(ADDED);
    const takenAway = places(TAKEN_AWAY);
    const halves = (one: Relocation): boolean =>
      ADDED.has(one.type) ? !takenAway.has(place(one)) : TAKEN_AWAY.has(one.type) && !added.has(place(one));
    return all.filter(halves);
  },
};

const place = ({ section, offset }: Relocation): string => `${section.name}+${offset}`;

// Linux, Documentation/arch/riscv/boot-image-header.rst: offset of each field that matters here.
const TEXT_OFFSET = 8;
const FLAGS = 24;
const MAGIC = 48;
const MAGIC2 = 56;
const RISCV_MAGIC = 0x56_4353_4952n; // "RISCV\0\0\0" in memory
const RISCV_MAGIC2 = 0x0543_5352; // "RSC\x05"
const FLAG_BIG_ENDIAN = 1n;
/** The image may be put at multiples of so much, at least behind the firmware at RAM's start. */
const OFFSET_IN_RAM = 0x20_0000n;

const imageHeader: ImageHeader = {
  title: "Linux riscv Image",
  bytes: 64,
  wrong(header) {
    if (header.getBigUint64(MAGIC, true) !== RISCV_MAGIC) return `no "RISCV\\0\\0\\0" at offset ${MAGIC}`;
    if (header.getUint32(MAGIC2, true) !== RISCV_MAGIC2) return `no "RSC\\x05" at offset ${MAGIC2}`;
    const offset = header.getBigUint64(TEXT_OFFSET, true);
    if (offset !== OFFSET_IN_RAM) return `text_offset is 0x${offset.toString(16)}, not 0x${OFFSET_IN_RAM.toString(16)}`;
    return (header.getBigUint64(FLAGS, true) & FLAG_BIG_ENDIAN) === 0n ? undefined : "it is big endian";
  },
  before: () => 0, // text_offset is where the first image begins, behind the firmware
};

export const RISCV64: Target = {
  isa: "riscv64",
  title: "RISC-V",
  flags: ["--target=riscv64-unknown-elf", "-march=rv64imac_zicsr_zifencei_zba_zbb_zbs", "-mabi=lp64", "-mcmodel=medany"],
  // A load from linear memory may have any address; none that AssemblyScript makes is misaligned.
  // No -enable-ipra: clang 19 then saves the return address no more, and forgets what a function changes that ends another one.
  cFlags: ["-mno-strict-align"],
  linkFlags: ["--no-relax-gp"],
  headers: ["tools/build/targets/riscv64.h", "tools/build/translate/builtins.h"],
  conventions: { savesNothing: undefined, savesMost: undefined },
  relocations,
  imageHeader,
  emulator: {
    program: "qemu-system-riscv64",
    package: "qemu-system-riscv, on Debian 12 qemu-system-misc",
    firmware: { path: "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin", package: "opensbi" },
  },
  reading: RISCV64_READING,
  budgets: "arch/riscv64/budgets.yaml",
};
