// The bystander on RISC-V: its hart's CSRs, its interrupt file, and its sources of the APLIC; and of the attacker's harts, what
// the hypervisor has set once for good.
import * as abi from "../../../../core/abi.ts";
import type { Guest } from "../../../../tools/machine/riscv64/guest.ts";
import type { Csr } from "../../../../tools/machine/riscv64/csrs.ts";
import type { Riscv64Machine } from "../../../../tools/machine/riscv64/machine.ts";
import { GUEST_APLIC } from "../../../../tools/machine/riscv64/system.ts";
import { value } from "../../../core/value.ts";
import { broken, Bystander } from "../bystander.ts";
import type { State } from "../bystander.ts";
import { BYSTANDERS_EDGE } from "./systems.ts";

const IDENTITY = 33n;
const [DOMAINCFG, TARGET, SETIENUM] = [0x0000, 0x3000, 0x1edc];
const IE = 0x100n;
const RISING = 4n;
const STI = 1n << 5n;
const NEVER = 0xffff_ffff_ffff_ffffn;

/** For good, on every hart. */
const FIXED: readonly Csr[] = [
  "hedeleg", "hideleg", "hcounteren", "henvcfg", "hgatp", "hgeie", "htimedelta", "stvec", "satp", "sie",
];
const GUESTS: readonly Csr[] = [
  "vsstatus", "vstvec", "vsscratch", "vsepc", "vscause", "vstval", "vsatp", "vsiselect", "vstimecmp", "hvip", "hie", "senvcfg",
  "scounteren", "hstatus",
];

export class Riscv64Bystander extends Bystander<Riscv64Machine, Guest> {
  protected open(): void {
    const { guest, plan } = this;
    if (plan.direct) {
      guest.openInterrupts();
      const write = (offset: number, data: bigint): bigint => value(guest.store(GUEST_APLIC + offset, 4, data));
      write(4 * BYSTANDERS_EDGE, RISING);
      write(TARGET + 4 * BYSTANDERS_EDGE, IDENTITY);
      write(SETIENUM, BigInt(BYSTANDERS_EDGE));
      write(DOMAINCFG, IE);
    }
    this.machine.settle();
  }

  /** The hypervisor's own file has nothing of a partition's. */
  protected privateBits(): number {
    return 0;
  }

  get due(): ReadonlyMap<number, number> {
    return new Map();
  }

  protected bear(): void {
    return;
  }

  private get harts(): { readonly name: string; readonly csr: Csr; readonly of: Riscv64Machine["pcpus"][number] }[] {
    const { pcpu } = this.guest;
    const on = this.machine.pcpus.filter(({ index }) => this.system.plan.cpus[index]?.partition !== null);
    return [
      ...on.flatMap((of) => FIXED.map((csr) => ({ name: `${csr} of hart ${of.index}`, csr, of }))),
      ...GUESTS.map((csr) => ({ name: `its ${csr}`, csr, of: pcpu })),
    ];
  }

  protected registers(): State {
    const { pcpu } = this.guest;
    const file = pcpu.csrs.guestFile;
    return [
      ...this.harts.map(({ csr, of }) => of.csrs.read(csr)), pcpu.phase, pcpu.pc, pcpu.lives, pcpu.isVirtual,
      ...(file === undefined ? [] : [file.pending.join(), file.enabled.join()]), this.machine.aplic.forwards,
    ];
  }

  protected nameOfRegister(at: number): string {
    return this.harts[at]?.name ?? `its state or interrupt controller (${at - this.harts.length})`;
  }

  /** Its wire, and its timer: none of them is an exit. */
  protected handle(): void {
    const { guest, machine, plan } = this;
    if (plan.direct) {
      machine.setLine(BYSTANDERS_EDGE, true);
      machine.setLine(BYSTANDERS_EDGE, false);
      const taken = guest.take();
      if (taken !== Number(IDENTITY)) broken(`it waits for identity ${IDENTITY}, and gets ${taken ?? "nothing"}`);
    }
    const { exits } = guest.pcpu;
    value(guest.csrw("sie", STI));
    value(guest.csrw("stimecmp", 0n));
    if (!guest.interruptPending) broken("its timer does not interrupt it");
    value(guest.csrw("stimecmp", NEVER));
    if (guest.pcpu.exits !== exits) broken(`its timer took ${guest.pcpu.exits - exits} exits`);
  }
}

/** Of its exits, those that it must not have: all but its hypercalls, and its APLIC as it opens. */
export const COUNTED: readonly number[] = [
  abi.EXIT_INTERRUPT, abi.EXIT_KICK, abi.EXIT_MAINTENANCE, abi.EXIT_FIRMWARE_CALL, abi.EXIT_IPI, abi.EXIT_CONSOLE,
  abi.EXIT_REGISTER, abi.EXIT_FAULT, abi.EXIT_TICK, abi.EXIT_BANDWIDTH, abi.EXIT_TIMER,
];
