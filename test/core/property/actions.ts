// What can happen to a machine: everything that a guest, a device, the host or the clock can do, as plain data, so that
// fast-check can make sequences of it, show them, and shrink them.
import fc from "fast-check";
import * as calls from "../../../arch/aarch64/calls.ts";
import * as abi from "../../../core/abi.ts";
import { ENCODINGS } from "../../../tools/machine/aarch64/systemRegisters.ts";
import type { SystemRegister } from "../../../tools/machine/aarch64/systemRegisters.ts";
import { GUEST_GICC, GUEST_GICD, GUEST_GICR, GUEST_UART } from "../../../tools/machine/aarch64/system.ts";
import { GICR_STRIDE, SGI_BASE } from "../bench.ts";
import { AFFINITY_INFO_64, CPU_OFF, CPU_ON, CPU_ON_64, CPU_SUSPEND, CPU_SUSPEND_64, MIGRATE_INFO_TYPE, PSCI_FEATURES, PSCI_VERSION, SMCCC_ARCH_FEATURES, SMCCC_VERSION, SYSTEM_OFF, SYSTEM_RESET } from "../functions.ts";

export type Action =
  /** A device raises or lowers its wire, or pulses it. */
  | { readonly kind: "wire"; readonly intid: number; readonly to: "high" | "low" | "pulse" }
  /** One pCPU does what hardware makes it do: takes its pending interrupt. */
  | { readonly kind: "step"; readonly pcpu: number }
  /** Every pCPU does, until none has anything to do. */
  | { readonly kind: "settle" }
  | { readonly kind: "time"; readonly microseconds: number }
  /** The guest acknowledges an interrupt, and lowers the wire that it came from. */
  | { readonly kind: "acknowledge"; readonly pcpu: number }
  /** The guest ends the interrupt it acknowledged last. */
  | { readonly kind: "end"; readonly pcpu: number }
  /** The guest ends, or deactivates, an interrupt of any number. */
  | { readonly kind: "endAny"; readonly pcpu: number; readonly intid: number; readonly deactivate: boolean }
  | { readonly kind: "load"; readonly pcpu: number; readonly ipa: number; readonly bytes: number; readonly valid: boolean }
  | { readonly kind: "store"; readonly pcpu: number; readonly ipa: number; readonly bytes: number; readonly data: bigint; readonly valid: boolean }
  | { readonly kind: "fetch"; readonly pcpu: number; readonly ipa: number }
  | { readonly kind: "call"; readonly pcpu: number; readonly conduit: "hvc" | "smc"; readonly fn: number; readonly args: readonly bigint[] }
  | { readonly kind: "msr"; readonly pcpu: number; readonly register: SystemRegister; readonly data: bigint }
  | { readonly kind: "mrs"; readonly pcpu: number; readonly register: SystemRegister }
  /** The guest sleeps, if nothing keeps it awake. */
  | { readonly kind: "sleep"; readonly pcpu: number; readonly how: "wfi" | "wfe" }
  /** The guest works on memory: so many refills of the cache. */
  | { readonly kind: "refills"; readonly pcpu: number; readonly times: number }
  /** Any exception to EL2 that a guest could cause: syndrome, and garbage in the rest. */
  | { readonly kind: "exception"; readonly pcpu: number; readonly ec: number; readonly iss: number; readonly far: bigint; readonly hpfar: bigint }
  | { readonly kind: "command"; readonly partition: number; readonly command: number }
  | { readonly kind: "typed"; readonly bytes: readonly number[] }
  | { readonly kind: "uart"; readonly stalled: boolean }
  /** The host starts what is off, and every guest opens its interrupt controller again. */
  | { readonly kind: "revive" }
  /** While the first one is in the core, between two intrinsics, the second one happens. */
  | { readonly kind: "during"; readonly after: number; readonly first: Action; readonly second: Action };

export interface Alphabet {
  readonly pcpus: readonly number[];
  /** pCPUs that have a vCPU, with its index, an IPA in its memory, the count of vCPUs of its partition, and the IPA of its mailbox (0: none). */
  readonly guests: readonly { readonly pcpu: number; readonly index: number; readonly ram: number; readonly vcpus: number; readonly mailbox: number }[];
  readonly intids: readonly number[];
  readonly partitions: number;
  /** IPAs worth an access, though it may be the last one: foreign memory, devices, the hypervisor. */
  readonly ipas: readonly number[];
  readonly isGicv2: boolean;
}

