// How a vCPU of RISC-V could do something to harts of others: SBI calls with every hart that it can name, messages to interrupt
// files by their addresses, registers of its own and of the hypervisor's.
import { EIDELIVERY, EITHRESHOLD } from "../../machine/riscv64/imsic.ts";
import { NUMBERS } from "../../machine/riscv64/csrs.ts";
import type { Csr } from "../../machine/riscv64/csrs.ts";
import type { Guest } from "../../machine/riscv64/guest.ts";
import type { Riscv64Machine } from "../../machine/riscv64/machine.ts";
import { BASE, HSM, HSM_STOP, IPI, RFENCE, RFENCE_GVMA, SRST } from "../../machine/riscv64/sbi.ts";
import type { Declared } from "../declared.ts";
import { bytesOf } from "../others.ts";
import type { Attempt } from "../others.ts";

const ALL = 0xffff_ffff_ffff_ffffn;
const HSM_SUSPEND = 3;
const FUNCTIONS = 8;
/** An extension's name, as SBI makes a number of it: its letters. */
const called = (letters: string): number => [...letters].reduce((id, letter) => id * 256 + letter.charCodeAt(0), 0);
/** Those of SBI 3.0; those of version 0.1, a number each; of firmware's own, and of a vendor's, the first one. */
const EXTENSIONS: readonly number[] = [
  BASE, IPI, RFENCE, HSM, SRST,
  ...["TIME", "PMU", "DBCN", "SUSP", "CPPC", "NACL", "STA", "SSE", "FWFT", "DBTR", "MPXY"].map(called),
  ...Array.from({ length: 9 }, (_, n) => n),
  0x0900_0000, 0x0a00_0000,
];
/** They end the caller's turn: the partition as a whole is stopped for itself. */
const ends = (extension: number, fn: number): boolean =>
  extension === 8 || (extension === SRST && fn === 0) || (extension === HSM && (fn === HSM_STOP || fn === HSM_SUSPEND));

const PAGE = 0x1000;
const IDENTITY = 7n;
const WORD = 4;

export function tryOthers(machine: Riscv64Machine, declared: Declared, _: number, guest: Guest, attempt: Attempt): void {
  tryCalls(declared, guest, attempt);
  tryMessages(machine, guest, attempt);
  tryRegisters(guest, attempt);
}

function tryCalls({ cpus }: Declared, guest: Guest, attempt: Attempt): void {
  const entry = BigInt(guest.pcpu.code);
  const masks = [...cpus.map((_, n) => 1n << BigInt(n)), ALL, 1n << 63n];
  const bases = [0n, 1n, BigInt(cpus.length - 1), ALL];
  for (const extension of EXTENSIONS) {
    for (let fn = 0; fn < FUNCTIONS; fn++) {
      if (ends(extension, fn)) continue;
      attempt(`SBI call 0x${extension.toString(16)}, ${fn}`, () => {
        for (const mask of masks) for (const base of bases) guest.ecall(extension, fn, mask, base, entry);
        // A hart's number, where to, and with what.
        for (let hart = 0n; hart <= BigInt(cpus.length); hart++) guest.ecall(extension, fn, hart, entry, 0n);
      });
    }
  }
}

/** To each that its tables lead to: where they lead to nothing, a guest that stores is stopped. */
function tryMessages(machine: Riscv64Machine, guest: Guest, attempt: Attempt): void {
  const pages = machine.mappings(guest.pcpu).flatMap(({ ipa, pa, size, write }) =>
    (write ? Array.from({ length: size / PAGE }, (_, n) => ({ ipa: ipa + n * PAGE, pa: pa + n * PAGE })) : []));
  const files = pages.filter(({ pa }) => machine.imsicPages.owns(pa));
  attempt("a message to an interrupt file", () => {
    for (const { ipa } of files) for (const offset of [0, WORD]) guest.store(ipa + offset, WORD, IDENTITY);
  });
}

/** What follows from the guest's own state would be another thing to do: its translation and its vectors stay as they are. */
const OWN_FLOW: readonly Csr[] = ["satp", "stvec", "sepc", "vsatp", "vstvec", "vsepc"];

function tryRegisters(guest: Guest, attempt: Attempt): void {
  const csrs = (Object.keys(NUMBERS) as Csr[]).filter((csr) => !OWN_FLOW.includes(csr));
  for (const csr of csrs) {
    attempt(csr, () => {
      const { value = 0n } = { value: 0n, ...guest.csrr(csr) };
      for (const other of [ALL, 0n, value]) guest.csrw(csr, other);
    });
  }
}

/** Interrupt files for its guests, and what is injected. */
export function moreOf(machine: Riscv64Machine, pcpu: number): string {
  const { csrs } = machine.pcpu(pcpu);
  const files = csrs.imsic.guests.map((file) =>
    [file.read(EIDELIVERY), file.read(EITHRESHOLD), bytesOf(file.pending), bytesOf(file.enabled)].join());
  return [csrs.read("hvip"), ...files].join();
}

/** Registers by which the hypervisor has a guest under it. */
const HYPERVISORS: readonly Csr[] = [
  "hgatp", "hedeleg", "hideleg", "henvcfg", "hcounteren", "htimedelta", "hgeie", "satp", "stvec", "sie",
];

/** Firmware may fence for it on its own harts; and on all, when its memory is taken away (HFENCE.GVMA). */
export function besides(machine: Riscv64Machine, { cpus }: Declared, n: number): () => string[] {
  const own = machine.pcpus.filter(({ index }) => cpus[index]?.partition === n);
  const state = (): string[] => own.map(({ index, csrs }) =>
    [...HYPERVISORS.map((csr) => csrs.read(csr)), bytesOf(machine.pcpu(index).csrs.imsic.supervisor.pending),
      bytesOf(csrs.imsic.supervisor.enabled)].join());
  const before = state();
  const calls = machine.sbi.calls.length;
  const isOwn = (hart: number): boolean => own.some(({ index }) => index === hart);
  const isFence = ({ extension, fn, harts }: (typeof machine.sbi.calls)[number]): boolean =>
    extension === RFENCE && (fn === RFENCE_GVMA || harts.every(isOwn));
  return () => [
    ...state().flatMap((now, at) => (now === before[at] ? [] : [`what the hypervisor has of pCPU ${own[at]?.index ?? -1}`])),
    ...(machine.sbi.calls.slice(calls).every(isFence) ? [] : ["firmware"]),
  ];
}
