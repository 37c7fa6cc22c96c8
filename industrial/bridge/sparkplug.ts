// The Sparkplug node as a part of the bridge: its settings as bridge.yaml has them.
import { accessSync, constants } from "node:fs";
import type { Logger } from "pino";
import { SparkplugClient } from "../sparkplug/client.ts";
import { EdgeNode } from "../sparkplug/node.ts";
import type { SparkplugWriter } from "../sparkplug/node.ts";
import { namedValues } from "../tags/batch.ts";
import type { Plant } from "../tags/plant.ts";
import { BridgeError } from "./errors.ts";
import type { SparkplugCounts } from "./metrics.ts";
import type { BridgeSettings } from "./schema.ts";

export interface SparkplugParts {
  readonly plant: Plant;
  readonly log: Logger;
  readonly write: SparkplugWriter;
  readonly record: (entry: Readonly<Record<string, unknown>>) => void;
}

export function startSparkplug(
  settings: NonNullable<BridgeSettings["sparkplug"]>,
  { plant, log, write, record }: SparkplugParts,
): { readonly client: SparkplugClient; readonly counts: SparkplugCounts } {
  const { broker, group, node: name, host, user, password_file, ca, stored } = settings;
  for (const file of [password_file, ca]) {
    try {
      if (file !== undefined) accessSync(file, constants.R_OK);
    } catch (error) {
      throw new BridgeError("AXV_BRIDGE_BROKER_FILE", file ?? "", error instanceof Error ? error.message : String(error));
    }
  }
  const node = new EdgeNode({
    group,
    node: name,
    plant,
    stored,
    write,
    attempted: ({ partition, writes, outcome }) => {
      const values = namedValues(writes);
      const entry = {
        what: "write",
        via: "sparkplug",
        from: broker,
        partition: plant.partitions[partition]?.name,
        values,
        outcome,
      };
      log.info(entry, "a command: %s", outcome);
      record(entry);
    },
  });
  const said = (message: string): string => `Sparkplug: ${message}`;
  const client = new SparkplugClient(node, {
    broker,
    group,
    node: name,
    host,
    user,
    passwordFile: password_file,
    ca,
    log: { info: (message) => log.info(said(message)), warn: (message) => log.warn(said(message)) },
  });
  client.start();
  return {
    client,
    counts: {
      get isAlive() { return node.isAlive; },
      get opened() { return client.opened; },
      get stored() { return node.counts.stored; },
      get lost() { return node.counts.lost; },
    },
  };
}
