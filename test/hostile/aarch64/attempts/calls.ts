// HVC and SMC with function numbers of every range (SMCCC, Arm DEN 0028 §6): nothing is forwarded to firmware, and what is not
// there is refused. And PSCI (DEN 0022), which knows no core outside of the partition.
import * as numbers from "../../../../arch/aarch64/calls.ts";
import * as abi from "../../../../core/abi.ts";
import { DONE, refuses, returns } from "../answers.ts";
import type { Answer } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt, Step } from "../attempt.ts";
import type { Random } from "../../random.ts";
import type { Target } from "../target.ts";
import * as psci from "../../../core/functions.ts";

const TRIES = 24;
const FAST = 2 ** 31;
const SMC64 = 2 ** 30;
const OWNER = 2 ** 24;
/** By both conduits, in both forms. */
const CONDUITS = ["hvc", "smc"] as const;
const HYPERCALLS = [
  numbers.HYPERCALL_VERSION, numbers.HYPERCALL_DOORBELL, numbers.HYPERCALL_CONSOLE_WRITE, numbers.HYPERCALL_TAG_PUBLISH,
  numbers.HYPERCALL_WATCHDOG_FEED, numbers.HYPERCALL_MAILBOX,
];
const QUERIES = [numbers.SMCCC_HYP_UID, numbers.SMCCC_HYP_REVISION];
/** Those that are answered: not for calls that expect to be refused. */
const ANSWERED: ReadonlySet<number> = new Set<number>(
  [...HYPERCALLS, ...QUERIES, ...Object.values(psci).filter((id) => typeof id === "number")]
);

const INVALID_PARAMETERS = -2;
const INVALID_ADDRESS = -9;

interface Arguments {
  readonly conduit: "hvc" | "smc";
  readonly fn: number | bigint;
  readonly x?: readonly bigint[];
  readonly answer: Answer;
  readonly random: Random;
}

/** x0…x7; those not given are random. */
function call({ conduit, fn, x = [], answer, random }: Arguments): Step {
  const given = [BigInt(fn), ...x];
  const immediate = random.chance(1, 4) ? random.below(0x1_0000) : 0;
  return step({ kind: "call", conduit, immediate, x: Array.from({ length: 8 }, (_, n) => given[n] ?? random.value()) }, answer);
}

function refused(name: string, does: string, fn: (random: Random) => number): Attempt {
  return {
    name,
    subject: "calls",
    does: `${does}: NOT_SUPPORTED`,
    steps: (_, random) =>
      CONDUITS.flatMap((conduit) =>
        Array.from({ length: TRIES }, () => fn(random))
          .filter((id) => !ANSWERED.has(id))
          .map((id) => call({ conduit, fn: id, answer: refuses(numbers.SMCCC_NOT_SUPPORTED), random })),
      ),
  };
}

/** Fast or yielding, of 32 or 64 bits, of an owner; the number is in bits 15…0, and sometimes in those that should be 0 too. */
const owner = (first: number, last = first) => (random: Random): number =>
  random.pick([FAST, FAST, 0]) + random.pick([SMC64, 0]) + OWNER * (first + random.below(last - first + 1))
    + random.below(random.chance(1, 2) ? 64 : random.chance(1, 2) ? 0x1_0000 : OWNER);

const mailboxOf = ({ mailbox }: Target): bigint => BigInt(mailbox?.at ?? 0);

