// Memory and devices that are not its, in every way that memory is reached; and its own devices, in ways that they are not.
import type { Attempt, Step } from "../attempt.ts";
import {
  ALIVE, attempt, DONE, FETCH_GUEST_PAGE, fails, LOAD_GUEST_PAGE, LOAD_REFUSED, returns, step, STORE_GUEST_PAGE, STORE_REFUSED,
} from "../attempt.ts";
import { A0, A1, A2, amo, csrrs, jalr, load, loadFloat, mv, RA, store, T0, T1, ZERO } from "../rv64.ts";
import type { Amo, Width } from "../rv64.ts";

const WIDTHS: readonly Width[] = [1, 2, 4, 8];
const SSTATUS = 0x100;
const STATUS_FS = 3 << 13;
const made = (name: string, does: string, steps: Attempt["steps"]): Attempt => attempt("memory", name, does, steps);
const behind = ({ ram }: { readonly ram: { readonly at: number; readonly size: number } }): number => ram.at + ram.size;

export const MEMORY: readonly Attempt[] = [
  made("what others have, read", "each physical address that is somebody's, as an IPA", ({ foreign }) =>
    foreign.map(({ at }) => fails([load(8, A0, A1)], [0, at], LOAD_GUEST_PAGE, at))),
  made("its neighbour's memory, written", "a store", ({ neighbour }) => [
    fails([store(8, A0, A1)], [-1n, neighbour], STORE_GUEST_PAGE, neighbour)]),
  made("its neighbour's memory, entered", "a jump", ({ neighbour }) => [
    fails([mv(T1, RA), jalr(RA, A1), jalr(ZERO, T1)], [0, neighbour], FETCH_GUEST_PAGE, neighbour)]),
  made("its neighbour's memory, by an atomic", "AMOADD", ({ neighbour }) => [
    fails([amo("add", 8, A0, A1, A0)], [1, neighbour], STORE_GUEST_PAGE, neighbour)]),
  made("its neighbour's memory, reserved", "LR", ({ neighbour }) => [
    fails([amo("lr", 8, A0, A1, ZERO)], [0, neighbour], LOAD_GUEST_PAGE, neighbour)]),
  made("its memory's end, across", "a load of eight bytes, of which four are its", (target) => [
    fails([load(8, A0, A1)], [0, behind(target) - 4], LOAD_GUEST_PAGE, behind(target))]),
];

const onDevice = (name: string, does: string, steps: Attempt["steps"], when?: Attempt["when"]): Attempt =>
  attempt("devices", name, does, steps, when);
const AMOS: readonly Amo[] = ["add", "swap", "or", "maxu"];
/** At an emulated device, by its width and more: what it does not take. */
const refused = (at: number, widths: readonly Width[]): Step[] => [
  ...widths.flatMap((bytes) => [
    step([load(bytes, A0, A1)], [0, at], LOAD_REFUSED), step([store(bytes, A0, A1)], [-1n, at], STORE_REFUSED),
  ]),
  ...AMOS.flatMap((kind) => ([4, 8] as const).map((bytes) => step([amo(kind, bytes, A0, A1, A0)], [-1n, at], STORE_REFUSED))),
  step([amo("lr", 4, A0, A1, ZERO)], [0, at], LOAD_REFUSED),
  step([csrrs(ZERO, SSTATUS, A2), loadFloat(0, A1)], [0, at, STATUS_FS], LOAD_REFUSED),
];
const unaligned = (at: number): Step[] => ([2, 4, 8] as const).flatMap((bytes) => [
  step([load(bytes, A0, A1)], [0, at + 1], LOAD_REFUSED), step([store(bytes, A0, A1)], [-1n, at + 1], STORE_REFUSED),
]);

export const DEVICES: readonly Attempt[] = [
  onDevice("its APLIC, not by words", "bytes, halves, doublewords, atomics, floating point", ({ aplic }) =>
    refused(aplic, [1, 2, 8]), ({ direct }) => direct),
  onDevice("its APLIC, unaligned", "each width, from an odd address on", ({ aplic }) => unaligned(aplic), ({ direct }) => direct),
  onDevice("its UART, by atomics", "and by floating point", ({ console }) => refused(console, [])),
  onDevice("its UART, unaligned", "each width, from an odd address on", ({ console }) => unaligned(console)),
  onDevice("its UART's every register", "each width, each place, read", ({ console }) =>
    WIDTHS.flatMap((bytes) => Array.from({ length: 0x100 / bytes / 8 }, (_, n) =>
      step([load(bytes, A0, A1)], [0, console + 8 * n * bytes], ALIVE)))),
  onDevice("its real device, by atomics and unaligned", "the RTC, which the board answers for", ({ rtc }) => [
    step([amo("or", 4, A0, A1, A0)], [0, rtc], ALIVE), step([load(4, A0, A1)], [0, rtc + 1], ALIVE),
    step([load(8, A0, A1)], [0, rtc], ALIVE),
  ]),
  onDevice("behind its real device", "the page after its registers", ({ rtc }) => [
    fails([load(4, A0, A1)], [0, rtc + 0x1000], LOAD_GUEST_PAGE, rtc + 0x1000)]),
];

const onFile = (name: string, does: string, steps: Attempt["steps"]): Attempt =>
  attempt("interrupt files", name, does, steps, ({ direct }) => direct);
export const FILES: readonly Attempt[] = [
  onFile("identities that there are not", "0, 256, all ones, written to its own file", ({ files: [file = 0] }) =>
    [0, 256, 2047, -1n].map((identity) => step([store(4, A0, A1)], [identity, file], DONE))),
  onFile("its own file, read", "it reads as 0", ({ files: [file = 0] }) => [step([load(4, A0, A1)], [0, file], returns(0))]),
  onFile("its own file, behind its first word", "all over the page", ({ files: [file = 0] }) =>
    [4, 8, 0x100, 0xffc].map((offset) => step([store(4, A0, A1)], [1, file + offset], DONE))),
  onFile("its own file, not by words", "bytes, doublewords, atomics, unaligned: the board answers", ({ files: [file = 0] }) => [
    ...([1, 2, 8] as const).map((bytes) => step([store(bytes, A0, A1)], [1, file], ALIVE)),
    step([amo("swap", 4, T0, A1, A0)], [1, file], ALIVE), step([store(4, A0, A1)], [1, file + 2], ALIVE),
  ]),
  onFile("its other hart's file", "an MSI, which is its own affair", ({ files }) =>
    files.slice(1).map((file) => step([store(4, A0, A1)], [1, file], DONE))),
  onFile("MSIs to files that are not its", "the hypervisor's and guests' of every hart", ({ foreign }) =>
    foreign.filter(({ what }) => what.includes("interrupt file")).map(({ at }) =>
      fails([store(4, A0, A1)], [1, at], STORE_GUEST_PAGE, at))),
];
