// What the witness is told: to put its interrupts into a state of its own choice, to fill some memory, and to look at its
// interrupts. Its steps are the attacker's vocabulary, for better purposes.
import { DONE } from "../aarch64/answers.ts";
import { step } from "../aarch64/attempt.ts";
import type { Step } from "../aarch64/attempt.ts";
import type { Target } from "../aarch64/target.ts";

const SEED = 0x5eed;
/** Of its memory, from the middle on. */
export const PATTERN_BYTES = 0x10_0000;

// GICD (IHI 0069 §12.9).
const IGROUPR = 0x080;
const ISENABLER = 0x100;
const ICENABLER = 0x180;
const ISPENDR = 0x200;
const ISACTIVER = 0x300;
const IPRIORITYR = 0x400;
const ITARGETSR = 0x800;
const ICFGR = 0xc00;
const IROUTER = 0x6000;

const bit = (intid: number): bigint => 1n << BigInt(intid & 31);
const at = ({ gicd }: Target, base: number, intid: number): number => gicd.at + base + 4 * (intid >> 5);

/** One of its SPIs enabled, one pending and not enabled, all with priorities of their own. */
export function prepare(target: Target): Step[] {
  const write = (address: number, bytes: 1 | 4, data: bigint): Step =>
    step({ kind: "store", at: address, bytes, access: "plain", memory: "device", data }, DONE);
  const [enabled = 0, pending = 0] = target.spis;
  return [
    step({ kind: "scribble", at: target.scratch.at, bytes: PATTERN_BYTES, seed: SEED, rounds: 1 }, DONE),
    ...target.spis.map((intid) => write(at(target, ICENABLER, intid), 4, bit(intid))),
    ...target.spis.map((intid, n) => write(target.gicd.at + IPRIORITYR + intid, 1, BigInt((n + 1) * 0x20))),
    write(at(target, ISENABLER, enabled), 4, bit(enabled)),
    write(at(target, ISPENDR, pending), 4, bit(pending)),
  ];
}

/** Everything that there is to see of its SPIs. */
export function look(target: Target): Step[] {
  const read = (address: number, bytes: 1 | 4 | 8): Step =>
    step({ kind: "load", at: address, bytes, access: "plain", memory: "device" }, DONE);
  return target.spis.flatMap((intid) => [
    ...[IGROUPR, ISENABLER, ISPENDR, ISACTIVER].map((base) => read(at(target, base, intid), 4)),
    read(target.gicd.at + IPRIORITYR + intid, 1),
    read(target.gicd.at + ICFGR + 4 * (intid >> 4), 4),
    target.gic === 3 ? read(target.gicd.at + IROUTER + 8 * intid, 8) : read(target.gicd.at + ITARGETSR + intid, 1),
  ]);
}
