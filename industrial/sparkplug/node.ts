// A Sparkplug edge node (Sparkplug 3.0.0, 5 and 6): the bridge is the node, each partition that has something to tell is a
// device of it. What it says and when; what carries it is a Session (client.ts).
//
// A device is born while its partition's values are good, and dead otherwise: Sparkplug has no other quality. Between a
// birth and a death its values are told when they change, by their aliases, which the lock file keeps.
import { isDeepStrictEqual } from "node:util";
import type { Tag } from "../../partitions/tags/table.ts";
import { parseType } from "../../partitions/tags/type.ts";
import { GUEST_TYPE } from "../../partitions/tags/registers.ts";
import type { TagWrite } from "../tags/batch.ts";
import type { Plant, PlantPartition } from "../tags/plant.ts";
import { fits } from "../tags/value.ts";
import type { TagValue } from "../tags/value.ts";
import { decodePayload, encodePayload, valueOf } from "./payload.ts";
import type { Metric, Received } from "./payload.ts";
import { StoredQueue } from "./queue.ts";
import { topicOf } from "./topics.ts";
import type { MessageType } from "./topics.ts";

/** One connection to the broker, as the node has it. */
export interface Session {
  publish(topic: string, payload: Buffer): void;
}

/** Somebody wanted to write; settles when it is done, and is true then. */
export type SparkplugWriter = (partition: number, writes: readonly TagWrite[]) => Promise<boolean>;

export interface CommandAttempt {
  readonly partition: number;
  readonly writes: readonly TagWrite[];
  readonly outcome: "done" | "not done" | "refused";
}

export interface EdgeNodeOptions {
  readonly group: string;
  readonly node: string;
  readonly plant: Plant;
  /** Values that are kept while nobody takes them. */
  readonly stored: number;
  /** Undefined: nothing can be written. */
  readonly write: SparkplugWriter | undefined;
  readonly attempted: (attempt: CommandAttempt) => void;
  readonly now?: () => number;
}

const SEQUENCE_NUMBERS = 256;
/** Of a message of stored values. */
const FLUSH_METRICS = 500;
const REBIRTH = "Node Control/Rebirth";
const BD_SEQ = "bdSeq";
const BOOL = parseType("bool");
const U64 = parseType("u64");
/** A guest's own tags have no alias, but a name of their own. */
const guestName = (name: string): string => `guest/${name}`;

interface Stored {
  readonly partition: number;
  readonly metric: Metric;
}

/** NDEATH: also the will, which has to be known before the connection is there. */
export const deathOf = (bdSeq: number, timestamp: number): Buffer =>
  encodePayload(timestamp, undefined, [{ name: BD_SEQ, timestamp, type: U64, value: BigInt(bdSeq) }]);

export class EdgeNode {
  readonly #options: EdgeNodeOptions;
  readonly #now: () => number;
  readonly #queue: StoredQueue<Stored>;
  readonly #born = new Set<number>();
  readonly #stop: () => void;
  /** What was told last: a birth has told what may be told as a change, too. */
  readonly #told = new Map<Tag, TagValue>();
  #session: Session | undefined;
  #bdSeq = 0;
  #seq = 0;

