// The plant on Modbus: what a server of industrial/modbus serves, at the addresses of partitions/tags/registers.ts.
//
// Both tables lie ready as they go over the wire, written when an image comes; a read is a check and a copy. Whether each
// address of a range is somebody's, and whether all of them are worth something, two differences of running counts say.
import type { BlockList } from "node:net";
import {
  GUEST_TYPE,
  guestTagRegister,
  STATE_AT,
  STATE_STRIDE,
  STATE_VALUES,
  TEST_AT,
  TEST_VALUES,
} from "../../partitions/tags/registers.ts";
import { isBit, registersOf } from "../../partitions/tags/table.ts";
import type { Tag } from "../../partitions/tags/table.ts";
import { parseType } from "../../partitions/tags/type.ts";
import type { TagType } from "../../partitions/tags/type.ts";
import { PARTITION_STATES } from "../link/telemetry.ts";
import {
  GATEWAY_TARGET_FAILED,
  ILLEGAL_DATA_ADDRESS,
  ILLEGAL_DATA_VALUE,
  SERVER_DEVICE_FAILURE,
  SUCCESS,
} from "../modbus/exceptions.ts";
import type { Outcome } from "../modbus/exceptions.ts";
import type { WordOrder } from "../modbus/registers.ts";
import { TABLE_SIZE } from "../modbus/target.ts";
import type { BitTable, Identification, ModbusChange, ModbusClient, ModbusTarget, RegisterTable } from "../modbus/target.ts";
import { blockList, isListed } from "./clients.ts";
import { isOneBatch } from "./batch.ts";
import type { TagWrite } from "./batch.ts";
import type { Plant, Quality } from "./plant.ts";
import { fits, fromRegisters, toRegisters, writeValue } from "./value.ts";
import type { TagValue } from "./value.ts";

/** Hands writes to a partition's guest, all or none: whether it has taken them. Reads show them when it has. */
export type TagWriter = (partition: number, writes: readonly TagWrite[], client: ModbusClient) => Promise<boolean>;

/** What somebody wanted to write, and what became of it. */
export interface WriteAttempt {
  readonly client: ModbusClient;
  readonly change: ModbusChange;
  /** Undefined: the addresses are no tags, or not of one partition. */
  readonly partition: number | undefined;
  readonly writes: readonly TagWrite[];
  readonly outcome: Outcome;
}

export interface ModbusOptions {
  readonly identification: Identification;
  readonly order: WordOrder;
  /**
   * What is read of a partition whose values are not good: an exception, or the last values, which its quality register
   * marks.
   */
  readonly stale: "exception" | "mark";
  /** Undefined: nothing can be written. */
  readonly write: TagWriter | undefined;
  /** Told of each attempt, before it is answered. */
  readonly attempted?: (attempt: WriteAttempt) => void;
}

const REGISTER = 2;
const NEVER = 0xffff_ffff;
const ALWAYS = 0xff;
const QUALITY_CODES: Readonly<Record<Quality, number>> = { good: 0, waiting: 2, stale: 1, stopped: 2, silent: 2, mismatch: 2 };
const NANOSECONDS = 1_000_000_000n; // a second

interface Place {
  readonly partition: number;
  readonly tag: Tag;
}

/** undefined: the registers hold no value of its type. */
interface Wanted extends Place {
  readonly value: TagValue | undefined;
}

/** Which addresses of a table are whose: partition + 1, ALWAYS for the bridge's own, 0 for nobody's. */
class Owners {
  readonly #owner = new Uint8Array(TABLE_SIZE);
  /** How many below an address are somebody's. */
  readonly #known = new Uint32Array(TABLE_SIZE + 1);
  readonly #partitions = new Map<number, Uint32Array>();

  take(first: number, count: number, owner: number): void {
    this.#owner.fill(owner, first, first + count);
  }

