// The intrinsics, as the simulated machine answers them: what each instruction of the tables does here. Names and types are
// the tables' (core/cpu.table.ts, arch/aarch64/aarch64.table.ts); imports.ts checks that none is missing.
import { aarch64, ID_KEPT, ID_PLACE, PIECE_BYTES, RESETS } from "../../../arch/aarch64/aarch64.table.ts";
import { translateGuest } from "./addressTranslation.ts";
import { hex, MachineError } from "../errors.ts";
import type { Hardware } from "./hardware.ts";
import type { Hook, Hooks, Value } from "../imports.ts";
import { VECTOR_BYTES, VECTORS } from "./pcpu.ts";
import { exists } from "./features.ts";
import { isRegister, UNKNOWN } from "./registers.ts";
import type { RegisterName } from "./registers.ts";
import { cpuOf } from "./gic/gic.ts";
import { Gicv3 } from "./gic/gicv3.ts";
import { vmidOf } from "./stage2.ts";
import { Synchronisation } from "./synchronisation.ts";

const MASK32 = 0xffff_ffffn;
const TCR_EPD = (1n << 7n) | (1n << 23n);
const SCTLR_M = 1n;
const PAGE = 4096;
/** ID_AA64ISAR0_EL1.RNDR. */
const ISAR0_RNDR = 60n;
/** Bit 0 of a translation table's descriptor (ARM ARM D8.3). */
const DESCRIPTOR_VALID = 1n;

/** Module "cpu": atomics are plain here, because only one pCPU runs at a time. What was stored ahead of one is seen by whoever sees it. */
export function cpuHooks(machine: Hardware): Hooks {
  const update = (pointer: number, change: (before: number) => number): number => {
    machine.storeBuffer?.drain(machine.current.index);
    const before = machine.linear.getUint32(pointer, true);
    machine.linear.setUint32(pointer, change(before) >>> 0, true);
    return before;
  };
  return synchronised(machine, {
    bound: (iteration: number, limit: number) => {
      if (iteration >= limit) throw new MachineError("MACHINE_LOOP", `iteration ${iteration} of a loop that says it ends before ${limit}`);
    },
    atomicOr32: (pointer: number, bits: number) => update(pointer, (before) => before | bits),
    atomicAnd32: (pointer: number, bits: number) => update(pointer, (before) => before & bits),
    atomicAdd32: (pointer: number, value: number) => update(pointer, (before) => before + value),
    atomicExchange32: (pointer: number, value: number) => update(pointer, () => value),
    compareExchange32: (pointer: number, expected: number, value: number) => update(pointer, (before) => (before === expected ? value : before)),
    loadAcquire32: (pointer: number) => machine.linear.getUint32(pointer, true),
    storeRelease32: (pointer: number, value: number) => {
      machine.storeBuffer?.store(machine.current.index, pointer, 4);
      machine.linear.setUint32(pointer, value, true);
    },
  });
}

/** Module "aarch64". */
export function aarch64Hooks(machine: Hardware): Hooks {
  return synchronised(machine, { ...storageHooks(machine), ...resetHooks(machine), ...timerHooks(machine), ...debugHooks(machine), ...pmuHooks(machine), ...clusterHooks(machine), ...gicHooks(machine), ...instructionHooks(machine), ...memoryHooks(machine) });
}

/** The same hooks, those that the rules of context synchronisation are about with a look at them. */
function synchronised(machine: Hardware, hooks: Hooks): Hooks {
  return Object.fromEntries(Object.entries(hooks).map(([name, hook]) => {
    if (!Synchronisation.concerns(name)) return [name, hook];
    const run = hook as (...values: Value[]) => Value | void;
    return [name, (...values: Value[]) => {
      const { index } = machine.current;
      const value = name === "msr_ICC_SGI1R_EL1" ? values[0] : undefined;
      // A pCPU sees its own stores: of an SGI to itself alone no DSB is asked.
      const toSelf = typeof value === "bigint" && String(gicv3(machine).sgiTargets(index, value)) === String(index);
      if (!toSelf) machine.synchronisation.execute(index, name);
      return run(...values);
    }];
  }));
}

