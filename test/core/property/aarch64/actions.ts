// What guests of AArch64 can do besides: system registers, calls by either conduit, their interrupt controller, and any exception
// to EL2.
import fc from "fast-check";
import * as calls from "../../../../arch/aarch64/calls.ts";
import * as abi from "../../../../core/abi.ts";
import { GUEST_GICC, GUEST_GICD, GUEST_GICR, GUEST_UART } from "../../../../tools/machine/aarch64/system.ts";
import { ENCODINGS } from "../../../../tools/machine/aarch64/systemRegisters.ts";
import type { SystemRegister } from "../../../../tools/machine/aarch64/systemRegisters.ts";
import { GICR_STRIDE, SGI_BASE } from "../../bench.ts";
import {
  AFFINITY_INFO_64, CPU_OFF, CPU_ON, CPU_ON_64, CPU_SUSPEND, CPU_SUSPEND_64, MIGRATE_INFO_TYPE, PSCI_FEATURES, PSCI_VERSION,
  SMCCC_ARCH_FEATURES, SMCCC_VERSION, SYSTEM_OFF, SYSTEM_RESET,
} from "../../functions.ts";
import {
  accesses, deadlyAccesses, doorbells, double, guestOf, hosts, mailboxes, pauses, revivals, sleeps, taking,
} from "../actions.ts";
import type { Action, Alphabet, Place } from "../actions.ts";

export type OwnAction =
  /** The guest ends, or deactivates, an interrupt of any number. */
  | { readonly kind: "endAny"; readonly pcpu: number; readonly intid: number; readonly deactivate: boolean }
  | {
    readonly kind: "call";
    readonly pcpu: number;
    readonly conduit: "hvc" | "smc";
    readonly fn: number;
    readonly args: readonly bigint[]
  }
  | { readonly kind: "msr"; readonly pcpu: number; readonly register: SystemRegister; readonly data: bigint }
  | { readonly kind: "mrs"; readonly pcpu: number; readonly register: SystemRegister }
  /** The guest works on memory: so many refills of the cache. */
  | { readonly kind: "refills"; readonly pcpu: number; readonly times: number }
  /** Any exception to EL2 that a guest could cause: syndrome, and garbage in the rest. */
  | {
    readonly kind: "exception";
    readonly pcpu: number;
    readonly ec: number;
    readonly iss: number;
    readonly far: bigint;
    readonly hpfar: bigint
  };

type ArmAction = Action<OwnAction>;

const PSCI = [
  PSCI_VERSION, CPU_SUSPEND, CPU_SUSPEND_64, CPU_OFF, CPU_ON_64, CPU_ON, AFFINITY_INFO_64, MIGRATE_INFO_TYPE, SYSTEM_OFF,
  SYSTEM_RESET, PSCI_FEATURES,
  SMCCC_VERSION, SMCCC_ARCH_FEATURES,
];
const HYPERCALLS = [
  calls.HYPERCALL_VERSION, calls.HYPERCALL_DOORBELL, calls.HYPERCALL_CONSOLE_WRITE, calls.HYPERCALL_TAG_PUBLISH,
  calls.HYPERCALL_WATCHDOG_FEED,
  calls.SMCCC_HYP_UID,
];
/** Those that end the caller's life come seldom, or no sequence gets anywhere. */
const DEADLY = new Set([CPU_OFF, SYSTEM_OFF, SYSTEM_RESET]);

/** Priorities that there are: the least urgent one never comes, the highest value of a priority mask being the same. */
const LEVELS = 32;
/** Bases of GICD's and SGI_base's registers with a word or byte for each INTID. */
const BIT_REGISTERS = [0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380];
const ISENABLER = 0x100;
const ICENABLER = 0x180;
const IPRIORITYR = 0x400;
const ITARGETSR = 0x800;
const IROUTER = 0x6000;
const SGIR = 0xf00;
const GICC_CTLR = 0;
const GICC_PMR = 4;

