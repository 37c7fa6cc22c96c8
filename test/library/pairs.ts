// Both implementations of a channel's ends on one file, in every pairing.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NativePeer } from "./nativePeer.ts";
import { CHANNEL_BYTES, type Peer } from "./peer.ts";
import { SharedFile } from "./sharedFile.ts";
import { WasmPeer } from "./wasmPeer.ts";

/** Producer or writer, then consumer or reader. */
export const PAIRINGS = [
  ["C", "AssemblyScript"],
  ["AssemblyScript", "C"],
  ["C", "C"],
  ["AssemblyScript", "AssemblyScript"],
] as const;
export type Language = (typeof PAIRINGS)[number][number];

export class Pairs {
  readonly file: SharedFile;
  readonly native: readonly [NativePeer, NativePeer];
  readonly wasm: readonly [WasmPeer, WasmPeer];
  readonly #folder: string;

  static async create(): Promise<Pairs> {
    const folder = mkdtempSync(join(tmpdir(), "axv-channel-"));
    const path = join(folder, "channel");
    writeFileSync(path, Buffer.alloc(CHANNEL_BYTES));
    const file = new SharedFile(path);
    const wasm = [await WasmPeer.create(file), await WasmPeer.create(file)] as const;
    return new Pairs(folder, file, [new NativePeer(path), new NativePeer(path)], wasm);
  }

  private constructor(
    folder: string,
    file: SharedFile,
    native: readonly [NativePeer, NativePeer],
    wasm: readonly [WasmPeer, WasmPeer],
  ) {
    this.#folder = folder;
    this.file = file;
    this.native = native;
    this.wasm = wasm;
  }

  first(language: Language): Peer {
    return language === "C" ? this.native[0] : this.wasm[0];
  }

  second(language: Language): Peer {
    return language === "C" ? this.native[1] : this.wasm[1];
  }

  /** The channel from its start as these bytes, zero behind them; both ends begin a life. */
  begin(peers: readonly Peer[], bytes: Uint8Array = new Uint8Array()): void {
    const whole = Buffer.alloc(CHANNEL_BYTES);
    whole.set(bytes);
    this.file.write(0, whole);
    for (const peer of peers) peer.begin();
  }

  stop(): void {
    for (const peer of [...this.native, ...this.wasm]) peer.stop();
    this.file.close();
    rmSync(this.#folder, { recursive: true });
  }
}
