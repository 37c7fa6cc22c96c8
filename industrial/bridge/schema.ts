// bridge.yaml: what `axv-part bridge` serves, to whom. Its paths are relative to the file.
import * as z from "zod";
import { DEFAULT_BAUD } from "../link/transport.ts";
import { ID_PATTERN } from "../sparkplug/topics.ts";
import { POLICIES, ROLES } from "../opcua/target.ts";
import { parseHash } from "../opcua/users.ts";
import { FIRST_UNIT, LAST_UNIT } from "../modbus/target.ts";
import { DEFAULT_CONNECTIONS, DEFAULT_IDLE_SECONDS } from "../modbus/tcp.ts";
import { decimals, durations, sizes } from "../../partitions/patterns.ts";
import { parseDuration, parseSize } from "../../partitions/units.ts";
import { KIB, MIB } from "../../partitions/units.ts";

const SECOND = 1_000_000; // microseconds
const HOUR = 3600 * SECOND;
const BAUD_MAX = 4_000_000;
const CONNECTIONS_MAX = 10_000;

const said = (expected: string, pattern: RegExp): z.ZodString =>
  z.string({ error: expected }).regex(pattern, { error: expected });
const path = (expected: string): z.ZodString => said(expected, /^[^\0-\x1f\x7f]{1,4096}$/);

/** Milliseconds. */
const duration = (least: number, most: number, expected: string): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> =>
  said(expected, durations(least, most)).transform((text) => (parseDuration(text) ?? 0) / 1000);

