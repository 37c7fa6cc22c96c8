// A guest, as whoever tries out a core of any ISA sees it: a vCPU that executes one instruction of the test's choice at a time.
// What the instruction meets, the machine decides. A guest is not told what is behind.
import type { Outcome } from "./outcome.ts";
import type { PCpu } from "./pcpu.ts";

export interface Form {
  /** False: the hypervisor is not told which register, and how many bytes. */
  readonly syndromeValid?: boolean;
  /** True: it is not executed again when it is not done; the other vCPUs are in the middle of something. */
  readonly once?: boolean;
}

export interface Guest<Cpu extends PCpu = PCpu> {
  readonly pcpu: Cpu;
  /** It could execute an instruction now, if it is awake. */
  readonly running: boolean;
  /** Its interrupts are its own: the hypervisor has no part in them. */
  readonly direct: boolean;
  /** An interrupt is signalled to it. */
  readonly interruptPending: boolean;
  /** What it has been given at its first instruction, as long as it has done nothing else: `context` of turnOn. */
  readonly context: bigint;

  load(address: number, bytes: number, form?: Form): Outcome;
  store(address: number, bytes: number, value: bigint, form?: Form): Outcome;
  /** Goes there, and fetches its next instruction. */
  fetch(address: number): Outcome;
  /** Sleeps until something wakes it: not at all if it is there. `how`: by which instruction, where there are several. */
  sleep(how?: string): Outcome;
  /** By its number in core/abi.ts. */
  hypercall(fn: number, ...args: readonly bigint[]): Outcome;

  /** Lets all interrupts in, as far as its own interrupt controller's front goes. */
  openInterrupts(): void;
  /** Takes the interrupt that is signalled to it: its number, which is its line's or an IPI's; undefined: there is none. */
  take(): number | undefined;
  /** And ends it. */
  endOfInterrupt(number: number): Outcome;
  /** Sends an IPI to vCPUs of its partition: a bit each. */
  sendIpi(number: number, vcpus: number): Outcome;

  /** Of its partition: another vCPU, itself, all of it, all of it anew. */
  turnOn(vcpu: number, entry: number, context: bigint): Outcome;
  turnOff(): Outcome;
  shutDown(): Outcome;
  reset(): Outcome;
}
