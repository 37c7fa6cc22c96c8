// Doing what is allowed, without end: whoever is flooded, it is the attacker's own core, its own interrupts, its own share.
import * as calls from "../../../../arch/aarch64/calls.ts";
import * as abi from "../../../../core/abi.ts";
import { ALIVE, DONE, refuses, returns, UNDEFINED } from "../answers.ts";
import type { Answer } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt, Step, Touch } from "../attempt.ts";
import type { Encoding } from "../../../../tools/machine/aarch64/systemRegisters.ts";
import type { Operation, Width } from "../operations.ts";
import type { Target } from "../target.ts";
import { PSCI_VERSION, SYSTEM_RESET } from "../../../core/functions.ts";
import { foreign } from "./places.ts";

const TIMES = 20_000;
const INTERRUPTS = 2000;
const FEW_INTERRUPTS = 20;
const RESTARTS = 4;
const ROUNDS = 100;

const timer = (crm: number, op2: number): Encoding => ({ op0: 3, op1: 3, crn: 14, crm, op2 });
const CNTP_CTL = timer(2, 1);
const CNTP_CVAL = timer(2, 2);
const CNTV_CTL = timer(3, 1);
const CNTV_CVAL = timer(3, 2);
const icc = (crn: number, crm: number, op2: number): Encoding => ({ op0: 3, op1: 0, crn, crm, op2 });
const PMR = icc(4, 6, 0);
const BPR1 = icc(12, 12, 3);
const CTLR = icc(12, 12, 4);
const IGRPEN1 = icc(12, 12, 7);
const SGI1R = icc(12, 11, 5);
const ID_AA64PFR0: Encoding = { op0: 3, op1: 0, crn: 0, crm: 4, op2: 0 };
const HCR_EL2: Encoding = { op0: 3, op1: 4, crn: 1, crm: 1, op2: 0 };

const ENABLE = 1n;
const ALL = 0xffff_ffffn;
const GICD_SGIR = 0xf00;
const SELF_ONLY = 2n << 24n;
const GICR_SGI_BASE = 0x1_0000;
const WAKER = 0x14;
const ISENABLER = 0x100;
const ISPENDR = 0x200;

// PL031 (Arm DDI 0224): its interrupt is asserted from the match on, until it is cleared.
const RTCMR = 0x04;
const RTCLR = 0x08;
const RTCIMSC = 0x10;

const set = (register: Encoding, data: bigint): Step => step({ kind: "msr", register, data }, DONE);
const write = (at: number, data: bigint, bytes: Width = 4): Step =>
  step({ kind: "store", at, bytes, access: "plain", memory: "device", data }, DONE);

/** What a driver does at boot: everything that it owns is enabled, and let through. */
function open({ gic, gicd, gicr, gicc, spis }: Target): Step[] {
  const words = [...new Set(spis.map((intid) => intid >> 5))];
  const spisOn = words.map(
    (word) =>
      write(
        gicd.at + ISENABLER + 4 * word,
        spis.filter((intid) => intid >> 5 === word).reduce((bits, intid) => bits | (1n << BigInt(intid & 31)), 0n),
      )
  );
  if (gic === 2) {
    return [
      write(gicd.at, ENABLE), write(gicd.at + ISENABLER, ALL), ...spisOn, write((gicc?.at ?? 0) + 4, 0xffn),
      write(gicc?.at ?? 0, ENABLE),
    ];
  }
  const redistributor = gicr?.at ?? 0;
  return [
    write(gicd.at, 0x12n), write(redistributor + WAKER, 0n), write(redistributor + GICR_SGI_BASE + ISENABLER, ALL), ...spisOn,
    set(CTLR, 0n), set(BPR1, 0n), set(PMR, 0xffn), set(IGRPEN1, ENABLE),
  ];
}

/** In QEMU each attempt begins with a fresh guest, and all of them come. */
const take = (count: number): Step => step({ kind: "interrupts", count }, DONE, { inQemu: returns(BigInt(count)) });

/**
 * Of a level that stays high. QEMU's GICv2 does not notice that it is high still when a guest ends the interrupt by its virtual
 * interface, until somebody else touches the GIC: then it goes on.
 */
const storm = ({ gic, direct }: Target): Step => take(gic === 2 && !direct ? FEW_INTERRUPTS : INTERRUPTS);

const pend = ({ gicd }: Target, intid: number): Step => write(gicd.at + ISPENDR + 4 * (intid >> 5), 1n << BigInt(intid & 31));

function opened(name: string, does: string, steps: (target: Target) => Step[], when?: (target: Target) => boolean): Attempt {
  return {
    name, subject: "storms", does, ...(when === undefined ? {} : { when }),
    steps: (target) => [...open(target), ...steps(target)],
  };
}

