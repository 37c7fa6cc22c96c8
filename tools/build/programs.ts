// What is built for the target, as data. A program is AssemblyScript plus the assembly and linker script it starts with.
import type { Isa } from "./targets/target.ts";

export interface Program {
  /** Also the name of its folder in build/ and of the products in it. */
  readonly name: string;
  readonly isa: Isa;
  /** asc's entry file; its exports are what the assembly calls. All paths are relative to the repository's root. */
  readonly entry: string;
  /** What differs from program to program in sources that they share: these import build/generated/<name>, which is this file. */
  readonly parts?: Readonly<Record<string, string>>;
  /** wasm import module → the file whose export of that name is the table. */
  readonly tables: Readonly<Record<string, string>>;
  /** The file whose export `values` lists the process values that its partition has: their accessors are made from it. */
  readonly values?: string;
  /** Linear memory, fixed, in WebAssembly pages of 64 KiB. The linker script sees its size as axv_linear_bytes. */
  readonly memoryPages: number;
  /**
   * Exports that the assembly calls when every register has been saved already: they save none again. On AArch64 (clang's
   * preserve_none) the first argument is then in w20 and not in w0; a target without such a convention takes them for plain ones.
   */
  readonly savesNothing?: readonly string[];
  /**
   * Functions that keep most registers (on AArch64 all but x0…x8 and x16…x18, clang's preserve_most): exports whose caller in
   * assembly has saved no more, and what they go on in when it takes longer, which is never made a part of them. Plain ones where
   * the target has no such convention.
   */
  readonly savesMost?: readonly string[];
  /** .S files, in link order. */
  readonly assembly: readonly string[];
  readonly linkerScript: string;
  /** Runs at any 4 KiB aligned address, and the build proves it; else where its linker script says. */
  readonly positionIndependent: boolean;
  /**
   * How the C names of functions begin that guests wait for, at each exit or interrupt: all others are short rather
   * than fast. Without it, none is.
   */
  readonly fast?: readonly string[];
  /** Functions that clang takes for cheaper to repeat than to call, and that are not. */
  readonly apart?: readonly string[];
  /** Macros for C and assembly. */
  readonly defines: Readonly<Record<string, string>>;
}

/** Start of linear memory's window: 256 GiB, in the middle of a 39-bit address space. */
const LINEAR_BASE = "0x4000000000";
/** 128 GiB, in the middle of the lower half of Sv39's address space. */
const LINEAR_BASE_RISCV64 = "0x2000000000";

export const CORE: Program = {
  name: "core",
  isa: "aarch64",
  entry: "arch/aarch64/index.ts",
  tables: { cpu: "core/cpu.table.ts", aarch64: "arch/aarch64/aarch64.table.ts" },
  memoryPages: 11,
  savesNothing: ["trapCall", "trapSync", "trapSerror"],
  savesMost: [
    "trapIrq", "arch_aarch64_irq_handleOtherIrq", "trapLoad", "trapStore", "trapRead", "trapWrite", "core_blob_regionAt",
  ],
  assembly: ["arch/aarch64/entry.S"],
  linkerScript: "arch/aarch64/core.ld",
  positionIndependent: true,
  fast: [
    "trapIrq", "trapCall", "trapRead", "trapWrite", "trapLoad", "trapStore", "arch_aarch64_irq_handleOtherIrq", "axv_",
  ],
  apart: [
    "build_generated_blobAarch64_blobPartition", "core_time_ticks", "arch_aarch64_cpuInterface_endInterrupt",
    "arch_aarch64_listRegisters_heldHere", "core_uplink_reply", "core_partition_publishTags",
  ],
  defines: { LINEAR_BASE },
};

/** The core in HS mode of RISC-V. Its linear memory is where its assembly says: Sv39's upper half. */
export const CORE_RISCV64: Program = {
  name: "core-riscv64",
  isa: "riscv64",
  entry: "arch/riscv64/index.ts",
  tables: { cpu: "core/cpu.table.ts", riscv64: "arch/riscv64/riscv64.table.ts" },
  memoryPages: 11,
  assembly: ["arch/riscv64/entry.S"],
  linkerScript: "arch/riscv64/core.ld",
  positionIndependent: true,
  fast: ["quickCall", "quickSbi", "quickLoad", "trap", "access", "arch_riscv64_access_", "arch_riscv64_vaplic_", "axv_"],
  apart: ["arch_riscv64_sbiPmu_performance"], // the traps that call it seldom would save registers for it each time
  defines: {},
};

