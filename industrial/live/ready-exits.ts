// Exits of a partition since it was ready. A guest has exits while it starts: it sets up its interrupt controller, which is
// emulated. What `interrupts: direct` promises is that there is none once it works. When that is, the guest says itself: by
// the first tag it publishes. So counting begins with the first frame of each vCPU behind the first frame that has a tag.
// A guest that publishes none is never known to be ready.
import type { PartitionTelemetry, VcpuTelemetry } from "../link/telemetry.ts";

/** Two frames of one life agree on when it began, but for the rounding of their times. */
const SAME_LIFE_NS = 1_000_000n;

interface Count {
  readonly first: VcpuTelemetry;
  readonly latest: VcpuTelemetry;
}

export class ReadyExits {
  #born: bigint | undefined;
  #ready = false;
  readonly #vcpus = new Map<number, Count>();

  take({ state, time, uptime, tags }: PartitionTelemetry): void {
    if (state === "paused") return; // the same life goes on behind it
    const born = state === "running" ? time - uptime : undefined;
    if (born === undefined || this.#born === undefined || distance(born, this.#born) > SAME_LIFE_NS) this.#forget();
    this.#born = born;
    this.#ready = born !== undefined && tags.size > 0;
  }

  takeVcpu(latest: VcpuTelemetry): void {
    if (this.#ready) this.#vcpus.set(latest.index, { first: this.#vcpus.get(latest.index)?.first ?? latest, latest });
  }

  /** Of all its vCPUs; undefined: it is not known to be ready. */
  get exits(): number | undefined {
    if (this.#vcpus.size === 0) return undefined;
    return [...this.#vcpus.values()].reduce((sum, { first, latest }) => sum + total(latest.exits) - total(first.exits), 0);
  }

  /** Nanoseconds in which they were counted; of the vCPU that was counted longest. */
  get time(): bigint {
    return [...this.#vcpus.values()].reduce((longest, { first, latest }) => {
      const time = latest.time - first.time;
      return time > longest ? time : longest;
    }, 0n);
  }

  #forget(): void {
    this.#vcpus.clear();
  }
}

const total = (exits: readonly number[]): number => exits.reduce((sum, count) => sum + count, 0);
const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);
