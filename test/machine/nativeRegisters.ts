// System registers that a guest reaches without a trap: its own EL1 registers, its timers, and the virtual CPU interface that
// stands behind the names ICC_* while HCR_EL2.IMO is set (IHI 0069 §4.5).
import { MachineError } from "./errors.ts";
import { INTID_SPURIOUS } from "./gic/registers.ts";
import type { Machine } from "./machine.ts";
import type { PCpu } from "./pcpu.ts";
import { isRegister } from "./registers.ts";
import { ENCODINGS } from "./systemRegisters.ts";
import type { Encoding } from "./systemRegisters.ts";

const MASK64 = 0xffff_ffff_ffff_ffffn;

// ICH_VMCR_EL2 (§12.4.11), through which the ICV_* controls are kept.
const VPMR_SHIFT = 24;
const VBPR1_SHIFT = 18;
const VENG1 = 1 << 1;
const VCBPR = 1 << 4;
const VEOIM = 1 << 9;
// ICC_CTLR_EL1 as a guest sees it.
const CTLR_CBPR = 1;
const CTLR_EOIMODE = 2;
const CTLR_READ_ONLY = (4 << 8) | (1 << 15);

const nameOf = (encoding: Encoding): string =>
  Object.entries(ENCODINGS).find(([, known]) => known.op0 === encoding.op0 && known.op1 === encoding.op1 && known.crn === encoding.crn
    && known.crm === encoding.crm && known.op2 === encoding.op2)?.[0] ?? `S${encoding.op0}_${encoding.op1}_C${encoding.crn}_C${encoding.crm}_${encoding.op2}`;

const unknown = (encoding: Encoding): MachineError =>
  new MachineError("MACHINE_STATE", `a guest reaches ${nameOf(encoding)} without a trap, and the machine does not model it`);

export function readNative(machine: Machine, pcpu: PCpu, encoding: Encoding): bigint {
  const name = nameOf(encoding);
  const { registers } = pcpu;
  const { virtual } = pcpu.gic;
  switch (name) {
    case "MIDR_EL1": return registers.VPIDR_EL2;
    case "MPIDR_EL1": return registers.VMPIDR_EL2;
    case "CNTPCT_EL0": return machine.clock.read();
    case "CNTVCT_EL0": return (machine.clock.read() - registers.CNTVOFF_EL2) & MASK64;
    case "CNTV_CTL_EL0": return pcpu.virtualTimer.read();
    case "CNTP_CTL_EL0": return pcpu.physicalTimer.read();
    case "CNTV_CVAL_EL0": return pcpu.virtualTimer.compare;
    case "CNTP_CVAL_EL0": return pcpu.physicalTimer.compare;
    case "ICC_IAR1_EL1": return BigInt(virtual.acknowledge());
    case "ICC_HPPIR1_EL1": return virtual.interruptPending ? BigInt(virtual.held().find(({ state }) => state === 1)?.virtual ?? INTID_SPURIOUS) : BigInt(INTID_SPURIOUS);
    case "ICC_RPR_EL1": return BigInt(virtual.runningPriority);
    case "ICC_PMR_EL1": return BigInt(virtual.control >>> VPMR_SHIFT);
    case "ICC_BPR1_EL1": return BigInt((virtual.control >>> VBPR1_SHIFT) & 7);
    case "ICC_IGRPEN1_EL1": return (virtual.control & VENG1) !== 0 ? 1n : 0n;
    case "ICC_CTLR_EL1": return BigInt(CTLR_READ_ONLY | ((virtual.control & VCBPR) !== 0 ? CTLR_CBPR : 0) | ((virtual.control & VEOIM) !== 0 ? CTLR_EOIMODE : 0));
    default:
      if (isRegister(name)) return registers[name];
      throw unknown(encoding);
  }
}

export function writeNative(_machine: Machine, pcpu: PCpu, encoding: Encoding, value: bigint): void {
  const name = nameOf(encoding);
  const { virtual } = pcpu.gic;
  const low = Number(value & 0xffff_ffffn);
  const control = (clear: number, set: number): void => {
    virtual.control = ((virtual.control & ~clear) | set) >>> 0;
  };
  switch (name) {
    case "CNTV_CTL_EL0": pcpu.virtualTimer.write(value); return;
    case "CNTP_CTL_EL0": pcpu.physicalTimer.write(value); return;
    case "CNTV_CVAL_EL0": pcpu.virtualTimer.compare = value; return;
    case "CNTP_CVAL_EL0": pcpu.physicalTimer.compare = value; return;
    case "ICC_EOIR1_EL1": virtual.endOfInterrupt(low & 0xff_ffff); return;
    case "ICC_DIR_EL1": virtual.deactivate(low & 0xff_ffff); return;
    case "ICC_PMR_EL1": control(0xff << VPMR_SHIFT, (low & 0xff) << VPMR_SHIFT); return;
    case "ICC_BPR1_EL1": control(7 << VBPR1_SHIFT, (low & 7) << VBPR1_SHIFT); return;
    case "ICC_IGRPEN1_EL1": control(VENG1, (low & 1) !== 0 ? VENG1 : 0); return;
    case "ICC_CTLR_EL1": control(VCBPR | VEOIM, ((low & CTLR_CBPR) !== 0 ? VCBPR : 0) | ((low & CTLR_EOIMODE) !== 0 ? VEOIM : 0)); return;
    case "ICC_SRE_EL1": return; // SRE is RAO/WI for a guest of ours
    default:
      if (!isRegister(name) || encoding.crn === 0) throw unknown(encoding);
      pcpu.registers[name] = value;
  }
}
