// The emulated redistributors (IHI 0069 §12.11), and the CPU interface: SGIs and PPIs that are the hypervisor's, on the
// attacker's own pCPU. It has no way to name another pCPU's.
import { ALIVE, DONE, returns } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt, Step } from "../attempt.ts";
import type { Encoding } from "../../../../tools/machine/aarch64/systemRegisters.ts";
import type { Width } from "../operations.ts";
import type { Random } from "../../random.ts";
import type { Target } from "../target.ts";

const SGI_BASE = 0x1_0000;
const STRIDE = 0x2_0000;
const IPRIORITYR = 0x400;
const ICFGR1 = 0xc04;
const IGRPMODR0 = 0xd00;
const NSACR = 0xe00;
const ALL = 0xffff_ffffn;
const GROUP_ENABLE_PEND_ACTIVE = [0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380];
// RD_base: CTLR, STATUSR, WAKER, SETLPIR, CLRLPIR, PROPBASER, PENDBASER, INVLPIR, INVALLR, SYNCR.
const FRAME = [0x0, 0x10, 0x14, 0x40, 0x48, 0x70, 0x78, 0xa0, 0xb0, 0xc0];

const v3 = ({ gic }: Target): boolean => gic === 3;
const sgiFrame = ({ gicr }: Target, vcpu: number): number => (gicr?.at ?? 0) + vcpu * STRIDE + SGI_BASE;
const write = (at: number, bytes: Width, data: bigint): Step =>
  step({ kind: "store", at, bytes, access: "plain", memory: "device", data }, DONE);
const readsZero = (at: number, bytes: Width, mask: bigint): Step =>
  step({ kind: "load", at, bytes, access: "plain", memory: "device" }, returns(0n, mask));
const ppiMask = ({ foreignPpis }: Target, bits: number): bigint =>
  foreignPpis.reduce((set, intid) => set | (((1n << BigInt(bits)) - 1n) << BigInt((intid * bits) % 64)), 0n);

function attempt(
  name: string, does: string, when: (target: Target) => boolean, steps: (target: Target, random: Random, vcpu: number) => Step[],
): Attempt {
  return {
    name, subject: "redistributor", does, when, steps: (target, random) => steps(target, random, random.below(target.vcpus)),
  };
}

const icc = (crn: number, crm: number, op2: number): Encoding => ({ op0: 3, op1: 0, crn, crm, op2 });
/** Of the CPU interface, whatever of it is there: all but IAR0, IAR1 (reads that acknowledge), and SGI registers (sgis.ts). */
const CPU_INTERFACE = [
  icc(4, 6, 0), ...[1, 2, 3, 4, 5, 6, 7].map((op2) => icc(12, 8, op2)), ...[0, 1, 2, 3].map((op2) => icc(12, 9, op2)),
  icc(12, 11, 1), icc(12, 11, 3),
  ...[1, 2, 3, 4, 5, 6, 7].map((op2) => icc(12, 12, op2)),
];
/**
 * Put back afterwards: a direct partition that has made its own CPU interface deaf and then sleeps in WFI, sleeps for good
 * (README, limits), and could make no further attempt.
 */
const ACTIVE_PRIORITIES = [8, 9].flatMap((crm) => (crm === 8 ? [4, 5, 6, 7] : [0, 1, 2, 3]).map((op2) => icc(12, crm, op2)));
const ACTIVE_PRIORITIES_V2 = [0xd0, 0xd4, 0xd8, 0xdc, 0xe0, 0xe4, 0xe8, 0xec];
const BPR0 = icc(12, 8, 3);
const BPR1 = icc(12, 12, 3);
const isBinaryPoint = ({ crm, op2 }: Encoding): boolean => (crm === BPR0.crm || crm === BPR1.crm) && op2 === BPR1.op2;
const EOIR1 = icc(12, 12, 1);
const EOIR0 = icc(12, 8, 1);
const DIR = icc(12, 11, 1);
/** GICC_DIR: in the second page, which is there for virtual interfaces only. */
const DIR_V2 = 0x1000;

/**
 * Every INTID, own or not, and the special ones. What it does with others' SPIs where interrupts are direct, and no hypervisor
 * sees it: README, limits.
 */
function anyIntid({ foreignSpis, foreignPpis, spis }: Target, random: Random): bigint {
  return BigInt(
    random.pick(
      [
        random.pick(foreignSpis), random.pick(foreignSpis), random.pick(foreignPpis), random.pick(spis), random.below(1024),
        1020 + random.below(2 ** 24 - 1020),
      ]
    )
  );
}

