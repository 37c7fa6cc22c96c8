// A world of RISC-V: guests whose interrupts are their timers' alone, as long as there is no APLIC for them.
import { SEI } from "../../../../tools/machine/riscv64/csrs.ts";
import type { Guest } from "../../../../tools/machine/riscv64/guest.ts";
import type { Hart } from "../../../../tools/machine/riscv64/hart.ts";
import { RISCV64 } from "../../../../tools/machine/riscv64/isa.ts";
import type { Riscv64Machine } from "../../../../tools/machine/riscv64/machine.ts";
import type { SystemSpec } from "../../../../tools/machine/riscv64/system.ts";
import { hex } from "../../../../tools/machine/errors.ts";
import { broken } from "../invariants.ts";
import { World } from "../world.ts";
import type { Fence } from "../world.ts";

/** Set at boot, and never again; hstatus has what traps leave there, too. */
const NAMES = ["hgatp", "hedeleg", "hideleg", "henvcfg", "hcounteren", "hgeie"] as const;
const FENCES: readonly Fence<Hart>[] = NAMES.map((name) => ({ name, value: ({ csrs }) => csrs.read(name) }));
/** The identity of the hypervisor's kick, in each hart's own file. */
const KICK_IDENTITY = 1;
const NEVER = 0xffff_ffff_ffff_ffffn;
/** A guest never finds it: it comes to another file than its own. */
const NUMBERS = { kick: undefined, isIpi: () => true, isLine: () => false };

export class Riscv64World extends World<never, Riscv64Machine, Guest> {
  readonly fences = FENCES;
  readonly kickBits = 1 << KICK_IDENTITY;
  readonly routesAreMasks = false;
  protected readonly devices = [0x1000_0000, 0xd00_0000, 0x2800_0000, 0];

  constructor(spec: SystemSpec, core?: WebAssembly.Module) {
    super(RISCV64, spec, NUMBERS, core);
  }

  protected act(): void {
    return;
  }

  openAll(): void {
    for (const guest of this.running()) if (guest.direct) guest.openInterrupts();
  }

  undo(): void {
    return;
  }

  unwind(guest: Guest): void {
    guest.csrw("stimecmp", NEVER);
  }

  /** An MSI is over when it is claimed. */
  deactivate(): void {
    return;
  }

  splitEnds(): void {
    return;
  }

  sendAll(): void {
    return;
  }

  rouse({ pcpu }: Guest): void {
    this.machine.imsicPages.send(pcpu.index, 0, KICK_IDENTITY);
    this.machine.step(pcpu);
  }

  findsKick(): boolean {
    return false;
  }

  /** The hypervisor's own interrupts are let in, whatever the guest does. */
  checkPcpu(n: number): void {
    const { csrs, phase } = this.machine.pcpu(n);
    if (phase === "guest" && (csrs.read("sie") & SEI) === 0n) broken(`hart ${n}: sie is ${hex(csrs.read("sie"))}`);
  }

  privateBits(): number {
    return 0;
  }

  checkRest(n: number): void {
    const { forHypervisor } = this.machine.pcpu(n);
    if (forHypervisor !== 0n) broken(`hart ${n} never takes ${hex(forHypervisor)}`);
  }
}
