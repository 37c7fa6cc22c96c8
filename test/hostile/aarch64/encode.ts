// Operations as A64 code, and steps as the hostile guest reads them from its image (layout.ts). x0…x7 are set before the code of
// a step begins, x9 is free for it, and what is in x0 at its end is its result.
import * as a64 from "./a64.ts";
import type { Answer } from "./answers.ts";
import { survives } from "./answers.ts";
import type { Step } from "./attempt.ts";
import type { Encoding } from "../../../tools/machine/aarch64/systemRegisters.ts";
import {
  ANSWER_ANY, ANSWER_DONE, ANSWER_EXCEPTION, ANSWER_GONE, ARGUMENTS, DEVICE_ALIAS, HEADER, STAGE1_IPA, STEP, STEPS_BYTES,
  STEPS_MAGIC, STEPS_MAX, WALK_SLOT, WALK_VA, WORDS_MAX,
} from "../layout.ts";
import type { Access, CacheLine, MemoryType, Odd, Operation, Width } from "./operations.ts";

interface Code {
  readonly words: readonly number[];
  readonly x?: readonly (number | bigint)[];
}

const LINK = 30;
const ZERO = 31;
const FREE = 9;
const COUNTED = 28;

const sys = (op1: number, crn: number, crm: number, op2: number): Encoding => ({ op0: 1, op1, crn, crm, op2 });
const LINES: Readonly<Record<CacheLine, Encoding>> = {
  "dc ivac": sys(0, 7, 6, 1), "dc cvac": sys(3, 7, 10, 1), "dc cvau": sys(3, 7, 11, 1), "dc civac": sys(3, 7, 14, 1),
  "dc zva": sys(3, 7, 4, 1), "ic ivau": sys(3, 7, 5, 1),
};
const TLBI_VMALLE1 = sys(0, 8, 7, 0);
const AT_S1E1R = sys(0, 7, 8, 0);
const SPSR_EL1: Encoding = { op0: 3, op1: 0, crn: 4, crm: 0, op2: 0 };
const ELR_EL1: Encoding = { ...SPSR_EL1, op2: 1 };

/** SPSR: the level with its own stack, DAIF masked. */
const PSTATE = { "eret to el2": 0x3c9, "eret to el3": 0x3cd } as const;
const TABLE_DESCRIPTOR = 3;
/** Looks at x28 before it is given up that interrupts come. */
const POLLS = 50_000_000;

const va = (ipa: number, memory: MemoryType): number => (memory === "device" ? ipa + DEVICE_ALIAS : ipa);

function load(access: Access, bytes: Width): number[] {
  switch (access) {
    case "plain": return [a64.ldr(bytes, 0, 1)];
    case "signed": return [a64.ldrs(bytes, 0, 1)];
    case "acquire": return [a64.ldar(bytes, 0, 1)];
    case "pair": return [a64.ldp(0, 2, 1)];
    case "exclusive": return [a64.ldxr(bytes, 0, 1)];
    case "simd": return [a64.ldrQ(0, 1)];
    case "writeback": return [a64.ldrPost(bytes, 0, 1)];
  }
}

function store(access: Access, bytes: Width): number[] {
  switch (access) {
    case "plain": case "signed": return [a64.str(bytes, 0, 1)];
    case "acquire": return [a64.stlr(bytes, 0, 1)];
    case "pair": return [a64.stp(0, 2, 1)];
    case "exclusive": return [a64.ldxr(bytes, 2, 1), a64.stxr(bytes, 3, 0, 1)];
    case "simd": return [a64.strQ(0, 1)];
    case "writeback": return [a64.strPost(bytes, 0, 1)];
  }
}

function odd(what: Odd): Code {
  switch (what) {
    case "svc": return { words: [a64.svc(0)] };
    case "brk": return { words: [a64.brk(0)] };
    case "hlt": return { words: [a64.hlt(0)] };
    case "udf": return { words: [a64.UDF] };
    case "dcps2": return { words: [a64.DCPS2] };
    case "eret to el2": case "eret to el3":
      return { words: [a64.adr(0, 4), a64.msr(ELR_EL1, 0), a64.msr(SPSR_EL1, 1), a64.ERET, a64.NOP], x: [0, PSTATE[what]] };
  }
}

/** The slot of the level 0 table, x1, gets what is in register rt. */
const slot = (rt: number): number[] => [a64.str(8, rt, 1), a64.DSB_ISH, a64.msr(TLBI_VMALLE1, ZERO), a64.DSB_ISH, a64.ISB];

