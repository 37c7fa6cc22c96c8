// Intrinsics that are instructions of their own: barriers, maintenance of TLBs and caches, SMC, and a few of the guest's
// registers.
import { ID_KEPT, ID_PLACE } from "../../../../arch/aarch64/aarch64.table.ts";
import { crc32Byte } from "../../../../industrial/link/crc32.ts";
import { MachineError } from "../../errors.ts";
import type { Hooks } from "../../imports.ts";
import { translateGuest } from "../addressTranslation.ts";
import type { Hardware } from "../hardware.ts";
import { sha256Rounds } from "../sha256.ts";
import { VECTOR_BYTES, VECTORS } from "../pcpu.ts";
import { isRegister } from "../registers.ts";
import { vmidOf } from "../stage2.ts";

const ISAR0_CRC32 = 0xf_0000n;
const ISAR0_SHA2 = 0xf000n;
/** ID_AA64ISAR0_EL1.RNDR. */
const ISAR0_RNDR = 60n;

export function instructionHooks(machine: Hardware): Hooks {
  const barrier = (): void => machine.dataBarrier();
  return {
    crc32Byte: (crc: number, byte: number) => crc32Byte(crc, byte),
    crc32Double: (crc: number, value: bigint) => {
      if ((machine.current.registers.ID_AA64ISAR0_EL1 & ISAR0_CRC32) === 0n)
        throw new MachineError("MACHINE_UNDEFINED", "CRC32X where there is none");
      for (let shift = 0n; shift < 64n; shift += 8n) crc = crc32Byte(crc, Number((value >> shift) & 0xffn));
      return crc;
    },
    sha256Rounds: (from: number, to: number, constants: number) => {
      if ((machine.current.registers.ID_AA64ISAR0_EL1 & ISAR0_SHA2) === 0n)
        throw new MachineError("MACHINE_UNDEFINED", "SHA256H where there is none");
      sha256Rounds(machine.linear, from, to, constants);
    },
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
    tlbiVmalle1: () =>
      machine.tlb.invalidate(machine.current.index, vmidOf(machine.current.registers.VTTBR_EL2), [machine.current.index]),
    icIallu: () => machine.instructionCaches.invalidate(machine.current.index, [machine.current.index]),
    dropSerror: () => {
      machine.current.serrorPending = false;
    },
    clearVectors: () => {
      const { vectors, registers } = machine.current;
      new Uint8Array(vectors.buffer).fill(0);
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
      if (machine.current.registers.ID_AA64ISAR0_EL1 >> ISAR0_RNDR === 0n || machine.board.rndr === undefined) {
        throw new MachineError("MACHINE_UNDEFINED", "RNDR where there is none");
      }
      return machine.board.rndr();
    },
    smc: (fn: bigint, x1: bigint, x2: bigint, x3: bigint) => machine.firmware.call(Number(fn), x1, x2, x3),
  };
}