/** `mrs_X` and `msr_X` of registers that only keep what is written. */
function storageHooks(machine: Hardware): Hooks {
  const mustExist = (name: RegisterName): void => {
    if (!exists(name, machine.current.registers, machine.board.preemptionBits)) throw new MachineError("MACHINE_UNDEFINED", `${name}: the ID registers say that it is not there`);
  };
  const hooks: Record<string, Hook> = {};
  for (const { name } of aarch64) {
    const register = name.slice(4);
    if (!isRegister(register)) continue;
    if (name.startsWith("mrs_")) hooks[name] = () => machine.current.registers[register];
    if (name.startsWith("msr_")) {
      hooks[name] = (value: bigint) => {
        mustExist(register);
        if (register === "VTTBR_EL2") mayChangeVmid(machine, value);
        machine.current.registers[register] = value;
      };
    }
  }
  return hooks;
}

/** Nor may stage 1 be walked by one guest's registers with another's VMID; 0 is nobody's. */
function mayChangeVmid(machine: Hardware, value: bigint): void {
  const { VTTBR_EL2, SCTLR_EL1, TCR_EL1 } = machine.current.registers;
  if (VTTBR_EL2 === UNKNOWN || vmidOf(VTTBR_EL2) === vmidOf(value) || vmidOf(value) === 0) return;
  if ((SCTLR_EL1 & SCTLR_M) === 0n || (TCR_EL1 & TCR_EPD) !== TCR_EPD) throw new MachineError("MACHINE_TLB", "VTTBR_EL2 gets another VMID while EL1's tables can be walked: TCR_EL1.EPD, SCTLR_EL1.M first");
}

/** The intrinsics of RESETS: each row of it as the table says, and every register must be there. */
function resetHooks(machine: Hardware): Hooks {
  const write = (name: string, value: bigint): void => {
    const { current } = machine;
    if (name === "ICH_AP1R0_EL2") current.gic.virtual.activePriorities = 0;
    else if (/^CNT[VP]_CTL_EL0$/.test(name)) (name.startsWith("CNTV") ? current.virtualTimer : current.physicalTimer).write(value);
    else if (/^CNT[VP]_CVAL_EL0$/.test(name)) (name.startsWith("CNTV") ? current.virtualTimer : current.physicalTimer).compare = value;
    else if (name.startsWith("PM") && !isRegister(name)) current.pmu.write(name, value);
    else if (!isRegister(name)) throw new MachineError("MACHINE_STATE", `${name}: the machine does not model it`);
    else if (!exists(name, current.registers, machine.board.preemptionBits)) throw new MachineError("MACHINE_UNDEFINED", `${name}: the ID registers say that it is not there`);
    else current.registers[name] = value;
  };
  const read = (name: string): bigint => {
    const bits = BigInt((machine.board.preemptionBits ?? 5) - 1);
    if (name === "ICH_VTR_EL2") return bits << 26n;
    if (name === "ICC_CTLR_EL1") return bits << 8n;
    if (!isRegister(name) || !exists(name, machine.current.registers)) throw new MachineError("MACHINE_UNDEFINED", `${name} is not there to be read`);
    return machine.current.registers[name];
  };
  return Object.fromEntries(Object.entries(RESETS).map(([name, rows]) => [name, () => {
    // What a walk by old and new registers would find, speculatively, stays in the TLB (Cortex-A55 erratum 1530923).
    if (name === "clearEl1" && (machine.current.registers.TCR_EL1 & TCR_EPD) !== TCR_EPD) throw new MachineError("MACHINE_TLB", "EL1's registers change while its tables can be walked: TCR_EL1.EPD first");
    for (const { registers, value = 0n, when = [] } of rows) {
      if (when.every((any) => any.some(([register, bits]) => (read(register) & bits) !== 0n))) for (const register of registers) write(register, value);
    }
  }]));
}

function timerHooks(machine: Hardware): Hooks {
  return {
    mrs_CNTPCT_EL0: () => machine.clock.read(),
    msr_CNTHP_CTL_EL2: (value: bigint) => machine.current.hypervisorTimer.write(value),
    msr_CNTHP_CVAL_EL2: (value: bigint) => void (machine.current.hypervisorTimer.compare = value),
  };
}

function debugHooks(machine: Hardware): Hooks {
  return {
    mrs_MDSCR_EL1: () => machine.current.debug.mdscr,
    msr_MDSCR_EL1: (value: bigint) => machine.current.debug.writeMdscr(value),
    msr_OSLAR_EL1: (value: bigint) => void (machine.current.debug.locked = (value & 1n) !== 0n),
    clearDebug: (breakpoints: number, watchpoints: number) => machine.current.debug.clear(breakpoints, watchpoints),
  };
}

