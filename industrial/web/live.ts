// What is known of a running system, as the page shows it. Telemetry and events are taken as they come; what they look like
// is made when somebody wants to see it.
import { randomUUID } from "node:crypto";
import type { EventEmitter } from "node:events";
import * as abi from "../../core/abi.ts";
import { describeEvent } from "../link/events.ts";
import { EXIT_NAMES } from "../link/exits.ts";
import type { HypervisorEvent, PartitionTelemetry, SystemTelemetry, VcpuTelemetry } from "../link/telemetry.ts";
import { LineAssembler, printable } from "../live/lines.ts";
import { Monitor } from "../live/monitor.ts";
import type { PartitionPlan, PartitionRecord } from "../live/monitor.ts";
import type { Plant } from "../tags/plant.ts";
import { toDouble } from "../tags/value.ts";
import type { Tag } from "../../partitions/tags/table.ts";
import { CellStore } from "./cells.ts";
import { KeptLog } from "./log.ts";
import type {
  EntryKind,
  LogEntry,
  OverrunEntry,
  PartitionFacts,
  PartitionShown,
  SystemMap,
  TrendName,
  Welcome,
  Whole,
} from "./protocol.ts";
import { Trends } from "./trends.ts";

const OVERRUNS = "overruns";
const EVENTS_KEPT = 500;
const LINES_KEPT = 300;
/** A line of a console may be 2,000 characters long. */
const LOG_CHARACTERS = 64 * 1024;
/** A partition's name, an event's sentence: whatever comes, an entry has an end. */
const TEXT_MAX = 2000;

/** What a link tells of the hypervisor, and whoever keeps one open. */
interface HeardEvents {
  partition: [telemetry: PartitionTelemetry];
  vcpu: [telemetry: VcpuTelemetry];
  system: [telemetry: SystemTelemetry];
  event: [event: HypervisorEvent];
  console: [partition: number, bytes: Uint8Array];
  text: [bytes: Uint8Array];
  lost: [frames: number];
}
type Hearing = { readonly [K in keyof HeardEvents]: (...told: HeardEvents[K]) => void };
/** Emits HeardEvents: Node's types of emitters that emit more do not fit one that says so. */
export type Heard = Pick<EventEmitter, "on" | "off">;

export interface LiveOptions {
  readonly title: string;
  readonly version: string;
  /** Of the system that is planned here, and index of its partition with an `update:`; undefined: it has none. */
  readonly systemVersion: string | undefined;
  readonly updated: number | undefined;
  readonly partitions: readonly PartitionPlan[];
  readonly map: SystemMap | undefined;
  readonly hasCommands: boolean;
  /** What is known of tags and their quality. */
  readonly plant?: Plant | undefined;
  /** Whoever else tells of the same system may have one already. */
  readonly monitor?: Monitor;
}

export class Live {
  readonly monitor: Monitor;
  readonly cells = new CellStore();
  readonly logs: ReadonlyMap<string, KeptLog>;
  readonly trends: Trends;
  readonly welcome: string;
  readonly #events = new KeptLog(EVENTS_KEPT, LOG_CHARACTERS);
  readonly #overruns = new KeptLog(EVENTS_KEPT, LOG_CHARACTERS);
  readonly #consoles: readonly { readonly log: KeptLog; readonly lines: LineAssembler }[];
  readonly #text: LineAssembler;
  readonly #plant: Plant | undefined;
  readonly #overrunTags: readonly number[];
  /** By trend: tags of the tag table. */
  readonly #tagged: ReadonlyMap<string, Tagged>;
  /** Partitions of which there is news. */
  readonly #news = new Set<number>();
  readonly #deafen: (() => void)[] = [];

