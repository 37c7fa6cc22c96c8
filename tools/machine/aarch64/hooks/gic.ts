// Intrinsics of GICv3's CPU interface, physical and virtual.
import { MachineError } from "../../errors.ts";
import type { Hooks } from "../../imports.ts";
import { cpuOf } from "../gic/gic.ts";
import { Gicv3 } from "../gic/gicv3.ts";
import type { Hardware } from "../hardware.ts";

const MASK32 = 0xffff_ffffn;

export function gicv3(machine: Hardware): Gicv3 {
  if (machine.gic instanceof Gicv3) return machine.gic;
  throw new MachineError("MACHINE_UNDEFINED", "ICC_* or ICH_* used on a board with GICv2");
}

/** Those that saveListRegisters and restoreListRegisters know. */
const LIST_REGISTERS = [0, 1, 2, 3];
const ICH_VTR_TDS = 1n << 19n;
const ICH_HCR_TDIR = 1n << 14n;

export function gicHooks(machine: Hardware): Hooks {
  const gic = (): Gicv3 => gicv3(machine);
  const physical = () => cpuOf(gic(), machine.current.index).physical;
  const virtual = () => cpuOf(gic(), machine.current.index).virtual;
  return {
    mrs_ICC_IAR1_EL1: () => BigInt(physical().acknowledge("hypervisor")),
    // Where nothing else drops a priority it is dropped so, whatever had it.
    msr_ICC_EOIR1_EL1: (value: bigint) =>
      physical().endOfInterrupt(Number(value), machine.board.keepsActivePriorities === true ? "guest" : "hypervisor"),
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
      if (machine.board.noDirTrap === true && (value & ICH_HCR_TDIR) !== 0n) {
        throw new MachineError("MACHINE_GIC_PROTOCOL", "ICH_HCR_EL2.TDIR is RES0 where ICH_VTR_EL2.TDS is 0");
      }
      virtual().hypervisorControl = Number(value & MASK32);
    },
    mrs_ICH_VTR_EL2: () =>
      (virtual().type & ~(7n << 26n) & ~(7n << 29n) & ~(machine.board.noDirTrap === true ? ICH_VTR_TDS : 0n))
        | (BigInt((machine.board.preemptionBits ?? 5) - 1) << 26n) | (BigInt((machine.board.priorityBits ?? 5) - 1) << 29n),
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
      for (const n of LIST_REGISTERS.filter((n) => (mask & (1 << n)) !== 0)) {
        virtual().write(n, machine.linear.getBigUint64(pointer + 8 * n, true));
      }
    },
  };
}
