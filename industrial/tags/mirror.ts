// A partition's tag image as it comes over the link, in pieces that have changed (core/abi.ts,
// FRAME_TAGS): put together here. Nothing is told before all of it has come; and not again, once a part of
// it may have been lost, before it has come anew.
import { layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags, Tag } from "../../partitions/tags/table.ts";
import { bytesOf } from "../../partitions/tags/type.ts";
import { TAG_IMAGE_VALUES } from "../../rtos-guests/channel/tagImageLayout.ts";
import type { TagChanges } from "../link/tag-changes.ts";

const WORD = 8;

/** What a user is told of a guest with another tag table, whichever way its image comes. */
export const OTHER_TABLE = "its guest was built for another tag table: build it again with axv-part tags";

export interface MirrorListener {
  /** Of these tags some may have changed; `image` is valid until the next call. */
  readonly image: (image: DataView, scan: bigint, among: readonly Tag[]) => void;
  /** Its guest was built for another tag table. */
  readonly mismatch: () => void;
}

export class TagMirror {
  readonly #tags: PartitionTags;
  readonly #table: number;
  readonly #heard: MirrorListener;
  readonly #image: Buffer;
  readonly #view: DataView;
  /** By word. */
  readonly #at: readonly (readonly Tag[])[];
  readonly #seen: Uint8Array;
  #missing: number;

  constructor(tags: PartitionTags, heard: MirrorListener) {
    this.#tags = tags;
    this.#table = layoutSum(tags);
    this.#heard = heard;
    this.#image = Buffer.alloc(tags.size);
    this.#view = new DataView(this.#image.buffer, this.#image.byteOffset, tags.size);
    const words = tags.size / WORD;
    const at = Array.from({ length: words }, (): Tag[] => []);
    for (const tag of tags.tags) {
      const last = tag.offset + bytesOf(tag.type) - 1;
      for (let word = Math.floor(tag.offset / WORD); word <= last / WORD; word++) at[word]?.push(tag);
    }
    this.#at = at;
    this.#seen = new Uint8Array(words);
    this.#missing = words - TAG_IMAGE_VALUES / WORD;
  }

  /** Whether all of it has come. */
  get isWhole(): boolean {
    return this.#missing === 0;
  }

  /** Something may have been lost: all of it has to come anew. */
  forget(): void {
    this.#seen.fill(0);
    this.#missing = this.#seen.length - TAG_IMAGE_VALUES / WORD;
  }

  take({ table, time, words }: TagChanges): void {
    if (table !== this.#table) {
      this.forget();
      this.#heard.mismatch();
      return;
    }
    const was = this.isWhole;
    const among = new Set<Tag>();
    for (const { at, bytes } of words) {
      const seen = this.#seen[at];
      if (seen === undefined || at < TAG_IMAGE_VALUES / WORD) continue; // not of this image
      if (seen === 0) this.#missing--;
      this.#seen[at] = 1;
      this.#image.set(bytes, at * WORD);
      for (const tag of this.#at[at] ?? []) among.add(tag);
    }
    if (this.isWhole) this.#heard.image(this.#view, time, was ? [...among] : this.#tags.tags);
  }
}
