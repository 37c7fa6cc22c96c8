// A channel for AssemblyScript under test: the intrinsics of rtos-guests/channel/channel.table.ts on memory of this process.
import type { Hooks } from "../../tools/machine/imports.ts";

/** `pushed`: told of each line that is pushed or cleaned. */
export function channelOn(view: DataView, base: bigint, pushed: (line: number) => void = () => undefined): Hooks {
  const at = (address: bigint): number => Number(address - base);
  const push = (address: bigint): void => pushed(at(address) >> 6);
  return {
    channelRead32: (a: bigint) => view.getUint32(at(a), true),
    channelRead64: (a: bigint) => view.getBigUint64(at(a), true),
    channelWrite8: (a: bigint, value: number) => view.setUint8(at(a), value),
    channelWrite16: (a: bigint, value: number) => view.setUint16(at(a), value, true),
    channelWrite32: (a: bigint, value: number) => view.setUint32(at(a), value, true),
    channelWrite64: (a: bigint, value: bigint) => view.setBigUint64(at(a), value, true),
    pushLine: push,
    cleanLine: push,
    refreshLine: () => undefined,
    orderReads: () => undefined,
    orderWrites: () => undefined,
  };
}
