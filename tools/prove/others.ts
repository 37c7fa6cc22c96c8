// What a partition does to pCPUs that are not its own: each of its vCPUs tries what its ISA has for it (<isa>/others.ts). What is
// looked at is each other pCPU: what it does, what is private to it of the interrupt controller, and the record that the core has
// of its vCPU.
import type { Guest } from "../machine/guest.ts";
import type { Machine } from "../machine/machine.ts";
import type { PCpu } from "../machine/pcpu.ts";
import type { Declared } from "./declared.ts";

/** That a vCPU reached what is not its partition's. */
export interface Disturbance {
  readonly vcpu: number;
  readonly by: string;
  /** "pCPU 3", or "firmware". */
  readonly what: string;
}

export type Attempt = <Result>(by: string, act: () => Result) => Result;

/** What an ISA has besides that somebody could do something to. */
export interface Watching<M extends Machine> {
  /** Of another pCPU. */
  moreOf(machine: M, pcpu: number): string;
  /** To be asked for what else that partition has reached meanwhile: firmware. */
  besides(machine: M, declared: Declared, n: number): () => string[];
}

/** Tries something as a vCPU; what that does to others comes to `found`. */
export const attempting = <M extends Machine>(
  isa: Watching<M>, machine: M, declared: Declared, n: number, vcpu: number, found: Disturbance[],
): Attempt => (by, act) => {
  const changed = watch(isa, machine, declared, n);
  const result = act();
  machine.settle();
  found.push(...changed().map((what) => ({ vcpu, by, what })));
  return result;
};

/** It stops as a whole: for good, so it comes last. */
export function stopOne<M extends Machine>(
  isa: Watching<M>, machine: M, declared: Declared, n: number, guest: Guest,
): Disturbance[] {
  const found: Disturbance[] = [];
  attempting(isa, machine, declared, n, 0, found)("SYSTEM_OFF", () => guest.shutDown());
  return found;
}

/** To be asked for those pCPUs of others that are not as they were. */
function watch<M extends Machine>(isa: Watching<M>, machine: M, declared: Declared, n: number): () => string[] {
  const others = machine.pcpus.filter(({ index }) => declared.cpus[index]?.partition !== n);
  const state = (pcpu: PCpu): string => stateOf(machine, pcpu) + isa.moreOf(machine, pcpu.index);
  const before = others.map(state);
  const besides = isa.besides(machine, declared, n);
  return () => [
    ...others.filter((pcpu, at) => state(pcpu) !== before[at]).map(({ index }) => `pCPU ${index}`),
    ...besides(),
  ];
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array | Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("latin1");

/** All that tells whether somebody did something to it. */
function stateOf(machine: Machine, pcpu: PCpu): string {
  const { phase, lives, pc, vcpu } = pcpu;
  const { bits, entries } = machine.privates(pcpu);
  const record = new Uint8Array(machine.linear.buffer, vcpu, recordBytes(machine));
  return [phase, lives, pc, ...[record, ...[...bits, ...entries].map(({ set }) => set)].map(bytesOf)].join();
}

/** Records lie behind one another. */
function recordBytes({ pcpus }: Machine): number {
  const places = pcpus.map(({ vcpu }) => vcpu).sort((a, b) => a - b);
  return Math.min(...places.slice(1).map((place, n) => place - (places[n] ?? 0)).filter((gap) => gap > 0), RECORD_MOST);
}
const RECORD_MOST = 4096;

