// A first bridge.yaml, of what somebody wants.
import { Document } from "yaml";
import type { WantedBridge } from "./wanted.ts";

const GROUP = "plant";
export const PKI_FOLDER = "pki";
export const AUDIT_FOLDER = "audit";

/** `system`: as it is to stand in the file. `node`: a name for Sparkplug. */
export function composeBridge(system: string, node: string, { served, link, values, users }: WantedBridge): string {
  const known = Object.fromEntries(users.map(({ name, role, password }) => [name, { role, password }]));
  const [modbus, opcua, sparkplug, metrics, web] = (["modbus", "opcua", "sparkplug", "metrics", "web"] as const).map((name) =>
    served.get(name),
  );
  const file = {
    system,
    ...(link !== undefined && { link: { address: link } }),
    ...(values.size > 0 && { values: Object.fromEntries([...values].map(([name, device]) => [name, { device }])) }),
    ...(modbus !== undefined && { modbus: { listen: modbus } }),
    ...(opcua !== undefined && { opcua: { listen: opcua, pki: PKI_FOLDER, users: known } }),
    ...(sparkplug !== undefined && { sparkplug: { broker: sparkplug, group: GROUP, node } }),
    ...(metrics !== undefined && { metrics: { listen: metrics } }),
    ...(web !== undefined && { web: { listen: web, users: known } }),
    audit: { folder: AUDIT_FOLDER },
  };
  const document = new Document(file, { aliasDuplicateObjects: false });
  document.commentBefore =
    " Made by axv-part bridge init. Every key that can stand here: industrial/bridge/bridge.schema.json; " +
      "README.md of axv-part shows an example.";
  return document.toString({ lineWidth: 0 });
}