/** `mrs_X` and `msr_X` of the performance monitors' registers. */
function pmuHooks(machine: Hardware): Hooks {
  const hooks: Record<string, Hook> = {};
  for (const { name } of aarch64) {
    const register = name.slice(4);
    if (!/^m[rs][rs]_PM/.test(name) || isRegister(register)) continue;
    hooks[name] = name.startsWith("mrs_") ? () => machine.current.pmu.read(register) : (value: bigint) => machine.current.pmu.write(register, value);
  }
  return hooks;
}

function clusterHooks(machine: Hardware): Hooks {
  return {
    probeCluster: () => machine.cluster.probe,
    msr_CLUSTERPARTCR_EL1: (value: bigint) => machine.cluster.setPartition(Number(value)),
    msr_CLUSTERTHREADSID_EL1: (value: bigint) => machine.cluster.setScheme(machine.current.index, Number(value)),
  };
}

function gicv3(machine: Hardware): Gicv3 {
  if (machine.gic instanceof Gicv3) return machine.gic;
  throw new MachineError("MACHINE_UNDEFINED", "ICC_* or ICH_* used on a board with GICv2");
}

/** Those that saveListRegisters and restoreListRegisters know. */
const LIST_REGISTERS = [0, 1, 2, 3];
const ICH_VTR_TDS = 1n << 19n;
const ICH_HCR_TDIR = 1n << 14n;
/** Walked by nobody's program, and by any pCPU's speculation. */
const TABLE_AT_0 = 3n;

function gicHooks(machine: Hardware): Hooks {
  const gic = (): Gicv3 => gicv3(machine);
  const physical = () => cpuOf(gic(), machine.current.index).physical;
  const virtual = () => cpuOf(gic(), machine.current.index).virtual;
  return {
    mrs_ICC_IAR1_EL1: () => BigInt(physical().acknowledge("hypervisor")),
    // Where nothing else drops a priority it is dropped so, whatever had it.
    msr_ICC_EOIR1_EL1: (value: bigint) => physical().endOfInterrupt(Number(value), machine.board.keepsActivePriorities === true ? "guest" : "hypervisor"),
    msr_ICC_DIR_EL1: (value: bigint) => physical().deactivate(Number(value), "hypervisor"),
    msr_ICC_SGI1R_EL1: (value: bigint) => gic().sendSgi(machine.current.index, value),
    mrs_ICC_PMR_EL1: () => BigInt(physical().priorityMask),
    msr_ICC_PMR_EL1: (value: bigint) => void (physical().priorityMask = Number(value & 0xffn)),
    mrs_ICC_BPR1_EL1: () => BigInt(physical().binaryPoint),
    msr_ICC_BPR1_EL1: (value: bigint) => void (physical().binaryPoint = Number(value & 7n)),
    mrs_ICC_CTLR_EL1: () => (physical().control & ~(7n << 8n)) | (BigInt((machine.board.preemptionBits ?? 5) - 1) << 8n),
    msr_ICC_CTLR_EL1: (value: bigint) => void (physical().control = value),
    mrs_ICC_RPR_EL1: () => BigInt(physical().runningPriority),
    mrs_ICC_AP1R0_EL1: () => BigInt(physical().activePriorities),
    msr_ICC_AP1R0_EL1: (value: bigint) => {
      if (machine.board.keepsActivePriorities !== true) physical().activePriorities = Number(value & MASK32);
    },
    mrs_ICC_IGRPEN1_EL1: () => (physical().enabled ? 1n : 0n),
    msr_ICC_IGRPEN1_EL1: (value: bigint) => void (physical().enabled = (value & 1n) !== 0n),
    mrs_ICH_HCR_EL2: () => BigInt(virtual().hypervisorControl),
    msr_ICH_HCR_EL2: (value: bigint) => {
      if (machine.board.noDirTrap === true && (value & ICH_HCR_TDIR) !== 0n) throw new MachineError("MACHINE_GIC_PROTOCOL", "ICH_HCR_EL2.TDIR is RES0 where ICH_VTR_EL2.TDS is 0");
      virtual().hypervisorControl = Number(value & MASK32);
    },
    mrs_ICH_VTR_EL2: () => (virtual().type & ~(7n << 26n) & ~(7n << 29n) & ~(machine.board.noDirTrap === true ? ICH_VTR_TDS : 0n)) | (BigInt((machine.board.preemptionBits ?? 5) - 1) << 26n) | (BigInt((machine.board.priorityBits ?? 5) - 1) << 29n),
    mrs_ICH_ELRSR_EL2: () => BigInt(virtual().empty()),
    msr_ICH_VMCR_EL2: (value: bigint) => void (virtual().control = Number(value & MASK32)),
    msr_ICH_LR0_EL2: (value: bigint) => virtual().write(0, value),
    saveListRegisters: (pointer: number, mask: number) => {
      for (const n of LIST_REGISTERS.filter((n) => (mask & (1 << n)) !== 0)) {
        machine.linear.setBigUint64(pointer + 8 * n, virtual().read(n), true);
        virtual().write(n, 0n);
      }
    },
    restoreListRegisters: (pointer: number, mask: number) => {
      for (const n of LIST_REGISTERS.filter((n) => (mask & (1 << n)) !== 0)) virtual().write(n, machine.linear.getBigUint64(pointer + 8 * n, true));
    },
  };
}

