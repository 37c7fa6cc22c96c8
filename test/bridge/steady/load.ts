// What a plant's clients do to a bridge, minute by minute: as fast as it goes, or in real time. What
// it uses is noted after each minute.
//
//   in a minute   1,200 scans, each of which changes 4 of 40 tags, through the reader's pipe
//                 Modbus: 600 reads of 80 registers and 6 writes on a connection that stays, a connection that comes and
//                 goes, a refused write
//                 OPC UA, encrypted: a session that stays and watches all tags; one that comes, watches, reads, writes,
//                 reads history, and goes
//                 metrics: 4 scrapes. Sparkplug: a rebirth
//   each tenth    the broker is killed, and comes again; a client that nobody knows knocks; a wrong password; a client dies
//                 without a word
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import type { ModbusRTU } from "modbus-serial/ModbusRTU.js";
import { connectAsync } from "mqtt";
import { HistoryReadRequest, ReadRawModifiedDetails, TimestampsToReturn } from "node-opcua-client";
import { DataType } from "node-opcua-variant";
import { verify } from "../../../industrial/bridge/audit.ts";
import { encodePayload } from "../../../industrial/sparkplug/payload.ts";
import { parseType } from "../../../partitions/tags/type.ts";
import { Panel } from "../../opcua/panel.ts";
import { Watch } from "../../opcua/watch.ts";
import { SCANS_PER_SECOND, TAGS } from "./plant.ts";
import type { Usage } from "./plant.ts";
import { PASSWORD, Rig } from "./rig.ts";

const MINUTE_MS = 60_000;
const READS = 600;
const REGISTERS = 2 * TAGS;
const WRITES = 6;
const SCRAPES = 4;
/** Minutes between the rarer things. */
const RARELY = 10;
const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

export interface Endured {
  /** After each minute. */
  readonly usage: readonly Usage[];
  readonly scans: number;
  readonly sessions: number;
  readonly requests: number;
  readonly entries: number;
}

class Endurance {
  readonly #rig = new Rig();
  readonly #minutes: number;
  readonly #isReal: boolean;
  readonly #perSecond: number;

  /** `perSecond`: scans. */
  constructor(minutes: number, isReal: boolean, perSecond: number) {
    this.#minutes = minutes;
    this.#isReal = isReal;
    this.#perSecond = perSecond;
  }

  async run(say: (line: string) => void): Promise<Endured> {
    try {
      return await this.#run(say);
    } catch (error) {
      throw new Error(
        `${error instanceof Error ? error.message : String(error)}\nthe bridge has said, ` +
          `at last:\n${this.#rig.said.slice(-3000)}`,
        { cause: error },
      );
    } finally {
      await this.#rig.remove();
    }
  }

