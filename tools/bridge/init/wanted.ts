// What somebody wants of their first bridge.yaml, from flags or by questions: what is served where, where
// values come from, and who may come in.
import { ROLES } from "../../../industrial/opcua/target.ts";
import type { Role } from "../../../industrial/opcua/target.ts";
import { hashPassword } from "../../../industrial/opcua/users.ts";
import { PASSWORD_LEAST } from "../../../industrial/bridge/password.ts";
import { BridgeError } from "../../../industrial/bridge/errors.ts";
import type { Ask, Asking } from "../../init/ask.ts";

/** Where each listens, or whom it calls, unless somebody says otherwise. */
export const SERVED = {
  modbus: "0.0.0.0:502",
  opcua: "0.0.0.0:4840",
  sparkplug: "mqtt://127.0.0.1:1883",
  metrics: "127.0.0.1:9464",
  web: "127.0.0.1:8080",
} as const;
export type Protocol = keyof typeof SERVED;
export const PROTOCOLS = Object.keys(SERVED) as [Protocol, ...Protocol[]];
const WITH_USERS: readonly Protocol[] = ["opcua", "web"];
/** Of most plants. */
export const DEFAULT_PROTOCOLS: readonly Protocol[] = ["modbus", "opcua", "metrics"];
export const DEFAULT_DEVICE = "/dev/uio0";

export interface BridgeUser {
  readonly name: string;
  readonly role: Role;
  readonly password: string;
}

export interface WantedBridge {
  readonly served: ReadonlyMap<Protocol, string>;
  /** The hypervisor's UART; undefined: none. */
  readonly link: string | undefined;
  /** By partition, the device of its channel. */
  readonly values: ReadonlyMap<string, string>;
  readonly users: readonly BridgeUser[];
}

export interface BridgeFlags {
  readonly serve?: readonly string[];
  readonly link?: string;
  readonly values?: readonly string[];
  readonly user?: readonly string[];
  readonly yes?: true;
}

const isProtocol = (text: string): text is Protocol => Object.hasOwn(SERVED, text);
const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);
const USER_NAME = /^[^\0-\x1f\x7f=]{1,64}$/;
const ADDRESS = /^\S+:\d{1,5}$/;
const wrongPassword = (answer: string): string | undefined =>
  answer.length < PASSWORD_LEAST ? `at least ${PASSWORD_LEAST} characters` : undefined;

const needsUsers = (served: ReadonlyMap<Protocol, string>): boolean => WITH_USERS.some((protocol) => served.has(protocol));

/** `partitions`: those whose tags a channel carries. Passwords are asked for. */
export async function fromFlags(
  { serve = DEFAULT_PROTOCOLS, link, values, user = [] }: BridgeFlags,
  partitions: readonly string[],
  { secret }: Asking,
): Promise<WantedBridge> {
  const served = new Map(
    serve.map((text): [Protocol, string] => {
      const [, name = "", address] = /^([^=]*)(?:=(.*))?$/.exec(text) ?? [];
      if (!isProtocol(name)) throw new BridgeError("AXV_BRIDGE_INIT_SERVE", text, PROTOCOLS.join(", "));
      return [name, address ?? SERVED[name]];
    }),
  );
  const devices = (values ?? partitions.map((name) => `${name}=${DEFAULT_DEVICE}`)).map((text): [string, string] => {
    const [, name = "", device = ""] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (name === "") throw new BridgeError("AXV_BRIDGE_INIT_VALUES", text);
    return [name, device];
  });
  const users: BridgeUser[] = [];
  for (const text of user) {
    const [, name = "", role = ""] = /^(.*)=([^=]*)$/.exec(text) ?? [];
    if (!USER_NAME.test(name) || !isRole(role)) throw new BridgeError("AXV_BRIDGE_INIT_USER", text, ROLES.join(", "));
    users.push({ name, role, password: await hashPassword(await secret(`Password of ${name}`, wrongPassword)) });
  }
  if (served.has("opcua") && users.length === 0) throw new BridgeError("AXV_BRIDGE_INIT_NOBODY");
  return { served, link, values: new Map(devices), users };
}

export async function byQuestions(partitions: readonly string[], asking: Asking): Promise<WantedBridge> {
  const { ask } = asking;
  const { names } = await ask(`What it serves: some of ${PROTOCOLS.join(", ")}`, DEFAULT_PROTOCOLS.join(", "), (text) => {
    const all = text.split(/[\s,]+/).filter((name) => name !== "");
    const wrong = all.find((name) => !isProtocol(name));
    return wrong === undefined && all.length > 0
      ? { names: all.filter(isProtocol) }
      : `write some of ${PROTOCOLS.join(", ")}, with commas between them`;
  });
  const served = new Map<Protocol, string>();
  for (const name of PROTOCOLS.filter((each) => names.includes(each))) {
    const question =
      name === "sparkplug" ? "sparkplug: the broker, mqtt://HOST:PORT or mqtts://" : `${name}: address and port to listen on`;
    served.set(
      name,
      (await ask(question, SERVED[name], (text) => (ADDRESS.test(text) ? { text } : "an address, a colon and a port"))).text,
    );
  }
  const { link } = await ask(
    "The hypervisor's UART (states, restarts, commands): a serial device, tcp:HOST:PORT, or none",
    "none",
    (text) => ({ link: text === "none" ? undefined : text }),
  );
  const values = new Map<string, string>();
  for (const name of partitions) {
    const { device } = await ask(
      `The device of the channel that carries the tags of ${name}, or none`,
      DEFAULT_DEVICE,
      (text) => ({ device: text }),
    );
    if (device !== "none") values.set(name, device);
  }
  return { served, link, values, users: needsUsers(served) ? await askUsers(ask, asking, served.has("opcua")) : [] };
}

async function askUsers(ask: Ask, { secret }: Asking, needsOne: boolean): Promise<BridgeUser[]> {
  const users: BridgeUser[] = [];
  for (;;) {
    const standard = users.length === 0 ? "engineer" : "done";
    const { name } = await ask(`User ${users.length + 1}: a name, or done`, standard, (text) => {
      if (text === "done") return users.length === 0 && needsOne ? "somebody has to be able to come in" : { name: undefined };
      if (!USER_NAME.test(text)) return "at most 64 characters, and no =";
      return users.some((other) => other.name === text) ? "another one is called so" : { name: text };
    });
    if (name === undefined) return users;
    const known = isRole(name) ? name : "operator";
    const { role } = await ask(`Its role: one of ${ROLES.join(", ")}`, known, (text) =>
      isRole(text) ? { role: text } : `one of ${ROLES.join(", ")}`,
    );
    users.push({ name, role, password: await hashPassword(await secret("Its password", wrongPassword)) });
  }
}
