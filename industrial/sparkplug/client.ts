// The node's connection to its broker, by the package mqtt: one client for each connection, so that its
// will has that connection's bdSeq, and so that nothing of an old one is sent in a new one. Who is primary
// host is waited for (Sparkplug 3.0.0, 5.4).
import { readFileSync } from "node:fs";
import { connect } from "mqtt";
import type { MqttClient } from "mqtt";
import { Backoff } from "../link/backoff.ts";
import { deathOf } from "./node.ts";
import type { EdgeNode } from "./node.ts";
import { NAMESPACE, stateTopic, topicOf } from "./topics.ts";

export interface ClientOptions {
  /** mqtt://HOST:PORT or mqtts://HOST:PORT */
  readonly broker: string;
  readonly group: string;
  readonly node: string;
  /** Its host id; undefined: nobody is waited for. */
  readonly host: string | undefined;
  readonly user: string | undefined;
  /** A file with the password. */
  readonly passwordFile: string | undefined;
  /** A file with the certificates of authorities that are trusted; undefined: the system's. */
  readonly ca: string | undefined;
  readonly log: { info(message: string): void; warn(message: string): void };
}

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;
const CONNECT_MS = 10_000;
const KEEP_ALIVE_SECONDS = 10;
const SEQUENCE_NUMBERS = 256;

export class SparkplugClient {
  readonly #node: EdgeNode;
  readonly #options: ClientOptions;
  #client: MqttClient | undefined;
  #retry: NodeJS.Timeout | undefined;
  readonly #backoff = new Backoff(RETRY_FIRST_MS, RETRY_MAX_MS);
  #bdSeq = SEQUENCE_NUMBERS - 1;
  #isClosed = false;
  #opened = 0;
  #said: string | undefined;
  /** Of the host's state that was told last. */
  #stateAt = Number.NEGATIVE_INFINITY;

  constructor(node: EdgeNode, options: ClientOptions) {
    this.#node = node;
    this.#options = options;
  }

  get opened(): number {
    return this.#opened;
  }

  start(): void {
    const { broker, group, node, user, passwordFile, ca } = this.#options;
    let secrets: { readonly password?: string; readonly ca?: Buffer };
    try {
      // Each time: who puts another one there need not start anything again.
      secrets = {
        ...(passwordFile !== undefined && { password: readFileSync(passwordFile, "utf8").trim() }),
        ...(ca !== undefined && { ca: readFileSync(ca) }),
      };
    } catch (error) {
      this.#later(`its file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    const bdSeq = (this.#bdSeq = (this.#bdSeq + 1) % SEQUENCE_NUMBERS);
    let reason = "it hung up";
    const client = connect(broker, {
      protocolVersion: 4,
      clean: true,
      reconnectPeriod: 0, // by a new client
      queueQoSZero: false,
      connectTimeout: CONNECT_MS,
      keepalive: KEEP_ALIVE_SECONDS,
      will: { topic: topicOf(group, "NDEATH", node), payload: deathOf(bdSeq, Date.now()), qos: 1, retain: false },
      ...(user !== undefined && { username: user }),
      ...secrets,
    });
    this.#client = client;
    client.on("connect", () => void this.#connected(client, bdSeq));
    client.on("message", (topic, payload) => this.#message(client, bdSeq, topic, payload));
    client.on("error", ({ message }) => (reason = message));
    client.on("close", () => {
      client.end(true);
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#node.end();
      this.#later(reason);
    });
  }

  /** Says that it goes: a client that ends in good order leaves no will behind. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    this.#node.end();
    this.#node.close();
    if (client?.connected !== true) {
      client?.end(true);
      return;
    }
    await this.#die(client);
    await client.endAsync();
  }

  async #connected(client: MqttClient, bdSeq: number): Promise<void> {
    const { group, node, host, broker, log } = this.#options;
    this.#opened++;
    this.#backoff.reset();
    this.#said = undefined;
    log.info(`connected to ${broker}${host === undefined ? "" : `; waiting for ${host}`}`);
    const topics = [
      topicOf(group, "NCMD", node),
      `${NAMESPACE}/${group}/DCMD/${node}/+`,
      ...(host === undefined ? [] : [stateTopic(host)]),
    ];
    await client
      .subscribeAsync(topics, { qos: 1 })
      .catch((error: unknown) => log.warn(`the broker lets nobody be subscribed: ${String(error)}`));
    if (host === undefined) this.#begin(client, bdSeq);
  }

  #begin(client: MqttClient, bdSeq: number): void {
    if (this.#client !== client || this.#node.isAlive) return;
    this.#node.begin({ publish: (topic, payload) => void client.publish(topic, payload, { qos: 0, retain: false }) }, bdSeq);
  }

  #message(client: MqttClient, bdSeq: number, topic: string, payload: Buffer): void {
    const { host } = this.#options;
    if (host !== undefined && topic === stateTopic(host)) {
      const isOnline = this.#hostState(payload);
      if (isOnline === true) this.#begin(client, bdSeq);
      else if (isOnline === false && this.#node.isAlive) void this.#hostGone(client);
      return;
    }
    const [, , , , device] = topic.split("/");
    void this.#node.command(device, payload);
  }

  /** Undefined: it is no state, or an old one. */
  #hostState(payload: Buffer): boolean | undefined {
    try {
      const { online, timestamp } = JSON.parse(payload.toString("utf8")) as {
        readonly online?: unknown;
        readonly timestamp?: unknown;
      };
      if (typeof online !== "boolean" || typeof timestamp !== "number" || timestamp < this.#stateAt) return undefined;
      this.#stateAt = timestamp;
      return online;
    } catch {
      return undefined;
    }
  }

  /** The session ends with it (5.4): a death that is told, and another connection, which waits for it. */
  async #hostGone(client: MqttClient): Promise<void> {
    this.#options.log.warn(`${this.#options.host ?? ""} is offline: values are kept until it is back`);
    this.#node.end();
    await this.#die(client);
    client.end();
  }

  async #die(client: MqttClient): Promise<void> {
    const { group, node } = this.#options;
    await client
      .publishAsync(topicOf(group, "NDEATH", node), deathOf(this.#bdSeq, Date.now()), { qos: 1 })
      .catch(() => undefined);
  }

  #later(reason: string): void {
    if (this.#isClosed) return;
    if (reason !== this.#said) this.#options.log.warn(`no connection to ${this.#options.broker}: ${reason}`);
    this.#said = reason;
    this.#retry = setTimeout(() => this.start(), this.#backoff.next());
  }
}