function code(operation: Operation): Code {
  switch (operation.kind) {
    case "load": return { words: load(operation.access, operation.bytes), x: [0, va(operation.at, operation.memory)] };
    case "store":
      return {
        words: store(operation.access, operation.bytes), x: [operation.data, va(operation.at, operation.memory), operation.data],
      };
    case "conditional store": return { words: [a64.ldxr(8, 0, 1), a64.stxr(8, 3, 0, 2)], x: [0, operation.own, operation.at] };
    case "prefetch": return { words: [a64.prfm(1)], x: [0, operation.at] };
    case "fetch": return { words: [a64.mov(FREE, LINK), a64.blr(1), a64.mov(LINK, FREE)], x: [0, operation.at] };
    case "line": return { words: [a64.msr(LINES[operation.what], 1)], x: [0, operation.at] };
    case "walk": return {
      words: [...slot(0), operation.by === "load" ? a64.ldr(8, 3, 2) : a64.msr(AT_S1E1R, 2), ...slot(ZERO)],
      x: [operation.table + TABLE_DESCRIPTOR, STAGE1_IPA + 8 * WALK_SLOT, WALK_VA],
    };
    case "mrs": return { words: [a64.mrs(operation.register, 0)] };
    case "msr": return { words: [a64.msr(operation.register, 0)], x: [operation.data] };
    case "call": return { words: [(operation.conduit === "hvc" ? a64.hvc : a64.smc)(operation.immediate)], x: operation.x };
    case "hint": return { words: [{ wfi: a64.WFI, wfe: a64.WFE, sev: a64.SEV, yield: a64.YIELD }[operation.what]] };
    case "odd": return odd(operation.what);
    case "interrupts": return {
      words: [a64.UNMASK_IRQ, a64.cmp(COUNTED, 1), a64.bhs(3), a64.subs(2, 2, 1), a64.bne(-3), a64.MASK_IRQ, a64.mov(0, COUNTED)],
      x: [0, operation.count, POLLS],
    };
    // Marsaglia's xorshift, 64 bits (13, 7, 17): simulator/performer.ts does the same.
    case "scribble": return {
      words: [
        a64.mov(5, 1), a64.eorLeft(3, 3, 3, 13), a64.eorRight(3, 3, 3, 7), a64.eorLeft(3, 3, 3, 17), a64.strPost(8, 3, 5),
        a64.cmp(5, 2), a64.blo(-5),
        a64.subs(4, 4, 1), a64.bne(-8),
      ],
      x: [0, operation.at, operation.at + operation.bytes, operation.seed, operation.rounds],
    };
    case "spin": return { words: [a64.MASK_ALL, a64.SPIN] };
  }
}

interface EncodedAnswer {
  readonly kind: number;
  readonly mask: bigint;
  readonly value: bigint;
}

function encodeAnswer(answer: Answer): EncodedAnswer {
  if (answer.kind === "done") return { kind: ANSWER_DONE, mask: answer.mask, value: answer.value };
  if (answer.kind === "exception") {
    return { kind: ANSWER_EXCEPTION, mask: BigInt(answer.mask >>> 0), value: BigInt(answer.syndrome >>> 0) };
  }
  return { kind: survives(answer) || answer.kind === "fails or lives" ? ANSWER_ANY : ANSWER_GONE, mask: 0n, value: 0n };
}

/** The answer that a step gets in QEMU. */
export const answerInQemu = ({ answer, inQemu }: Step): Answer => inQemu ?? answer;

function writeStep(view: DataView, at: number, step: Step): void {
  const { words, x = [] } = code(step.operation);
  if (words.length > WORDS_MAX || x.length > ARGUMENTS) {
    throw new RangeError(`${words.length} instructions, ${x.length} arguments: more than a step has room for`);
  }
  [...words, a64.RET].forEach((word, n) => view.setUint32(at + STEP.words + 4 * n, word, true));
  x.forEach((value, n) => view.setBigUint64(at + STEP.x + 8 * n, BigInt.asUintN(64, BigInt(value)), true));
  const { kind, mask, value } = encodeAnswer(answerInQemu(step));
  view.setUint32(at + STEP.kind, kind, true);
  view.setUint32(at + STEP.times, step.times ?? 1, true);
  view.setBigUint64(at + STEP.mask, mask, true);
  view.setBigUint64(at + STEP.value, value, true);
}

export interface Machine {
  readonly gic: 2 | 3;
  /** IPA of its CPU interface, where it has one in memory. */
  readonly gicc: number;
  readonly console: number;
}

/** What is written into the image at STEPS_IPA: shorter than STEPS_BYTES as a rule. */
export function encodeSteps(steps: readonly Step[], machine: Machine): Uint8Array {
  if (steps.length > STEPS_MAX) {
    throw new RangeError(`${steps.length} steps: there is room for ${STEPS_MAX}. Raise STEPS_BYTES in layout.ts`);
  }
  const bytes = new Uint8Array(HEADER.bytes + steps.length * STEP.bytes);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(STEPS_MAGIC));
  view.setUint32(HEADER.count, steps.length, true);
  view.setUint32(HEADER.gic, machine.gic, true);
  view.setBigUint64(HEADER.gicc, BigInt(machine.gicc), true);
  view.setBigUint64(HEADER.console, BigInt(machine.console), true);
  steps.forEach((step, n) => writeStep(view, HEADER.bytes + n * STEP.bytes, step));
  if (bytes.length > STEPS_BYTES) throw new RangeError("the steps do not fit");
  return bytes;
}
