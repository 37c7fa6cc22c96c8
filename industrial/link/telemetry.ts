// Telemetry frames → typed values. A payload is a CBOR map (RFC 8949) with the small integer keys of core/abi.ts.
// Nothing in it is trusted: whatever is missing, of the wrong type or out of range is a LinkError, never a surprise later.
// Unknown keys are skipped, so that a newer core can say more.
//
// cborg, not cbor-x: of a key that comes twice cbor-x 1.6.9 takes the last one without a word ({1: 2, 1: 3} becomes {1: 3}), and
// has no option against it. Tests encode with cborg too: cbor-x would bring a native add-on (cbor-extract), with an install
// script, for them alone.
import { decode } from "cborg";
import * as abi from "../../core/abi.ts";
import { LinkError } from "./errors.ts";
import type { Frame } from "./frame.ts";

export const PARTITION_STATES = ["off", "running", "stopping", "failed", "inspect", "paused"] as const; // indexed by STATE_*
export type PartitionState = (typeof PARTITION_STATES)[number];

export const VCPU_STATES = ["off", "on-pending", "on"] as const; // indexed by VCPU_OFF…
export type VcpuState = (typeof VCPU_STATES)[number];

export const UPDATES = ["none", "committed", "pending", "healthy", "failed"] as const; // indexed by UPDATE_*
export type Update = (typeof UPDATES)[number];

/** Of the whole; comes only where firmware says which slot has been started. */
export interface SystemTelemetry {
  readonly time: bigint;
  /** "a" or "b". */
  readonly slot: string;
  /** pending, healthy: it is on trial. failed: the board is about to be reset. */
  readonly update: Update;
}

export const IMAGE_STATES = ["idle", "waiting", "checking", "receiving", "ready", "refused"] as const; // indexed by IMAGE_IDLE…
/** Indexed by IMAGE_WRONG_*: what is wrong with the new image. */
export const IMAGE_REFUSALS = ["", "format", "partition", "guest", "size", "version", "signature", "hash", "place"] as const;

/** Of a partition that can be updated by itself: its image, and a new one on its way. */
export interface UpdateTelemetry {
  readonly state: (typeof IMAGE_STATES)[number];
  /** Left out: it is not refused. */
  readonly refused?: (typeof IMAGE_REFUSALS)[number];
  readonly received: number;
  readonly size: number;
  /** The newest that was accepted. */
  readonly version: number;
  /** Of the image that the partition began with last. */
  readonly running: number;
  /** Of the one that it begins with next. */
  readonly next: number;
}

export interface PartitionTelemetry {
  readonly partition: number;
  /** Times are nanoseconds since the hypervisor started; bigint, since 2^53 ns are only 104 days. */
  readonly time: bigint;
  readonly state: PartitionState;
  readonly uptime: bigint;
  readonly restarts: number;
  readonly consoleDropped: number;
  readonly watchdogExpired: number;
  readonly doorbells: number;
  readonly tags: ReadonlyMap<number, bigint>;
  /** Left out: it cannot be updated by itself. */
  readonly update?: UpdateTelemetry;
}

export interface VcpuTelemetry {
  readonly partition: number;
  readonly index: number;
  readonly pcpu: number;
  readonly state: VcpuState;
  /** Indexed by EXIT_*. */
  readonly exits: readonly number[];
  readonly held: bigint;
  /** How often it was held because its bandwidth budget was used up. */
  readonly throttled: number;
  readonly time: bigint;
}

export interface HypervisorEvent {
  /** FRAME_HYPERVISOR: about the hypervisor itself. */
  readonly partition: number;
  readonly time: bigint;
  readonly code: number;
  readonly a: bigint;
  readonly b: bigint;
  readonly c: bigint;
}

const U64_MAX = (1n << 64n) - 1n;

/** Reads values out of one map, and names the key in what it throws. */
class Fields {
  readonly #map: ReadonlyMap<unknown, unknown>;
  readonly #frame: string;

  constructor(frame: Frame, name: string) {
    this.#frame = `${name} frame of partition ${frame.partition}`;
    let value: unknown;
    try {
      // Integers need not be in their shortest form: the core writes fixed widths, which costs it no branch.
      value = decode(frame.payload, { useMaps: true, rejectDuplicateMapKeys: true, allowIndefinite: false });
    } catch (error) {
      throw this.#malformed(error instanceof Error ? error.message : String(error));
    }
    if (!(value instanceof Map)) throw this.#malformed("payload is not a CBOR map");
    this.#map = value;
  }

  has(key: number): boolean {
    return this.#map.has(key);
  }

  u64(key: number, name: string): bigint {
    return this.#u64(this.#map.get(key), name);
  }

  counter(key: number, name: string): number {
    return this.#counter(this.#map.get(key), name);
  }

  /** A small number that stands for one of `names`. */
  choice<T extends string>(key: number, name: string, names: readonly T[]): T {
    return this.named(names, this.counter(key, name), name);
  }

  named<T extends string>(names: readonly T[], number: number, name: string): T {
    const chosen = names[number];
    if (chosen === undefined) throw this.#malformed(`${name} is ${number}, not 0…${names.length - 1}`);
    return chosen;
  }

  /** One of `letters`, in ASCII. */
  letter(key: number, name: string, letters: string): string {
    const code = this.counter(key, name);
    const found = [...letters].find((letter) => letter.charCodeAt(0) === code);
    if (found === undefined) throw this.#malformed(`${name} is ${code}, none of "${letters}"`);
    return found;
  }

