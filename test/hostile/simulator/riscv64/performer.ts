// Instructions of a hostile guest, carried out on the simulated machine by one of its guests: those that meet the hypervisor.
// What a hart does by itself (branches, fences, atomics on memory of its own) is not carried out at all.
import type { Guest } from "../../../../tools/machine/riscv64/guest.ts";
import type { Outcome } from "../../../../tools/machine/outcome.ts";
import type { Riscv64Machine } from "../../../../tools/machine/riscv64/machine.ts";
import type { Became } from "../../answers.ts";
import type { Operation } from "../../riscv64/attempt.ts";
import { A0, ECALL, WFI, ZERO } from "../../riscv64/rv64.ts";

const OPCODE = 0x7f;
const [LOAD, STORE, OP_IMM, AMO, SYSTEM] = [0x03, 0x23, 0x13, 0x2f, 0x73];
const [CSRRW, CSRRS, CSRRC] = [1, 2, 3];
const SIGNED_LOADS = 4;
const ARGUMENTS = 6;
const [A6, A7, T0] = [16, 17, 5];
/** LR of an AMO is a load, all others are stores. */
const LR = 2;
/** Above it is no address that is told apart: a guest's space has 41 bits. */
const ADDRESS_BITS = 41;

interface Fields {
  readonly opcode: number;
  readonly rd: number;
  readonly funct3: number;
  readonly rs1: number;
  readonly rs2: number;
  /** Bits 31…20, with their sign. */
  readonly immediate: number;
}
const fieldsOf = (word: number): Fields => ({
  opcode: word & OPCODE, rd: (word >>> 7) & 31, funct3: (word >>> 12) & 7, rs1: (word >>> 15) & 31, rs2: (word >>> 20) & 31,
  immediate: word >> 20,
});

/** It is one of those that are carried out. */
export function isCarriedOut(word: number): boolean {
  const { opcode, funct3 } = fieldsOf(word);
  switch (opcode) {
    case LOAD: return funct3 < 7;
    case STORE: return funct3 < 4;
    case OP_IMM: return funct3 === 0;
    case AMO: return funct3 === 2 || funct3 === 3;
    case SYSTEM: return word === ECALL || word === WFI || (funct3 >= CSRRW && funct3 <= CSRRC);
    default: return false;
  }
}

export class Performer {
  private readonly machine: Riscv64Machine;

  constructor(machine: Riscv64Machine) {
    this.machine = machine;
  }

  perform(guest: Guest, { words, a = [] }: Operation): Became {
    a.forEach((value, n) => guest.setX(A0 + n, BigInt.asUintN(64, BigInt(value))));
    let syndrome: bigint | undefined;
    for (const word of words) {
      const outcome = this.one(guest, word);
      if (outcome.kind === "exception") syndrome = outcome.esr;
      else if (outcome.kind !== "done") return "gone";
    }
    return { result: guest.x(A0), syndrome };
  }

  private one(guest: Guest, word: number): Outcome {
    const { opcode, rd, funct3, rs1, rs2, immediate } = fieldsOf(word);
    const at = (offset: number): number => Number(BigInt.asUintN(ADDRESS_BITS, guest.x(rs1) + BigInt(offset)));
    switch (opcode) {
      case LOAD: return guest.load(at(immediate), 1 << (funct3 & 3), { register: rd, signed: funct3 < SIGNED_LOADS });
      case STORE: return guest.store(at((immediate & ~31) | rd), 1 << funct3, guest.x(rs2), { register: rs2 });
      case AMO: {
        const form = { instruction: word };
        if (word >>> 27 === LR) return guest.load(at(0), 1 << funct3, { ...form, register: rd });
        return guest.store(at(0), 1 << funct3, guest.x(rs2), { ...form, register: rs2 });
      }
      case SYSTEM: return word === ECALL ? this.call(guest) : word === WFI ? this.sleep(guest) : csr(guest, word);
      default:
        guest.setX(rd, guest.x(rs1) + BigInt(immediate));
        return { kind: "done", value: 0n };
    }
  }

  private call(guest: Guest): Outcome {
    const args = Array.from({ length: ARGUMENTS }, (_, n) => guest.x(A0 + n));
    return guest.ecall(guest.x(A7), guest.x(A6), ...args, guest.x(T0));
  }

  /** It does not sleep longer than its timer has it. */
  private sleep(guest: Guest): Outcome {
    const { csrs } = guest.pcpu;
    const [due, enabled] = [csrs.read("vstimecmp"), csrs.read("vsie")];
    csrs.write("vstimecmp", 0n);
    csrs.write("vsie", enabled | 1n << 5n);
    const outcome = guest.sleep();
    this.machine.step(guest.pcpu);
    csrs.write("vstimecmp", due);
    csrs.write("vsie", enabled);
    return outcome;
  }
}

function csr(guest: Guest, word: number): Outcome {
  const { rd, funct3, rs1 } = fieldsOf(word);
  const number = word >>> 20;
  const given = guest.x(rs1);
  if (funct3 === CSRRW && rd === ZERO) return guest.csrw(number, given, rs1);
  const read = guest.csrr(number, rd);
  if (read.kind !== "done" || (funct3 !== CSRRW && rs1 === ZERO)) return read;
  const before = guest.x(rd);
  const written = funct3 === CSRRW ? given : funct3 === CSRRS ? before | given : before & ~given;
  const outcome = guest.csrw(number, written, rs1);
  guest.setX(rs1, given);
  guest.setX(rd, before);
  return outcome;
}
