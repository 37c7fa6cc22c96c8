// A node in a process of its own, which a test kills: node node-alone.ts PORT
import { SparkplugClient } from "../../industrial/sparkplug/client.ts";
import { EdgeNode } from "../../industrial/sparkplug/node.ts";
import { Plant } from "../../industrial/tags/plant.ts";

const node = new EdgeNode({
  group: "press", node: "alone", plant: new Plant([], 1000), stored: 0, write: undefined, attempted: () => undefined,
});
new SparkplugClient(node, {
  broker: `mqtt://127.0.0.1:${process.argv[2]}`,
  group: "press",
  node: "alone",
  host: undefined,
  user: undefined,
  passwordFile: undefined,
  ca: undefined,
  log: { info: () => undefined, warn: () => undefined },
}).start();
