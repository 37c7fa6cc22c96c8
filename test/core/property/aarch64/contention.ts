// Two vCPUs and the registers of their distributor (listRegisters.ts, waiting.ts, interruptState.ts).
import type { Board } from "../../../../tools/machine/aarch64/board.ts";
import type { Guest } from "../../../../tools/machine/aarch64/guest.ts";
import { edge, GUEST_GICD, LINUX, PLC, STANDARD } from "../../../../tools/machine/aarch64/system.ts";
import { Bench, value } from "../../bench.ts";
import type { Contention } from "../interruptRaces.ts";

const [
  ISENABLER, ICENABLER, ISPENDR, ISACTIVER, IPRIORITYR, ITARGETSR, IROUTER,
] = [0x100, 0x180, 0x200, 0x300, 0x400, 0x800, 0x6000];
/** All in the third word of INTIDs. */
const FIRST = 64;
const INTIDS = Array.from({ length: 12 }, (_, n) => FIRST + n);
const WORD = 4 * (FIRST / 32);
const ALL = BigInt(2 ** INTIDS.length - 1);
const EVERY_BYTE = 0x0101_0101n;
/** INTIDs of the system that are above all that are raised here: of its console and its channel. */
const OTHERS = 200;

export class DistributorContention implements Contention {
  readonly machine: Bench["machine"];
  readonly guests: readonly [Guest, Guest];
  readonly entry = 0x6000_0000;
  readonly lines = INTIDS;
  readonly ipis = [1, 2, 3, 5];
  readonly acts: Contention["acts"];
  private readonly bench: Bench;
  private urgent = 0;

  constructor(board: Board) {
    const interrupts = [...LINUX.interrupts.filter(({ intid }) => intid >= OTHERS), ...INTIDS.map((intid) => edge(intid))];
    this.bench = new Bench({ ...STANDARD, board, partitions: [{ ...LINUX, interrupts }, PLC] });
    this.machine = this.bench.machine;
    this.guests = [this.bench.guest(0), this.bench.guest(1)];
    const isGicv2 = board.gicVersion === 2;
    this.acts = {
      "IPRIORITYR": (vcpu) =>
        this.write(vcpu, IPRIORITYR + FIRST + 4 * (this.urgent % 3), 4, BigInt(0xe8 - 8 * (this.urgent++ % 16)) * EVERY_BYTE),
      "ICENABLER": (vcpu) => this.write(vcpu, ICENABLER + WORD, 4, ALL),
      "ISENABLER": (vcpu) => this.write(vcpu, ISENABLER + WORD, 4, ALL),
      "route": isGicv2
        ? (vcpu) => this.write(vcpu, ITARGETSR + FIRST, 1, BigInt(1 + (this.urgent++ % 2)))
        : (vcpu) => this.write(vcpu, IROUTER + 8 * FIRST, 8, BigInt(this.urgent++ % 2)),
      "ISPENDR, read": (vcpu) => void this.bench.guest(vcpu).load(GUEST_GICD + ISPENDR + WORD, 4, { once: vcpu === 1 }),
      "ISACTIVER, read": (vcpu) => void this.bench.guest(vcpu).load(GUEST_GICD + ISACTIVER + WORD, 4, { once: vcpu === 1 }),
    };
  }

  open(vcpu: number): void {
    this.bench.openInterrupts(vcpu);
  }

  prepare(): void {
    for (const intid of INTIDS) this.bench.route(0, intid, intid % 2);
    value(this.bench.guest(0).store(GUEST_GICD + ISENABLER + WORD, 4, ALL));
  }

  reset(): void {
    this.urgent = 0;
  }

  /**
   * An instruction of that vCPU's: whoever intrudes executes it once; what is not done then, for another has to answer, is left.
   */
  private write(vcpu: number, register: number, bytes: number, data: bigint): void {
    this.bench.guest(vcpu).store(GUEST_GICD + register, bytes, data, { once: this.machine.pcpus.some(({ busy }) => busy) });
  }

  restless(): string | undefined {
    const active = this.machine.gic.distributor.bank.active.filter((bits) => bits !== 0);
    const held = this.machine.pcpus.flatMap(({ gic }) => gic.virtual.held());
    return active.length > 0 || held.length > 0
      ? `${active.length} words stay active, ${held.length} list registers are full`
      : undefined;
  }
}