const PSCI = [PSCI_VERSION, CPU_SUSPEND, CPU_SUSPEND_64, CPU_OFF, CPU_ON_64, CPU_ON, AFFINITY_INFO_64, MIGRATE_INFO_TYPE, SYSTEM_OFF, SYSTEM_RESET, PSCI_FEATURES, SMCCC_VERSION, SMCCC_ARCH_FEATURES];
const HYPERCALLS = [calls.HYPERCALL_VERSION, calls.HYPERCALL_DOORBELL, calls.HYPERCALL_CONSOLE_WRITE, calls.HYPERCALL_TAG_PUBLISH, calls.HYPERCALL_WATCHDOG_FEED, calls.SMCCC_HYP_UID];
/** Those that end the caller's life come seldom, or no sequence gets anywhere. */
const DEADLY = new Set([CPU_OFF, SYSTEM_OFF, SYSTEM_RESET]);

const word = fc.oneof(fc.constant(0n), fc.constant(0xffff_ffffn), fc.integer({ min: 0, max: 31 }).map((bit) => 1n << BigInt(bit)), fc.bigInt({ min: 0n, max: 0xffff_ffffn }));
const double = fc.oneof(word, fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }));
/** Priorities that there are: the least urgent one never comes, the highest value of a priority mask being the same. */
const LEVELS = 32;
const width = fc.constantFrom(1, 2, 4, 4, 4, 8);
/** Bases of GICD's and SGI_base's registers with a word or byte for each INTID. */
const BIT_REGISTERS = [0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380];

/** An offset in GICD or in a redistributor, mostly of a register that exists. */
function gicOffset(intids: readonly number[]): fc.Arbitrary<number> {
  const intid = fc.oneof(fc.constantFrom(...intids), fc.integer({ min: 0, max: 1023 }));
  return fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...BIT_REGISTERS), intid).map(([base, n]) => base + 4 * (n >> 5)) },
    { weight: 2, arbitrary: intid.map((n) => 0x400 + n) },
    { weight: 2, arbitrary: intid.map((n) => 0x6000 + 8 * n) },
    { weight: 1, arbitrary: intid.map((n) => 0xc00 + 4 * (n >> 4)) },
    { weight: 1, arbitrary: intid.map((n) => 0x800 + n) },
    { weight: 1, arbitrary: fc.integer({ min: 0xf00, max: 0xf2f }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 4, 8, 0x14, 0xffe8) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
  );
}

/** Where a guest may load and store without losing its life: its GIC, its UART, its memory. */
function harmless({ pcpu, ram, vcpus, mailbox }: Alphabet["guests"][number], { intids, isGicv2 }: Alphabet): fc.Arbitrary<{ pcpu: number; ipa: number }> {
  // A GICv2 has its CPU interface there; of that, EOIR is for "end" and "endAny" to write.
  const frame = isGicv2 ? fc.constant(GUEST_GICD) : fc.integer({ min: 0, max: 2 * vcpus - 1 }).map((n) => GUEST_GICR + n * 0x1_0000);
  const gicc = fc.constantFrom(0, 0, 4, 8, 0xc, 0x14, 0x18, 0x1c, 0xd0, 0xfc).map((offset) => GUEST_GICC + offset);
  const gic = fc.tuple(fc.oneof(fc.constant(GUEST_GICD), frame), gicOffset(intids)).map(([base, offset]) => base + offset);
  const ipa = fc.oneof({ weight: 6, arbitrary: gic }, ...(isGicv2 ? [{ weight: 3, arbitrary: gicc }] : []),
    ...(mailbox !== 0 ? [{ weight: 2, arbitrary: fc.integer({ min: 0, max: abi.MAILBOX_SIZE / 8 - 1 }).map((word) => mailbox + 8 * word) }] : []), { weight: 2, arbitrary: fc.integer({ min: 0, max: 0xfff }).map((offset) => GUEST_UART + offset) }, fc.integer({ min: 0, max: 0xffff }).map((offset) => ram + 8 * offset));
  return ipa.map((at) => ({ pcpu, ipa: at }));
}

