// What is known about every partition of a running system: the last telemetry, the rates between the last two, and what
// happened. Fed by a link; read by the views and the checks.
import * as abi from "../../core/abi.ts";
import type { HypervisorEvent, PartitionTelemetry, SystemTelemetry, VcpuTelemetry } from "../link/telemetry.ts";
import type { PlannedPartition } from "../../partitions/plan/plan.ts";
import { Maxima } from "./maxima.ts";
import { ReadyExits } from "./ready-exits.ts";
import { Times } from "./samples.ts";

const NANOSECONDS = 1e9;

interface VcpuRecord {
  readonly latest: VcpuTelemetry;
  readonly previous: VcpuTelemetry | undefined;
}

/** What is known of a partition before it runs. */
export type PartitionPlan = Pick<
  PlannedPartition,
  "name" | "guest" | "cpus" | "autostart" | "prints" | "direct" | "bandwidth" | "ways" | "tags"
>;

/** One partition as the hypervisor reports it. */
export class PartitionRecord {
  readonly index: number;
  readonly plan: PartitionPlan;
  #telemetry: PartitionTelemetry | undefined;
  readonly #vcpus = new Map<number, VcpuRecord>();
  readonly #events: HypervisorEvent[] = [];
  /** Its exits while it works. */
  readonly sinceReady = new ReadyExits();
  /** Of what it publishes, since they were cleared. */
  readonly maxima: Maxima;
  /** How those that it publishes spread, since the same moment. */
  readonly times: Times;

  constructor(index: number, plan: PartitionPlan) {
    this.index = index;
    this.plan = plan;
    this.maxima = new Maxima(plan.tags);
    this.times = new Times(plan.tags);
  }

  get name(): string {
    return this.plan.name;
  }

  /** The last frame; undefined: none has come yet. */
  get telemetry(): PartitionTelemetry | undefined {
    return this.#telemetry;
  }

  get events(): readonly HypervisorEvent[] {
    return this.#events;
  }

  get vcpus(): VcpuTelemetry[] {
    return [...this.#vcpus.values()].map((record) => record.latest);
  }

  tag(index: number): bigint | undefined {
    return this.#telemetry?.tags.get(index);
  }

  /** The part of its time that its task needs, 0 … 1: mean execution time by mean cycle. undefined: it does not publish them. */
  get load(): number | undefined {
    const of = (name: string): bigint => this.tag(this.plan.tags.findIndex((tag) => tag.name === name)) ?? 0n;
    const cycle = of("cycle avg");
    return cycle > 0n ? Number(of("execution avg")) / Number(cycle) : undefined;
  }

  /** Histograms begin anew with them. False: it publishes nothing of which maxima could be made. */
  clearMaxima(): boolean {
    this.times.clear();
    this.maxima.clear(this.#telemetry?.time ?? 0n);
    return this.maxima.isPossible;
  }

  /** Nanoseconds that its vCPUs together stood still by the hypervisor's will. */
  get held(): bigint {
    return this.vcpus.reduce((sum, vcpu) => sum + vcpu.held, 0n);
  }

  /** How often its vCPUs together were held for their bandwidth. */
  get throttled(): number {
    return this.vcpus.reduce((sum, vcpu) => sum + vcpu.throttled, 0);
  }

  /** Exits so far of all its vCPUs, indexed by EXIT_*. */
  get exits(): number[] {
    return causes((cause) => this.vcpus.reduce((sum, vcpu) => sum + (vcpu.exits[cause] ?? 0), 0));
  }

  /** Exits per second of the board's time between the last two frames, indexed by EXIT_*. */
  get exitRates(): number[] {
    return causes((cause) =>
      [...this.#vcpus.values()].reduce((sum, { latest, previous }) => {
        if (previous === undefined) return sum;
        return sum + perSecond((latest.exits[cause] ?? 0) - (previous.exits[cause] ?? 0), latest.time - previous.time);
      }, 0),
    );
  }

  /** Exits per second since the hypervisor started, indexed by EXIT_*. */
  get meanExitRates(): number[] {
    return causes((cause) => this.vcpus.reduce((sum, vcpu) => sum + perSecond(vcpu.exits[cause] ?? 0, vcpu.time), 0));
  }

  take(telemetry: PartitionTelemetry): void {
    this.#telemetry = telemetry;
    this.sinceReady.take(telemetry);
    this.maxima.take(telemetry);
    this.times.take(telemetry);
  }

  takeVcpu(telemetry: VcpuTelemetry): void {
    this.sinceReady.takeVcpu(telemetry);
    this.#vcpus.set(telemetry.index, { latest: telemetry, previous: this.#vcpus.get(telemetry.index)?.latest });
  }

  takeEvent(event: HypervisorEvent): void {
    this.#events.push(event);
    if (this.#events.length > EVENTS_KEPT) this.#events.shift();
  }
}

/** A partition that fails and restarts for days must not fill our memory. */
const EVENTS_KEPT = 1000;

function causes(value: (cause: number) => number): number[] {
  return Array.from({ length: abi.EXIT_CAUSES }, (_, cause) => value(cause));
}

function perSecond(count: number, nanoseconds: bigint): number {
  return nanoseconds > 0n && count > 0 ? (count * NANOSECONDS) / Number(nanoseconds) : 0;
}

/** How the hypervisor itself is labelled beside the partitions. */
export const HYPERVISOR_NAME = "axv";

export class Monitor {
  readonly partitions: readonly PartitionRecord[];
  readonly #hypervisorEvents: HypervisorEvent[] = [];
  #system: SystemTelemetry | undefined;

  /** In the order of the system file, which is the order of their indices. */
  constructor(plans: readonly PartitionPlan[]) {
    this.partitions = plans.map((plan, index) => new PartitionRecord(index, plan));
  }

  /** Events of the hypervisor itself. */
  get hypervisorEvents(): readonly HypervisorEvent[] {
    return this.#hypervisorEvents;
  }

  /** Which slot this is; undefined: nobody says. */
  get system(): SystemTelemetry | undefined {
    return this.#system;
  }

  takeSystem(telemetry: SystemTelemetry): void {
    this.#system = telemetry;
  }

  named(name: string): PartitionRecord | undefined {
    return this.partitions.find((partition) => partition.name === name);
  }

  nameOf(index: number): string {
    return this.partitions[index]?.name ?? (index === abi.FRAME_HYPERVISOR ? HYPERVISOR_NAME : `#${index}`);
  }

  take(telemetry: PartitionTelemetry): void {
    this.partitions[telemetry.partition]?.take(telemetry);
  }

  takeVcpu(telemetry: VcpuTelemetry): void {
    this.partitions[telemetry.partition]?.takeVcpu(telemetry);
  }

  takeEvent(event: HypervisorEvent): void {
    if (event.partition === abi.FRAME_HYPERVISOR) this.#hypervisorEvents.push(event);
    else this.partitions[event.partition]?.takeEvent(event);
  }
}
