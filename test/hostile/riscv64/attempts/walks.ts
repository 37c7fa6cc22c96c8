// Translation tables of its own (satp) that lie, or lead, where it has nothing. Each read of a table is an access of the guest's.
import type { Attempt, Step } from "../attempt.ts";
import { attempt, FETCH_GUEST_PAGE, fails, LOAD_GUEST_PAGE, OWN_PAGE_FAULT, step, STORE_GUEST_PAGE } from "../attempt.ts";
import { ROOT_IPA } from "../layout.ts";
import { A0, A1, A2, A3, csrrw, fence, load, store, ZERO } from "../rv64.ts";

const SATP = 0x180;
const SV39 = 8n << 60n;
const PPN_SHIFT = 12n;
const GIB = 2 ** 30;
/** The guest's code is in the third GiB, its root's entry of which is as guest.S has it. */
const CODE_SLOT = 2;
/** Of the root, which is the step's to fill: by it, the fourth GiB of VAs. */
const SLOT = 3;
const VA = SLOT * GIB;
const POINTER = 1n;
const LEAF = 0xcfn; // V, R, W, X, A, D
const entryOf = (at: number | bigint, bits: bigint): bigint => ((BigInt(at) >> PPN_SHIFT) << 10n) | bits;
const satpOf = (root: number): bigint => SV39 | (BigInt(root) >> PPN_SHIFT);

/** The root's slot gets the entry, translation is on, then a load or a store. */
const OPEN = [store(8, A1, A2), csrrw(ZERO, SATP, A0), fence("sfence.vma", ZERO, ZERO)];
const through = (entry: bigint, va: number): bigint[] => [satpOf(ROOT_IPA), entry, BigInt(ROOT_IPA + 8 * SLOT), BigInt(va)];
const loads = (entry: bigint, va: number, at: number): Step =>
  fails([...OPEN, load(8, A0, A3)], through(entry, va), LOAD_GUEST_PAGE, at);

const made = (name: string, does: string, steps: Attempt["steps"]): Attempt => attempt("table walks", name, does, steps);

export const WALKS: readonly Attempt[] = [
  made("a root in others' memory", "satp: its neighbour's, the hypervisor's, a device's, none's", ({ foreign }) =>
    foreign.filter(({ what }) => /neighbour's memory|hypervisor's image|power-off/.test(what)).map(({ at }) =>
      fails([csrrw(ZERO, SATP, A0), fence("sfence.vma", ZERO, ZERO)], [satpOf(at)], FETCH_GUEST_PAGE, at + 8 * CODE_SLOT))),
  made("a table in its neighbour's memory", "an entry that leads there", ({ neighbour }) =>
    [loads(entryOf(neighbour, POINTER), VA + 8, neighbour)]),
  made("a table at an interrupt file that is not its", "whose first word would be read", ({ foreign }) =>
    foreign.filter(({ what }) => what.startsWith("the guest's interrupt file")).slice(0, 1).map(({ at }) =>
      loads(entryOf(at, POINTER), VA, at))),
  made("a table in its own emulated APLIC", "which answers loads, and no walks", ({ aplic }) =>
    [loads(entryOf(aplic, POINTER), VA, aplic)]),
  made("a table in its own emulated UART", "likewise", ({ console }) => [loads(entryOf(console, POINTER), VA, console)]),
  made("its neighbour's memory, by a page of its own", "a leaf that leads there, read and written", ({ neighbour }) => {
    const [base, offset] = [neighbour - (neighbour % GIB), neighbour % GIB];
    return [
      loads(entryOf(base, LEAF), VA + offset, neighbour),
      fails([...OPEN, store(8, A0, A3)], through(entryOf(base, LEAF), VA + offset), STORE_GUEST_PAGE, neighbour),
    ];
  }),
  made("tables that lead to themselves", "three levels of the same page, whose end is no leaf", () =>
    [step([...OPEN, load(8, A0, A3)], through(entryOf(ROOT_IPA, POINTER), VA + SLOT * 0x20_1000), OWN_PAGE_FAULT)]),
  made("an entry with all bits", "reserved ones too", () => [
    step([...OPEN, load(8, A0, A3)], through(-1n & 0xffff_ffff_ffff_ffffn, VA), OWN_PAGE_FAULT)]),
  made("a leaf above its address space", "a physical address of 55 bits and more", () =>
    [loads(entryOf(2n ** 55n, LEAF), VA, 2 ** 55)]),
];
