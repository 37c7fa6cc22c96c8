// A GIC as its manuals describe it to software, without list registers: what each interrupt's state is (IHI 0069 §4.1.2,
// IHI 0048B §3.2.4), and which one a CPU interface may signal (IHI 0069 §4.8, IHI 0048B §3.3). Plain and slow; shares
// nothing with the core nor with the simulated machine.

export const IDLE = 0x100;
export const FIRST_SPI = 32;
const FIRST_PPI = 16;
/** Five bits of a priority are there, all of which preempt. */
const PRIORITY = 0xf8;

export interface Interrupt {
  readonly intid: number;
  /** GICv2: the CPU interface that has sent this SGI; otherwise 0. */
  readonly sender: number;
}

interface State {
  readonly edge: boolean;
  enabled: boolean;
  /** By an edge, or by software. */
  latch: boolean;
  line: boolean;
  active: boolean;
  priority: number;
  /** Of an SPI: the CPU that it goes to. */
  target: number;
}

const reset = (edge: boolean, enabled = false): State => ({
  edge,
  enabled,
  latch: false,
  line: false,
  active: false,
  priority: 0,
  target: 0,
});

export interface Plan {
  readonly version: 2 | 3;
  readonly cpus: number;
  readonly ppis: readonly number[];
  readonly spis: readonly { readonly intid: number; readonly trigger: "edge" | "level" }[];
}

interface Running extends Interrupt {
  readonly priority: number;
}

export class ReferenceGic {
  readonly plan: Plan;
  forwards = true;
  readonly masks: number[];
  private readonly spis: ReadonlyMap<number, State>;
  private readonly ppis: readonly ReadonlyMap<number, State>[];
  /** By CPU, by INTID; GICv2: by sender. */
  private readonly sgis: readonly (readonly (readonly State[])[])[];
  /** Acknowledged, their priority not dropped yet: the last one is the most urgent. */
  private readonly running: Running[][];

  constructor(plan: Plan) {
    this.plan = plan;
    const cpus = Array.from({ length: plan.cpus }, (_, n) => n);
    this.masks = cpus.map(() => 0xf0);
    this.spis = new Map(plan.spis.map(({ intid, trigger }) => [intid, reset(trigger === "edge")]));
    this.ppis = cpus.map(() => new Map(plan.ppis.map((intid) => [intid, reset(false)])));
    this.sgis = cpus.map(() =>
      Array.from({ length: FIRST_PPI }, () => (plan.version === 2 ? cpus : [0]).map(() => reset(true, true))),
    );
    this.running = cpus.map(() => []);
  }

  /** Everything of that number, as that CPU sees it: an SGI of a GICv2 is as many as there are senders. */
  private of(cpu: number, intid: number): readonly State[] {
    if (intid < FIRST_PPI) return this.sgis[cpu]?.[intid] ?? [];
    const state = intid < FIRST_SPI ? this.ppis[cpu]?.get(intid) : this.spis.get(intid);
    return state === undefined ? [] : [state];
  }

  private one(cpu: number, { intid, sender }: Interrupt): State {
    const state = this.of(cpu, intid)[this.plan.version === 2 && intid < FIRST_PPI ? sender : 0];
    if (state === undefined) throw new RangeError(`CPU ${cpu} has no INTID ${intid}`);
    return state;
  }

  private isPending(state: State): boolean {
    return state.latch || (state.line && !state.edge);
  }

  isEnabled = (cpu: number, intid: number): boolean => this.of(cpu, intid).some((state) => state.enabled);
  pending = (cpu: number, intid: number): boolean => this.of(cpu, intid).some((state) => this.isPending(state));
  active = (cpu: number, intid: number): boolean => this.of(cpu, intid).some((state) => state.active);

  /** GICv2: CPENDSGIR, a bit for each sender. */
  senders(cpu: number, intid: number): number {
    return this.of(cpu, intid).reduce((mask, state, sender) => mask | (state.latch ? 1 << sender : 0), 0);
  }

  enable(cpu: number, intid: number, on: boolean): void {
    for (const state of this.of(cpu, intid)) state.enabled = on;
  }

  pend(cpu: number, intid: number, on: boolean): void {
    for (const state of this.of(cpu, intid)) state.latch = on;
  }

  activate(cpu: number, intid: number, on: boolean): void {
    for (const state of this.of(cpu, intid)) state.active = on;
  }

  setPriority(cpu: number, intid: number, priority: number): void {
    for (const state of this.of(cpu, intid)) state.priority = priority & PRIORITY;
  }

  route(intid: number, target: number): void {
    for (const state of this.of(0, intid)) state.target = target;
  }

  wire(intid: number, high: boolean): void {
    for (const state of this.of(0, intid)) {
      if (high && !state.line && state.edge) state.latch = true;
      state.line = high;
    }
  }

  send(sender: number, intid: number, targets: number): void {
    for (let cpu = 0; cpu < this.plan.cpus; cpu++)
      if ((targets & (1 << cpu)) !== 0) this.one(cpu, { intid, sender }).latch = true;
  }

  /** GICv2: CPENDSGIR, SPENDSGIR. */
  pendSgi(cpu: number, intid: number, senders: number, on: boolean): void {
    this.of(cpu, intid).forEach((state, sender) => {
      if ((senders & (1 << sender)) !== 0) state.latch = on;
    });
  }

  private runningPriority(cpu: number): number {
    return this.running[cpu]?.at(-1)?.priority ?? IDLE;
  }

  /** What its interface may signal now: the most urgent ones, of which it may choose. */
  candidates(cpu: number): Interrupt[] {
    if (!this.forwards) return [];
    const all = [...Array(FIRST_PPI).keys(), ...this.plan.ppis, ...this.spis.keys()].flatMap((intid) =>
      this.of(cpu, intid).map((state, sender) => ({ intid, sender, state })).filter(({ state }) =>
        state.enabled && this.isPending(state) && !state.active && (intid < FIRST_SPI || state.target === cpu)
        && state.priority < (this.masks[cpu] ?? 0) && state.priority < this.runningPriority(cpu)));
    const best = Math.min(...all.map(({ state }) => state.priority));
    return all.filter(({ state }) => state.priority === best).map(({ intid, sender }) => ({ intid, sender }));
  }

  /** IAR gave it. */
  acknowledge(cpu: number, taken: Interrupt): void {
    const state = this.one(cpu, taken);
    state.latch = false;
    state.active = true;
    this.running[cpu]?.push({ ...taken, priority: state.priority });
  }

  /** What the last EOIR of a CPU has to name; undefined: nothing. */
  last(cpu: number): Interrupt | undefined {
    return this.running[cpu]?.at(-1);
  }

  /** EOIR of the last one: its priority drops, and with EOImode 0 it is not active any more. */
  end(cpu: number, deactivates: boolean): void {
    const ended = this.running[cpu]?.pop();
    if (ended !== undefined && deactivates) this.one(cpu, ended).active = false;
  }

  /** PPIs that are active, and that it has not acknowledged. */
  activeByHand(cpu: number): Interrupt[] {
    return this.plan.ppis
      .filter((intid) => this.active(cpu, intid) && this.running[cpu]?.some((one) => one.intid === intid) !== true)
      .map((intid) => ({ intid, sender: 0 }));
  }

  /** DIR. */
  deactivate(cpu: number, interrupt: Interrupt): void {
    this.one(cpu, interrupt).active = false;
  }
}
