// Packets that are no OPC UA, or only nearly, as many as are wanted: of the transport, of an open channel,
// and of a client that has a session. The last two are made of what a real client has sent, changed
// somewhere. The same seed makes the same packets.
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { AttributeIds, BrowseDirection, MessageSecurityMode, OPCUAClient, SecurityPolicy } from "node-opcua-client";
import { DataType } from "node-opcua-variant";
import { plantNamespace } from "./panel.ts";
import { Watch } from "./watch.ts";

/** A message of OPC UA's transport (OPC 10000-6, 7.1.2): type and chunk, its length, what it carries. */
export function message(type: string, body: Buffer, size = HEADER + body.length): Buffer {
  const header = Buffer.alloc(HEADER);
  header.write(type, 0, "latin1");
  header.writeUInt32LE(size >>> 0, 4);
  return Buffer.concat([header, body]);
}
const HEADER = 8;
/** Behind it in a channel: the channel's number, its token's, the message's, the request's (OPC 10000-6, 6.7.2). */
const CHANNEL_HEADER = 16;
const ENDPOINT = "opc.tcp://127.0.0.1:4840";
const EDGES = [0, 1, 7, 8, 0xff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff] as const;
const TYPES = ["HELF", "OPNF", "MSGF", "CLOF", "ACKF", "ERRF", "RHEF", "HELC", "MSGC", "MSGA", "OPNC", "XXXX"] as const;
const POLICIES = ["None", "Basic256Sha256", "Basic128Rsa15", "Aes256_Sha256_RsaPss", "\u0000"] as const;

const u32 = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.from(Uint32Array.of(value).buffer)));
const text = (value: string): Buffer => Buffer.concat([u32(value.length), Buffer.from(value)]);
export const hello = (url: string, sizes: readonly number[] = [0, 65_536, 65_536, 0, 0]): Buffer =>
  message("HELF", Buffer.concat([u32(...sizes), text(url)]));
const policyUri = (policy: string): string => `http://opcfoundation.org/UA/SecurityPolicy#${policy}`;
const NULL_STRING = 0xffff_ffff;

/** OpenSecureChannel (OPC 10000-4, 5.5.2), without security. */
const OPEN_BODY = Buffer.concat([
  Buffer.of(1, 0, 0xbe, 1), // i=446
  Buffer.of(0, 0), Buffer.alloc(8), u32(1, 0, NULL_STRING, 10_000), Buffer.of(0, 0, 0), // RequestHeader
  u32(0, 0, 1, NULL_STRING, 60_000), // version, issue, no security, no nonce, a minute
]);
const open = (policy: string, body = OPEN_BODY): Buffer =>
  message("OPNF", Buffer.concat([u32(0), text(policyUri(policy)), u32(NULL_STRING, NULL_STRING, 1, 1), body]));

/** Marsaglia's xorshift32. */
class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  of<T>(all: readonly [T, ...T[]]): T {
    return all[this.below(all.length)] ?? all[0];
  }
  bytes(most: number): Buffer {
    return Buffer.from(Array.from({ length: this.below(most + 1) }, () => this.below(256)));
  }
}

/** Bodies of a real client's requests, from its first one in a session on, and what comes before that. */
export interface Recorded {
  readonly create: Buffer;
  readonly activate: Buffer;
  readonly requests: readonly [Buffer, ...Buffer[]];
}

/**
 * What a client without encryption sends for a bit of everything to a server that lets anybody in. `tag`: one that it has,
 * "plc.A".
 */
