// What is tried on the simulated machine: those attempts of QEMU's whose answers depend on nothing that came before, and
// operations made up.
import { CALL_EXTENSION } from "../../../../arch/riscv64/calls.ts";
import type { Answer } from "../../answers.ts";
import type { Attempt as AnyAttempt } from "../../attempt.ts";
import type { Random } from "../../random.ts";
import { fails, ILLEGAL, LOAD_GUEST_PAGE, step, STORE_GUEST_PAGE } from "../../riscv64/attempt.ts";
import type { Operation, Step } from "../../riscv64/attempt.ts";
import { ATTEMPTS as IN_QEMU } from "../../riscv64/attempts/index.ts";
import { A0, A1, amo, csrrc, csrrs, csrrw, ECALL, load, store, WFI, ZERO } from "../../riscv64/rv64.ts";
import type { Amo, Width } from "../../riscv64/rv64.ts";
import type { Target } from "../../riscv64/target.ts";
import { isCarriedOut } from "./performer.ts";

type Attempt = AnyAttempt<Target, Operation>;

const WIDTHS: readonly Width[] = [1, 2, 4, 8];
const AMOS: readonly Amo[] = ["add", "swap", "lr", "sc", "or", "maxu"];
/** It stops, or another vCPU has, or it goes on. */
const WHATEVER: Answer = { kind: "fails or lives" };
const CSRS = 0x1000;
const SBI = [0x10, 0x5449_4d45, 0x73_5049, 0x5246_4e43, 0x48_534d, 0x5352_5354, 0x4442_434e, CALL_EXTENSION, 0x50_4d55, 0, 8];
const APLIC_BYTES = 0x4000;
const TARGET = 0x3000;
/** Where the APLIC has registers besides its sources' and their targets: eight of each group. */
const APLIC_PLACES = [0x0000, 0x1bc0, 0x1c00, 0x1cc0, 0x1d00, 0x1dc0, 0x1e00, 0x1ec0, 0x1f00, 0x1fc0, 0x2000, TARGET];

const made = (name: string, steps: (target: Target, random: Random) => Step[], when?: Attempt["when"]): Attempt =>
  ({ name, subject: "made up", does: "by chance", steps, ...(when && { when }) });
const several = (random: Random, most: number, one: () => Step): Step[] =>
  Array.from({ length: 1 + random.below(most) }, one);

/** A load, a store or an atomic, of some width. */
function access(random: Random, at: number, answer: Answer): Step {
  const bytes = random.pick(WIDTHS);
  const words = random.chance(1, 8)
    ? [amo(random.pick(AMOS), random.chance(1, 2) ? 4 : 8, A0, A1, A0)]
    : [random.chance(1, 2) ? load(bytes, A0, A1) : store(bytes, A0, A1)];
  return step(words, [random.value(), at], answer);
}

const MADE_UP: readonly Attempt[] = [
  made("registers", (_, random) => several(random, 8, () => {
    const csr = random.below(CSRS);
    const kind = random.pick([csrrw, csrrs, csrrc]);
    const answer = ((csr >> 8) & 3) >= 2 ? ILLEGAL : WHATEVER; // HS's and M's, of which a guest has none
    return step([kind(random.chance(1, 2) ? A0 : ZERO, csr, A1)], [0, random.value()], answer);
  })),
  made("its interrupt file, by its registers", (_, random) => several(random, 6, () =>
    step([csrrw(ZERO, 0x150, A0), csrrw(A0, 0x151, A1)], [0x60 + random.below(0xb0), random.value()], WHATEVER))),
  made("calls", (_, random) => several(random, 6, () => {
    const extension = random.chance(1, 8) ? random.value() : random.pick(SBI);
    const fn = random.chance(1, 6) ? random.value() : random.below(8);
    const small = (): bigint => (random.chance(1, 2) ? BigInt(random.below(8)) : random.value());
    return step([ECALL], [small(), small(), small(), small(), small(), small(), fn, extension], WHATEVER);
  })),
  made("its APLIC", ({ aplic, sources, foreignSources }, random) => several(random, 12, () => {
    const source = random.pick([...sources, ...foreignSources, 0, 1 + random.below(96)]);
    const offset = random.pick([
      4 * source, TARGET + 4 * source, random.pick(APLIC_PLACES) + 4 * random.pick([source >> 5, random.below(8)]),
      random.below(APLIC_BYTES),
    ]);
    const value = random.pick([BigInt(source), 1n << BigInt(source & 31), BigInt(random.below(8)), random.value()]);
    if (random.chance(1, 8)) return access(random, aplic + offset, WHATEVER);
    return step([random.chance(1, 2) ? load(4, A0, A1) : store(4, A0, A1)], [value, aplic + (offset & ~3)], WHATEVER);
  }), ({ direct }) => direct),
  made("its UART", ({ console }, random) => several(random, 8, () => access(random, console + random.below(0x100), WHATEVER))),
  made("its own interrupt file, by messages", ({ files }, random) => several(random, 4, () =>
    step([store(4, A0, A1)], [random.below(300), random.pick(files)], WHATEVER)), ({ direct }) => direct),
  made("others' places", ({ foreign }, random) => {
    const at = random.pick(foreign).at + 8 * random.below(8);
    const isStore = random.chance(1, 2);
    return [fails([isStore ? store(4, A0, A1) : load(4, A0, A1)], [1, at], isStore ? STORE_GUEST_PAGE : LOAD_GUEST_PAGE, at)];
  }),
  made("its memory", ({ ram }, random) => several(random, 4, () =>
    access(random, ram.at + 8 * random.below(0x1000), WHATEVER))),
  made("sleep", () => [step([WFI], [], WHATEVER)]),
];

/** Answers of these are the same whatever has been done before, and whoever else of the partition does something meanwhile. */
const STEADY = /^(hypervisor's|machine's) registers$|^(calls|APLIC)$/;
const DEPENDS = new RegExp(`^(${[
  "its neighbour's sources, (raised|lost|enabled|disabled)", "its own source .*", "a domain .*", "its second hart",
  "its hart started once more", "memory behind its own printed", "its timer, in the past and never",
].join("|")})$`);

/** What is made up is tried so much oftener than what is not. */
const OFTENER = 12;

export const ATTEMPTS: readonly Attempt[] = [
  ...Array.from({ length: OFTENER }, () => MADE_UP).flat(),
  ...IN_QEMU.filter(({ subject, name }) => STEADY.test(subject) && !DEPENDS.test(name)).map((attempt): Attempt => ({
    ...attempt, steps: (target) => attempt.steps(target).filter(({ operation }) => operation.words.every(isCarriedOut)),
  })),
];
