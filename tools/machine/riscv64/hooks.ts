// Intrinsics of RISC-V, as the simulated machine answers them: CSRs by their names, fences, the firmware's calls, and what every
// ISA has. A table decides which of them there are; imports.ts checks that none is missing.
//
//   csrr_X, csrw_X, csrs_X, csrc_X   reads X, writes it, sets bits of it, clears bits of it
import type { Intrinsic } from "../../build/intrinsic.ts";
import { MachineError } from "../errors.ts";
import type { Hook, Hooks } from "../imports.ts";
import { memoryHooks } from "../physical.ts";
import { NUMBERS } from "./csrs.ts";
import type { Csr } from "./csrs.ts";
import type { Riscv64Machine } from "./machine.ts";

const CSR_ACCESS = /^csr([rwsc])_(\w+)$/;
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
  const { fences, sbi } = machine;
  return {
    relax: () => machine.runOthers(),
    wfi: () => undefined, // sleeps no longer than it must: whatever the sleeper waits for, the test makes it happen
    /** fence rw, rw */
    fence: () => machine.dataBarrier(),
    fenceI: () => {
      machine.instructionCaches.invalidate(machine.current.index, [machine.current.index]);
      machine.instructionCaches.complete(machine.current.index);
    },
    sfenceVma: () => fences.sfenceVma(machine.current.index),
    hfenceGvma: (vmid: bigint) => fences.hfenceGvma(machine.current.index, Number(vmid)),
    hfenceGvmaAll: () => fences.hfenceGvma(machine.current.index),
    /** ECALL: a0, and a1 by sbiValue(). */
    sbiCall: (extension: number, fn: number, a0: bigint, a1: bigint, a2: bigint, a3: bigint, a4: bigint) => {
      const { error, value } = sbi.call(machine.current.index, extension, fn, [a0, a1, a2, a3, a4]);
      machine.current.sbiValue = value;
      return BigInt.asUintN(64, BigInt(error));
    },
    sbiValue: () => machine.current.sbiValue,
    /** HLVX.HU, twice: the instruction that its guest is at. */
    guestInstructionAt: () => machine.current.instruction,
  };
}