  constructor(options: EdgeNodeOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#queue = new StoredQueue(options.stored);
    const { plant } = options;
    this.#stop = plant.listen({
      values: (partition, _, news) => this.#values(partition, news),
      telemetry: (partition) => this.#guestValues(partition),
      quality: (partition, now) => this.#quality(partition, now === "good"),
    });
  }

  /** It has no connection, and is to have none any more: the plant is heard no longer. */
  close(): void {
    this.#stop();
  }

  get counts(): { readonly stored: number; readonly lost: number } {
    return { stored: this.#queue.length, lost: this.#queue.lost };
  }

  get isAlive(): boolean {
    return this.#session !== undefined;
  }

  /** The host, or the broker where there is no host to wait for, is there. `bdSeq`: as in the connection's will. */
  begin(session: Session, bdSeq: number): void {
    this.#session = session;
    this.#bdSeq = bdSeq;
    this.#birth();
    this.#flush();
  }

  /** It has gone: from now on values are kept. */
  end(): void {
    this.#session = undefined;
    this.#born.clear();
  }

  /** NCMD or DCMD. `device`: its name; undefined: the node's own. */
  async command(device: string | undefined, payload: Uint8Array): Promise<void> {
    const received = decodePayload(payload);
    if (received === undefined) return;
    if (device === undefined) {
      if (
        received.metrics.some((metric) => metric.name === REBIRTH && valueOf({ ...metric, datatype: undefined }, BOOL) === true)
      )
        this.#birth();
      return;
    }
    const partition = this.#options.plant.partitions.findIndex(({ name }) => name === device);
    if (partition >= 0) await this.#write(partition, received.metrics);
  }

  /** All metrics of a command, or none. */
  async #write(partition: number, metrics: readonly Received[]): Promise<void> {
    const { plant, write, attempted } = this.#options;
    const tags = plant.partitions[partition]?.tags?.tags ?? [];
    const wanted = metrics.map((metric) => {
      const tag = tags.find(({ alias, name }) => (metric.alias === undefined ? name === metric.name : alias === metric.alias));
      return { tag, value: tag && valueOf(metric, tag.type) };
    });
    const writes = wanted.flatMap(({ tag, value }) => (tag === undefined || value === undefined ? [] : [{ tag, value }]));
    const isAllowed =
      writes.length > 0 &&
      writes.length === metrics.length &&
      writes.every(({ tag, value }) => tag.writable && fits(tag.type, tag.range, value));
    if (!isAllowed || write === undefined || plant.qualityOf(partition) !== "good")
      attempted({ partition, writes, outcome: "refused" });
    else attempted({ partition, writes, outcome: (await write(partition, writes)) ? "done" : "not done" });
  }

  #birth(): void {
    const timestamp = this.#now();
    this.#seq = 0;
    this.#born.clear();
    this.#publish("NBIRTH", undefined, timestamp, [
      { name: BD_SEQ, timestamp, type: U64, value: BigInt(this.#bdSeq) },
      { name: REBIRTH, timestamp, type: BOOL, value: false },
    ]);
    for (const partition of this.#options.plant.partitions.keys())
      if (this.#options.plant.qualityOf(partition) === "good") this.#deviceBirth(partition);
  }

  #deviceBirth(partition: number): void {
    const { plant } = this.#options;
    const { tags, guestTags = [] } = plant.partitions[partition] ?? {};
    if (tags === undefined && guestTags.length === 0) return;
    const timestamp = this.#timeOf(partition);
    const metrics = (tags?.tags ?? []).map((tag) => {
      const value = plant.tagValue(partition, tag);
      if (value !== undefined) this.#told.set(tag, value);
      return { name: tag.name, alias: tag.alias, timestamp, type: tag.type, value };
    });
    const values = plant.telemetryOf(partition)?.tags;
    const own = guestTags.map(({ name }, index) => ({
      name: guestName(name),
      timestamp,
      type: GUEST_TYPE,
      value: values?.get(index),
    }));
    this.#born.add(partition);
    this.#publish("DBIRTH", this.#nameOf(partition), timestamp, [...metrics, ...own]);
  }

  #quality(partition: number, isGood: boolean): void {
    if (this.#session === undefined) return;
    if (isGood) this.#deviceBirth(partition);
    else if (this.#born.delete(partition)) this.#publish("DDEATH", this.#nameOf(partition), this.#now(), []);
  }

  #values(partition: number, news: readonly Tag[]): void {
    const { plant } = this.#options;
    const timestamp = this.#timeOf(partition);
    const metrics: Metric[] = [];
    for (const tag of news) {
      const value = plant.tagValue(partition, tag);
      if (value === undefined || isDeepStrictEqual(value, this.#told.get(tag))) continue;
      const isFirst = !this.#told.has(tag);
      this.#told.set(tag, value);
      // A first value is no change: the birth, whenever it comes, begins with what there is.
      if (!isFirst) metrics.push({ alias: tag.alias, timestamp, type: tag.type, value });
    }
    this.#tell(partition, timestamp, metrics);
  }

  #guestValues(partition: number): void {
    const { plant } = this.#options;
    const { guestTags = [] } = plant.partitions[partition] ?? {};
    const timestamp = this.#now();
    const values = plant.telemetryOf(partition)?.tags;
    const metrics = guestTags.flatMap(({ name }, index) => {
      const value = values?.get(index);
      return value === undefined ? [] : [{ name: guestName(name), timestamp, type: GUEST_TYPE, value }];
    });
    // Of counts the next ones say all that these would have.
    if (this.#born.has(partition)) this.#tell(partition, timestamp, metrics);
  }

  #tell(partition: number, timestamp: number, metrics: readonly Metric[]): void {
    if (metrics.length === 0) return;
    if (this.#born.has(partition)) this.#publish("DDATA", this.#nameOf(partition), timestamp, metrics);
    else if (this.#session === undefined) for (const metric of metrics) this.#queue.put({ partition, metric });
  }

  /** What was kept, after the births: in order, a message for each run of one partition's. */
  #flush(): void {
    const all = this.#queue.take();
    for (let from = 0; from < all.length; ) {
      const partition = all[from]?.partition ?? 0;
      let to = from;
      while (to < all.length && to - from < FLUSH_METRICS && all[to]?.partition === partition) to++;
      const metrics = all.slice(from, to).map(({ metric }) => ({ ...metric, isHistorical: true }));
      // A device that is dead now cannot tell what it was (6.4.22 is about data of a device that is
      // born): its values wait for its birth.
      if (this.#born.has(partition)) this.#publish("DDATA", this.#nameOf(partition), this.#now(), metrics);
      else for (const each of all.slice(from, to)) this.#queue.put(each);
      from = to;
    }
  }

  #publish(type: MessageType, device: string | undefined, timestamp: number, metrics: readonly Metric[]): void {
    const { group, node } = this.#options;
    this.#session?.publish(topicOf(group, type, node, device), encodePayload(timestamp, this.#seq, metrics));
    this.#seq = (this.#seq + 1) % SEQUENCE_NUMBERS;
  }

  /** When its newest values were made. */
  #timeOf(partition: number): number {
    const { plant } = this.#options;
    return plant.imageOf(partition) === undefined ? this.#now() : plant.timeOf(partition);
  }

  #nameOf(partition: number): string {
    const found: PlantPartition | undefined = this.#options.plant.partitions[partition];
    return found?.name ?? String(partition);
  }
}
