// Reads bridge.yaml, checked as system.yaml is: every mistake with its place and its remedy.
import { dirname, resolve } from "node:path";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../partitions/diagnostics/diagnostic.ts";
import {
  bridgeCounter,
  bridgeNobody,
  bridgeUnaudited,
  bridgeValuesOf,
  bridgeWebOpen,
} from "../../partitions/diagnostics/catalogue.ts";
import { readerPlace } from "./places.ts";
import { displayPath } from "../../partitions/project.ts";
import { readFile } from "../../partitions/source/file.ts";
import { readWhole } from "../../partitions/source/fields.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { MIB } from "../../partitions/units.ts";
import { isOwnAddress } from "../web/requests.ts";
import { BridgeFile } from "./schema.ts";
import type { BridgeSettings } from "./schema.ts";
import type { BridgeSystem } from "./system.ts";

export interface BridgeRead {
  readonly source: YamlSource;
  readonly diagnostics: readonly Diagnostic[];
  /** Undefined: there are errors. Its paths are absolute. */
  readonly settings: BridgeSettings | undefined;
}

const FILE_MAX = MIB;
/** Keys of bridge.yaml whose parts need nothing of each other. */
export const SERVERS = ["modbus", "opcua", "sparkplug", "metrics", "web"] as const;

export function readBridge(path: string): BridgeRead {
  const shown = displayPath(resolve(path));
  const bytes = readFile(path, FILE_MAX);
  const source = typeof bytes === "string" ? YamlSource.unreadable(shown, bytes) : YamlSource.of(shown, bytes);
  const findings = new Findings(source);
  findings.add(source.diagnostics);
  const read = source.broken ? undefined : readWhole(BridgeFile, source.value, findings);
  if (read !== undefined && SERVERS.every((key) => read[key] === undefined)) findings.report([], bridgeNobody());
  const { web } = read ?? {};
  if (web !== undefined && Object.keys(web.users).length === 0 && !isOwnAddress(web.listen.host))
    findings.report(["web"], bridgeWebOpen(web.listen.host), "key");
  const beside = (name: string): string => resolve(dirname(path), name);
  const settings = read && {
    ...read,
    system: beside(read.system),
    ...(read.opcua !== undefined && { opcua: { ...read.opcua, pki: beside(read.opcua.pki) } }),
    ...(read.sparkplug !== undefined && { sparkplug: besides(read.sparkplug, beside) }),
    ...(read.web?.tls !== undefined && {
      web: { ...read.web, tls: { certificate: beside(read.web.tls.certificate), key: beside(read.web.tls.key) } },
    }),
    ...(read.audit !== undefined && { audit: { ...read.audit, folder: beside(read.audit.folder) } }),
  };
  return { source, diagnostics: findings.sorted, settings: findings.hasErrors ? undefined : settings };
}

/** Its files. */
function besides(
  settings: NonNullable<BridgeSettings["sparkplug"]>,
  beside: (name: string) => string,
): NonNullable<BridgeSettings["sparkplug"]> {
  const { password_file, ca } = settings;
  return {
    ...settings,
    ...(password_file !== undefined && { password_file: beside(password_file) }),
    ...(ca !== undefined && { ca: beside(ca) }),
  };
}

/** What only the system can tell: that partitions which are named are there, and have tags; that writes are audited. */
export function checkAgainst({ source, settings }: BridgeRead, { tags, plan }: BridgeSystem): Diagnostic[] {
  const findings = new Findings(source);
  for (const name of Object.keys(settings?.values ?? {})) {
    const isKnown = plan.partitions.some((each) => each.name === name);
    const table = tags.table.find(({ partition }) => partition === name);
    const isCarried = table !== undefined && readerPlace(plan, name, table) !== undefined;
    if (table === undefined || !isCarried)
      findings.report(["values", name], bridgeValuesOf(name, isKnown, table !== undefined), "key");
  }
  const writes = tags.table.some((table) => table.tags.some(({ writable }) => writable));
  const doors = (["modbus", "opcua", "sparkplug"] as const).filter((key) => settings?.[key] !== undefined);
  const canType = settings?.web !== undefined && Object.keys(settings.web.users).length > 0;
  const commanding =
    settings?.link?.commands !== true
      ? []
      : [...(settings.opcua === undefined ? [] : (["opcua"] as const)), ...(canType ? (["web"] as const) : [])];
  const canCommand = commanding.length > 0;
  const [door] = writes && doors.length > 0 ? doors : commanding;
  if (door !== undefined && (writes || canCommand) && settings?.audit === undefined)
    findings.report([door], bridgeUnaudited(writes && door !== "web"), "key");
  const timed = (["opcua", "sparkplug"] as const).find((key) => settings?.[key] !== undefined);
  if (timed !== undefined && settings?.counter_hz === undefined && plan.counterHz === null)
    findings.report([timed], bridgeCounter(plan.board), "key");
  return findings.sorted;
}