/** What cannot take a life, and changes no GIC state but by its own rules: what exactly-once delivery is proved with. */
export function orderly(alphabet: Alphabet): fc.Arbitrary<Action> {
  const pcpu = fc.constantFrom(...alphabet.pcpus);
  const guest = fc.constantFrom(...alphabet.guests.map(({ pcpu: n }) => n));
  const intid = fc.constantFrom(...alphabet.intids);
  /** Few of them, so that the same one is sent, disabled and taken again and again. */
  const sgi = fc.constantFrom(0, 1, 2, 15);
  const bits = intid.map((n) => ({ offset: 4 * (n >> 5), data: 1n << BigInt(n & 31) }));
  const enables = fc.tuple(guest, bits, fc.constantFrom(0x100, 0x100, 0x100, 0x100, 0x180)).map(([n, { offset, data }, base]): Action => ({ kind: "store", pcpu: n, ipa: GUEST_GICD + base + offset, bytes: 4, data, valid: true }));
  const bank = (index: number): number => (alphabet.isGicv2 ? GUEST_GICD : GUEST_GICR + index * GICR_STRIDE + SGI_BASE);
  const sgiEnables = fc.tuple(fc.constantFrom(...alphabet.guests), sgi, fc.constantFrom(0x100, 0x100, 0x180)).map(([{ pcpu: n, index }, id, base]): Action => ({ kind: "store", pcpu: n, ipa: bank(index) + base, bytes: 4, data: 1n << BigInt(id), valid: true }));
  const priorities = fc.tuple(guest, intid, fc.integer({ min: 0, max: LEVELS - 2 })).map(([n, id, level]): Action => ({ kind: "store", pcpu: n, ipa: GUEST_GICD + 0x400 + id, bytes: 1, data: BigInt(level * 8), valid: true }));
  const routes = fc.tuple(guest, intid, fc.integer({ min: 0, max: 3 })).map(([n, id, to]): Action => (alphabet.isGicv2
    ? { kind: "store", pcpu: n, ipa: GUEST_GICD + 0x800 + id, bytes: 1, data: BigInt(to), valid: true }
    : { kind: "store", pcpu: n, ipa: GUEST_GICD + 0x6000 + 8 * id, bytes: 8, data: BigInt(to), valid: true }));
  const on = alphabet.isGicv2 ? 1n : 2n;
  const groups = fc.tuple(guest, fc.constantFrom(0n, on, on, on, on)).map(([n, data]): Action => ({ kind: "store", pcpu: n, ipa: GUEST_GICD, bytes: 4, data, valid: true }));
  const sgis = fc.tuple(guest, sgi, fc.integer({ min: 0, max: 0xf }), fc.boolean()).map(([n, id, targets, all]): Action => (alphabet.isGicv2
    ? { kind: "store", pcpu: n, ipa: GUEST_GICD + 0xf00, bytes: 4, data: BigInt(((all ? 1 : 0) << 24) | (targets << 16) | id), valid: true }
    : { kind: "msr", pcpu: n, register: "ICC_SGI1R_EL1", data: (BigInt(id) << 24n) | BigInt(targets) | (all ? 1n << 40n : 0n) }));
  const doors = fc.tuple(guest).map(([n]): Action => ({ kind: "call", pcpu: n, conduit: "hvc", fn: calls.HYPERCALL_DOORBELL, args: [0n] }));
  const masks = alphabet.isGicv2
    ? fc.tuple(guest, fc.constantFrom([4, 0x41n], [4, 0xf1n], [4, 0xffn], [0, 0n], [0, 1n], [0, 1n])).map(([n, [register, data]]): Action => ({ kind: "store", pcpu: n, ipa: GUEST_GICC + register, bytes: 4, data, valid: true }))
    : fc.tuple(guest, fc.constantFrom(["ICC_PMR_EL1", 0x41n], ["ICC_PMR_EL1", 0xf1n], ["ICC_PMR_EL1", 0xffn], ["ICC_IGRPEN1_EL1", 0n], ["ICC_IGRPEN1_EL1", 1n], ["ICC_IGRPEN1_EL1", 1n])).map(([n, [register, data]]): Action => ({ kind: "msr", pcpu: n, register, data }));
  const sleeps = fc.tuple(guest, fc.constantFrom("wfi" as const, "wfe" as const)).map(([n, how]): Action => ({ kind: "sleep", pcpu: n, how }));
  const pauses = fc.tuple(fc.integer({ min: 0, max: alphabet.partitions - 1 }), fc.constantFrom(abi.COMMAND_PAUSE, abi.COMMAND_RESUME, abi.COMMAND_RESUME)).map(([partition, command]): Action => ({ kind: "command", partition, command }));
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("wire" as const), intid, to: fc.constantFrom("high" as const, "pulse" as const) }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("step" as const), pcpu }) },
    { weight: 1, arbitrary: fc.constant<Action>({ kind: "settle" }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("time" as const), microseconds: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 2000 }) }, fc.integer({ min: 1, max: 1_500_000 })) }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("acknowledge" as const), pcpu: guest }) },
    { weight: 7, arbitrary: fc.record({ kind: fc.constant("end" as const), pcpu: guest }) },
    { weight: 3, arbitrary: enables }, { weight: 1, arbitrary: priorities }, { weight: 1, arbitrary: routes }, { weight: 1, arbitrary: groups },
    { weight: 3, arbitrary: sgis }, { weight: 1, arbitrary: sgiEnables }, { weight: 1, arbitrary: doors }, { weight: 1, arbitrary: masks },
    { weight: 1, arbitrary: sleeps }, { weight: 1, arbitrary: pauses },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("refills" as const), pcpu: guest, times: fc.integer({ min: 1, max: 1500 }) }) },
    ...alphabet.guests.filter(({ mailbox }) => mailbox !== 0).map(({ pcpu: n, mailbox }) => ({
      weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map((rung): Action => ({ kind: "store", pcpu: n, ipa: mailbox + abi.MAILBOX_DOORBELLS, bytes: 4, data: BigInt(rung), valid: true })),
    })),
  );
}

