// What server and page agree on. Over the WebSocket, as JSON:
//
//   server → page   welcome    once: what does not change while the system runs
//                   snapshot   all that is known now: at first, and whenever the page did not keep up
//                   delta      what has changed since the message before
//                   history    of trends that the page has asked for; points: what has been added to them
//   page → server   watch      the trends that it wants from now on
//
// What somebody wants done is asked by HTTP, where a login and an answer belong to each request.
import type { CommandName } from "../link/commands.ts";
import type { PartitionState, SystemTelemetry, UpdateTelemetry, VcpuState } from "../link/telemetry.ts";
import type { Histogram } from "../live/samples.ts";
import type { Role } from "../opcua/target.ts";
import type { Quality } from "../tags/plant.ts";

export const PATHS = {
  live: "/live",
  session: "/session",
  login: "/login",
  logout: "/logout",
  command: "/command",
  type: "/type",
} as const;

export const CLEAR_MAXIMA = "clear maxima";
export type WebCommand = CommandName | typeof CLEAR_MAXIMA;

/** Trends that one page can have at once. */
export const WATCHED_MAX = 8;
/** Bytes that are typed into a console at once. */
export const TYPED_MAX = 256;
/** Of a name or a password. */
export const CREDENTIAL_MAX = 1024;

/** An integer beyond 2^53 is a string of digits: a JSON reader would round it. */
export type Whole = number | string;

export interface TrendName {
  /** "plc.jitter last" */
  readonly name: string;
  readonly unit: string;
}

export interface PartitionFacts {
  readonly name: string;
  readonly guest: string;
  readonly direct: boolean;
  readonly tags: readonly { readonly name: string; readonly unit: string }[];
  readonly hasMaxima: boolean;
  /** New images can be brought to it alone, and taken back. */
  readonly hasUpdate: boolean;
}

/** Who has a stretch of memory, or a part of the cache: a partition's index, or */
export type Owner = number | "hypervisor" | "firmware" | "shared";

/** Who gets what, as it was planned (tools/plan/map.ts makes it). */
export interface SystemMap {
  readonly board: string;
  /** By physical address; what lies between two of them is free. */
  readonly memory: readonly {
    readonly at: number;
    readonly size: number;
    readonly label: string;
    readonly detail: string;
    readonly owner: Owner;
  }[];
  readonly cache: {
    /** "L3 cache, 1M" */
    readonly name: string;
    /** Of each, who has it: partitions' indices. Empty: nobody has any of his own. */
    readonly colours: readonly (readonly number[])[];
    readonly ways: readonly (readonly number[])[];
  };
  readonly cpus: readonly { readonly partition: number | null; readonly vcpu: number; readonly isHousekeeper: boolean }[];
  /** By partition: sentences, and its part of the cache. */
  readonly partitions: readonly { readonly facts: readonly string[]; readonly cache: string }[];
  readonly notes: readonly string[];
}

export interface Welcome {
  readonly type: "welcome";
  /** Another one each time that it starts. */
  readonly server: string;
  readonly title: string;
  readonly version: string;
  /** As the system.yaml has it that is known here; null: it has none. */
  readonly systemVersion: string | null;
  readonly partitions: readonly PartitionFacts[];
  /** Of exits, in their order. */
  readonly causes: readonly string[];
  readonly trends: readonly TrendName[];
  /** Null: nobody here knows the whole plan. */
  readonly map: SystemMap | null;
  /** Whether there is a hypervisor that could be told anything. */
  readonly hasCommands: boolean;
}

export interface VcpuShown {
  readonly index: number;
  readonly pcpu: number;
  readonly state: VcpuState;
  /** Nanoseconds. */
  readonly held: number;
  readonly throttled: number;
  readonly exits: number;
}

/** One partition; times are nanoseconds. Null: nothing has been heard yet. */
export interface PartitionShown {
  readonly state: PartitionState | null;
  /** What its values are worth; null: nobody here looks at them. */
  readonly quality: Quality | null;
  readonly uptime: number | null;
  readonly restarts: number | null;
  readonly watchdog: number | null;
  readonly dropped: number | null;
  readonly doorbells: number | null;
  /** Its image, and a new one on its way; null: it cannot be updated by itself. */
  readonly update: UpdateTelemetry | null;
  readonly held: number;
  readonly throttled: number;
  /** Indexed as the welcome's causes: so far, and a second. */
  readonly exits: readonly number[];
  readonly rates: readonly number[];
  /** Exits since its guest was ready; null: that is not known. */
  readonly ready: { readonly exits: number; readonly time: number } | null;
  /** 0…1; null: it does not say. */
  readonly load: number | null;
  readonly tags: readonly (Whole | null)[];
  readonly maxima: Readonly<Record<string, number>>;
  /** The board's time at which the maxima began anew; null: they never did. */
  readonly cleared: number | null;
  readonly histograms: readonly Histogram[];
  readonly vcpus: readonly VcpuShown[];
}

/** The slot that has been started, and what has become of its update. */
export type SlotShown = Pick<SystemTelemetry, "slot" | "update">;

/** What changes: "time", "link" and "system" of all, and each partition's under "0.state". */
export interface Cells {
  /** The board's, in nanoseconds. */
  readonly time?: number;
  /** Why nothing is heard of the hypervisor; null: it is heard. */
  readonly link?: string | null;
  /** Null: firmware has no slots, or nothing is heard. */
  readonly system?: SlotShown | null;
  readonly [cell: `${number}.${string}`]: unknown;
}

/** event: of the hypervisor. text: what it prints. warning: ours. command: what somebody here has done. */
export type EntryKind = "event" | "text" | "warning" | "command";
export interface LogEntry {
  /** The board's nanoseconds; null: this is not from the board. */
  readonly time: number | null;
  /** Milliseconds since 1970, here. */
  readonly at: number;
  readonly partition: string;
  readonly kind: EntryKind;
  readonly text: string;
}

export interface OverrunEntry {
  readonly time: number;
  readonly at: number;
  readonly partition: string;
  readonly more: number;
  readonly total: number;
}

/** Entries of a log have numbers, from 0 on: what has none was dropped before this page could see it. */
export interface LogPart<T> {
  readonly from: number;
  readonly entries: readonly T[];
}
export interface Logs {
  readonly events?: LogPart<LogEntry>;
  readonly overruns?: LogPart<OverrunEntry>;
  /** By partition: lines. */
  readonly [console: `console.${number}`]: LogPart<string>;
}

interface Told {
  readonly cells: Cells;
  readonly logs: Logs;
}
export interface Snapshot extends Told {
  readonly type: "snapshot";
}
export interface Delta extends Told {
  readonly type: "delta";
}

/** Milliseconds since 1970, and values; null: it was not known then. */
export type Points = readonly [times: readonly number[], values: readonly (number | null)[]];
interface TrendsTold {
  readonly trends: Readonly<Record<string, Points>>;
}
export interface History extends TrendsTold {
  readonly type: "history";
}
export interface NewPoints extends TrendsTold {
  readonly type: "points";
}

export type ToPage = Welcome | Snapshot | Delta | History | NewPoints;

export interface FromPage {
  readonly watch: readonly string[];
}

/** Answer of PATHS.session, .login and .logout. */
export interface SessionShown {
  readonly user: string | null;
  readonly role: Role | null;
  /** Somebody can log in here. */
  readonly hasUsers: boolean;
  readonly mayLook: boolean;
  readonly mayAct: boolean;
}

/** Body of an answer that is no 200. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}