export const calls: readonly Attempt[] = [
  refused("call-arm", "calls of the Arm architecture's range: workarounds, SOC_ID and others", owner(0)),
  refused("call-cpu", "calls of the CPU service range", owner(1)),
  refused("call-sip", "calls of the silicon provider's range: what firmware of boards does most with", owner(2)),
  refused("call-oem", "calls of the OEM range", owner(3)),
  refused(
    "call-standard-secure", "calls of the standard secure range beside PSCI: SDEI, FF-A, TRNG, PSCI functions of later versions",
    owner(4),
  ),
  refused("call-standard-hypervisor", "calls of the standard hypervisor range: paravirtualised time", owner(5)),
  refused("call-vendor-hypervisor", "calls of our own range beside those that there are", owner(6)),
  refused("call-reserved", "calls of reserved ranges", owner(7, 47)),
  refused("call-trusted-application", "calls of the trusted applications' range", owner(48, 49)),
  refused("call-trusted-os", "calls of the trusted OS's range", owner(50, 63)),
  refused("call-anything", "any number at all", (random) => random.word()),
  {
    name: "hypercall-refused", subject: "calls", does: "our own functions with arguments that make no sense: INVALID_PARAMETER",
    steps: ({ channels }, random) => Array.from({ length: TRIES }, () => {
      const [fn, limit] = random.pick(
        [
          [numbers.HYPERCALL_DOORBELL, channels], [numbers.HYPERCALL_TAG_PUBLISH, abi.TAG_MAX],
          [numbers.HYPERCALL_CONSOLE_WRITE, abi.CONSOLE_WRITE_MAX + 1],
        ] as const
      );
      const argument = random.value();
      return call(
        {
          conduit: "hvc", fn, x: [argument < BigInt(limit) ? argument + BigInt(limit) : argument],
          answer: refuses(numbers.SMCCC_INVALID_PARAMETER), random,
        }
      );
    }),
  },
  {
    name: "hypercall-queries", subject: "calls", does: "asks who is there, again and again, with garbage in all other registers",
    steps: (target, random) => [
      call(
        {
          conduit: "hvc", fn: numbers.HYPERCALL_VERSION,
          answer: returns(BigInt(abi.CALL_VERSION_MAJOR * 0x1_0000 + abi.CALL_VERSION_MINOR)), random,
        }
      ),
      call({ conduit: "hvc", fn: numbers.SMCCC_HYP_UID, answer: returns(BigInt(numbers.HYP_UID_0)), random }),
      call({ conduit: "hvc", fn: numbers.SMCCC_HYP_REVISION, answer: returns(BigInt(abi.CALL_VERSION_MAJOR)), random }),
      call(
        {
          conduit: "hvc", fn: numbers.HYPERCALL_MAILBOX,
          answer: target.mailbox === undefined ? refuses(numbers.SMCCC_NOT_SUPPORTED) : returns(mailboxOf(target)), random,
        }
      ),
    ],
  },
];

function power(name: string, does: string, steps: (target: Target, random: Random, conduit: "hvc" | "smc") => Step[]): Attempt {
  return {
    name, subject: "PSCI", does, steps: (target, random) => CONDUITS.flatMap((conduit) => steps(target, random, conduit)),
  };
}

/** The last thing that this guest does: by one of the two conduits. */
function last(name: string, does: string, fn: number, then: "off" | "running"): Attempt {
  return {
    name, subject: "PSCI", does,
    steps: (_, random) => [call({ conduit: random.pick(CONDUITS), fn, answer: { kind: "stops", then }, random })],
  };
}

/** Affinities that no vCPU of the attacker's has: others' pCPUs, as long as its own are not numbered the same, and anything. */
const strangers = ({ foreignMpidrs, vcpus }: Target, random: Random): bigint[] =>
  [
    ...foreignMpidrs.map(BigInt), BigInt(vcpus), 0xffn, 0x100n, 0x1_0000n, 0x1_0000_0000n, 0x8000_0000n, random.value(),
  ].filter((affinity) => affinity >= BigInt(vcpus));
const low32 = (affinity: bigint): bigint => affinity & 0xffff_ffffn;

