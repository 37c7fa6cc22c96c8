// The logic of test/plc/assembly/logic.ts, compiled once a test file and instantiated anew for every test.
import { compile } from "../../tools/build/compile.ts";
import { generate } from "../../tools/build/index.ts";
import { PLC } from "../../tools/build/programs.ts";
import { guest as guestTable } from "../../rtos-guests/plc/aarch64/guest.table.ts";
import type { Hooks } from "../../tools/machine/imports.ts";
import { ChannelMemory } from "./channelMemory.ts";
import { instantiate } from "./instantiate.ts";

/** What logic.ts exports: u32 and bool are numbers (signed, as wasm's are), u64 are bigints. */
export interface Logic {
  readonly memory: WebAssembly.Memory;
  readonly timerUpdate: (input: number, preset: number, passed: number) => number;
  readonly timerElapsed: () => number;
  readonly counterUpdate: (count: number, reset: number, preset: number) => number;
  readonly counterValue: () => number;
  readonly counterSet: (value: number) => void;
  readonly pidConfigure: (gain: number, integralGain: number, derivativeGain: number, minimum: number, maximum: number) => void;
  readonly pidUpdate: (setpoint: number, measured: number, passed: number) => number;
  readonly statisticsNominal: (value: bigint) => void;
  readonly statisticsRecord: (value: bigint) => void;
  readonly statisticsMinimum: () => bigint;
  readonly statisticsAverage: () => bigint;
  readonly statisticsMaximum: () => bigint;
  readonly statisticsPublish: (row: bigint) => void;
  readonly imageWrite: (base: bigint, sequence: number, value: number) => number;
  readonly imageRead: (base: bigint) => number;
  readonly imageIsWhole: () => number;
  readonly imageValue: () => number;
  readonly lineStart: () => number;
  readonly lineLength: () => number;
  readonly lineClear: () => void;
  readonly lineText: () => void;
  readonly lineDecimal: (value: bigint, digits: number) => void;
  readonly lineHex: (value: bigint) => void;
  readonly lineMilli: (value: number) => void;
}

let compiled: Promise<BufferSource> | undefined;

async function compileLogic(): Promise<BufferSource> {
  await generate(PLC);
  return Uint8Array.from((await compile({ ...PLC, entry: "test/plc/assembly/logic.ts" })).wasm);
}

/** Where the channel is for these tests. */
export const CHANNEL = 0x5000_0000n;

export async function loadLogic(channel = new ChannelMemory(CHANNEL), cleaned: bigint[] = []): Promise<Logic> {
  compiled ??= compileLogic();
  const guest: Record<string, () => never> = {}; // the logic must not reach the machine
  for (const { name } of guestTable) guest[name] = () => { throw new Error(`the logic called ${name}`); };
  const memory = channel.hooks();
  const clean = memory["cleanLine"] as (address: bigint) => void;
  const hooks: Hooks = { ...memory, cleanLine: (address: bigint) => (cleaned.push(address), clean(address)) };
  return (await instantiate(PLC, await compiled, { channel: hooks, guest })) as unknown as Logic;
}
