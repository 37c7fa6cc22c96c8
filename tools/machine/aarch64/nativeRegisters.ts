// System registers that a guest reaches without a trap: its own EL1 registers, its timers, its performance monitors, and the CPU
// interface behind the names ICC_*: the virtual one while HCR_EL2.IMO is set, else the physical one (IHI 0069 §4.5).
import { cpuOf } from "./gic/gic.ts";
import { Gicv3 } from "./gic/gicv3.ts";
import type { Gic } from "./gic/gic.ts";
import { MachineError } from "../errors.ts";
import type { Hardware } from "./hardware.ts";
import { INTID_SPURIOUS, PRIORITY_MASK } from "./gic/registers.ts";
import type { PCpu } from "./pcpu.ts";
import { HCR_IMO, isRegister } from "./registers.ts";
import { describeRegister, nameOf } from "./systemRegisters.ts";
import type { Encoding } from "./systemRegisters.ts";

const MASK64 = 0xffff_ffff_ffff_ffffn;
const MASK32 = 0xffff_ffffn;
const INTID_MASK = 0xff_ffff;

// ICH_VMCR_EL2 (§12.4.11), through which the ICV_* controls are kept.
const VPMR_SHIFT = 24;
const VBPR0_SHIFT = 21;
const VBPR1_SHIFT = 18;
const VENG0 = 1 << 0;
const VENG1 = 1 << 1;
const VCBPR = 1 << 4;
const VEOIM = 1 << 9;
// ICC_CTLR_EL1 as a guest sees it.
const CTLR_CBPR = 1;
const CTLR_EOIMODE = 2;
const CTLR_READ_ONLY = (4 << 8) | (1 << 15);

const unknown = (encoding: Encoding): MachineError =>
  new MachineError(
    "MACHINE_STATE", `a guest reaches ${describeRegister(encoding)} without a trap, and the machine does not model it`,
  );

const absent = (encoding: Encoding): never => {
  throw unknown(encoding);
};

const isDirect = (pcpu: PCpu): boolean => (pcpu.registers.HCR_EL2 & HCR_IMO) === 0n;

export function readNative(machine: Hardware, pcpu: PCpu, encoding: Encoding): bigint {
  if (encoding.op0 === 2) return pcpu.debug.read(encoding) ?? absent(encoding);
  const name = nameOf(encoding);
  if (name === undefined) throw unknown(encoding);
  const { registers } = pcpu;
  switch (name) {
    case "MIDR_EL1": return registers.VPIDR_EL2;
    case "MPIDR_EL1": return registers.VMPIDR_EL2;
    case "CNTPCT_EL0": return machine.clock.read();
    case "CNTVCT_EL0": return (machine.clock.read() - registers.CNTVOFF_EL2) & MASK64;
    case "CNTV_CTL_EL0": return pcpu.virtualTimer.read();
    case "CNTP_CTL_EL0": return pcpu.physicalTimer.read();
    case "CNTV_CVAL_EL0": return pcpu.virtualTimer.compare;
    case "CNTP_CVAL_EL0": return pcpu.physicalTimer.compare;
    default:
  }
  if (isRegister(name)) return registers[name];
  if (name.startsWith("PM")) return pcpu.pmu.read(name);
  const value = isDirect(pcpu) ? readPhysical(machine.gic, pcpu, name) : readVirtual(pcpu, name);
  if (value === undefined) throw unknown(encoding);
  return value;
}

export function writeNative(machine: Hardware, pcpu: PCpu, encoding: Encoding, value: bigint): void {
  if (encoding.op0 === 2) {
    if (!pcpu.debug.write(encoding, value)) absent(encoding);
    return;
  }
  const name = nameOf(encoding);
  if (name === undefined || encoding.crn === 0) throw unknown(encoding);
  switch (name) {
    case "CNTV_CTL_EL0": pcpu.virtualTimer.write(value); return;
    case "CNTP_CTL_EL0": pcpu.physicalTimer.write(value); return;
    case "CNTV_CVAL_EL0": pcpu.virtualTimer.compare = value; return;
    case "CNTP_CVAL_EL0": pcpu.physicalTimer.compare = value; return;
    case "ICC_SRE_EL1": return; // SRE is RAO/WI for a guest of ours
    default:
  }
  if (isRegister(name)) pcpu.registers[name] = value;
  else if (name.startsWith("PM")) pcpu.pmu.write(name, value);
  else if (!(isDirect(pcpu) ? writePhysical(machine.gic, pcpu, name, value) : writeVirtual(pcpu, name, Number(value & MASK32)))) {
    throw unknown(encoding);
  }
}

