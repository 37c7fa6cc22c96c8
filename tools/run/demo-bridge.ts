// The demo's bridge: OPC UA, Modbus, metrics and the live page of the system that runs here, for whoever wants to see how they
// look.
import { hostname } from "node:os";
import { join } from "node:path";
import type { Bridge } from "../../industrial/bridge/bridge.ts";
import type { BridgeSettings } from "../../industrial/bridge/schema.ts";
import type { Link } from "../../industrial/link/link.ts";
import { STATE_AT } from "../../partitions/tags/registers.ts";
import type { TagTable } from "../../partitions/tags/table.ts";
import { inProject } from "../../partitions/project.ts";
import { planFile } from "../plan/file.ts";
import { systemMap } from "../plan/map.ts";
import { soundSystem } from "../plan/show.ts";

const FOLDER = inProject("build/demo");
const HOST = "127.0.0.1";
/** What the line for Modbus shows: it changes all the time. */
const TRIED_TAG = "Furnace.Temperature";

/** Everybody may look, for it is only reached from this machine; who has started it may command, on the live page. */
const FILE = {
  system: "demo.yaml",
  modbus: { listen: `${HOST}:1502` },
  opcua: {
    listen: `${HOST}:4840`,
    pki: join(FOLDER, "pki"),
    names: [HOST, "localhost", hostname()],
    users: {},
    anonymous: true,
    discovery: true,
  },
  metrics: { listen: `${HOST}:9464` },
  web: { listen: `${HOST}:8080` },
  audit: { folder: join(FOLDER, "audit") },
  log: "warn",
};

export interface DemoBridge {
  /** From now on there is something to see: `link` is the run's, which closes it. */
  attach(link: Link, note: (text: string) => void): Promise<{ close: () => Promise<void> }>;
}

/** Serves before anything runs: starting OPC UA keeps this machine busy for some seconds, on which the board is emulated, too. */
export async function demoBridge(file: string): Promise<DemoBridge> {
  const [{ Bridge }, { BridgeFile }, { logger }, { userForNow }] = await Promise.all([
    import("../../industrial/bridge/bridge.ts"),
    import("../../industrial/bridge/schema.ts"),
    import("../../industrial/bridge/log.ts"),
    import("../../industrial/web/serve.ts"),
  ]);
  const { user, password } = await userForNow();
  const users = { [user.name]: { role: user.role, password: user.password } };
  const settings: BridgeSettings = BridgeFile.parse({ ...FILE, web: { ...FILE.web, users } });
  let tell = (text: string): void => console.error(text);
  const log = await logger(settings.log, (text) => tell(`bridge: ${text.trimEnd()}`));
  let attached: (link: Link) => void;
  const link = new Promise<Link>((resolve) => {
    attached = resolve;
  });
  const system = soundSystem(planFile(file, "none"));
  const bridge = await Bridge.start({ ...system, map: systemMap(system.plan) }, settings, log, () => link);
  return {
    attach: async (own, note) => {
      tell = note;
      attached(own);
      for (const line of invitations(bridge.ports, system.tags.table, `log in as ${user.name} with ${password}`)) note(line);
      return bridge;
    },
  };
}

/** How to see what it serves. */
export function invitations({ modbus, opcua, metrics, web }: Bridge["ports"], table: TagTable, login: string): string[] {
  const furnace = table.flatMap(({ tags }) => tags).find(({ name }) => name === TRIED_TAG);
  const shown =
    furnace === undefined ? `holding ${STATE_AT}` : `input ${furnace.register} --type ${furnace.type.scalar} --watch 1s`;
  return [
    `OPC UA: opc.tcp://${HOST}:${opcua}, to read, without a name; try it with any client, such as UaExpert`,
    `Modbus: ${HOST}:${modbus}; try: npx axv-part modbus read ${HOST}:${modbus} ${shown}`,
    `The live page: http://${HOST}:${web}/; to command there, ${login}, until this ends`,
    `Prometheus: try: curl http://${HOST}:${metrics}/metrics`,
  ];
}