// ISS of an abort (ARM ARM D17.2.37).
const EC_ABORTS = [0x20, 0x24];
const EC_DATA_ABORT = 0x24;
const ISS_MAX = 0x1ff_ffff;
const ISS_FSC = 0x3f;
const FSC_TRANSLATION = 0x4;

/** An offset in GICD or in a redistributor, mostly of a register that exists. */
function gicOffset(intids: readonly number[]): fc.Arbitrary<number> {
  const intid = fc.oneof(fc.constantFrom(...intids), fc.integer({ min: 0, max: 1023 }));
  return fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...BIT_REGISTERS), intid).map(([base, n]) => base + 4 * (n >> 5)) },
    { weight: 2, arbitrary: intid.map((n) => IPRIORITYR + n) },
    { weight: 2, arbitrary: intid.map((n) => IROUTER + 8 * n) },
    { weight: 1, arbitrary: intid.map((n) => 0xc00 + 4 * (n >> 4)) },
    { weight: 1, arbitrary: intid.map((n) => ITARGETSR + n) },
    { weight: 1, arbitrary: fc.integer({ min: 0xf00, max: 0xf2f }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 4, 8, 0x14, 0xffe8) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
  );
}

/** Where a guest may load and store without losing its life: its GIC, its UART, its memory. */
function harmless(
  { pcpu, ram, vcpus, mailbox }: Alphabet["guests"][number], { lines }: Alphabet, isGicv2: boolean,
): fc.Arbitrary<Place> {
  // A GICv2 has its CPU interface there; of that, EOIR is for "end" and "endAny" to write.
  const frame = isGicv2
    ? fc.constant(GUEST_GICD)
    : fc.integer({ min: 0, max: 2 * vcpus - 1 }).map((n) => GUEST_GICR + n * 0x1_0000);
  const gicc = fc.constantFrom(0, 0, 4, 8, 0xc, 0x14, 0x18, 0x1c, 0xd0, 0xfc).map((offset) => GUEST_GICC + offset);
  const gic = fc.tuple(fc.oneof(fc.constant(GUEST_GICD), frame), gicOffset(lines)).map(([base, offset]) => base + offset);
  const words = fc.integer({ min: 0, max: abi.MAILBOX_SIZE / 8 - 1 }).map((word) => mailbox + 8 * word);
  const ipa = fc.oneof(
    { weight: 6, arbitrary: gic }, ...(isGicv2 ? [{ weight: 3, arbitrary: gicc }] : []),
    ...(mailbox !== 0 ? [{ weight: 2, arbitrary: words }] : []),
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 0xfff }).map((offset) => GUEST_UART + offset) },
    fc.integer({ min: 0, max: 0xffff }).map((offset) => ram + 8 * offset),
  );
  return ipa.map((at) => ({ pcpu, ipa: at }));
}