/** The same thing, over and over. */
function endless(
  name: string, does: string, operation: (target: Target) => Operation, answer: Answer, touches: readonly Touch[] = [],
  when?: (target: Target) => boolean,
): Attempt {
  return {
    name, subject: "storms", does, touches, ...(when === undefined ? {} : { when }),
    steps: (target) => [step(operation(target), answer, { times: TIMES })],
  };
}

const call = (conduit: "hvc" | "smc", fn: number, ...x: readonly bigint[]): Operation =>
  ({ kind: "call", conduit, immediate: 0, x: [BigInt(fn), ...x, ...Array.from({ length: 7 - x.length }, () => 0n)] });
const load = (at: number): Operation => ({ kind: "load", at, bytes: 4, access: "plain", memory: "device" });
/** "hostile\n" */
const SHOUT = 0x0a65_6c69_7473_6f68n;
const BYTES_OF_SHOUTS = 48n;

export const storms: readonly Attempt[] = [
  opened("storm-virtual-timer", "the virtual timer, due for ever: an interrupt as soon as one has ended", (target) => [
    set(CNTV_CVAL, 0n),
    set(CNTV_CTL, ENABLE),
    storm(target),
    set(CNTV_CTL, 0n),
  ]),
  opened("storm-physical-timer", "the physical timer, due for ever", (target) => [
    set(CNTP_CVAL, 0n),
    set(CNTP_CTL, ENABLE),
    storm(target),
    set(CNTP_CTL, 0n),
  ]),
  opened("storm-both-timers", "both timers, due for ever", (target) => [
    set(CNTV_CVAL, 0n),
    set(CNTP_CVAL, 0n),
    set(CNTV_CTL, ENABLE),
    set(CNTP_CTL, ENABLE),
    storm(target),
    set(CNTV_CTL, 0n),
    set(CNTP_CTL, 0n),
  ]),
  opened("storm-timer-programming", "programs the timers to be due, and not, in quick succession", () => [
    step({ kind: "msr", register: CNTV_CVAL, data: 0n }, DONE, { times: TIMES }),
    step({ kind: "msr", register: CNTV_CTL, data: ENABLE }, DONE, { times: TIMES }),
    step({ kind: "msr", register: CNTP_CTL, data: ENABLE }, DONE, { times: TIMES }),
    set(CNTV_CTL, 0n),
    set(CNTP_CTL, 0n),
  ]),
  opened(
    "storm-device",
    "a device of its own that never lowers its interrupt",
    (target) => {
      const rtc = target.devices[0]?.at ?? 0;
      return [write(rtc + RTCLR, 0n), write(rtc + RTCMR, 0n), write(rtc + RTCIMSC, 1n), storm(target), write(rtc + RTCIMSC, 0n)];
    },
    ({ devices }) => devices.length > 0,
  ),
  opened("storm-spi", "an SPI of its own, by ISPENDR, again and again", (target) =>
    Array.from({ length: ROUNDS }, () => [pend(target, target.freeSpi), take(1)]).flat(),
  ),
  opened("storm-spi-pending", "ISPENDR of an SPI of its own that it never takes", (target) => [
    { ...pend(target, target.freeSpi), times: TIMES },
  ]),
  opened("storm-spi-switching", "ISENABLER and ICENABLER of an SPI that is pending", (target) => [
    pend(target, target.freeSpi),
    ...Array.from({ length: ROUNDS }, () =>
      [0x180, ISENABLER].map((base) =>
        write(target.gicd.at + base + 4 * (target.freeSpi >> 5), 1n << BigInt(target.freeSpi & 31)),
      ),
    ).flat(),
    take(1),
  ]),
  opened("storm-sgi", "SGIs to itself, more than it can take", ({ gic, gicd }) => [
    step(
      gic === 3
        ? { kind: "msr", register: SGI1R, data: (5n << 24n) | 1n }
        : { kind: "store", at: gicd.at + GICD_SGIR, bytes: 4, access: "plain", memory: "device", data: SELF_ONLY | 5n },
      DONE,
      { times: TIMES },
    ),
    take(1),
  ]),
  opened("storm-wfi", "WFI with an interrupt pending, so that it never sleeps", () => [
    set(CNTV_CVAL, 0n),
    set(CNTV_CTL, ENABLE),
    step({ kind: "hint", what: "wfi" }, DONE, { times: TIMES }),
    set(CNTV_CTL, 0n),
  ]),
  endless("storm-wfe", "WFE, after SEV to all cores", () => ({ kind: "hint", what: "wfe" }), DONE),
  endless("storm-sev", "SEV: wakes every core that is in WFE, and that is all", () => ({ kind: "hint", what: "sev" }), DONE),
  endless(
    "storm-hvc",
    "hypercalls without end",
    () => call("hvc", calls.HYPERCALL_VERSION),
    returns(BigInt(abi.CALL_VERSION_MAJOR * 0x1_0000 + abi.CALL_VERSION_MINOR)),
  ),
  endless(
    "storm-hvc-unknown",
    "unknown hypercalls without end",
    () => call("hvc", 0xc600_ffff),
    refuses(calls.SMCCC_NOT_SUPPORTED),
  ),
  endless("storm-smc", "SMCs without end", () => call("smc", PSCI_VERSION), DONE),
  endless("storm-gicd", "loads from the emulated GICD without end", ({ gicd }) => load(gicd.at + 4), DONE),
  endless(
    "storm-gicr",
    "loads from the emulated redistributor without end",
    ({ gicr }) => load((gicr?.at ?? 0) + 8),
    DONE,
    [],
    ({ gicr }) => gicr !== undefined,
  ),
  endless("storm-console-register", "loads from the emulated UART without end", ({ console }) => load(console.at + 0x18), DONE),
  endless("storm-register", "trapped register reads without end", () => ({ kind: "mrs", register: ID_AA64PFR0 }), DONE),
  endless("storm-undefined", "undefined instructions without end", () => ({ kind: "mrs", register: HCR_EL2 }), UNDEFINED),
  endless(
    "storm-injected",
    "exceptions that the hypervisor has to inject, without end",
    ({ gicd }) => ({ kind: "store", at: gicd.at, bytes: 8, access: "simd", memory: "device", data: 0n }),
    { kind: "exception", mask: 0, syndrome: 0 },
  ),
  endless(
    "storm-console-call",
    "shouts into its console by hypercall, faster than any UART",
    () => call("hvc", calls.HYPERCALL_CONSOLE_WRITE, BYTES_OF_SHOUTS, SHOUT, SHOUT, SHOUT, SHOUT, SHOUT, SHOUT),
    DONE,
  ),
  endless(
    "storm-console-uart",
    "shouts into its UART",
    ({ console }) => ({ kind: "store", at: console.at, bytes: 4, access: "plain", memory: "device", data: 0x0an }),
    DONE,
  ),
  endless(
    "storm-doorbell",
    "rings its neighbour's doorbell without end",
    () => call("hvc", calls.HYPERCALL_DOORBELL, 0n),
    returns(0n),
    ["doorbell"],
  ),
  endless(
    "storm-tags",
    "publishes tags without end",
    () => call("hvc", calls.HYPERCALL_TAG_PUBLISH, 31n, 0xffff_ffff_ffff_ffffn),
    returns(0n),
  ),
  endless("storm-watchdog", "feeds its watchdog without end", () => call("hvc", calls.HYPERCALL_WATCHDOG_FEED), returns(0n)),
  endless(
    "storm-cache-set-way",
    "cleans its first-level cache by set and way, and tries the others",
    () => ({ kind: "msr", register: { op0: 1, op1: 0, crn: 7, crm: 14, op2: 2 }, data: 2n }),
    DONE,
  ),
  endless(
    "storm-tlbi-broadcast",
    "broadcasts TLB invalidations without end",
    () => ({ kind: "msr", register: { op0: 1, op1: 0, crn: 8, crm: 3, op2: 0 }, data: 0n }),
    DONE,
  ),
  {
    name: "storm-resets",
    subject: "storms",
    does: "resets itself as soon as it starts: from the second time on it waits for a second",
    steps: () => Array.from({ length: RESTARTS }, () => step(call("hvc", SYSTEM_RESET), { kind: "stops", then: "running" })),
  },
  {
    name: "storm-faults",
    subject: "storms",
    does: "fails as soon as it starts: likewise",
    steps: (target, random) =>
      Array.from({ length: RESTARTS }, () =>
        step(
          { kind: "load", at: foreign(target, random, 8), bytes: 8, access: "plain", memory: "normal" },
          { kind: "fails", ec: 0x24 },
        ),
      ),
  },
  {
    name: "endless-loop",
    subject: "storms",
    does: "an endless loop with all exceptions masked: the host restarts it all the same",
    steps: () => [step({ kind: "spin" }, { kind: "endless", ended: "by the host" })],
  },
  {
    name: "endless-loop-watchdog",
    subject: "storms",
    does: "feeds its watchdog once, and then loops for ever: its watchdog restarts it",
    steps: () => [
      step(call("hvc", calls.HYPERCALL_WATCHDOG_FEED), returns(0n)),
      step({ kind: "spin" }, { kind: "endless", ended: "by its watchdog" }),
    ],
  },
  {
    name: "endless-loop-closed",
    subject: "storms",
    does:
      "closes its CPU interface (PMR 0, group off), leaves an interrupt active, and loops for ever: " +
      "the host restarts it all the same",
    when: ({ gic }) => gic === 3,
    steps: (target) => [
      ...open(target),
      pend(target, target.freeSpi),
      step({ kind: "mrs", register: icc(12, 12, 0) }, ALIVE),
      set(PMR, 0n),
      set(IGRPEN1, 0n),
      step({ kind: "spin" }, { kind: "endless", ended: "by the host" }),
    ],
  },
];
