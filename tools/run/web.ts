// The live page beside a live view: `axv-part monitor --web`.
import type { OpcUaUser } from "../../industrial/opcua/target.ts";
import { WebError } from "../../industrial/web/errors.ts";
import type { Served } from "../../industrial/web/serve.ts";
import type { PlannedSystem } from "../../partitions/index.ts";
import { MIB } from "../../partitions/units.ts";
import { systemMap } from "../plan/map.ts";
import { showDiagnostics } from "../plan/show.ts";
import type { Session } from "./session.ts";

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 8080;

export interface WebWish {
  /** true: where it is served if nothing else is said. */
  readonly web: string | true;
  /** A file with users, as in bridge.yaml. */
  readonly users?: string | undefined;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** "8080", "127.0.0.1:8080", "[::1]:8080". */
export function parsePlace(text: string | true): Place {
  if (text === true) return { host: DEFAULT_HOST, port: DEFAULT_PORT };
  const [, inBrackets, name, digits] = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 0xffff) throw new WebError("AXV_WEB_ADDRESS", text);
  return { host: inBrackets ?? name ?? DEFAULT_HOST, port };
}

/** Of a file: names with roles and hashes of passwords; shows what is wrong with it. */
async function readUsers(file: string): Promise<OpcUaUser[]> {
  const [{ Users }, { Findings }, { readFile }, { readWhole }, { YamlSource }] = await Promise.all([
    import("../../industrial/bridge/schema.ts"),
    import("../../partitions/diagnostics/diagnostic.ts"),
    import("../../partitions/source/file.ts"),
    import("../../partitions/source/fields.ts"),
    import("../../partitions/source/yaml.ts"),
  ]);
  const bytes = readFile(file, MIB);
  const source = typeof bytes === "string" ? YamlSource.unreadable(file, bytes) : YamlSource.of(file, bytes);
  const findings = new Findings(source);
  findings.add(source.diagnostics);
  const users = source.broken ? undefined : readWhole(Users, source.value, findings);
  showDiagnostics({ diagnostics: findings.sorted, source });
  if (users === undefined) throw new WebError("AXV_WEB_USERS", file);
  return Object.entries(users).map(([name, user]) => ({ name, ...user }));
}

/** What serves a session, once there is one; mistakes in what was asked for are told at once. */
export async function webBeside(
  wish: WebWish,
  title: string,
  { plan }: PlannedSystem,
): Promise<(session: Session, note: (text: string) => void) => Promise<{ close: () => Promise<void> }>> {
  const place = parsePlace(wish.web);
  const { serveLive, userForNow } = await import("../../industrial/web/serve.ts");
  const { isOwnAddress } = await import("../../industrial/web/requests.ts");
  const named = wish.users === undefined ? [] : await readUsers(wish.users);
  if (named.length === 0 && !isOwnAddress(place.host)) throw new WebError("AXV_WEB_NO_LOGIN", `${place.host}:${place.port}`);
  const forNow = named.length === 0 ? await userForNow() : undefined;
  return async (session, note) => {
    const { link, monitor } = session;
    const served: Served = await serveLive(
      { ...place, names: [], users: forNow === undefined ? named : [forNow.user], anonymous: undefined, tls: undefined },
      {
        title,
        systemVersion: plan.version,
        updated: plan.update?.partition,
        partitions: plan.partitions,
        map: systemMap(plan),
        monitor,
        tellsMonitor: false, // the session does
        board: link,
        canRecord: () => true,
        record: ({ user, from, what, object, detail, result }) =>
          note(`web: ${user} at ${from}: ${what} ${object} ${detail}: ${result}`),
      },
    );
    link.on("close", (reason) => served.live.takeLink(reason));
    note(`the live page: ${served.server.address}`);
    if (forNow !== undefined)
      note(`to command there, log in as ${forNow.user.name} with ${forNow.password}, which holds as long as this runs`);
    return served;
  };
}
