// The largest of what a partition publishes, since its user has asked for a new beginning. A guest's own maxima are of its whole
// life; but one that publishes NAME recent, the largest value of the last one to two seconds, gives maxima since any moment: they
// are the largest of those, as long as telemetry comes once a second or oftener.
import type { PartitionTelemetry } from "../link/telemetry.ts";
import type { PlannedTag } from "../../partitions/plan/plan.ts";

const RECENT = " recent";
/** So long a recent value may hold what was before: two seconds, and a tenth of one until it is published, rounded up. */
const MEMORY_NS = 2_500_000_000n;

export class Maxima {
  /** What each is called, by its tag's index: "jitter" of the tag "jitter recent". */
  readonly #names: ReadonlyMap<number, string>;
  readonly #largest = new Map<string, bigint>();
  /** The board's time from which on values count. Before the first wish all do. */
  #from = 0n;
  #clearedAt: bigint | undefined;

  constructor(tags: readonly Pick<PlannedTag, "name">[]) {
    this.#names = new Map(
      tags.flatMap(({ name }, tag) => (name.endsWith(RECENT) ? [[tag, name.slice(0, -RECENT.length)] as const] : [])),
    );
  }

  /** Of what there are maxima. */
  get names(): readonly string[] {
    return [...this.#names.values()];
  }

  /** Whether the guest publishes anything that this can be made of. */
  get isPossible(): boolean {
    return this.#names.size > 0;
  }

  /** The board's time of the last clearing; undefined: never cleared. */
  get clearedAt(): bigint | undefined {
    return this.#clearedAt;
  }

  /** By name, those that are known. */
  get values(): ReadonlyMap<string, bigint> {
    return this.#largest;
  }

  /** `time`: the board's. What happened before it counts no more; what follows counts as soon as it can be told from that. */
  clear(time: bigint): void {
    this.#largest.clear();
    this.#clearedAt = time;
    this.#from = time + MEMORY_NS;
  }

  take({ time, state, tags }: PartitionTelemetry): void {
    // Its clock stands: what it published last stays, however old it is.
    if (state !== "running" && this.#clearedAt !== undefined && this.#largest.size === 0) this.#from = time + MEMORY_NS;
    if (time < this.#from) return;
    for (const [tag, name] of this.#names) {
      const value = tags.get(tag);
      if (value !== undefined && value >= (this.#largest.get(name) ?? 0n)) this.#largest.set(name, value);
    }
  }
}