function instructionHooks(machine: Hardware): Hooks {
  const barrier = (): void => machine.dataBarrier();
  return {
    isb: () => machine.synchronise(machine.current),
    relax: () => machine.runOthers(),
    cacheGeometry: (level: number) => machine.current.cacheGeometry(level),
    wfi: () => undefined, // sleeps no longer than it must: whatever the sleeper waits for, the test makes it happen
    sev: () => {
      for (const pcpu of machine.pcpus) pcpu.event = true;
    },
    dsbSy: barrier,
    dsbIsh: barrier,
    tlbiVmalls12e1is: () => machine.tlb.invalidate(machine.current.index, vmidOf(machine.current.registers.VTTBR_EL2)),
    tlbiVmalle1: () => machine.tlb.invalidate(machine.current.index, vmidOf(machine.current.registers.VTTBR_EL2), [machine.current.index]),
    icIallu: () => machine.instructionCaches.invalidate(machine.current.index, [machine.current.index]),
    dropSerror: () => {
      machine.current.serrorPending = false;
    },
    clearVectors: () => {
      const { vectors, registers } = machine.current;
      for (let at = 0; at < vectors.byteLength; at++) vectors.setUint8(at, 0);
      registers.FPCR = 0n;
      registers.FPSR = 0n;
    },
    tlbiAlle1is: () => machine.tlb.invalidateAll(machine.current.index),
    icIalluis: () => machine.instructionCaches.invalidate(machine.current.index),
    dcCisw: (operand: bigint) => machine.current.flushLine(Number(operand)),
    readIdKept: (n: number) => {
      const name = Object.keys(ID_PLACE).find((one) => ID_PLACE[one] === n);
      return name === undefined || !isRegister(name) ? 0n : machine.current.registers[name] & (ID_KEPT[name] ?? 0n);
    },
    translateGuest: (va: bigint) => translateGuest(machine, machine.current, va),
    readVector: (n: number) => machine.current.vectors.getBigUint64(VECTOR_BYTES * (n % VECTORS), true),
    writeVector: (n: number, value: bigint) => {
      machine.current.vectors.setBigUint64(VECTOR_BYTES * (n % VECTORS), value, true);
      machine.current.vectors.setBigUint64(VECTOR_BYTES * (n % VECTORS) + VECTOR_BYTES / 2, 0n, true);
    },
    smcEntropy: () => machine.firmware.entropy(),
    rndr: () => {
      if (machine.current.registers.ID_AA64ISAR0_EL1 >> ISAR0_RNDR === 0n || machine.board.rndr === undefined) throw new MachineError("MACHINE_UNDEFINED", "RNDR where there is none");
      return machine.board.rndr();
    },
    smc: (fn: bigint, x1: bigint, x2: bigint, x3: bigint) => machine.firmware.call(Number(fn), x1, x2, x3),
  };
}