export const redistributor: readonly Attempt[] = [
  attempt("gicr-bits", "group, enable, pending and active state of PPIs that are the hypervisor's", v3, (target, random, vcpu) =>
    GROUP_ENABLE_PEND_ACTIVE.flatMap((base) => {
      const mask = ppiMask(target, 1);
      const at = sgiFrame(target, vcpu) + base;
      return [write(at, 4, random.chance(1, 2) ? mask : mask & BigInt(random.word())), readsZero(at, 4, mask)];
    }),
  ),
  attempt("gicr-priority", "priorities of PPIs that are the hypervisor's: kept for nobody", v3, (target, random, vcpu) =>
    target.foreignPpis.flatMap((intid) => [
      write(sgiFrame(target, vcpu) + IPRIORITYR + intid, 1, random.value()),
      write(sgiFrame(target, vcpu) + IPRIORITYR + (intid & ~3), 4, random.value()),
    ]),
  ),
  attempt(
    "gicr-trigger",
    "makes the hypervisor's PPIs edge-triggered: ICFGR1 is read-only to guests",
    v3,
    (target, random, vcpu) =>
      [0n, ALL, random.value()].flatMap((data) => [
        write(sgiFrame(target, vcpu) + ICFGR1 - 4, 4, data),
        write(sgiFrame(target, vcpu) + ICFGR1, 4, data),
      ]),
  ),
  attempt("gicr-modifiers", "IGRPMODR0 and NSACR", v3, (target, random, vcpu) =>
    [IGRPMODR0, NSACR].flatMap((offset) => [
      write(sgiFrame(target, vcpu) + offset, 4, ALL),
      write(sgiFrame(target, vcpu) + offset, 4, random.value()),
    ]),
  ),
  attempt(
    "gicr-frame",
    "puts redistributors to sleep, gives them LPI tables in foreign memory, invalidates LPIs",
    v3,
    (target, random, vcpu) =>
      FRAME.flatMap((offset) => {
        const at = (target.gicr?.at ?? 0) + vcpu * STRIDE + offset;
        return [write(at, 4, ALL), write(at, 4, random.value()), write(at, 8, BigInt(random.pick(target.foreign).at) | 1n)];
      }),
  ),
  attempt("icc-anything", "any value into every register of the CPU interface: its own is all it has", v3, (_, random) =>
    CPU_INTERFACE.flatMap((register) => [
      // QEMU itself gives up (an assertion of its own) when a reserved bit of a binary point is written.
      step({ kind: "msr", register, data: isBinaryPoint(register) ? random.value() & 7n : random.value() }, ALIVE),
      step({ kind: "mrs", register }, ALIVE),
    ]).concat(ACTIVE_PRIORITIES.map((register) => step({ kind: "msr", register, data: 0n }, ALIVE))),
  ),
  attempt("icc-end", "ends and deactivates interrupts that others handle (EOIR, DIR)", v3, (target, random) =>
    Array.from({ length: 32 }, () =>
      step({ kind: "msr", register: random.pick([EOIR1, EOIR1, EOIR0, DIR, DIR]), data: anyIntid(target, random) }, ALIVE),
    ),
  ),
  {
    name: "gicc-anything",
    subject: "redistributor",
    does: "any value into every register of the memory-mapped CPU interface (GICv2)",
    when: ({ gicc }) => gicc !== undefined,
    steps: ({ gicc }, random) =>
      [0x00, 0x04, 0x08, 0x10, 0x14, 0x1c, 0x24, 0xd0, 0xd4, 0xd8, 0xdc, 0xe0, 0xfc]
        .flatMap((offset) => [write((gicc?.at ?? 0) + offset, 4, random.value()), write((gicc?.at ?? 0) + offset, 4, ALL)])
        .concat(ACTIVE_PRIORITIES_V2.map((offset) => write((gicc?.at ?? 0) + offset, 4, 0n))),
  },
  {
    name: "gicc-end",
    subject: "redistributor",
    does: "ends and deactivates interrupts that others handle (GICC_EOIR, GICC_AEOIR, GICC_DIR; GICv2)",
    when: ({ gicc }) => gicc !== undefined,
    steps: (target, random) =>
      Array.from({ length: 32 }, () =>
        write(
          (target.gicc?.at ?? 0) + random.pick([0x10, 0x24, ...((target.gicc?.size ?? 0) > DIR_V2 ? [DIR_V2] : [])]),
          4,
          anyIntid(target, random),
        ),
      ),
  },
];