/** The PLC guest, bare metal at EL1. Its scan is driven by the EL1 virtual timer. */
export const PLC: Program = {
  name: "plc",
  isa: "aarch64",
  entry: "rtos-guests/plc/aarch64/index.ts",
  parts: { plcIsa: "rtos-guests/plc/aarch64/isa.ts" },
  tables: {
    cpu: "core/cpu.table.ts",
    guest: "rtos-guests/plc/aarch64/guest.table.ts",
    channel: "rtos-guests/channel/channel.table.ts",
  },
  values: "rtos-guests/plc/values.table.ts",
  memoryPages: 1,
  assembly: ["start.S", "stage1.S", "vectors.S"].map((file) => `rtos-guests/plc/aarch64/${file}`),
  linkerScript: "rtos-guests/plc/aarch64/plc.ld",
  positionIndependent: false,
  defines: { LINEAR_BASE, TIMER_INTID: "27" },
};

/** The same guest, driven by the EL1 physical timer. */
export const PLC_PHYSICAL_TIMER: Program = { ...PLC, name: "plc-physical-timer", defines: { LINEAR_BASE, TIMER_INTID: "30" } };

/** The same guest in supervisor mode of RISC-V, bare or in VS-mode: driven by its own timer (Sstc). */
export const PLC_RISCV64: Program = {
  name: "plc-riscv64",
  isa: "riscv64",
  entry: "rtos-guests/plc/riscv64/index.ts",
  parts: { plcIsa: "rtos-guests/plc/riscv64/isa.ts" },
  tables: {
    cpu: "core/cpu.table.ts",
    guestRiscv64: "rtos-guests/plc/riscv64/guest.table.ts",
    channel: "rtos-guests/channel/channel.table.ts",
  },
  values: "rtos-guests/plc/values.table.ts",
  memoryPages: 1,
  assembly: ["start.S", "stage1.S"].map((file) => `rtos-guests/plc/riscv64/${file}`),
  linkerScript: "rtos-guests/plc/riscv64/plc.ld",
  positionIndependent: false,
  defines: { LINEAR_BASE: LINEAR_BASE_RISCV64 },
};

/** Shows the PLC guest's process image: a Linux/arm64 executable for the other end of the channel. */
export const PLC_READER: Program = {
  name: "plc-reader",
  isa: "aarch64",
  entry: "rtos-guests/linux/index.ts",
  tables: {
    cpu: "core/cpu.table.ts",
    linux: "rtos-guests/linux/linux.table.ts",
    channel: "rtos-guests/channel/channel.table.ts",
  },
  memoryPages: 1,
  assembly: ["rtos-guests/linux/start.S"],
  linkerScript: "rtos-guests/linux/linux.ld",
  positionIndependent: false,
  defines: { LINEAR_BASE },
};

/** Hands a tag image on, for the bridge: a Linux/arm64 executable for the other end of its channel. */
export const TAG_READER: Program = {
  ...PLC_READER,
  name: "tag-reader",
  entry: "rtos-guests/linux/tags/index.ts",
  memoryPages: 2,
};

/** Brings a new image for another partition to the hypervisor: a Linux/arm64 executable for the one that `update:` names. */
export const UPDATE_SENDER: Program = { ...PLC_READER, name: "update-sender", entry: "rtos-guests/linux/updates/index.ts" };

/** The same for Linux/riscv64. */
const forRiscv64 = (program: Program): Program => ({
  ...program,
  name: `${program.name}-riscv64`,
  isa: "riscv64",
  assembly: ["rtos-guests/linux/riscv64/start.S"],
  defines: { LINEAR_BASE: LINEAR_BASE_RISCV64 },
});
/** What the project's own Linux has, by the name that it is called by there. */
export const LINUX_PROGRAMS: Readonly<Record<Isa, Readonly<Record<string, Program>>>> = {
  aarch64: { [PLC_READER.name]: PLC_READER, [TAG_READER.name]: TAG_READER, [UPDATE_SENDER.name]: UPDATE_SENDER },
  riscv64: {
    [PLC_READER.name]: forRiscv64(PLC_READER),
    [TAG_READER.name]: forRiscv64(TAG_READER),
    [UPDATE_SENDER.name]: forRiscv64(UPDATE_SENDER),
  },
};

/** The hypervisor for each ISA. */
export const CORE_OF: Readonly<Record<Isa, Program>> = { aarch64: CORE, riscv64: CORE_RISCV64 };
/** What verify proves, and nothing else does. */
export const CORES: readonly Program[] = Object.values(CORE_OF);

export const PROGRAMS: readonly Program[] = [
  ...CORES, PLC, PLC_PHYSICAL_TIMER, PLC_RISCV64, ...Object.values(LINUX_PROGRAMS).flatMap((each) => Object.values(each)),
];
