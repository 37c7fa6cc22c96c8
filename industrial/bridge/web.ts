// The live page as a part of the bridge: its settings as bridge.yaml has them, and what it asks for carried out and put on
// record.
import type { Logger } from "pino";
import type { WebRecord } from "../web/actions.ts";
import { isOwnAddress } from "../web/requests.ts";
import { serveLive } from "../web/serve.ts";
import type { Served } from "../web/serve.ts";
import type { Plant } from "../tags/plant.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { BridgeSettings } from "./schema.ts";
import type { BridgeSystem } from "./system.ts";

export interface WebParts {
  readonly plant: Plant;
  readonly system: BridgeSystem;
  readonly hypervisor: Hypervisor | undefined;
  readonly log: Logger;
  readonly canRecord: () => boolean;
  readonly record: (entry: Readonly<Record<string, unknown>>) => void;
}

export async function startWeb(settings: NonNullable<BridgeSettings["web"]>, parts: WebParts): Promise<Served> {
  const { listen, users, names, anonymous, tls } = settings;
  const { plant, system, hypervisor, log, canRecord, record } = parts;
  if (tls === undefined && !isOwnAddress(listen.host))
    log.warn("the live page is not encrypted: passwords can be read on the network, unless `tls:` is given");
  const served = await serveLive(
    { ...listen, names, users: Object.entries(users).map(([name, user]) => ({ name, ...user })), anonymous, tls },
    {
      title: system.plan.partitions.map(({ name }) => name).join(" + "),
      systemVersion: system.plan.version,
      updated: system.plan.update?.partition,
      partitions: system.plan.partitions,
      map: system.map,
      plant,
      board: hypervisor,
      tellsMonitor: true,
      canRecord,
      record: (entry: WebRecord) => {
        log.info(entry, "%s %s: %s", entry.what, entry.object === "" ? entry.user : entry.object, entry.result);
        record({ via: "web", ...entry });
      },
    },
  );
  const told = (lost: string | undefined): void => served.live.takeLink(lost);
  hypervisor?.on("link", told);
  if (hypervisor === undefined) served.live.takeLink("none is in bridge.yaml", false);
  else if (!hypervisor.isConnected) served.live.takeLink("it is being opened", false);
  const close = async (): Promise<void> => {
    hypervisor?.off("link", told);
    await served.close();
  };
  const renew = (): void => {
    try {
      served.renew();
    } catch (error) {
      log.error("the live page keeps the certificate that it has: %s", error instanceof Error ? error.message : String(error));
    }
  };
  return { ...served, renew, close };
}
