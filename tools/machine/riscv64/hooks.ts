// Intrinsics of RISC-V (arch/riscv64/riscv64.table.ts), as the simulated machine answers them: CSRs by their names, fences, the
// firmware's calls, and what every ISA has. A table decides which of them there are; imports.ts checks that none is missing.
//
//   csrr_X, csrw_X, csrs_X, csrc_X   reads X, writes it, sets bits of it, clears bits of it
import type { Intrinsic } from "../../build/intrinsic.ts";
import { MachineError } from "../errors.ts";
import type { Hook, Hooks } from "../imports.ts";
import { memoryHooks } from "../physical.ts";
import { HSTATUS_SPV, NUMBERS, STATUS_FS, STATUS_VS } from "./csrs.ts";
import type { Csr } from "./csrs.ts";
import { EIE, IDENTITIES } from "./imsic.ts";
import type { Riscv64Machine } from "./machine.ts";

const CSR_ACCESS = /^csr([rwsc])_(\w+)$/;
/** What clearGuest writes (arch/riscv64/riscv64.table.ts). */
const GUESTS_OWN: readonly Csr[] = [
  "vstvec", "vsscratch", "vsepc", "vscause", "vstval", "vsatp", "vsiselect", "hvip", "hie", "senvcfg",
];
const USER_COUNTERS = 7n;
/** As much as copyPhysical does at once. */
export const PIECE_BYTES = 0x1_0000n;
const isCsr = (name: string): name is Csr => Object.hasOwn(NUMBERS, name);

/** Of those that the table has. `pieceBytes`: the most that one copy or cleaning may do. */
export function riscv64Hooks(machine: Riscv64Machine, table: readonly Intrinsic[], pieceBytes: bigint): Hooks {
  const all = { ...memoryHooks(machine, machine.ownStage, pieceBytes), ...instructionHooks(machine) };
  const hooks: Record<string, Hook> = {};
  for (const { name } of table) {
    const [, how = "", csr = ""] = CSR_ACCESS.exec(name) ?? [];
    const hook = isCsr(csr) ? csrHook(machine, how, csr) : all[name];
    if (hook !== undefined) hooks[name] = hook;
  }
  return hooks;
}

function csrHook(machine: Riscv64Machine, how: string, csr: Csr): Hook {
  const csrs = () => machine.current.csrs;
  switch (how) {
    case "r": return () => csrs().read(csr);
    case "w": return (value: bigint) => {
      if (csr === "hgatp") mayChangeVmid(machine, value);
      csrs().write(csr, value);
    };
    case "s": return (bits: bigint) => csrs().write(csr, csrs().read(csr) | bits);
    default: return (bits: bigint) => csrs().write(csr, csrs().read(csr) & ~bits);
  }
}

/** A guest's own walks may go on by the old registers until they are off (vsatp), speculatively. */
function mayChangeVmid({ current: { csrs } }: Riscv64Machine, value: bigint): void {
  const [was, walks] = [csrs.read("hgatp"), csrs.read("vsatp")];
  if (was !== 0n && was !== value && walks !== 0n) {
    throw new MachineError("MACHINE_TLB", "hgatp changes while a guest's own tables can be walked: vsatp first");
  }
}

function instructionHooks(machine: Riscv64Machine): Hooks {
  const { board, fences, sbi } = machine;
  const csrs = () => machine.current.csrs;
  const clear = (names: readonly Csr[]): void => names.forEach((name) => csrs().write(name, 0n));
  return {
    ownHart: () => BigInt(board.cpus[machine.current.index]?.hart ?? machine.current.index),
    ownRoot: () => BigInt(board.imageBase + board.ownRootOffset),
    probeMachine: () => 1,
    physicalWrite8: (pa: bigint, value: number) => {
      machine.ownStage.check(Number(pa), 1, "write");
      machine.allowWrite(Number(pa), 1);
      machine.memory.write(Number(pa), 1, BigInt(value & 0xff));
    },
    claimTop: () => {
      const top = csrs().read("stopei");
      csrs().write("stopei", 0n);
      return top;
    },
    /** On QEMU registers of more identities than there are do not exist (AIA has them read 0). */
    probeFile: (select: bigint) => (Number(select) - EIE < (IDENTITIES + 1) / 32 ? 1 : 0),
    limitState: (hstateen0: bigint) => {
      if (csrs().model.hasStateen) csrs().write("hstateen0", hstateen0);
    },
    clearGuest: () => {
      clear(GUESTS_OWN);
      csrs().write("scounteren", USER_COUNTERS);
    },
    /** hvien, hvictl and priorities are not modelled: nothing of them is ever set. */
    clearVirtualInterrupts: () => undefined,
    clearFloats: () => {
      if ((csrs().read("sstatus") & STATUS_FS) === 0n) {
        throw new MachineError("MACHINE_UNDEFINED", "floating-point registers are cleared with sstatus.FS Off");
      }
    },
    clearVectors: () => {
      if ((csrs().read("sstatus") & STATUS_VS) === 0n) {
        throw new MachineError("MACHINE_UNDEFINED", "vector registers are cleared with sstatus.VS Off");
      }
      machine.current.vectors = 0n;
      // An exception of the hypervisor's own (entry.S goes on behind it).
      if (!csrs().model.hasVectors) csrs().write("hstatus", csrs().read("hstatus") & ~HSTATUS_SPV);
    },
    /** Until the timer, at the latest: who sleeps waits for others. */
    wfi: () => machine.runOthers(),
    fence: () => machine.dataBarrier(),
    readBarrier: () => undefined,
    fenceI: () => {
      machine.instructionCaches.invalidate(machine.current.index, [machine.current.index]);
      machine.instructionCaches.complete(machine.current.index);
    },
    sfenceVma: () => fences.sfenceVma(machine.current.index),
    hfenceGvma: () => fences.hfenceGvma(machine.current.index),
    hfenceVvma: () => fences.hfenceVvma(machine.current.index, machine.vmid(machine.current)),
    /** ECALL: what is in a0 then, or in a1. */
    sbi: (extension: bigint, fn: bigint, ...args: bigint[]) => {
      const { error, value } = sbi.call(machine.current.index, Number(extension), Number(fn), args);
      return error < 0 ? BigInt.asUintN(64, BigInt(error)) : value;
    },
  };
}