  constructor({ title, version, systemVersion, updated, partitions, map, hasCommands, plant, monitor }: LiveOptions) {
    this.monitor = monitor ?? new Monitor(partitions);
    this.#plant = plant;
    this.#consoles = partitions.map(() => {
      const log = new KeptLog(LINES_KEPT, LOG_CHARACTERS);
      return { log, lines: new LineAssembler((line) => log.push(shown(line))) };
    });
    this.#text = new LineAssembler((line) => this.note("text", abi.FRAME_HYPERVISOR, line));
    this.logs = new Map([
      ["events", this.#events],
      ["overruns", this.#overruns],
      ...this.#consoles.map(({ log }, at) => [`console.${at}`, log] as const),
    ]);
    this.#overrunTags = partitions.map(({ tags }) => tags.findIndex(({ name }) => name === OVERRUNS));
    this.#tagged = new Map(plant === undefined ? [] : taggedOf(plant));
    const asked = [...this.#tagged].map(([name, { tag }]) => ({ name, unit: tag.unit ?? "" }));
    this.trends = new Trends(published(partitions), asked);
    if (plant !== undefined) this.#deafen.push(plant.listen(this.#ofPlant()));
    for (const index of partitions.keys()) this.#news.add(index);
    this.cells.set("link", null);
    this.#showSystem(this.monitor.system);
    const welcome: Welcome = {
      type: "welcome",
      server: randomUUID(),
      title,
      version,
      systemVersion: systemVersion ?? null,
      partitions: this.monitor.partitions.map((record) => factsOf(record, updated)),
      causes: EXIT_NAMES,
      trends: this.trends.names,
      map: map ?? null,
      hasCommands,
    };
    this.welcome = JSON.stringify(welcome);
  }

  /** Until this is closed. `tellsMonitor`: whether nobody else tells the monitor. */
  hear(heard: Heard, tellsMonitor = true): void {
    for (const [event, hearing] of Object.entries(this.#hearing(tellsMonitor))) {
      heard.on(event, hearing);
      this.#deafen.push(() => heard.off(event, hearing));
    }
  }

  #hearing(tellsMonitor: boolean): Hearing {
    return {
      partition: (telemetry) => {
        if (tellsMonitor) this.monitor.take(telemetry);
        this.#takePartition(telemetry);
      },
      vcpu: (telemetry) => {
        if (tellsMonitor) this.monitor.takeVcpu(telemetry);
        this.#news.add(telemetry.partition);
      },
      system: (telemetry) => {
        if (tellsMonitor) this.monitor.takeSystem(telemetry);
        this.#showSystem(telemetry);
      },
      event: (event) => {
        if (tellsMonitor) this.monitor.takeEvent(event);
        this.#consoles[event.partition]?.lines.flush(); // what it printed before comes before
        this.note("event", event.partition, describeEvent(event), Number(event.time));
      },
      console: (partition, bytes) => this.#consoles[partition]?.lines.push(bytes),
      text: (bytes) => this.#text.push(bytes),
      lost: (frames) =>
        this.note("warning", abi.FRAME_HYPERVISOR, `${frames} of the hypervisor's frames did not come: the line is disturbed`),
    };
  }

  /** Undefined: it is heard. `isNews`: not how it was from the beginning. */
  takeLink(lost: string | undefined, isNews = true): void {
    this.cells.set("link", lost ?? null);
    if (lost !== undefined) this.#showSystem(undefined); // what comes next may be another slot's
    if (lost !== undefined && isNews) this.note("warning", abi.FRAME_HYPERVISOR, `no link to the hypervisor: ${lost}`);
  }

  #showSystem(system: SystemTelemetry | undefined): void {
    this.cells.set("system", system === undefined ? null : { slot: system.slot, update: system.update });
  }

  note(kind: EntryKind, partition: number, text: string, time: number | null = null): void {
    const entry: LogEntry = { time, at: Date.now(), partition: this.monitor.nameOf(partition), kind, text: shown(text) };
    this.#events.push(entry);
  }

  /** Maxima and histograms begin anew; false: there is nothing to clear. */
  clear(partition: number): boolean {
    this.#news.add(partition);
    return this.monitor.partitions[partition]?.clearMaxima() ?? false;
  }

  /** Brings the cells up to date. */
  update(): void {
    for (const index of this.#news) {
      const record = this.monitor.partitions[index];
      if (record === undefined) continue;
      for (const [field, value] of Object.entries(this.#show(record))) this.cells.set(`${index}.${field}`, value);
    }
    this.#news.clear();
    const at = Date.now();
    for (const name of this.trends.watched) {
      const tagged = this.#tagged.get(name);
      if (tagged !== undefined) this.trends.add(name, at, this.#valueNow(tagged));
    }
  }

  #valueNow({ partition, tag }: Tagged): number {
    if (this.#plant?.qualityOf(partition) !== "good") return Number.NaN;
    const value = this.#plant.tagValue(partition, tag);
    return (value === undefined ? undefined : toDouble(value)) ?? Number.NaN;
  }

  close(): void {
    for (const deafen of this.#deafen.splice(0)) deafen();
    for (const { lines } of this.#consoles) lines.flush();
    this.#text.flush();
  }

  #takePartition(telemetry: PartitionTelemetry): void {
    const { partition, time, tags, state } = telemetry;
    const record = this.monitor.partitions[partition];
    if (record === undefined) return;
    this.cells.set("time", Number(time));
    this.#news.add(partition);
    this.#countOverruns(telemetry, record);
    const at = Date.now();
    for (const [tag, { name }] of record.plan.tags.entries()) {
      const value = state === "running" ? tags.get(tag) : undefined;
      this.trends.add(`${record.name}.${name}`, at, value === undefined ? Number.NaN : Number(value));
    }
  }

  readonly #overrunsSeen = new Map<number, bigint>();
  #countOverruns({ partition, time, tags }: PartitionTelemetry, { name }: PartitionRecord): void {
    const total = tags.get(this.#overrunTags[partition] ?? -1);
    if (total === undefined) return;
    const before = this.#overrunsSeen.get(partition);
    this.#overrunsSeen.set(partition, total);
    if (before === undefined || total <= before) return; // seen for the first time, or it has started anew
    const entry: OverrunEntry = {
      time: Number(time),
      at: Date.now(),
      partition: name,
      more: Number(total - before),
      total: Number(total),
    };
    this.#overruns.push(entry);
  }

  #ofPlant(): Parameters<Plant["listen"]>[0] {
    return {
      telemetry: () => {},
      quality: (partition, now, before) => {
        this.#news.add(partition);
        this.note(now === "good" || before === "waiting" ? "event" : "warning", partition, `its values are ${now}`);
      },
      values: () => {}, // those that are watched are looked at by update()
    };
  }

  #show(record: PartitionRecord): PartitionShown {
    const { index, telemetry, sinceReady, maxima, plan } = record;
    return {
      state: telemetry?.state ?? null,
      quality: this.#plant?.qualityOf(index) ?? null,
      uptime: telemetry === undefined ? null : Number(telemetry.uptime),
      restarts: telemetry?.restarts ?? null,
      watchdog: telemetry?.watchdogExpired ?? null,
      dropped: telemetry?.consoleDropped ?? null,
      doorbells: telemetry?.doorbells ?? null,
      update: telemetry?.update ?? null,
      held: Number(record.held),
      throttled: record.throttled,
      exits: record.exits,
      rates: record.exitRates.map((rate) => Math.round(rate * 10) / 10),
      ready: sinceReady.exits === undefined ? null : { exits: sinceReady.exits, time: Number(sinceReady.time) },
      load: record.load ?? null,
      tags: plan.tags.map((_, tag) => whole(record.tag(tag))),
      maxima: Object.fromEntries([...maxima.values].map(([name, value]) => [name, Number(value)])),
      cleared: maxima.clearedAt === undefined ? null : Number(maxima.clearedAt),
      histograms: record.times.histograms,
      vcpus: record.vcpus.map(({ index: vcpu, pcpu, state, held, throttled, exits }) => ({
        index: vcpu,
        pcpu,
        state,
        held: Number(held),
        throttled,
        exits: exits.reduce((sum, count) => sum + count, 0),
      })),
    };
  }
}

const shown = (text: string): string => printable(text.slice(0, TEXT_MAX), false);

function whole(value: bigint | undefined): Whole | null {
  if (value === undefined) return null;
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
}

const factsOf = ({ index, name, plan, maxima }: PartitionRecord, updated: number | undefined): PartitionFacts => ({
  name,
  guest: plan.guest,
  direct: plan.direct,
  tags: plan.tags.map(({ name: tag, unit }) => ({ name: tag, unit })),
  hasMaxima: maxima.isPossible,
  hasUpdate: index === updated,
});

/** What guests publish with their telemetry. */
const published = (partitions: readonly PartitionPlan[]): TrendName[] =>
  partitions.flatMap(({ name, tags }) => tags.map((tag) => ({ name: `${name}.${tag.name}`, unit: tag.unit })));

interface Tagged {
  readonly partition: number;
  readonly tag: Tag;
}

/** Tags of the tag table that are one number; one that is called as what its guest publishes is left to that. */
function taggedOf(plant: Plant): (readonly [trend: string, tagged: Tagged])[] {
  return plant.partitions.flatMap(({ name, tags, guestTags }, partition) =>
    (tags?.tags ?? [])
      .filter(
        ({ type, name: tag }) =>
          type.scalar !== "string" && type.count === undefined && !guestTags.some((each) => each.name === tag),
      )
      .map((tag) => [`${name}.${tag.name}`, { partition, tag }] as const),
  );
}