  async #run(say: (line: string) => void): Promise<Endured> {
    const rig = this.#rig;
    const wanted = this.#minutes * SCANS_PER_SECOND * (MINUTE_MS / 1000);
    await rig.prepare({ scans: this.#isReal ? 0 : wanted, perSecond: this.#perSecond });
    rig.startBroker();
    rig.startBridge("inside.ts");
    await rig.untilUp();
    const [panel, scada, stranger] = [
      await rig.newPanel("panel"),
      await rig.newPanel("scada"),
      await Panel.create(rig.path("stranger")),
    ];
    const modbus = await rig.connectModbus();
    const session = await scada.login(rig.url, "otto", PASSWORD);
    const watch = await Watch.on(session, this.#nodes, 100);
    const usage: Usage[] = [];
    const from = Date.now();
    for (let minute = 1; minute <= this.#minutes; minute++) {
      await this.#minute(modbus, panel, minute);
      watch.told.length = 0;
      if (minute % RARELY === 0) await this.#rarely(stranger, panel);
      if (this.#isReal) await pause(Math.max(0, from + minute * MINUTE_MS - Date.now()));
      // What is done in a minute comes to its end before it is measured.
      if (!this.#isReal && minute === this.#minutes)
        await rig.until("all scans", async () => (await rig.metric("axv_tag_images_total")) >= wanted);
      const used = await rig.usage();
      usage.push(used);
      const megabytes = ({ rss, heap, external }: Usage): string =>
        `RSS ${(rss / 1e6).toFixed(1)} MB, heap ${(heap / 1e6).toFixed(2)} MB, external ${(external / 1e6).toFixed(2)} MB`;
      say(`minute ${minute}: ${megabytes(used)}, ${used.descriptors} descriptors, ${(used.cpu / 1e6).toFixed(1)} s of CPU`);
    }
    const scans = await rig.metric("axv_tag_images_total");
    const requests = await rig.metric("axv_modbus_requests_total");
    modbus.close(() => {});
    await Promise.all([panel, scada, stranger].map((each) => each.end()));
    await rig.until("the end of all sessions", async () => (await rig.metric("axv_opcua_sessions")) === 0);
    await rig.end("SIGTERM");
    return { usage, scans, requests, sessions: this.#minutes + 1, entries: verify(rig.path("audit")).entries };
  }

  get #nodes(): string[] {
    return Array.from({ length: TAGS }, (_, k) => `ns=${this.#rig.space};s=plc.T${k}`);
  }

  async #minute(modbus: ModbusRTU, panel: Panel, minute: number): Promise<void> {
    const gap = this.#isReal ? MINUTE_MS / (2 * READS) : 0;
    for (let k = 0; k < READS; k++) {
      await modbus.readHoldingRegisters(10, REGISTERS);
      if (k % (READS / WRITES) === 0) await modbus.writeRegister(0, (minute + k) % 100);
      if (gap > 0) await pause(gap);
    }
    await modbus.writeRegister(0, 101).catch(() => undefined); // out of its range
    const other = await this.#rig.connectModbus();
    await other.readHoldingRegisters(10, 2);
    await new Promise<void>((done) => other.close(() => done()));
    await this.#visit(panel, minute);
    for (let k = 0; k < SCRAPES; k++) await this.#rig.metrics();
    const mqtt = await connectAsync(`mqtt://127.0.0.1:${this.#rig.ports.mqtt}`, { reconnectPeriod: 0 });
    await mqtt.publishAsync(
      "spBv1.0/g/NCMD/n",
      encodePayload(0, undefined, [{ name: "Node Control/Rebirth", timestamp: 0, type: parseType("bool"), value: true }]),
    );
    await mqtt.endAsync();
  }

  async #visit(panel: Panel, minute: number): Promise<void> {
    const session = await panel.login(this.#rig.url, "anna", PASSWORD);
    const nodes = this.#nodes;
    const watch = await Watch.on(session, nodes.slice(0, 10), 100);
    await watch.next(10);
    const values = await session.read(nodes.map((nodeId) => ({ nodeId })));
    if (!values.every(({ statusCode }) => statusCode.name === "Good"))
      throw new Error(`values are ${values[0]?.statusCode.name}`);
    const written = await session.write({
      nodeId: `ns=${this.#rig.space};s=plc.Setpoint`,
      attributeId: 13,
      value: { value: { dataType: DataType.Int16, value: minute % 100 } },
    });
    if (written.name !== "Good") throw new Error(`a write is ${written.name}`);
    const details = new ReadRawModifiedDetails({
      isReadModified: false,
      startTime: new Date(Date.now() - MINUTE_MS),
      endTime: new Date(),
      numValuesPerNode: 100,
      returnBounds: false,
    });
    await session.historyRead(
      new HistoryReadRequest({
        nodesToRead: [{ nodeId: nodes[0] ?? "" }],
        historyReadDetails: details,
        timestampsToReturn: TimestampsToReturn.Source,
        releaseContinuationPoints: false,
      }),
    );
    await watch.close();
    await panel.logout();
  }

  async #rarely(stranger: Panel, panel: Panel): Promise<void> {
    await stranger.login(this.#rig.url, "anna", PASSWORD).catch(() => undefined);
    await panel.login(this.#rig.url, "anna", "a guess").catch(() => undefined);
    await panel.logout();
    const socket = connectSocket(this.#rig.ports.opcua, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write("HELF");
    socket.resetAndDestroy();
    this.#rig.killBroker();
    await this.#rig.until("the broker's loss", async () => (await this.#rig.metric("axv_sparkplug_up")) === 0);
    this.#rig.startBroker();
    await this.#rig.until("the broker's return", async () => (await this.#rig.metric("axv_sparkplug_up")) === 1);
  }
}

export const endure = (minutes: number, isReal: boolean, perSecond: number, say: (line: string) => void): Promise<Endured> =>
  new Endurance(minutes, isReal, perSecond).run(say);

/**
 * By how much there is more at the end than after the first part, which is what a start takes: a share.
 * Of three minutes each, the middle one.
 */
export function growth(usage: readonly Usage[], of: "rss" | "heap" | "external" | "descriptors", first: number): number {
  const middle = (from: number): number =>
    usage
      .slice(Math.max(0, from), from + 3)
      .map((each) => each[of])
      .sort((a, b) => a - b)[1] ?? Number.NaN;
  return middle(usage.length - 3) / middle(first) - 1;
}