export async function record(port: number, tag: string): Promise<Recorded> {
  const sent: Buffer[] = [];
  const proxy = createServer((inside) => {
    const outside = connect({ port, host: "127.0.0.1" });
    inside.on("data", (bytes: Buffer) => void sent.push(bytes));
    inside.pipe(outside).pipe(inside);
    for (const socket of [inside, outside]) socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await new Promise((done) => proxy.once("listening", done));
  const client = OPCUAClient.create({
    endpointMustExist: false,
    securityMode: MessageSecurityMode.None,
    securityPolicy: SecurityPolicy.None,
    connectionStrategy: { maxRetry: 0 },
  });
  await client.connect(`opc.tcp://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  const session = await client.createSession();
  const nodeId = `ns=${await plantNamespace(session)};s=${tag}`;
  await session.read([{ nodeId, attributeId: AttributeIds.Value }, { nodeId: "i=2258" }]);
  await session.browse({ nodeId: "i=85", browseDirection: BrowseDirection.Forward });
  await session.write({ nodeId, attributeId: AttributeIds.Value, value: { value: { dataType: DataType.Int32, value: 1 } } });
  await session.call([{ objectId: "i=2253", methodId: "i=11492", inputArguments: [{ dataType: DataType.UInt32, value: 1 }] }]);
  await session.readHistoryValue(nodeId, new Date(0), new Date());
  await session.translateBrowsePath({
    startingNode: "i=85",
    relativePath: { elements: [{ isInverse: false, includeSubtypes: true, targetName: { name: "Server" } }] },
  });
  const watch = await Watch.on(session, [nodeId], 100);
  await watch.next(1);
  await watch.close();
  await client.disconnect();
  await new Promise((done) => proxy.close(done));
  const bodies = messagesOf(Buffer.concat(sent)).flatMap((each) =>
    each.toString("latin1", 0, 4) === "MSGF" ? [each.subarray(HEADER + CHANNEL_HEADER)] : [],
  );
  const of = (service: number): Buffer => bodies.find((body) => body.readUInt16LE(2) === service) ?? Buffer.alloc(0);
  const [first = Buffer.alloc(0), ...others] = bodies.filter(
    (body) => ![CREATE_SESSION, ACTIVATE_SESSION].includes(body.readUInt16LE(2)),
  );
  return { create: of(CREATE_SESSION), activate: of(ACTIVATE_SESSION), requests: [first, ...others] };
}
const CREATE_SESSION = 461;
const ACTIVATE_SESSION = 467;
const CREATE_SESSION_ANSWER = 464;
/** Bytes of a client's nonce in CreateSession. */
const NONCE = 32;

function messagesOf(bytes: Buffer): Buffer[] {
  const all: Buffer[] = [];
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const end = at + bytes.readUInt32LE(at + 4);
    all.push(bytes.subarray(at, end));
    at = end;
  }
  return all;
}

/** Bytes of a NodeId (OPC 10000-6, 5.2.2.9). */
function nodeIdLength(bytes: Buffer, at: number): number {
  const form = (bytes[at] ?? 0) & 0x3f;
  const [fixed] = [{ 0: 2, 1: 4, 2: 7, 4: 19 }[form]];
  return fixed ?? 7 + Math.max(0, bytes.readInt32LE(at + 3));
}

const TYPE_ID = 4;
/** In an answer: type, time, handle, result, no diagnostics, no strings, nothing else. */
const ANSWER_HEADER = TYPE_ID + 8 + 4 + 4 + 1 + 4 + 3;

export interface Attacked {
  readonly packets: number;
  readonly connections: number;
  /** Of them, that had a session. */
  readonly sessions: number;
}

const AT_ONCE = 48;
/** Packets of one connection. */
const BURST = 8;
const SESSION_BURST = 60;
/** What a server that keeps a connection open without an answer is given. */
const PATIENCE_MS = 2000;
/** And a request that is wrong, for its answer: mostly there is none. */
const ANSWER_MS = 50;

export class Attack {
  readonly #port: number;
  readonly #recorded: Recorded;
  readonly #random: Random;
  #packets = 0;
  #connections = 0;
  #sessions = 0;

  constructor(port: number, recorded: Recorded, seed: number) {
    this.#port = port;
    this.#recorded = recorded;
    this.#random = new Random(seed);
  }

  async run(packets: number): Promise<Attacked> {
    const one = async (): Promise<void> => {
      while (this.#packets < packets) await this.#connection();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    return { packets: this.#packets, connections: this.#connections, sessions: this.#sessions };
  }

  async #connection(): Promise<void> {
    this.#connections++;
    const kind = this.#random.next();
    const peer = new Peer(this.#port);
    if (kind < 0.25)
      this.#send(
        peer,
        Array.from({ length: 1 + this.#random.below(3) }, () => this.#noise()),
      );
    else if (kind < 0.4)
      this.#send(peer, [Buffer.concat([hello(ENDPOINT), this.#noise()])]); // in one segment
    else if (kind < 0.55)
      this.#send(peer, [hello(ENDPOINT), this.#changed(open(this.#random.of(POLICIES)), HEADER), this.#noise()]);
    else if (kind < 0.8) await this.#inChannel(peer);
    else await this.#inSession(peer);
    await peer.end(this.#random.next() < 0.3);
  }

  #send(peer: Peer, packets: readonly Buffer[]): void {
    this.#packets += packets.length;
    for (const packet of packets) peer.send(packet);
  }

  async #inChannel(peer: Peer): Promise<void> {
    if (!(await peer.openChannel())) return;
    const { requests, create } = this.#recorded;
    for (let k = 0; k < BURST; k++) this.#send(peer, [this.#request(peer, this.#random.of([create, ...requests]))]);
  }

  async #inSession(peer: Peer): Promise<void> {
    if (!(await peer.openChannel())) return;
    const { create, activate, requests } = this.#recorded;
    peer.send(peer.wrap(this.#withNewNonce(create)));
    const answer = await peer.answer();
    if (answer?.readUInt16LE(2) !== CREATE_SESSION_ANSWER) return;
    const sessionId = nodeIdLength(answer, ANSWER_HEADER);
    const token = answer.subarray(
      ANSWER_HEADER + sessionId,
      ANSWER_HEADER + sessionId + nodeIdLength(answer, ANSWER_HEADER + sessionId),
    );
    const asIts = (body: Buffer): Buffer =>
      Buffer.concat([body.subarray(0, TYPE_ID), token, body.subarray(TYPE_ID + nodeIdLength(body, TYPE_ID))]);
    peer.send(peer.wrap(asIts(activate)));
    await peer.answer();
    this.#sessions++;
    for (let k = 0; k < SESSION_BURST && peer.isOpen; k++) {
      this.#send(peer, [this.#request(peer, asIts(this.#random.of(requests)))]);
      if (k % BURST === 0) await peer.answer(ANSWER_MS);
    }
  }

  /** Servers remember nonces, and take none twice. */
  #withNewNonce(create: Buffer): Buffer {
    const fresh = Buffer.from(create);
    const at = fresh.indexOf(u32(NONCE)) + 4;
    for (let k = 0; k < NONCE; k++) fresh[at + k] = this.#random.below(256);
    return fresh;
  }

  /** A message that is none, or a hello or an opening with a mistake. */
  #noise(): Buffer {
    const random = this.#random;
    const edge = (): number => random.of(EDGES);
    switch (random.below(5)) {
      case 0:
        return random.bytes(300);
      case 1:
        return message(random.of(TYPES), random.bytes(100), edge());
      case 2:
        return hello(random.bytes(30).toString("latin1"), [edge(), edge(), edge(), edge(), edge()]);
      case 3:
        return message(random.of(TYPES), random.bytes(300));
      default:
        return this.#changed(open(random.of(POLICIES), Buffer.concat([OPEN_BODY, random.bytes(10)])), 0);
    }
  }

  /** What is right but for something in its body; or its header. */
  #request(peer: Peer, body: Buffer): Buffer {
    const random = this.#random;
    const kind = random.next();
    if (kind < 0.05) return peer.wrap(body, { channel: random.of(EDGES) });
    if (kind < 0.1) return peer.wrap(body, { token: random.of(EDGES) });
    if (kind < 0.15) return peer.wrap(body, { sequence: random.of(EDGES) });
    if (kind < 0.2) return peer.wrap(body, { type: random.of(TYPES) });
    return peer.wrap(this.#changed(body, 0));
  }

  #changed(right: Buffer, from: number): Buffer {
    const random = this.#random;
    const wrong = Buffer.from(right);
    const at = from + random.below(Math.max(1, wrong.length - from));
    switch (random.below(6)) {
      case 0:
        wrong[at] = random.below(256);
        return wrong;
      case 1:
        wrong.writeUInt32LE(random.of(EDGES) >>> 0, Math.max(0, Math.min(at, wrong.length - 4)));
        return wrong;
      case 2:
        return wrong.subarray(0, at);
      case 3:
        return Buffer.concat([wrong.subarray(0, at), random.bytes(20), wrong.subarray(at)]);
      case 4:
        return Buffer.concat([wrong, wrong.subarray(at)]);
      default:
        for (let k = 0; k < 5; k++) wrong[from + random.below(Math.max(1, wrong.length - from))] = random.below(256);
        return wrong;
    }
  }
}

/** The client's end of a connection. */
class Peer {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #received: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};
  #channel = 0;
  #token = 0;
  #sequence = 1;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#closed = new Promise((resolve) => this.#socket.once("close", () => (this.#wake(), resolve())));
    this.#socket.on("error", () => {}); // closed by the server: as it should be
    this.#socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  send(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  wrap(
    body: Buffer,
    wrong: { readonly channel?: number; readonly token?: number; readonly sequence?: number; readonly type?: string } = {},
  ): Buffer {
    this.#sequence++;
    const { channel = this.#channel, token = this.#token, sequence = this.#sequence, type = "MSGF" } = wrong;
    return message(type, Buffer.concat([u32(channel, token, sequence, this.#sequence), body]));
  }

  /** Whether the server has let it. */
  async openChannel(): Promise<boolean> {
    this.send(hello(ENDPOINT));
    if ((await this.#next())?.toString("latin1", 0, 3) !== "ACK") return false;
    this.send(open("None"));
    const answer = await this.#next();
    if (answer?.toString("latin1", 0, 3) !== "OPN") return false;
    this.#channel = answer.readUInt32LE(HEADER);
    const body = HEADER + 4 + 4 + answer.readUInt32LE(HEADER + 4) + 8 + 8;
    this.#token = answer.readUInt32LE(body + ANSWER_HEADER + 4 + 4); // behind the server's protocol version and the channel
    return true;
  }

  /** The body of the next answer; undefined: there is none. */
  async answer(patience = PATIENCE_MS): Promise<Buffer | undefined> {
    const whole = await this.#next(patience);
    return whole === undefined || whole.toString("latin1", 0, 3) !== "MSG" ? undefined : whole.subarray(HEADER + CHANNEL_HEADER);
  }

  async #next(patience = PATIENCE_MS): Promise<Buffer | undefined> {
    const end = performance.now() + patience;
    while (this.#received.length < HEADER || this.#received.length < this.#received.readUInt32LE(4)) {
      const left = end - performance.now();
      if (this.#socket.destroyed || left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => (clearTimeout(timer), resolve());
      });
    }
    const length = this.#received.readUInt32LE(4);
    const whole = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return whole;
  }

  async end(byReset: boolean): Promise<void> {
    if (byReset) this.#socket.once("connect", () => undefined).resetAndDestroy();
    else this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), PATIENCE_MS);
    await this.#closed;
    clearTimeout(timer);
  }
}