function memoryHooks(machine: Hardware): Hooks {
  const { board, memory, bus, stage1 } = machine;
  const hooks: Record<string, Hook> = {
    imageBase: () => BigInt(board.imageBase),
    imageSize: () => BigInt(board.imageSize),
    secondaryEntry: () => BigInt(board.imageBase + board.secondaryEntryOffset),
    stage1Root: () => BigInt(board.imageBase + board.stage1RootOffset),
    linearToPhysical: (pointer: number) => BigInt(board.imageBase + board.linearOffset + pointer),
    physicalRead32: (pa: bigint) => {
      stage1.check(aligned(pa, 4), 4, "read");
      return Number(memory.read(Number(pa), 4));
    },
    physicalWrite32: (pa: bigint, value: number) => {
      stage1.check(aligned(pa, 4), 4, "write");
      machine.allowWrite(Number(pa), 4);
      machine.storeBuffer?.drain(machine.current.index); // it is a release
      memory.write(Number(pa), 4, BigInt(value));
    },
    guestInstruction: (pa: bigint) => {
      if (!stage1.isNormal(aligned(pa, 4))) return 0;
      stage1.check(aligned(pa, 4), 4, "read");
      machine.dataCache.clean(machine.current.index, Number(pa), 4);
      machine.dataCache.complete(machine.current.index);
      return Number(memory.read(Number(pa), 4));
    },
    physicalRead64: (pa: bigint) => {
      const at = aligned(pa, 8);
      stage1.check(at, 8, "read");
      return memory.read64(at);
    },
    physicalWrite64: (pa: bigint, value: bigint) => {
      stage1.check(aligned(pa, 8), 8, "write");
      machine.allowWrite(Number(pa), 8);
      if (value === TABLE_AT_0) throw new MachineError("MACHINE_STAGE1", `${hex(pa)}: a descriptor that leads to tables at PA 0`);
      if ((memory.read64(Number(pa)) & DESCRIPTOR_VALID) !== 0n) machine.tlb.descriptorTaken(machine.current.index);
      memory.write64(Number(pa), value);
      machine.tableWrites.write(machine.current.index, Number(pa));
      stage1.changed();
    },
    copyFromPhysical: (pointer: number, pa: bigint, bytes: number) => {
      if (bytes % 8 !== 0) throw new MachineError("MACHINE_BUS", `copyFromPhysical of ${bytes} bytes: not a multiple of 8`);
      stage1.check(aligned(pa, 8), bytes, "read");
      memory.copy(board.imageBase + board.linearOffset + aligned(BigInt(pointer), 8), Number(pa), bytes);
    },
    cleanPhysical: (pa: bigint, bytes: bigint) => {
      stage1.check(aligned(pa, PAGE), piece(bytes, PAGE), "read");
      machine.dataCache.clean(machine.current.index, Number(pa), Number(bytes));
    },
    copyPhysical: (to: bigint, from: bigint, bytes: bigint) => {
      stage1.check(aligned(from, 64), piece(bytes, 64), "read");
      stage1.check(aligned(to, 64), Number(bytes), "write");
      machine.allowWrite(Number(to), Number(bytes));
      memory.copy(Number(to), Number(from), Number(bytes));
      machine.dataCache.clean(machine.current.index, Number(to), Number(bytes));
      machine.instructionCaches.write(Number(to), Number(bytes));
    },
  };
  for (const bits of [8, 32, 64]) {
    const bytes = bits / 8;
    const read = (pa: bigint): bigint => {
      stage1.check(aligned(pa, bytes), bytes, "device");
      return bus.hypervisorRead(machine.current.index, Number(pa), bytes);
    };
    hooks[`mmioRead${bits}`] = bits === 64 ? read : (pa: bigint) => Number(read(pa));
    hooks[`mmioWrite${bits}`] = (pa: bigint, value: number | bigint) => {
      stage1.check(aligned(pa, bytes), bytes, "device");
      bus.hypervisorWrite(machine.current.index, Number(pa), bytes, BigInt(value));
    };
  }
  return hooks;
}

function piece(bytes: bigint, unit: number): number {
  if (bytes > BigInt(PIECE_BYTES)) throw new MachineError("MACHINE_BUS", `${bytes} bytes at once: more than a piece`);
  return aligned(bytes, unit);
}

function aligned(address: bigint, to: number): number {
  const at = Number(address);
  if (at % to !== 0) throw new MachineError("MACHINE_BUS", `${hex(address)} is not a multiple of ${to}`);
  return at;
}
