// The AssemblyScript twin of axv.h in V8 (assembly/ends.ts), on the same file as the native peer.
import { compile } from "../../tools/build/compile.ts";
import { generate } from "../../tools/build/index.ts";
import { PLC } from "../../tools/build/programs.ts";
import { guest as guestTable } from "../../rtos-guests/plc/aarch64/guest.table.ts";
import type { Hooks } from "../../tools/machine/imports.ts";
import { instantiate } from "../plc/instantiate.ts";
import type { Image, Peer, Received, Strike } from "./peer.ts";
import { CachedChannel, type SharedFile } from "./sharedFile.ts";

/** Where the channel is for it. */
export const BASE = 0x5000_0000n;

const READ_NO_MAGIC = 1;
const READ_BUSY = 2;

interface Ends {
  readonly memory: WebAssembly.Memory;
  readonly bufferStart: () => number;
  readonly ringProducer: (ring: number, base: bigint, capacity: number) => number;
  readonly ringConsumer: (ring: number, base: bigint, capacity: number) => number;
  readonly ringSend: (ring: number, length: number) => number;
  readonly ringReceive: (ring: number, size: number) => number;
  readonly imageStart: () => number;
  readonly imageWrite: (base: bigint, sequence: number) => number;
  readonly imageRead: (base: bigint) => number;
  readonly mailboxIs: (base: bigint) => number;
  readonly mailboxFeed: (base: bigint) => void;
  readonly mailboxDoorbell: (base: bigint, channel: number) => void;
  readonly mailboxTag: (base: bigint, tag: number, value: bigint) => void;
  readonly mailboxConsole: (base: bigint, count: number) => number;
}

let compiled: Promise<BufferSource> | undefined;

async function compileEnds(): Promise<BufferSource> {
  await generate(PLC);
  return Uint8Array.from((await compile({ ...PLC, entry: "test/library/assembly/ends.ts" })).wasm);
}

/** `channel`: hooks of the "channel" intrinsics. */
export async function instantiateEnds(channel: Hooks): Promise<Ends> {
  compiled ??= compileEnds();
  const guest: Record<string, () => never> = {}; // channels and mailboxes are all memory
  for (const { name } of guestTable) guest[name] = () => { throw new Error(`the channel code called ${name}`); };
  return (await instantiate(PLC, await compiled, { channel, guest })) as unknown as Ends;
}

export class WasmPeer implements Peer {
  readonly #shared: SharedFile;
  readonly #channel: CachedChannel;
  readonly #ends: Ends;

  static async create(shared: SharedFile): Promise<WasmPeer> {
    const channel = new CachedChannel(shared, BASE);
    return new WasmPeer(shared, channel, await instantiateEnds(channel.hooks()));
  }

  private constructor(shared: SharedFile, channel: CachedChannel, ends: Ends) {
    this.#shared = shared;
    this.#channel = channel;
    this.#ends = ends;
  }

  begin(): void {
    this.#shared.strikes = [];
    this.#channel.begin();
  }

  producer(ring: number, offset: number, capacity: number): number {
    return this.#ends.ringProducer(ring, BASE + BigInt(offset), capacity);
  }

  consumer(ring: number, offset: number, capacity: number): number {
    return this.#ends.ringConsumer(ring, BASE + BigInt(offset), capacity);
  }

  /** Linear memory from the record buffer on. */
  get #buffer(): Uint8Array {
    return new Uint8Array(this.#ends.memory.buffer, this.#ends.bufferStart());
  }

  send(ring: number, bytes: Uint8Array): number {
    this.#buffer.set(bytes);
    return this.#ends.ringSend(ring, bytes.length);
  }

  receive(ring: number, size: number): Received {
    const FILLER = 0xd7;
    this.#buffer.fill(FILLER, 0, size + 8);
    const result = this.#ends.ringReceive(ring, size);
    if (this.#buffer.subarray(Math.max(result, 0), size + 8).some((byte) => byte !== FILLER))
      throw new Error("received more than its length, or its room");
    return { result, bytes: this.#buffer.slice(0, Math.max(result, 0)) };
  }

  strike(strikes: readonly Strike[]): void {
    this.#shared.strikes = [...strikes];
  }

  writeImage(sequence: number, [scans, ...values]: Image): number {
    const view = new DataView(this.#ends.memory.buffer, this.#ends.imageStart());
    view.setBigUint64(0, scans, true);
    values.forEach((value, n) => view.setUint32(8 + 4 * n, value, true));
    return this.#ends.imageWrite(BASE, sequence) >>> 0;
  }

  readImage(): Image | "none" | "busy" {
    const result = this.#ends.imageRead(BASE);
    if (result === READ_NO_MAGIC) return "none";
    if (result === READ_BUSY) return "busy";
    const view = new DataView(this.#ends.memory.buffer, this.#ends.imageStart());
    const unsigned = (n: number): number => view.getUint32(8 + 4 * n, true);
    const signed = (n: number): number => view.getInt32(8 + 4 * n, true);
    return [view.getBigUint64(0, true), unsigned(0), unsigned(1), signed(2), signed(3), signed(4), unsigned(5), unsigned(6)];
  }

  stop(): void {
    this.#shared.strikes = [];
  }
}
