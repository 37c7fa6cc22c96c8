// Intrinsics that read and write system registers, those that only keep what is written, one by one and as the rows of RESETS.
import { aarch64, RESETS } from "../../../../arch/aarch64/aarch64.table.ts";
import { MachineError } from "../../errors.ts";
import type { Hook, Hooks } from "../../imports.ts";
import { exists } from "../features.ts";
import type { Hardware } from "../hardware.ts";
import { isRegister, UNKNOWN } from "../registers.ts";
import type { RegisterName } from "../registers.ts";
import { vmidOf } from "../stage2.ts";

const TCR_EPD = (1n << 7n) | (1n << 23n);
const SCTLR_M = 1n;

/** `mrs_X` and `msr_X` of registers that only keep what is written. */
export function storageHooks(machine: Hardware): Hooks {
  const mustExist = (name: RegisterName): void => {
    if (!exists(name, machine.current.registers, machine.board.preemptionBits)) {
      throw new MachineError("MACHINE_UNDEFINED", `${name}: the ID registers say that it is not there`);
    }
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
  if ((SCTLR_EL1 & SCTLR_M) === 0n || (TCR_EL1 & TCR_EPD) !== TCR_EPD) {
    throw new MachineError(
      "MACHINE_TLB", "VTTBR_EL2 gets another VMID while EL1's tables can be walked: TCR_EL1.EPD, SCTLR_EL1.M first",
    );
  }
}

/** The intrinsics of RESETS: each row of it as the table says, and every register must be there. */
export function resetHooks(machine: Hardware): Hooks {
  const write = (name: string, value: bigint): void => {
    const { current } = machine;
    if (isRegister(name)) {
      if (!exists(name, current.registers, machine.board.preemptionBits)) {
        throw new MachineError("MACHINE_UNDEFINED", `${name}: the ID registers say that it is not there`);
      }
      current.registers[name] = value;
      return;
    }
    switch (name) {
      case "ICH_AP1R0_EL2": current.gic.virtual.activePriorities = 0; return;
      case "CNTV_CTL_EL0": current.virtualTimer.write(value); return;
      case "CNTP_CTL_EL0": current.physicalTimer.write(value); return;
      case "CNTV_CVAL_EL0": current.virtualTimer.compare = value; return;
      case "CNTP_CVAL_EL0": current.physicalTimer.compare = value; return;
      default:
        if (!name.startsWith("PM")) throw new MachineError("MACHINE_STATE", `${name}: the machine does not model it`);
        current.pmu.write(name, value);
    }
  };
  const read = (name: string): bigint => {
    const bits = BigInt((machine.board.preemptionBits ?? 5) - 1);
    if (name === "ICH_VTR_EL2") return bits << 26n;
    if (name === "ICC_CTLR_EL1") return bits << 8n;
    if (!isRegister(name) || !exists(name, machine.current.registers)) {
      throw new MachineError("MACHINE_UNDEFINED", `${name} is not there to be read`);
    }
    return machine.current.registers[name];
  };
  return Object.fromEntries(Object.entries(RESETS).map(([name, rows]) => [name, () => {
    // What a walk by old and new registers would find, speculatively, stays in the TLB (Cortex-A55 erratum 1530923).
    if (name === "clearEl1" && (machine.current.registers.TCR_EL1 & TCR_EPD) !== TCR_EPD) {
      throw new MachineError("MACHINE_TLB", "EL1's registers change while its tables can be walked: TCR_EL1.EPD first");
    }
    for (const { registers, value = 0n, when = [] } of rows) {
      if (when.every((any) => any.some(([register, bits]) => (read(register) & bits) !== 0n))) {
        for (const register of registers) write(register, value);
      }
    }
  }]));
}