function readVirtual(pcpu: PCpu, name: string): bigint | undefined {
  const { virtual } = pcpu.gic;
  switch (name) {
    case "ICC_IAR1_EL1": return BigInt(virtual.acknowledge());
    case "ICC_HPPIR1_EL1": return BigInt(virtual.highestPending?.virtual ?? INTID_SPURIOUS);
    case "ICC_RPR_EL1": return BigInt(virtual.runningPriority);
    case "ICC_PMR_EL1": return BigInt(virtual.control >>> VPMR_SHIFT);
    case "ICC_BPR1_EL1": return BigInt((virtual.control >>> VBPR1_SHIFT) & 7);
    case "ICC_IGRPEN1_EL1": return (virtual.control & VENG1) !== 0 ? 1n : 0n;
    case "ICC_AP1R0_EL1": return BigInt(virtual.activePriorities);
    case "ICC_CTLR_EL1":
      return BigInt(
        CTLR_READ_ONLY | ((virtual.control & VCBPR) !== 0 ? CTLR_CBPR : 0) | ((virtual.control & VEOIM) !== 0 ? CTLR_EOIMODE : 0)
      );
    // Of group 0 nothing is ever in a list register.
    case "ICC_IAR0_EL1": case "ICC_HPPIR0_EL1": return BigInt(INTID_SPURIOUS);
    case "ICC_BPR0_EL1": return BigInt((virtual.control >>> VBPR0_SHIFT) & 7);
    case "ICC_IGRPEN0_EL1": return (virtual.control & VENG0) !== 0 ? 1n : 0n;
    case "ICC_AP0R0_EL1": return pcpu.registers.ICH_AP0R0_EL2;
    default: return undefined;
  }
}

function writeVirtual(pcpu: PCpu, name: string, value: number): boolean {
  const { virtual } = pcpu.gic;
  const control = (clear: number, set: number): true => {
    virtual.control = ((virtual.control & ~clear) | set) >>> 0;
    return true;
  };
  switch (name) {
    case "ICC_EOIR1_EL1": virtual.endOfInterrupt(value & INTID_MASK); return true;
    case "ICC_DIR_EL1": virtual.deactivate(value & INTID_MASK); return true;
    case "ICC_PMR_EL1": return control(0xff << VPMR_SHIFT, (value & PRIORITY_MASK) << VPMR_SHIFT);
    case "ICC_BPR1_EL1": return control(7 << VBPR1_SHIFT, (value & 7) << VBPR1_SHIFT);
    case "ICC_IGRPEN1_EL1": return control(VENG1, (value & 1) !== 0 ? VENG1 : 0);
    case "ICC_AP1R0_EL1": virtual.activePriorities = value; return true;
    case "ICC_CTLR_EL1":
      return control(VCBPR | VEOIM, ((value & CTLR_CBPR) !== 0 ? VCBPR : 0) | ((value & CTLR_EOIMODE) !== 0 ? VEOIM : 0));
    case "ICC_EOIR0_EL1": return true; // nothing of group 0 is active
    case "ICC_BPR0_EL1": return control(7 << VBPR0_SHIFT, (value & 7) << VBPR0_SHIFT);
    case "ICC_IGRPEN0_EL1": return control(VENG0, (value & 1) !== 0 ? VENG0 : 0);
    case "ICC_AP0R0_EL1": pcpu.registers.ICH_AP0R0_EL2 = BigInt(value); return true;
    default: return false;
  }
}

/** Registers of group 0 are not modelled there: the hypervisor traps them. */
function readPhysical(gic: Gic, pcpu: PCpu, name: string): bigint | undefined {
  if (!(gic instanceof Gicv3)) return undefined;
  const { physical } = cpuOf(gic, pcpu.index);
  switch (name) {
    case "ICC_IAR1_EL1": return BigInt(physical.acknowledge("guest"));
    case "ICC_HPPIR1_EL1": return BigInt(physical.highestPending());
    case "ICC_RPR_EL1": return BigInt(physical.runningPriority);
    case "ICC_PMR_EL1": return BigInt(physical.priorityMask);
    case "ICC_BPR1_EL1": return BigInt(physical.binaryPoint);
    case "ICC_IGRPEN1_EL1": return physical.enabled ? 1n : 0n;
    case "ICC_AP1R0_EL1": return BigInt(physical.activePriorities);
    case "ICC_CTLR_EL1": return physical.control;
    default: return undefined;
  }
}

function writePhysical(gic: Gic, pcpu: PCpu, name: string, value: bigint): boolean {
  if (!(gic instanceof Gicv3)) return false;
  const { physical } = cpuOf(gic, pcpu.index);
  const low = Number(value & MASK32);
  switch (name) {
    case "ICC_EOIR1_EL1": physical.endOfInterrupt(low & INTID_MASK, "guest"); return true;
    case "ICC_DIR_EL1": physical.deactivate(low & INTID_MASK, "guest"); return true;
    case "ICC_PMR_EL1": physical.priorityMask = low; return true;
    case "ICC_BPR1_EL1": physical.binaryPoint = low; return true;
    case "ICC_IGRPEN1_EL1": physical.enabled = (low & 1) !== 0; return true;
    case "ICC_AP1R0_EL1": physical.activePriorities = low; return true;
    case "ICC_CTLR_EL1": physical.control = value; return true;
    case "ICC_SGI1R_EL1": gic.sendSgi(pcpu.index, value); return true;
    default: return false;
  }
}