  /** After the last take(). */
  count(): void {
    for (const owner of new Set(this.#owner)) this.#partitions.set(owner, new Uint32Array(TABLE_SIZE + 1));
    for (let at = 0; at < TABLE_SIZE; at++) {
      const owner = this.#owner[at] ?? 0;
      this.#known[at + 1] = (this.#known[at] ?? 0) + (owner === 0 ? 0 : 1);
      for (const [each, counts] of this.#partitions) counts[at + 1] = (counts[at] ?? 0) + (each === owner ? 1 : 0);
    }
  }

  areAllKnown(first: number, count: number): boolean {
    return (this.#known[first + count] ?? 0) - (this.#known[first] ?? 0) === count;
  }

  hasAnyOf(owner: number, first: number, count: number): boolean {
    const counts = this.#partitions.get(owner);
    return counts !== undefined && counts[first + count] !== counts[first];
  }
}

export class PlantTarget implements ModbusTarget {
  readonly identification: Identification;
  readonly #plant: Plant;
  readonly #options: ModbusOptions;
  readonly #registers = Buffer.alloc(TABLE_SIZE * REGISTER);
  readonly #view = new DataView(this.#registers.buffer, this.#registers.byteOffset, TABLE_SIZE * REGISTER);
  readonly #bits = new Uint8Array(TABLE_SIZE);
  readonly #owners = { bits: new Owners(), registers: new Owners() };
  /** By the first address, for writes. */
  readonly #places = { bits: new Map<number, Place>(), registers: new Map<number, Place>() };
  readonly #clients = new Map<Tag, BlockList>();
  /** Indices of partitions whose values are not good. */
  readonly #bad = new Set<number>();
  readonly #stop: () => void;

  constructor(plant: Plant, options: ModbusOptions) {
    this.#plant = plant;
    this.#options = options;
    this.identification = options.identification;
    this.#layOut();
    for (const [index, { tags }] of plant.partitions.entries()) {
      if (plant.qualityOf(index) !== "good") this.#bad.add(index);
      this.#show(index, tags?.tags ?? []);
      this.#showGuestTags(index);
    }
    this.#stop = plant.listen({
      values: (partition, changed) => this.#show(partition, changed),
      telemetry: (partition) => this.#showGuestTags(partition),
      quality: (partition, now) => void (now === "good" ? this.#bad.delete(partition) : this.#bad.add(partition)),
    });
  }

  /** Nobody asks any more: the plant is heard no longer. */
  close(): void {
    this.#stop();
  }

  readBits(_table: BitTable, first: number, count: number, into: Buffer, at: number): Outcome {
    const outcome = this.#look(this.#owners.bits, first, count);
    if (outcome !== SUCCESS) return outcome;
    into.fill(0, at, at + Math.ceil(count / 8));
    for (let k = 0; k < count; k++)
      if (this.#bits[first + k] === 1) into[at + (k >> 3)] = (into[at + (k >> 3)] ?? 0) | (1 << (k & 7));
    return SUCCESS;
  }

  readRegisters(_table: RegisterTable, first: number, count: number, into: Buffer, at: number): Outcome {
    const outcome = this.#look(this.#owners.registers, first, count);
    if (outcome !== SUCCESS) return outcome;
    if (first + count > STATE_AT) this.#showStates();
    this.#registers.copy(into, at, first * REGISTER, (first + count) * REGISTER);
    return SUCCESS;
  }

  async write(change: ModbusChange, client: ModbusClient): Promise<Outcome> {
    const found =
      change.kind === "bits" ? this.#bitWrites(change.first, change.count, change.bits) : this.#registerWrites(change);
    const places = typeof found === "number" ? [] : found;
    const [partition, ...others] = new Set(places.map((each) => each.partition));
    const writes = places.flatMap(({ tag, value }) => (value === undefined ? [] : [{ tag, value }]));
    const isOne = partition !== undefined && others.length === 0; // one transaction, one guest
    const outcome = isOne ? await this.#writeTags(partition, places, writes, client) : ILLEGAL_DATA_ADDRESS;
    this.#options.attempted?.({ client, change, partition: isOne ? partition : undefined, writes, outcome });
    return outcome;
  }

  async #writeTags(
    partition: number,
    places: readonly Wanted[],
    writes: readonly TagWrite[],
    client: ModbusClient,
  ): Promise<Outcome> {
    const { write } = this.#options;
    if (write === undefined || places.some(({ tag }) => !tag.writable || !this.#mayWrite(tag, client)))
      return ILLEGAL_DATA_ADDRESS;
    if (places.some(({ tag, value }) => value === undefined || !fits(tag.type, tag.range, value))) return ILLEGAL_DATA_VALUE;
    if (!isOneBatch(writes)) return ILLEGAL_DATA_VALUE; // some hundred coils: ask for fewer at once
    if (this.#bad.has(partition)) return GATEWAY_TARGET_FAILED;
    return (await write(partition, writes, client)) ? SUCCESS : SERVER_DEVICE_FAILURE;
  }

  #look(owners: Owners, first: number, count: number): Outcome {
    if (!owners.areAllKnown(first, count)) return ILLEGAL_DATA_ADDRESS;
    if (this.#bad.size === 0 || this.#options.stale === "mark") return SUCCESS;
    for (const partition of this.#bad) if (owners.hasAnyOf(partition + 1, first, count)) return GATEWAY_TARGET_FAILED;
    return SUCCESS;
  }

  #layOut(): void {
    const { bits, registers } = this.#owners;
    for (const { type: name, at, value } of TEST_VALUES) {
      const type = parseType(name);
      this.#put(TEST_AT + at, type, value);
      registers.take(TEST_AT + at, registersOf(type), ALWAYS);
    }
    for (const [partition, { slot, tags, guestTags }] of this.#plant.partitions.entries()) {
      for (const { at, type } of STATE_VALUES)
        registers.take(STATE_AT + STATE_STRIDE * slot + at, registersOf(parseType(type)), ALWAYS);
      for (const index of guestTags.keys()) registers.take(guestTagRegister(slot, index), registersOf(GUEST_TYPE), partition + 1);
      for (const tag of tags?.tags ?? []) {
        (isBit(tag.type) ? bits : registers).take(tag.register, registersOf(tag.type), partition + 1);
        (isBit(tag.type) ? this.#places.bits : this.#places.registers).set(tag.register, { partition, tag });
        if (tag.clients !== undefined) this.#clients.set(tag, blockList(tag.clients));
      }
    }
    bits.count();
    registers.count();
  }

  #show(partition: number, changed: readonly Tag[]): void {
    const image = this.#plant.imageOf(partition);
    if (image === undefined) return;
    for (const { type, offset, register } of changed) {
      if (isBit(type))
        for (let k = 0; k < registersOf(type); k++) this.#bits[register + k] = image.view.getUint8(offset + k) === 0 ? 0 : 1;
      else toRegisters(image.view, offset, type, this.#options.order, this.#view, register * REGISTER);
    }
  }

  /** A value of the bridge's own. */
  #put(at: number, type: TagType, value: TagValue): void {
    const bytes = new DataView(new ArrayBuffer(type.size));
    writeValue(bytes, 0, type, value);
    toRegisters(bytes, 0, type, this.#options.order, this.#view, at * REGISTER);
  }

  #showGuestTags(partition: number): void {
    const { slot = 0, guestTags = [] } = this.#plant.partitions[partition] ?? {};
    for (const [index, value] of this.#plant.telemetryOf(partition)?.tags ?? [])
      if (index < guestTags.length) this.#put(guestTagRegister(slot, index), GUEST_TYPE, value);
  }

  /** How old it is changes without news. */
  #showStates(): void {
    for (const [partition, { slot }] of this.#plant.partitions.entries()) {
      const telemetry = this.#plant.telemetryOf(partition);
      const age = this.#plant.ageOf(partition);
      const values: Readonly<Record<(typeof STATE_VALUES)[number]["name"], bigint>> = {
        state: BigInt(telemetry === undefined ? 0 : PARTITION_STATES.indexOf(telemetry.state)),
        quality: BigInt(QUALITY_CODES[this.#plant.qualityOf(partition)]),
        age: age === undefined ? BigInt(NEVER) : BigInt(Math.min(Math.round(age), NEVER - 1)),
        uptime: (telemetry?.uptime ?? 0n) / NANOSECONDS,
        restarts: BigInt(telemetry?.restarts ?? 0),
        watchdog_expired: BigInt(telemetry?.watchdogExpired ?? 0),
        console_dropped: BigInt(telemetry?.consoleDropped ?? 0),
      };
      for (const { name, type, at } of STATE_VALUES)
        this.#put(STATE_AT + STATE_STRIDE * slot + at, parseType(type), values[name]);
    }
  }

  #mayWrite(tag: Tag, client: ModbusClient): boolean {
    const clients = this.#clients.get(tag);
    if (clients === undefined) return true;
    return client.via === "tcp" && isListed(clients, client.address);
  }

  /** Whole tags only, one behind the other without a gap: half a number is no value. */
  #registerWrites(change: Exclude<ModbusChange, { kind: "bits" }>): Wanted[] | Outcome {
    let { first } = change;
    const end = first + (change.kind === "mask" ? 1 : change.count);
    const bytes = change.kind === "mask" ? this.#masked(change.first, change.and, change.or) : change.bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const found: Wanted[] = [];
    for (let place = this.#places.registers.get(first); first < end; place = this.#places.registers.get(first)) {
      const count = place === undefined ? 0 : registersOf(place.tag.type);
      if (place === undefined || first + count > end) return ILLEGAL_DATA_ADDRESS;
      found.push({
        ...place,
        value: fromRegisters(view, (first - change.first) * REGISTER, place.tag.type, this.#options.order),
      });
      first += count;
    }
    return found;
  }

  #masked(register: number, and: number, or: number): Buffer {
    const bytes = Buffer.alloc(REGISTER);
    bytes.writeUInt16BE(((this.#registers.readUInt16BE(register * REGISTER) & and) | (or & ~and)) & 0xffff);
    return bytes;
  }

  #bitWrites(first: number, count: number, bits: Buffer): Wanted[] | Outcome {
    const found: Wanted[] = [];
    for (let at = first; at < first + count;) {
      const place = this.#places.bits.get(at);
      const width = place === undefined ? 0 : registersOf(place.tag.type);
      if (place === undefined || at + width > first + count) return ILLEGAL_DATA_ADDRESS;
      const values = Array.from(
        { length: width },
        (_, k) => (((bits[(at - first + k) >> 3] ?? 0) >> ((at - first + k) & 7)) & 1) === 1,
      );
      found.push({ ...place, value: place.tag.type.count === undefined ? (values[0] ?? false) : values });
      at += width;
    }
    return found;
  }
}