/** Anything at all. */
export function hostile(alphabet: Alphabet): fc.Arbitrary<Action> {
  const guest = fc.constantFrom(...alphabet.guests.map(({ pcpu }) => pcpu));
  const place = fc.oneof(...alphabet.guests.map((one) => harmless(one, alphabet)));
  const deadlyIpa = fc.oneof(fc.constantFrom(...alphabet.ipas), fc.integer({ min: 0, max: 2 ** 40 - 1 }));
  const deadly = fc.oneof<fc.Arbitrary<Action>[]>(
    fc.record({ kind: fc.constant("load" as const), pcpu: guest, ipa: deadlyIpa, bytes: width, valid: fc.boolean() }),
    fc.record({ kind: fc.constant("store" as const), pcpu: guest, ipa: deadlyIpa, bytes: width, data: double, valid: fc.boolean() }),
    fc.record({ kind: fc.constant("fetch" as const), pcpu: guest, ipa: deadlyIpa }),
    fc.record({ kind: fc.constant("call" as const), pcpu: guest, conduit: fc.constantFrom("hvc" as const, "smc" as const), fn: fc.constantFrom(...DEADLY), args: fc.constant([]) }),
    fc.record({ kind: fc.constant("exception" as const), pcpu: guest, ec: fc.constantFrom(0x20, 0x24), iss: fc.integer({ min: 0, max: 0x1ff_ffff }), far: double, hpfar: double }),
  );
  const valid = fc.integer({ min: 0, max: 15 }).map((n) => n !== 0);
  const arg = fc.oneof(fc.integer({ min: 0, max: 4 }).map(BigInt), fc.constantFrom(...alphabet.ipas).map(BigInt), double);
  const args = fc.array(arg, { maxLength: 4 });
  const calm = [...PSCI.filter((fn) => !DEADLY.has(fn)), ...HYPERCALLS, ...HYPERCALLS];
  // A GICv2's guests have no ICC_*: there is no such thing to trap.
  // Nor do direct guests make themselves deaf by an active priority or a binary point: asleep, no stop reaches them (README).
  const register = fc.constantFrom(...(Object.keys(ENCODINGS) as SystemRegister[]).filter((name) => trapped(name) && name !== "ICC_AP1R0_EL1" && name !== "ICC_BPR1_EL1" && !(alphabet.isGicv2 && name.startsWith("ICC_"))));
  return fc.oneof(
    { weight: 40, arbitrary: orderly(alphabet) },
    { weight: 10, arbitrary: fc.tuple(place, width, valid).map(([at, bytes, isValid]): Action => ({ kind: "load", ...at, bytes, valid: isValid })) },
    { weight: 14, arbitrary: fc.tuple(place, width, double, valid).map(([at, bytes, data, isValid]): Action => ({ kind: "store", ...at, bytes, data, valid: isValid })) },
    { weight: 1, arbitrary: deadly },
    { weight: 2, arbitrary: fc.constant<Action>({ kind: "revive" }) },
    { weight: 10, arbitrary: fc.record({ kind: fc.constant("call" as const), pcpu: guest, conduit: fc.constantFrom("hvc" as const, "smc" as const), fn: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...calm) }, fc.integer({ min: 0, max: 0xffff_ffff })), args }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("call" as const), pcpu: guest, conduit: fc.constant("hvc" as const), fn: fc.constant(CPU_ON_64), args: fc.tuple(fc.integer({ min: 0, max: 2 }).map(BigInt), fc.constantFrom(...alphabet.guests.map(({ ram }) => BigInt(ram))), double) }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("msr" as const), pcpu: guest, register: register.filter((name) => !name.startsWith("ID_")), data: double }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("mrs" as const), pcpu: guest, register }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("endAny" as const), pcpu: guest, intid: fc.oneof(fc.constantFrom(...alphabet.intids), fc.integer({ min: 0, max: 1023 })), deactivate: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("exception" as const), pcpu: guest, ec: fc.integer({ min: 0, max: 63 }).filter((ec) => ec !== 0x24 && ec !== 0x20), iss: fc.integer({ min: 0, max: 0x1ff_ffff }), far: double, hpfar: double }) },
    { weight: 2, arbitrary: fc.tuple(place, fc.integer({ min: 0, max: 0x1ff_ffff }), fc.integer({ min: 0, max: 3 })).map(([{ pcpu, ipa }, iss, level]): Action => ({ kind: "exception", pcpu, ec: 0x24, iss: (iss & ~0x3f) | 0x4 | level, far: BigInt(ipa), hpfar: (BigInt(ipa) >> 12n) << 4n })) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("command" as const), partition: fc.integer({ min: 0, max: alphabet.partitions }), command: fc.constantFrom(0, abi.COMMAND_START, abi.COMMAND_START, abi.COMMAND_STOP, abi.COMMAND_RESTART, abi.COMMAND_PAUSE, abi.COMMAND_RESUME) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("typed" as const), bytes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 16 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("uart" as const), stalled: fc.boolean() }) },
  );
}

/** Registers whose native access the machine models, or that are always trapped. */
const trapped = (name: SystemRegister): boolean => !["MIDR_EL1", "MPIDR_EL1", "ICC_IAR1_EL1", "ICC_EOIR1_EL1", "ICC_IAR0_EL1", "ICC_EOIR0_EL1", "ICC_HPPIR0_EL1", "ICC_DIR_EL1", "ICC_HPPIR1_EL1", "ICC_RPR_EL1", "CNTPCT_EL0", "CNTVCT_EL0", "ICC_SRE_EL1"].includes(name);

/** Sequences of actions, some of them one in the middle of another. */
export function sequences(one: fc.Arbitrary<Action>, length: number): fc.Arbitrary<Action[]> {
  const nested = fc.record({ kind: fc.constant("during" as const), after: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 8 }) }, fc.integer({ min: 0, max: 80 })), first: one, second: one });
  return fc.array(fc.oneof({ weight: 5, arbitrary: one }, { weight: 1, arbitrary: nested }), { minLength: 1, maxLength: length, size: "max" });
}
