// Counts the hypervisor's instructions as QEMU executes them: how many each function took, from its first instruction
// to its return, everything that it called included. That is what verify proves a bound of.
import type { Taken } from "../../tools/verify/measured.ts";
import type { Code } from "../../tools/verify/native/code.ts";
import type { Instruction } from "../../tools/verify/native/instruction.ts";
import { readTrace } from "./traceLines.ts";

/** What is known of loops as long as a byte count. */
export interface ByteLoops {
  /** Addresses at which they begin. */
  readonly heads: ReadonlySet<number>;
  /** Instructions of the longest round of any of them that this function runs. */
  readonly round: (name: string) => number;
}

/** A function that has begun. */
interface Frame {
  readonly name: string;
  /** Address; undefined: nowhere, it ends with ERET or WFI. */
  readonly returnsTo: number | undefined;
  /** Instructions executed before it, and rounds of byte loops. */
  readonly since: number;
  readonly roundsSince: number;
}

/** What one CPU does at EL2. */
class Track {
  readonly #code: Code;
  readonly #loops: ByteLoops;
  readonly #most: Map<string, Taken>;
  #executed = 0;
  #rounds = 0;
  #frames: Frame[] = [];
  #previous: Instruction | undefined;
  /** A block that has begun. */
  #from = 0;
  #to = 0;

  constructor(code: Code, loops: ByteLoops, most: Map<string, Taken>) {
    this.#code = code;
    this.#loops = loops;
    this.#most = most;
  }

  /** QEMU has begun these instructions; whether it has executed them, is known when it begins others. */
  begin(from: number, to: number): void {
    for (let address = this.#from; address < this.#to; ) address += this.#execute(address);
    this.#from = from;
    this.#to = to;
  }

  /** Of the block only what is before that instruction: it begins again. */
  takeBack(to: number): void {
    this.#to = to;
  }

  /** Gives back the instruction's bytes. */
  #execute(address: number): number {
    const instruction = this.#code.at(address);
    if (instruction === undefined) throw new Error(`the trace has no instruction of the hypervisor at 0x${address.toString(16)}`);
    this.#arrive(instruction);
    this.#executed++;
    if (this.#loops.heads.has(address)) this.#rounds++;
    const { flow } = instruction;
    if (flow === "end" || flow === "wait") this.#finish(undefined);
    this.#previous = flow === "end" || flow === "wait" ? undefined : instruction;
    return instruction.bytes;
  }

  #arrive({ address }: Instruction): void {
    const previous = this.#previous;
    const started = this.#code.startingAt(address)?.name;
    if (previous === undefined || !this.#leadsTo(previous, address)) {
      // An exception, or what an interrupt has woken up.
      this.#frames = [];
      this.#push(started ?? `${this.#code.describe(address)} (after WFI)`, undefined);
      return;
    }
    const { flow } = previous;
    if (flow === "return") this.#finish(address);
    else if (started !== undefined && flow === "call") this.#push(started, previous.address + previous.bytes);
    else if (started !== undefined && started !== this.#frames.at(-1)?.name) this.#push(started, this.#frames.at(-1)?.returnsTo);
  }

  #leadsTo(previous: Instruction, address: number): boolean {
    const { flow } = previous;
    if (flow === "return") return address === this.#frames.at(-1)?.returnsTo;
    if (flow === "branch" || flow === "call") return address === previous.target;
    return address === previous.address + previous.bytes || (flow === "conditional" && address === previous.target);
  }

  #push(name: string, returnsTo: number | undefined): void {
    this.#frames.push({ name, returnsTo, since: this.#executed, roundsSince: this.#rounds });
  }

  /** Of functions that go on in each other, all return at once. */
  #finish(returnsTo: number | undefined): void {
    for (let frame = this.#frames.at(-1); frame !== undefined && frame.returnsTo === returnsTo; frame = this.#frames.at(-1)) {
      const instructions = this.#executed - frame.since;
      const besidesSizes = instructions - (this.#rounds - frame.roundsSince) * this.#loops.round(frame.name);
      this.#most.set(frame.name, more({ instructions, besidesSizes }, this.#most.get(frame.name)));
      this.#frames.pop();
    }
  }
}

export const more = (a: Taken, b: Taken = a): Taken => ({
  instructions: Math.max(a.instructions, b.instructions),
  besidesSizes: Math.max(a.besidesSizes, b.besidesSizes),
});

/** The most instructions that each function took, by its name. `base`: where the code is in memory. */
export function countTrace(file: string, code: Code, base: number, loops: ByteLoops): Map<string, Taken> {
  const most = new Map<string, Taken>();
  const tracks = new Map<number, Track>();
  let last: Track | undefined;
  readTrace(file, {
    begun: (cpu, pc, end) => {
      last = tracks.get(cpu) ?? new Track(code, loops, most);
      tracks.set(cpu, last);
      last.begin(pc - base, end - base);
    },
    takenBack: (pc) => last?.takeBack(pc - base),
  });
  return most;
}