/** Enables, priorities, routes, groups and SGIs, each by the register that it is of. */
function controlling(alphabet: Alphabet, isGicv2: boolean): {
  readonly weight: number; readonly arbitrary: fc.Arbitrary<ArmAction>
}[] {
  const guest = guestOf(alphabet);
  const intid = fc.constantFrom(...alphabet.lines);
  /** Few of them, so that the same one is sent, disabled and taken again and again. */
  const sgi = fc.constantFrom(0, 1, 2, 15);
  const store = (pcpu: number, ipa: number, bytes: number, data: bigint): ArmAction =>
    ({ kind: "store", pcpu, ipa, bytes, data, valid: true });
  const bits = intid.map((n) => ({ offset: 4 * (n >> 5), data: 1n << BigInt(n & 31) }));
  const enables = fc.tuple(guest, bits, fc.constantFrom(ISENABLER, ISENABLER, ISENABLER, ISENABLER, ICENABLER))
    .map(([n, { offset, data }, base]) => store(n, GUEST_GICD + base + offset, 4, data));
  const bank = (index: number): number => (isGicv2 ? GUEST_GICD : GUEST_GICR + index * GICR_STRIDE + SGI_BASE);
  const sgiEnables = fc.tuple(fc.constantFrom(...alphabet.guests), sgi, fc.constantFrom(ISENABLER, ISENABLER, ICENABLER))
    .map(([{ pcpu, index }, id, base]) => store(pcpu, bank(index) + base, 4, 1n << BigInt(id)));
  const priorities = fc.tuple(guest, intid, fc.integer({ min: 0, max: LEVELS - 2 }))
    .map(([n, id, level]) => store(n, GUEST_GICD + IPRIORITYR + id, 1, BigInt(level * 8)));
  const routes = fc.tuple(guest, intid, fc.integer({ min: 0, max: 3 }))
    .map(
      ([n, id, to]) =>
        (isGicv2 ? store(n, GUEST_GICD + ITARGETSR + id, 1, BigInt(to)) : store(n, GUEST_GICD + IROUTER + 8 * id, 8, BigInt(to)))
    );
  const on = isGicv2 ? 1n : 2n;
  const groups = fc.tuple(guest, fc.constantFrom(0n, on, on, on, on)).map(([n, data]) => store(n, GUEST_GICD, 4, data));
  const targeted = fc.tuple(guest, sgi, fc.integer({ min: 0, max: 0xf }), fc.boolean());
  const sgis = targeted.map(([n, id, targets, all]): ArmAction => (isGicv2
    ? store(n, GUEST_GICD + SGIR, 4, BigInt(((all ? 1 : 0) << 24) | (targets << 16) | id))
    : { kind: "msr", pcpu: n, register: "ICC_SGI1R_EL1", data: (BigInt(id) << 24n) | BigInt(targets) | (all ? 1n << 40n : 0n) }));
  return [
    { weight: 3, arbitrary: enables }, { weight: 1, arbitrary: priorities }, { weight: 1, arbitrary: routes },
    { weight: 1, arbitrary: groups },
    { weight: 3, arbitrary: sgis }, { weight: 1, arbitrary: sgiEnables },
  ];
}

/** Priority mask, and enable, of its CPU interface. */
function masks(alphabet: Alphabet, isGicv2: boolean): fc.Arbitrary<ArmAction> {
  const guest = guestOf(alphabet);
  if (isGicv2) {
    const register = fc.constantFrom(
      [GICC_PMR, 0x41n], [GICC_PMR, 0xf1n], [GICC_PMR, 0xffn], [GICC_CTLR, 0n], [GICC_CTLR, 1n], [GICC_CTLR, 1n],
    );
    return fc.tuple(guest, register).map(
      ([pcpu, [offset, data]]): ArmAction => ({ kind: "store", pcpu, ipa: GUEST_GICC + offset, bytes: 4, data, valid: true })
    );
  }
  const register = fc.constantFrom(
    ["ICC_PMR_EL1", 0x41n], ["ICC_PMR_EL1", 0xf1n], ["ICC_PMR_EL1", 0xffn], ["ICC_IGRPEN1_EL1", 0n], ["ICC_IGRPEN1_EL1", 1n],
    ["ICC_IGRPEN1_EL1", 1n],
  );
  return fc.tuple(guest, register).map(([pcpu, [name, data]]): ArmAction => ({ kind: "msr", pcpu, register: name, data }));
}

export function orderly(alphabet: Alphabet, isGicv2: boolean): fc.Arbitrary<ArmAction> {
  const refills = fc.record(
    { kind: fc.constant("refills" as const), pcpu: guestOf(alphabet), times: fc.integer({ min: 1, max: 1500 }) }
  );
  return fc.oneof(
    ...taking(alphabet), ...controlling(alphabet, isGicv2), doorbells(alphabet),
    { weight: 1, arbitrary: masks(alphabet, isGicv2) },
    sleeps(alphabet, ["wfi", "wfe"]), pauses(alphabet), { weight: 1, arbitrary: refills }, ...mailboxes(alphabet),
  );
}

