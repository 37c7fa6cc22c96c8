// Context synchronisation: what is written to one system register is seen by an instruction that uses it indirectly, through
// another register or at all, only behind an instruction that says so, or an exception or its return. This machine has the
// registers at once; here it finds out who has not waited for it. Which registers those are is the ISA's to say
// (aarch64/synchronisation.ts).
import { MachineError } from "./errors.ts";

export interface Rule {
  /** Intrinsics that use the register indirectly … */
  readonly uses: RegExp;
  /** … and those that write it. */
  readonly written: RegExp;
  readonly why: string;
  /** What has to come in between, as a failed test says it. */
  readonly behind: string;
  /** Context synchronisation is not enough: stores have to be complete. */
  readonly barrier?: true;
}

/** By an intrinsic's name: the rules that it may break, and those that begin with it. */
interface Concern {
  readonly uses: readonly Rule[];
  readonly writes: readonly Rule[];
}

/** The rules of an ISA. */
export class Rules {
  private readonly rules: readonly Rule[];
  private readonly concerns = new Map<string, Concern>();

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
  }

  /** Of an intrinsic of that name. */
  of(name: string): Concern {
    let concern = this.concerns.get(name);
    if (concern === undefined) {
      concern = {
        uses: this.rules.filter(({ uses }) => uses.test(name)), writes: this.rules.filter(({ written }) => written.test(name)),
      };
      this.concerns.set(name, concern);
    }
    return concern;
  }
}

export class Synchronisation {
  private readonly rules: Rules;
  /** Rules whose register each pCPU has written since its last synchronisation. */
  private readonly waiting = new Map<number, Set<Rule>>();

  constructor(rules: Rules) {
    this.rules = rules;
  }

  /** A pCPU executes an intrinsic. */
  execute(pcpu: number, name: string, { uses, writes } = this.rules.of(name)): void {
    const waiting = this.waiting.get(pcpu);
    for (const rule of uses) {
      if (waiting?.has(rule) === true) {
        throw new MachineError("MACHINE_SYNCHRONISATION", `pCPU ${pcpu} executes ${name} without ${rule.behind}: ${rule.why}`);
      }
    }
    if (waiting === undefined) this.waiting.set(pcpu, new Set(writes));
    else for (const rule of writes) waiting.add(rule);
  }

  /** What to call when a pCPU executes an intrinsic of that name; undefined: it does not matter here. */
  watch(name: string): ((pcpu: number) => void) | undefined {
    const concern = this.rules.of(name);
    return concern.uses.length + concern.writes.length === 0 ? undefined : (pcpu) => this.execute(pcpu, name, concern);
  }

  /** An exception's entry or return, or an instruction that does the same (ISB). */
  synchronise(pcpu: number): void {
    const waiting = this.waiting.get(pcpu);
    if (waiting !== undefined && waiting.size > 0) for (const rule of waiting) if (rule.barrier !== true) waiting.delete(rule);
  }

  /** A barrier, with a synchronisation behind it or not: of an interrupt that is sent nothing else is asked. */
  complete(pcpu: number): void {
    const waiting = this.waiting.get(pcpu);
    if (waiting !== undefined && waiting.size > 0) for (const rule of waiting) if (rule.barrier === true) waiting.delete(rule);
  }
}