  counters(key: number, name: string, length: number): number[] {
    const value = this.#map.get(key);
    if (!Array.isArray(value)) throw this.#malformed(`${name} is not an array`);
    if (value.length !== length) throw this.#malformed(`${name} has ${value.length} entries, not ${length}`);
    return value.map((entry: unknown, at) => this.#counter(entry, `${name}[${at}]`));
  }

  tags(key: number, name: string): Map<number, bigint> {
    const value = this.#map.get(key);
    if (!(value instanceof Map)) throw this.#malformed(`${name} is not a map`);
    const tags = new Map<number, bigint>();
    for (const [tag, entry] of value as ReadonlyMap<unknown, unknown>) {
      const index = this.#counter(tag, `a tag's index`);
      if (index >= abi.TAG_MAX) throw this.#malformed(`tag index ${index} is not below ${abi.TAG_MAX}`);
      tags.set(index, this.#u64(entry, `tag ${index}`));
    }
    return tags;
  }

  #counter(value: unknown, name: string): number {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
      throw this.#malformed(`${name} is ${show(value)}, not a count`);
    }
    return value;
  }

  #u64(value: unknown, name: string): bigint {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
    if (typeof value === "bigint" && value >= 0n && value <= U64_MAX) return value;
    throw this.#malformed(`${name} is ${show(value)}, not an unsigned 64-bit integer`);
  }

  #malformed(what: string): LinkError {
    return new LinkError("AXV_TELEMETRY_MALFORMED", `${this.#frame}: ${what}`);
  }
}

function show(value: unknown): string {
  if (value === undefined) return "missing";
  return typeof value === "number" || typeof value === "bigint" ? String(value) : `a ${typeof value}`;
}

export function decodeSystem(frame: Frame): SystemTelemetry {
  const fields = new Fields(frame, "system");
  return {
    time: fields.u64(abi.SYSTEM_TIME, "SYSTEM_TIME"),
    slot: fields.letter(abi.SYSTEM_SLOT, "SYSTEM_SLOT", "ab"),
    update: fields.choice(abi.SYSTEM_UPDATE, "SYSTEM_UPDATE", UPDATES),
  };
}

function updateOf(fields: Fields): UpdateTelemetry {
  const name = "PARTITION_IMAGE";
  const [code = 0, refusal = 0, received = 0, size = 0, version = 0, running = 0, next = 0] =
    fields.counters(abi.PARTITION_IMAGE, name, abi.IMAGE_VALUES);
  const refused = fields.named(IMAGE_REFUSALS, refusal, name);
  const state = fields.named(IMAGE_STATES, code, name);
  return { state, ...(refused !== "" && { refused }), received, size, version, running, next };
}

export function decodePartition(frame: Frame): PartitionTelemetry {
  const fields = new Fields(frame, "partition");
  return {
    partition: frame.partition,
    time: fields.u64(abi.PARTITION_TIME, "PARTITION_TIME"),
    state: fields.choice(abi.PARTITION_STATE, "PARTITION_STATE", PARTITION_STATES),
    uptime: fields.u64(abi.PARTITION_UPTIME, "PARTITION_UPTIME"),
    restarts: fields.counter(abi.PARTITION_RESTARTS, "PARTITION_RESTARTS"),
    consoleDropped: fields.counter(abi.PARTITION_CONSOLE_DROPPED, "PARTITION_CONSOLE_DROPPED"),
    watchdogExpired: fields.counter(abi.PARTITION_WATCHDOG_EXPIRED, "PARTITION_WATCHDOG_EXPIRED"),
    doorbells: fields.counter(abi.PARTITION_DOORBELLS, "PARTITION_DOORBELLS"),
    tags: fields.tags(abi.PARTITION_TAGS, "PARTITION_TAGS"),
    ...(fields.has(abi.PARTITION_IMAGE) && { update: updateOf(fields) }),
  };
}

export function decodeVcpu(frame: Frame): VcpuTelemetry {
  const fields = new Fields(frame, "vCPU");
  return {
    partition: frame.partition,
    index: fields.counter(abi.VCPU_INDEX, "VCPU_INDEX"),
    pcpu: fields.counter(abi.VCPU_PCPU, "VCPU_PCPU"),
    state: fields.choice(abi.VCPU_STATE, "VCPU_STATE", VCPU_STATES),
    exits: fields.counters(abi.VCPU_EXITS, "VCPU_EXITS", abi.EXIT_CAUSES),
    held: fields.u64(abi.VCPU_HELD, "VCPU_HELD"),
    throttled: fields.counter(abi.VCPU_THROTTLED, "VCPU_THROTTLED"),
    time: fields.u64(abi.VCPU_TIME, "VCPU_TIME"),
  };
}

export function decodeEvent(frame: Frame): HypervisorEvent {
  const fields = new Fields(frame, "event");
  return {
    partition: frame.partition,
    time: fields.u64(abi.EVENT_TIME, "EVENT_TIME"),
    code: fields.counter(abi.EVENT_CODE, "EVENT_CODE"),
    a: fields.u64(abi.EVENT_A, "EVENT_A"),
    b: fields.u64(abi.EVENT_B, "EVENT_B"),
    c: fields.u64(abi.EVENT_C, "EVENT_C"),
  };
}