const whole = (least: number, most: number, what: string): z.ZodInt => {
  const error = `${what} from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

const LISTEN_EXPECTED = "an address of this machine and a port: 0.0.0.0:502, 127.0.0.1:9464, [::]:502";
const PORT = decimals(1, 0xffff);
export interface Listen {
  readonly host: string;
  readonly port: number;
}
const Listen = said(LISTEN_EXPECTED, new RegExp(`^(?:\\[[0-9A-Fa-f:]{2,39}\\]|[A-Za-z0-9.-]{1,253}):${PORT}$`)).transform(
  (text): Listen => {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(text.slice(colon + 1)) };
  },
);

const ROLES_EXPECTED = `${ROLES.slice(0, -1).join(", ")} or ${ROLES.at(-1)}`;
const POLICIES_EXPECTED = `a list of ${POLICIES.join(", ")}`;
const NAMES_EXPECTED = "a list of names and addresses of this machine, such as [plc.example, 192.168.1.5]";
const HASH_EXPECTED = "the hash that `axv-part bridge password` prints, never the password itself";

const Values = z.strictObject(
  {
    device: path("the device of the channel: /dev/uio0, or /dev/mem").describe(
      "The channel's device in Linux: /dev/uio0; or /dev/mem.",
    ),
    through: z
      .array(path("a word of a command"), { error: "a command that runs the reader elsewhere, such as [ssh, root@plc]" })
      .min(1, { error: "a command that runs the reader elsewhere, such as [ssh, root@plc]" })
      .optional()
      .describe("The reader runs by this command: [ssh, root@plc]. Default: on this machine."),
  },
  { error: "where its values come from, such as { device: /dev/uio0 }" },
);

const Serial = z.strictObject({
  port: path("a serial port: /dev/ttyS1").describe(
    "The serial port: /dev/ttyS1; a name of /dev/serial/by-id stays when others come.",
  ),
  baud: whole(1200, BAUD_MAX, "a baud rate").default(19200).describe("Its baud rate. Default: 19200."),
  parity: z
    .enum(["even", "odd", "none"], { error: "even, odd or none" })
    .default("even")
    .describe("even, odd, or none (with two stop bits). Default: even."),
});

const Modbus = z.strictObject({
  listen: Listen.optional().describe("Serves Modbus TCP there: 0.0.0.0:502."),
  serial: Serial.optional().describe("Serves Modbus RTU on a serial line."),
  unit: whole(FIRST_UNIT, LAST_UNIT, "a unit").default(1).describe("Its unit; on TCP 0 and 255 are it, too. Default: 1."),
  words: z
    .enum(["high-first", "low-first"], { error: "high-first or low-first" })
    .default("high-first")
    .describe(
      "Which register of a value is first: high-first or low-first; registers 60000… hold values to test it. Default: " +
        "high-first.",
    ),
  stale: z
    .enum(["exception", "mark"], { error: "exception or mark" })
    .default("exception")
    .describe(
      "Of a partition whose values are not good: exception 0x0B, or the last values, marked in its quality register. " +
        "Default: exception.",
    ),
  connections: whole(1, CONNECTIONS_MAX, "a number of connections")
    .default(DEFAULT_CONNECTIONS)
    .describe(`At most so many at once. Default: ${DEFAULT_CONNECTIONS}.`),
  idle: duration(SECOND, HOUR, "a duration from 1s to 3600s")
    .default(DEFAULT_IDLE_SECONDS * 1000)
    .describe(`A connection that asks nothing for so long is closed. Default: ${DEFAULT_IDLE_SECONDS}s.`),
});

const User = z.strictObject(
  {
    role: z
      .enum(ROLES, { error: ROLES_EXPECTED })
      .describe("observer: reads; operator: writes and commands, too; engineer: and always finds a free session."),
    password: z
      .string({ error: HASH_EXPECTED })
      .refine((text) => parseHash(text) !== undefined, { error: HASH_EXPECTED })
      .describe("Its hash, as `axv-part bridge password` prints it."),
  },
  { error: "a user, such as { role: operator, password: scrypt$… }" },
);

export const Users = z.record(z.string().regex(/^[^\0-\x1f\x7f]{1,64}$/), User, { error: "users by name" });
const name = said("a host name or an address", /^[A-Za-z0-9.:-]{1,253}$/);

const OpcUa = z.strictObject({
  listen: Listen.describe("Serves OPC UA there: 0.0.0.0:4840."),
  pki: path("a folder").describe("Own key and certificate, and the clients that are trusted."),
  names: z
    .array(name, { error: NAMES_EXPECTED })
    .min(1, { error: NAMES_EXPECTED })
    .optional()
    .describe(
      "Names and addresses by which clients reach this machine; they stand in its certificate. Default: those that it has.",
    ),
  users: Users.describe("Who may come in."),
  policies: z
    .array(z.enum(POLICIES, { error: POLICIES_EXPECTED }), { error: POLICIES_EXPECTED })
    .min(1, { error: POLICIES_EXPECTED })
    .optional()
    .describe("Security policies that are offered, all with encryption. Default: all three."),
  anonymous: z
    .boolean({ error: "true or false" })
    .default(false)
    .describe("Also without encryption and without a name, to read. Default: false."),
  discovery: z
    .boolean({ error: "true or false" })
    .default(false)
    .describe("Answers who asks what there is, without a session. Default: false."),
  session: duration(10 * SECOND, HOUR, "a duration from 10s to 3600s")
    .default(60_000)
    .describe("A session that asks nothing for so long ends. Default: 60s."),
  history: whole(0, 100_000, "a number of values")
    .default(3600)
    .describe("Values of each tag that are kept for HistoryRead. Default: 3600."),
});

const ID_EXPECTED = "a name without +, / and #, of at most 64 characters";
const Sparkplug = z.strictObject({
  broker: said(
    "mqtt://HOST:PORT or mqtts://HOST:PORT",
    /^mqtts?:\/\/(?:\[[0-9A-Fa-f:]{2,39}\]|[A-Za-z0-9.-]{1,253})(?::[0-9]{1,5})?$/,
  ).describe("The MQTT broker: mqtt://HOST:1883, or mqtts://HOST:8883."),
  group: said(ID_EXPECTED, ID_PATTERN).describe("The group that the node belongs to."),
  node: said(ID_EXPECTED, ID_PATTERN).describe("The name of this node; its partitions are its devices."),
  host: said(ID_EXPECTED, ID_PATTERN)
    .optional()
    .describe("The primary host: values are kept while it is offline. Default: none is waited for."),
  user: said("a user name", /^[^\0-\x1f\x7f]{1,256}$/)
    .optional()
    .describe("User name at the broker."),
  password_file: path("a file with the password").optional().describe("A file that holds the password, and nothing else."),
  ca: path("a file of certificates")
    .optional()
    .describe("Certificates of the authorities that the broker's is to come from (PEM). Default: the system's."),
  stored: whole(0, 1_000_000, "a number of values")
    .default(10_000)
    .describe("Values that are kept while nobody takes them; the oldest go first. Default: 10000."),
});

const Link = z.strictObject({
  address: path("tcp:HOST:PORT, the path of a socket, or a serial device").describe(
    "tcp:HOST:PORT, the path of a unix socket, or a serial device.",
  ),
  baud: whole(1200, BAUD_MAX, "a baud rate")
    .default(DEFAULT_BAUD)
    .describe(`Baud rate of a serial device. Default: ${DEFAULT_BAUD}.`),
  commands: z
    .boolean({ error: "true or false" })
    .default(true)
    .describe("false: it only listens, as to the second UART of a partition with `telemetry: true`. Default: true."),
});

const Audit = z.strictObject({
  folder: path("a folder").describe("Where it is kept."),
  size: said("a size from 64K to 1024M", sizes(64 * KIB, 1024 * MIB))
    .transform((text) => parseSize(text) ?? 0)
    .default(16 * MIB)
    .describe("A file that is larger is followed by a new one. Default: 16M."),
  files: whole(2, 10_000, "a number of files").default(100).describe("So many are kept; the oldest goes. Default: 100."),
});

const TLS_EXPECTED = "two files, such as { certificate: web.pem, key: web.key }";
const Web = z.strictObject({
  listen: Listen.describe("Serves the live page there: 127.0.0.1:8080."),
  users: Users.default({}).describe("Who may come in, and command partitions. Default: nobody."),
  anonymous: z
    .boolean({ error: "true or false" })
    .optional()
    .describe("Everybody who gets there may look, without a name. Default: where only this machine gets there."),
  names: z
    .array(name, { error: NAMES_EXPECTED })
    .default([])
    .describe("Names by which browsers reach this machine, besides its addresses, its host name and localhost. Default: none."),
  tls: z
    .strictObject({ certificate: path(TLS_EXPECTED), key: path(TLS_EXPECTED) }, { error: TLS_EXPECTED })
    .optional()
    .describe(
      "Serves it encrypted, with this certificate and its key (PEM), read again on SIGHUP. Default: it is not, " +
        "and passwords can be read on the network.",
    ),
});

const Metrics = z.strictObject({ listen: Listen.describe("Serves Prometheus at http://…/metrics there: 127.0.0.1:9464.") });

export const BridgeFile = z.strictObject({
  system: path("the path of a system.yaml").describe("The system that runs: its system.yaml."),
  link: Link.optional().describe("The hypervisor's UART: states, restarts, exits, commands."),
  values: z.record(z.string(), Values).optional().describe("By partition, where its tags come from."),
  counter_hz: whole(1_000_000, 1_000_000_000, "a frequency")
    .optional()
    .describe("CNTFRQ_EL0 of the board, by which scans have their time: 24000000 on an RK3568. Default: as its board.yaml says."),
  stale_after: duration(10_000, HOUR, "a duration from 10ms to 3600s")
    .default(1000)
    .describe("Without news for so long, values are stale. Default: 1s."),
  modbus: Modbus.optional().describe("The Modbus server."),
  opcua: OpcUa.optional().describe("The OPC UA server."),
  sparkplug: Sparkplug.optional().describe("A Sparkplug B node at an MQTT broker."),
  metrics: Metrics.optional().describe("Metrics for Prometheus."),
  web: Web.optional().describe("The live page, for browsers."),
  audit: Audit.optional().describe("Who has written what: needed as soon as something can be written."),
  log: z
    .enum(["debug", "info", "warn", "error"], { error: "debug, info, warn or error" })
    .default("info")
    .describe("What is logged. Default: info."),
});
/** With which an editor completes and checks it. */
export const BRIDGE_SCHEMA_FILE = "industrial/bridge/bridge.schema.json";
export const bridgeJsonSchema = (): string =>
  `${JSON.stringify({ title: "axv-part bridge.yaml", ...z.toJSONSchema(BridgeFile, { io: "input" }) }, null, 2)}\n`;

export type BridgeSettings = z.output<typeof BridgeFile>;
