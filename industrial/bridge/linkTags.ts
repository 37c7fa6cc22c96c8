// Tag images that come over the hypervisor's link: they are sent only while somebody asks, and this asks; anew when the
// link has been opened, and when frames have been lost.
import type { Logger } from "pino";
import { TAG_LEASE_SECONDS } from "../../core/abi.ts";
import { LinkError } from "../link/errors.ts";
import { OTHER_TABLE, TagMirror } from "../tags/mirror.ts";
import type { Plant } from "../tags/plant.ts";
import type { Hypervisor } from "./hypervisor.ts";

/** Twice in a lease; and after a loss, or without an answer, no sooner than this. */
const ASK_MS = (TAG_LEASE_SECONDS * 1000) / 2;
const AGAIN_MS = 1000;

export class LinkTags {
  readonly #hypervisor: Hypervisor;
  readonly #log: Logger;
  readonly #mirrors: ReadonlyMap<number, TagMirror>;
  readonly #plant: Plant;
  #next: NodeJS.Timeout | undefined;
  #said: string | undefined;
  #isClosed = false;

  /** `partitions`: those whose values come this way. */
  constructor(hypervisor: Hypervisor, plant: Plant, partitions: readonly number[], log: Logger) {
    this.#hypervisor = hypervisor;
    this.#plant = plant;
    this.#log = log;
    this.#mirrors = new Map(partitions.flatMap((index) => this.#mirrorOf(index)));
    hypervisor.on("tags", (changes) => this.#mirrors.get(changes.partition)?.take(changes));
    hypervisor.on("link", (lost) => {
      this.#forget();
      if (lost === undefined) this.#askIn(0);
      else clearTimeout(this.#next);
    });
    hypervisor.on("lost", () => {
      this.#forget();
      this.#askIn(AGAIN_MS);
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#next);
  }

  #mirrorOf(index: number): [number, TagMirror][] {
    const { name, tags } = this.#plant.partitions[index] ?? {};
    if (tags === undefined) return [];
    let isOther = false;
    const mirror = new TagMirror(tags, {
      image: (image, scan, among) => {
        isOther = false;
        this.#plant.takeImage(index, image, scan, among);
      },
      mismatch: () => {
        this.#plant.takeMismatch(index);
        if (!isOther) this.#log.error({ partition: name }, OTHER_TABLE);
        isOther = true;
      },
    });
    return [[index, mirror]];
  }

  #forget(): void {
    for (const mirror of this.#mirrors.values()) mirror.forget();
  }

  #askIn(milliseconds: number): void {
    clearTimeout(this.#next);
    if (!this.#isClosed) this.#next = setTimeout(() => void this.#ask(), milliseconds);
  }

  async #ask(): Promise<void> {
    let wasRefused = false;
    for (const partition of this.#mirrors.keys()) {
      try {
        await this.#hypervisor.askForTags(partition);
      } catch (error) {
        wasRefused = true;
        this.#say(error);
      }
    }
    if (!wasRefused) this.#said = undefined;
    this.#askIn(wasRefused ? AGAIN_MS : ASK_MS);
  }

  /** Once, until it is something else: a board that is not there yet does not answer either. */
  #say(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (why === this.#said || !(error instanceof LinkError) || error.code === "AXV_LINK_CLOSED") return;
    this.#said = why;
    this.#log.warn("the tags do not come over the link: %s", why);
  }
}
