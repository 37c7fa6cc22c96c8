// What comes into a bridge: states, events and tags from the hypervisor's link, tags from the channels'
// readers. All of it goes into the plant.
import type { Logger } from "pino";
import { describeEvent } from "../link/events.ts";
import { Link } from "../link/link.ts";
import { openTransport } from "../link/transport.ts";
import type { PartitionTags } from "../../partitions/tags/table.ts";
import { OTHER_TABLE } from "../tags/mirror.ts";
import type { Plant } from "../tags/plant.ts";
import { Hypervisor } from "./hypervisor.ts";
import { LinkTags } from "./linkTags.ts";
import { readerCommand, readerPlace } from "./places.ts";
import { TagReader } from "./reader.ts";
import type { BridgeSettings } from "./schema.ts";
import type { BridgeSystem } from "./system.ts";

/** In the time after which values are stale: how exactly that is noticed. */
const REVIEWS = 4;

export class Sources {
  /** Undefined: there is no link to it. */
  readonly hypervisor: Hypervisor | undefined;
  /** By partition. */
  readonly readers: ReadonlyMap<number, TagReader>;
  readonly #plant: Plant;
  readonly #log: Logger;
  readonly #review: NodeJS.Timeout;
  readonly #linkTags: LinkTags | undefined;

  /** Nothing comes in before start(). `open`: a link that is there already goes before the settings' own. */
  constructor(plant: Plant, { plan }: BridgeSystem, settings: BridgeSettings, log: Logger, open?: () => Promise<Link>) {
    this.#plant = plant;
    this.#log = log;
    const { link, values = {}, stale_after } = settings;
    this.#review = setInterval(() => plant.review(), stale_after / REVIEWS);
    plant.on("quality", (partition, now, before) => {
      const worse = now === "good" || before === "waiting" ? "info" : "warn";
      this.#log[worse]({ partition: this.#nameOf(partition), quality: now, before }, "values are %s", now);
    });
    if (open !== undefined) this.hypervisor = this.#watchHypervisor("of this run", new Hypervisor(open, link?.commands));
    else if (link !== undefined) {
      const connect = async (): Promise<Link> => new Link(await openTransport(link.address, link.baud));
      this.hypervisor = this.#watchHypervisor(link.address, new Hypervisor(connect, link.commands));
    }
    const overLink = plan.partitions.flatMap(({ name, tagImage }, index) =>
      tagImage?.overLink === true && values[name] === undefined ? [index] : [],
    );
    if (overLink.length > 0 && this.hypervisor?.takesCommands === true)
      this.#linkTags = new LinkTags(this.hypervisor, plant, overLink, log);
    const readers = new Map<number, TagReader>();
    for (const [index, { name, tags }] of plant.partitions.entries()) {
      const source = values[name];
      const place = tags && readerPlace(plan, name, tags);
      if (source !== undefined && tags !== undefined && place !== undefined)
        readers.set(index, this.#watchReader(index, tags, readerCommand(place, source.device, source.through)));
    }
    this.readers = readers;
  }

  start(): void {
    this.hypervisor?.start();
    for (const reader of this.readers.values()) reader.start();
  }

  close(): void {
    for (const reader of this.readers.values()) reader.close();
    this.#linkTags?.close();
    this.hypervisor?.close();
    clearInterval(this.#review);
  }

  #watchReader(index: number, tags: PartitionTags, command: readonly string[]): TagReader {
    const reader = new TagReader(tags, command);
    const partition = this.#nameOf(index);
    reader.on("mismatch", () => {
      this.#plant.takeMismatch(index);
      this.#log.error({ partition }, OTHER_TABLE);
    });
    let said: string | undefined;
    reader.on("image", (image, scan) => {
      said = undefined;
      this.#plant.takeImage(index, image, scan);
    });
    reader.on("state", (ended) => {
      if (ended !== undefined && ended === said) return; // again, for the same reason
      said = ended ?? said;
      if (ended === undefined) this.#log.info({ partition }, "the reader of its tags runs");
      else this.#log.warn({ partition, ended }, "the reader of its tags has ended: %s", ended);
    });
    return reader;
  }

  #watchHypervisor(address: string, hypervisor: Hypervisor): Hypervisor {
    hypervisor.on("partition", (telemetry) => this.#plant.takeTelemetry(telemetry));
    hypervisor.on("event", (event) =>
      this.#log.info({ partition: this.#nameOf(event.partition), code: event.code }, describeEvent(event)),
    );
    let said: string | undefined;
    // A board of another version, most likely: each of its frames is so. Once for each time that the link is opened.
    let isForeign = false;
    hypervisor.on("link", (lost) => {
      isForeign = false;
      if (lost !== undefined && lost === said) return; // again, for the same reason
      said = lost;
      if (lost === undefined) this.#log.info({ link: address }, "the link to the hypervisor is open");
      else this.#log.warn({ link: address, lost }, "no link to the hypervisor: %s", lost);
    });
    hypervisor.on("malformed", (why) => {
      if (!isForeign) this.#log.error({ link: address }, "the hypervisor's telemetry is not understood: %s", why);
      isForeign = true;
    });
    return hypervisor;
  }

  #nameOf(partition: number): string | undefined {
    return this.#plant.partitions[partition]?.name;
  }
}
