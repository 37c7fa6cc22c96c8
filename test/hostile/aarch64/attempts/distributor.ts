// The emulated GICD (IHI 0069 §12.9; IHI 0048 §4.3 for GICv2): every register that has bits of other partitions' interrupts.
// Whatever is written, nothing comes of it; whatever is read, it is 0.
import { DONE, returns } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt, Step } from "../attempt.ts";
import type { Width } from "../operations.ts";
import type { Random } from "../../random.ts";
import type { Target } from "../target.ts";

const IGROUPR = 0x080;
const ISENABLER = 0x100;
const ICENABLER = 0x180;
const ISPENDR = 0x200;
const ICPENDR = 0x280;
const ISACTIVER = 0x300;
const ICACTIVER = 0x380;
const IPRIORITYR = 0x400;
const ITARGETSR = 0x800;
const ICFGR = 0xc00;
const IGRPMODR = 0xd00;
const NSACR = 0xe00;
const SGIR = 0xf00;
const CPENDSGIR = 0xf10;
const SPENDSGIR = 0xf20;
const IROUTER = 0x6000;
const CTLR = 0x000;
const STATUSR = 0x010;
const SETSPI_NSR = 0x040;
const CLRSPI_NSR = 0x048;
const SETSPI_SR = 0x050;
const CLRSPI_SR = 0x058;

const INTIDS = 1020;
const FIRST_SPI = 32;
const WORDS = 32;
const ALL = 0xffff_ffffn;
/** How many of the INTIDs that belong to nobody are tried, besides those of all partitions. */
const NOBODYS = 32;

const v3 = ({ gic }: Target): boolean => gic === 3;
const v2 = ({ gic }: Target): boolean => gic === 2;

const write = ({ gicd }: Target, offset: number, bytes: Width, data: bigint): Step =>
  step({ kind: "store", at: gicd.at + offset, bytes, access: "plain", memory: "device", data }, DONE);
/** Of what it reads, the bits in `mask` are 0. */
const readsZero = ({ gicd }: Target, offset: number, bytes: Width, mask: bigint): Step =>
  step({ kind: "load", at: gicd.at + offset, bytes, access: "plain", memory: "device" }, returns(0n, mask));

/** Those of the INTIDs from `first` on that are not the attacker's, as a mask with `bits` bits for each. */
function foreignMask({ spis }: Target, first: number, count: number, bits: number): bigint {
  let mask = 0n;
  for (let n = 0; n < count; n++) if (!spis.includes(first + n)) mask |= ((1n << BigInt(bits)) - 1n) << BigInt(n * bits);
  return mask;
}

/** Every INTID of another partition, and some of nobody. */
function intids({ foreignSpis }: Target, random: Random): number[] {
  const some = Array.from({ length: NOBODYS }, () => random.pick(foreignSpis));
  return [
    ...new Set([...foreignSpis.slice(0, NOBODYS), ...some, FIRST_SPI + random.below(INTIDS - FIRST_SPI)])
  ].filter((intid) => foreignSpis.includes(intid));
}

function attempt(name: string, does: string, steps: Attempt["steps"], when?: (target: Target) => boolean): Attempt {
  return { name, subject: "distributor", does, steps, ...(when === undefined ? {} : { when }) };
}

/** One bit an INTID: all SPIs' words, in full, then some bits of them. */
function bits(name: string, base: number, does: string): Attempt {
  return attempt(name, does, (target, random) => Array.from({ length: WORDS - 1 }, (_, n) => n + 1).flatMap((word) => {
    const mask = foreignMask(target, word * 32, 32, 1);
    const offset = base + 4 * word;
    return [
      write(target, offset, 4, random.chance(1, 2) ? ALL : mask & BigInt(random.word())), readsZero(target, offset, 4, mask),
    ];
  }));
}

const misc = (
  name: string, does: string, offsets: readonly number[], data: (random: Random, target: Target) => bigint,
  when?: (target: Target) => boolean,
): Attempt =>
  attempt(
    name, does,
    (target, random) =>
      offsets.flatMap(
        (offset) => [write(target, offset, 4, data(random, target)), write(target, offset, 4, ALL), write(target, offset, 4, 0n)]
      ),
    when,
  );

const someIntid = (random: Random, { foreignSpis }: Target): bigint => BigInt(random.pick(foreignSpis));