export const psciCalls: readonly Attempt[] = [
  power(
    "psci-on-foreign",
    "CPU_ON of cores of others, to start them with its own code: INVALID_PARAMETERS",
    (target, random, conduit) =>
      strangers(target, random).map((affinity) =>
        call({
          conduit,
          fn: psci.CPU_ON_64,
          x: [affinity, BigInt(target.scratch.at)],
          answer: refuses(INVALID_PARAMETERS),
          random,
        }),
      ),
  ),
  power(
    "psci-on-foreign-32",
    "the same by the 32-bit function, which looks at 32 bits of each argument",
    (target, random, conduit) =>
      strangers(target, random)
        .filter((affinity) => low32(affinity) >= BigInt(target.vcpus))
        .map((affinity) =>
          call({
            conduit,
            fn: psci.CPU_ON,
            x: [affinity, BigInt(target.scratch.at)],
            answer: refuses(INVALID_PARAMETERS),
            random,
          }),
        ),
  ),
  power(
    "psci-on-entry",
    "CPU_ON with an entry in memory that is not its own, or unaligned: INVALID_ADDRESS",
    (target, random, conduit) =>
      [
        ...target.foreign.map(({ at }) => BigInt(at)),
        BigInt(target.gicd.at),
        BigInt(target.channel.at),
        BigInt(target.scratch.at + 2),
        (1n << 63n) | (random.value() & ~3n),
      ].map((entry) =>
        call({
          conduit,
          fn: psci.CPU_ON_64,
          x: [BigInt(random.below(target.vcpus)), entry],
          answer: refuses(INVALID_ADDRESS),
          random,
        }),
      ),
  ),
  power(
    "psci-info-foreign",
    "AFFINITY_INFO of cores of others, and of levels above cores: INVALID_PARAMETERS",
    (target, random, conduit) => [
      ...strangers(target, random).map((affinity) =>
        call({ conduit, fn: psci.AFFINITY_INFO_64, x: [affinity, 0n], answer: refuses(INVALID_PARAMETERS), random }),
      ),
      call({
        conduit,
        fn: psci.AFFINITY_INFO_64,
        x: [0n, 1n + (random.value() >> 1n)],
        answer: refuses(INVALID_PARAMETERS),
        random,
      }),
    ],
  ),
  power(
    "psci-suspend",
    "CPU_SUSPEND with reserved bits of the power state set, and an entry in foreign memory: INVALID_PARAMETERS",
    (target, random, conduit) =>
      Array.from({ length: 8 }, () =>
        call({
          conduit,
          fn: random.pick([psci.CPU_SUSPEND, psci.CPU_SUSPEND_64]),
          x: [(random.value() & 0xffff_ffffn) | 0x8000_0000n, BigInt(random.pick(target.foreign).at)],
          answer: refuses(INVALID_PARAMETERS),
          random,
        }),
      ),
  ),
  power(
    "psci-unknown",
    "MIGRATE, SYSTEM_RESET2, SYSTEM_SUSPEND, MEM_PROTECT and all others: NOT_SUPPORTED",
    (_, random, conduit) =>
      Array.from({ length: 0x20 }, (_, n) => [psci.PSCI_VERSION + n, psci.PSCI_VERSION + n + SMC64])
        .flat()
        .filter((id) => !ANSWERED.has(id))
        .map((id) => call({ conduit, fn: id, answer: refuses(numbers.SMCCC_NOT_SUPPORTED), random })),
  ),
  power("psci-features", "PSCI_FEATURES and SMCCC_ARCH_FEATURES of anything", (_, random, conduit) =>
    Array.from({ length: TRIES }, () =>
      call({ conduit, fn: random.pick([psci.PSCI_FEATURES, psci.SMCCC_ARCH_FEATURES]), answer: DONE, random }),
    ),
  ),
  last("psci-off", "SYSTEM_OFF: its own partition is off, and nothing else", psci.SYSTEM_OFF, "off"),
  last("psci-reset", "SYSTEM_RESET: its own partition starts anew, and nothing else", psci.SYSTEM_RESET, "running"),
  last("psci-cpu-off", "CPU_OFF on its only core: its own partition is off", psci.CPU_OFF, "off"),
];