export function hostile(alphabet: Alphabet, isGicv2: boolean): fc.Arbitrary<ArmAction> {
  const pcpu = guestOf(alphabet);
  const place = fc.oneof(...alphabet.guests.map((one) => harmless(one, alphabet, isGicv2)));
  const conduit = fc.constantFrom("hvc" as const, "smc" as const);
  const iss = fc.integer({ min: 0, max: ISS_MAX });
  const deadly = fc.oneof<fc.Arbitrary<ArmAction>[]>(
    ...deadlyAccesses(alphabet),
    fc.record({ kind: fc.constant("call" as const), pcpu, conduit, fn: fc.constantFrom(...DEADLY), args: fc.constant([]) }),
    fc.record(
      { kind: fc.constant("exception" as const), pcpu, ec: fc.constantFrom(...EC_ABORTS), iss, far: double, hpfar: double }
    ),
  );
  const arg = fc.oneof(fc.integer({ min: 0, max: 4 }).map(BigInt), fc.constantFrom(...alphabet.ipas).map(BigInt), double);
  const args = fc.array(arg, { maxLength: 4 });
  const calm = [...PSCI.filter((fn) => !DEADLY.has(fn)), ...HYPERCALLS, ...HYPERCALLS];
  const fn = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...calm) }, fc.integer({ min: 0, max: 0xffff_ffff }));
  const entry = fc.constantFrom(...alphabet.guests.map(({ ram }) => BigInt(ram)));
  const on = fc.tuple(fc.integer({ min: 0, max: 2 }).map(BigInt), entry, double);
  // A GICv2's guests have no ICC_*: there is no such thing to trap.
  // Nor do direct guests make themselves deaf by an active priority or a binary point: asleep, no stop reaches them (README).
  const deafening = ["ICC_AP1R0_EL1", "ICC_BPR1_EL1"];
  const register = fc.constantFrom(
    ...(Object.keys(ENCODINGS) as SystemRegister[]).filter(
      (name) => trapped(name) && !deafening.includes(name) && !(isGicv2 && name.startsWith("ICC_"))
    ),
  );
  const intid = fc.oneof(fc.constantFrom(...alphabet.lines), fc.integer({ min: 0, max: 1023 }));
  const otherEc = fc.integer({ min: 0, max: 63 }).filter((ec) => !EC_ABORTS.includes(ec));
  const aborts = fc.tuple(place, iss, fc.integer({ min: 0, max: 3 })).map(([at, bits, level]): ArmAction => ({
    kind: "exception", pcpu: at.pcpu, ec: EC_DATA_ABORT, iss: (bits & ~ISS_FSC) | FSC_TRANSLATION | level, far: BigInt(at.ipa),
    hpfar: (BigInt(at.ipa) >> 12n) << 4n,
  }));
  return fc.oneof(
    { weight: 40, arbitrary: orderly(alphabet, isGicv2) },
    ...accesses(place),
    { weight: 1, arbitrary: deadly },
    revivals,
    { weight: 10, arbitrary: fc.record({ kind: fc.constant("call" as const), pcpu, conduit, fn, args }) },
    {
      weight: 4,
      arbitrary: fc.record(
        { kind: fc.constant("call" as const), pcpu, conduit: fc.constant("hvc" as const), fn: fc.constant(CPU_ON_64), args: on }
      ),
    },
    {
      weight: 5,
      arbitrary: fc.record(
        { kind: fc.constant("msr" as const), pcpu, register: register.filter((name) => !name.startsWith("ID_")), data: double }
      ),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("mrs" as const), pcpu, register }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("endAny" as const), pcpu, intid, deactivate: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("exception" as const), pcpu, ec: otherEc, iss, far: double, hpfar: double }),
    },
    { weight: 2, arbitrary: aborts },
    ...hosts(alphabet),
  );
}

/** Registers whose native access the machine models, or that are always trapped. */
const NATIVE = [
  "MIDR_EL1", "MPIDR_EL1", "ICC_IAR1_EL1", "ICC_EOIR1_EL1", "ICC_IAR0_EL1", "ICC_EOIR0_EL1", "ICC_HPPIR0_EL1", "ICC_DIR_EL1",
  "ICC_HPPIR1_EL1",
  "ICC_RPR_EL1", "CNTPCT_EL0", "CNTVCT_EL0", "ICC_SRE_EL1",
];
const trapped = (name: SystemRegister): boolean => !NATIVE.includes(name);
