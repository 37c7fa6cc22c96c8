// Intrinsics of what each pCPU has beside its core registers: timers, debug registers, performance monitors, and its cluster's
// unit.
import { aarch64 } from "../../../../arch/aarch64/aarch64.table.ts";
import type { Hook, Hooks } from "../../imports.ts";
import type { Hardware } from "../hardware.ts";
import { isRegister } from "../registers.ts";

export function timerHooks(machine: Hardware): Hooks {
  return {
    mrs_CNTPCT_EL0: () => machine.clock.read(),
    msr_CNTHP_CTL_EL2: (value: bigint) => machine.current.hypervisorTimer.write(value),
    msr_CNTHP_CVAL_EL2: (value: bigint) => void (machine.current.hypervisorTimer.compare = value),
  };
}

export function debugHooks(machine: Hardware): Hooks {
  return {
    mrs_MDSCR_EL1: () => machine.current.debug.mdscr,
    msr_MDSCR_EL1: (value: bigint) => machine.current.debug.writeMdscr(value),
    msr_OSLAR_EL1: (value: bigint) => void (machine.current.debug.locked = (value & 1n) !== 0n),
    clearDebug: (breakpoints: number, watchpoints: number) => machine.current.debug.clear(breakpoints, watchpoints),
  };
}

/** `mrs_X` and `msr_X` of the performance monitors' registers. */
export function pmuHooks(machine: Hardware): Hooks {
  const hooks: Record<string, Hook> = {};
  for (const { name } of aarch64) {
    const register = name.slice(4);
    if (!/^m[rs][rs]_PM/.test(name) || isRegister(register)) continue;
    hooks[name] = name.startsWith("mrs_") ? () =>
      machine.current.pmu.read(register) : (value: bigint) => machine.current.pmu.write(register, value);
  }
  return hooks;
}

export function clusterHooks(machine: Hardware): Hooks {
  return {
    probeCluster: () => machine.cluster.probe,
    msr_CLUSTERPARTCR_EL1: (value: bigint) => machine.cluster.setPartition(Number(value)),
    msr_CLUSTERTHREADSID_EL1: (value: bigint) => machine.cluster.setScheme(machine.current.index, Number(value)),
  };
}
