// Proves of a finished plan what the core does ahead of all partitions: which registers it writes, and what it compares of the
// firmware's device tree.
import { MAX_INITS, MAX_MATCHES, MAX_TEXTS } from "../blob/layout.table.ts";
import { textsOf } from "../blob/texts.ts";
import type { Plan, PlannedInit } from "./plan.ts";
import { platformClaims } from "./prove-board.ts";
import { breaks } from "./violation.ts";
import type { Violation } from "./violation.ts";

const REGISTER_BYTES = 4;
/** What the hypervisor maps at VA = PA lies below its window to linear memory. */
const PA_END = 2 ** 38;

export function proveFirmware(plan: Plan): Violation[] {
  const { ram, inits, firmwareTree } = plan;
  const taken = [...ram.map(({ base, size }) => ({ from: base, to: base + size })), ...platformClaims(plan)];
  const isSound = ({ pa, mask, value }: PlannedInit): boolean =>
    pa % REGISTER_BYTES === 0 &&
    pa < PA_END &&
    (BigInt(value) & ~BigInt(mask)) === 0n &&
    !taken.some(({ from, to }) => pa < to && from < pa + REGISTER_BYTES);
  const texts = textsOf(firmwareTree.matches).words.length;
  const fits = texts <= MAX_TEXTS && firmwareTree.matches.length <= MAX_MATCHES;
  return [
    ...inits.filter((init) => !isSound(init)).map(({ pa }) => breaks("inits", `0x${pa.toString(16)} is not to be written`)),
    ...(inits.length <= MAX_INITS ? [] : [breaks("inits", `${inits.length} registers are written`)]),
    ...(fits ? [] : [breaks("matches", `${firmwareTree.matches.length} properties, ${texts} words: too many to compare`)]),
  ];
}