export const distributor: readonly Attempt[] = [
  bits("gicd-enable", ISENABLER, "enables others' SPIs"),
  bits("gicd-disable", ICENABLER, "disables others' SPIs"),
  bits("gicd-pend", ISPENDR, "makes others' SPIs pending"),
  bits("gicd-unpend", ICPENDR, "takes the pending state of others' SPIs"),
  bits("gicd-activate", ISACTIVER, "makes others' SPIs active, so that they never come again"),
  bits("gicd-deactivate", ICACTIVER, "ends others' SPIs while they are handled"),
  bits("gicd-group", IGROUPR, "moves others' SPIs into another group"),
  bits("gicd-group-modifier", IGRPMODR, "moves others' SPIs into Secure group 1"),
  attempt("gicd-priority-byte", "changes the priority of others' SPIs, a byte each", (target, random) =>
    intids(target, random).flatMap((intid) => [
      write(target, IPRIORITYR + intid, 1, random.value()),
      readsZero(target, IPRIORITYR + intid, 1, 0xffn),
    ]),
  ),
  attempt("gicd-priority-word", "changes the priorities of others' SPIs, four at once", (target, random) =>
    intids(target, random).flatMap((intid) => {
      const first = intid & ~3;
      return [
        write(target, IPRIORITYR + first, 4, random.value()),
        readsZero(target, IPRIORITYR + first, 4, foreignMask(target, first, 4, 8)),
      ];
    }),
  ),
  attempt("gicd-trigger", "makes others' level-triggered SPIs edge-triggered, and back", (target, random) =>
    Array.from({ length: 2 * (WORDS - 1) }, (_, n) => n + 2).flatMap((register) => [
      write(target, ICFGR + 4 * register, 4, random.pick([0n, ALL, BigInt(random.word())])),
      readsZero(target, ICFGR + 4 * register, 4, foreignMask(target, register * 16, 16, 2)),
    ]),
  ),
  attempt(
    "gicd-route",
    "routes others' SPIs to itself, to others, to all",
    (target, random) =>
      intids(target, random).flatMap((intid) => {
        const route = random.pick([0n, 1n << 31n, BigInt(random.pick(target.foreignMpidrs)), random.value()]);
        return [write(target, IROUTER + 8 * intid, 8, route), readsZero(target, IROUTER + 8 * intid, 8, 0xffff_ffff_ffff_ffffn)];
      }),
    v3,
  ),
  attempt(
    "gicd-route-halves",
    "routes others' SPIs by 32-bit stores",
    (target, random) =>
      intids(target, random).flatMap((intid) =>
        [0, 4].flatMap((half) => [
          write(target, IROUTER + 8 * intid + half, 4, random.pick([0n, ALL, BigInt(random.pick(target.foreignMpidrs))])),
          readsZero(target, IROUTER + 8 * intid + half, 4, ALL),
        ]),
      ),
    v3,
  ),
  attempt(
    "gicd-route-own",
    "routes its own SPIs to pCPUs that are not its own, and to any one of all",
    (target, random) =>
      target.spis.flatMap((intid) => [
        ...target.foreignMpidrs.map((mpidr) => write(target, IROUTER + 8 * intid, 8, BigInt(Math.max(mpidr, target.vcpus)))),
        write(target, IROUTER + 8 * intid, 8, (1n << 31n) | random.value()),
        // It stays with one of the attacker's own vCPUs.
        step(
          { kind: "load", at: target.gicd.at + IROUTER + 8 * intid, bytes: 8, access: "plain", memory: "device" },
          returns(0n, ~0x7n & 0xffff_ffff_ffff_ffffn),
        ),
      ]),
    v3,
  ),
  attempt(
    "gicd-target",
    "targets others' SPIs at itself, at others, at nobody (GICv2)",
    (target, random) =>
      intids(target, random).flatMap((intid) => [
        write(target, ITARGETSR + intid, 1, random.value()),
        readsZero(target, ITARGETSR + intid, 1, 0xffn),
        write(target, ITARGETSR + (intid & ~3), 4, random.value()),
        readsZero(target, ITARGETSR + (intid & ~3), 4, foreignMask(target, intid & ~3, 4, 8)),
      ]),
    v2,
  ),
  attempt(
    "gicd-target-own",
    "targets its own SPIs at CPU interfaces that are not its own (GICv2)",
    (target, random) =>
      target.spis.flatMap((intid) => [
        write(target, ITARGETSR + intid, 1, 0xffn),
        write(target, ITARGETSR + intid, 1, random.value()),
        // Its vCPUs are interfaces 0, 1 …: others are not there.
        readsZero(target, ITARGETSR + intid, 1, BigInt(0xff & ~((1 << target.vcpus) - 1))),
      ]),
    v2,
  ),
  attempt(
    "gicd-private",
    "others' banked PPIs, and the hypervisor's, by word 0 (GICv2; GICv3 has them in the redistributor)",
    (target, random) =>
      [IGROUPR, ISENABLER, ICENABLER, ISPENDR, ICPENDR, ISACTIVER, ICACTIVER].flatMap((base) => {
        const mask = target.foreignPpis.reduce((set, intid) => set | (1n << BigInt(intid)), 0n);
        return [
          write(target, base, 4, random.chance(1, 2) ? mask : mask & BigInt(random.word())),
          readsZero(target, base, 4, mask),
        ];
      }),
  ),
  misc("gicd-control", "turns the distributor off, and Security states and affinity routing too", [CTLR, STATUSR], (random) =>
    random.value(),
  ),
  misc(
    "gicd-set-spi",
    "makes others' SPIs pending by message (SETSPI, CLRSPI)",
    [SETSPI_NSR, CLRSPI_NSR, SETSPI_SR, CLRSPI_SR],
    someIntid,
    v3,
  ),
  misc(
    "gicd-access-control",
    "gives others' SPIs to the Non-secure side (NSACR)",
    Array.from({ length: 16 }, (_, n) => NSACR + 4 * n),
    (random) => random.value(),
  ),
  misc(
    "gicd-sgi-registers",
    "sends and takes SGIs by SGIR, SPENDSGIR, CPENDSGIR",
    [SGIR, ...[0, 4, 8, 12].flatMap((n) => [CPENDSGIR + n, SPENDSGIR + n])],
    (random) => random.value(),
    v3,
  ),
  attempt(
    "gicd-sgi",
    "sends every SGI to every CPU interface by GICD_SGIR (GICv2)",
    (target, random) =>
      Array.from({ length: 16 }, (_, intid) => BigInt(intid)).flatMap((intid) => [
        write(target, SGIR, 4, (0xffn << 16n) | intid),
        write(target, SGIR, 4, (1n << 24n) | intid),
        write(target, SGIR, 4, random.value()),
      ]),
    v2,
  ),
  attempt(
    "gicd-sgi-pending",
    "takes, and makes, SGIs of others by CPENDSGIR and SPENDSGIR (GICv2)",
    (target, random) =>
      [CPENDSGIR, SPENDSGIR].flatMap((base) =>
        [0, 4, 8, 12].flatMap((n) => [write(target, base + n, 4, ALL), write(target, base + n, 4, random.value())]),
      ),
    v2,
  ),
];
