// Who may command from inside: a partition that reads along by its second PL011 sends commands there, and
// the core asks the plan whether it may.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { decodeReply, numbered } from "../../industrial/link/commands.ts";
import { encodeFrame } from "../../industrial/link/frame.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { GUEST_UART, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench } from "./bench.ts";

const PORT = GUEST_UART + 0x1000;
const [LINUX_INDEX, PLC_INDEX] = [0, 1];
let bench: Bench;
let guest: Guest;
beforeEach(() => {
  bench = new Bench({ ...STANDARD, partitions: [{ ...LINUX, telemetry: true, controls: [PLC_INDEX] }, PLC] });
  guest = bench.openInterrupts(0);
});

const send = (bytes: Uint8Array): void => {
  for (const byte of bytes) guest.store(PORT, 4, BigInt(byte));
};
const frame = (partition: number, command: number, number: number): Uint8Array =>
  encodeFrame({ kind: abi.FRAME_COMMAND, partition, payload: numbered(command, number) });
const replies = (): unknown[] => bench.frames.splice(0).filter(({ kind }) => kind === abi.FRAME_REPLY).map(decodeReply);

describe("a partition", () => {
  test("commands those that the plan names, and hears what came of it", () => {
    send(frame(PLC_INDEX, abi.COMMAND_PAUSE, 0x1234_5678));
    bench.pass(20);
    expect(replies()).toEqual([{ number: 0x1234_5678, result: abi.REPLY_OK }]);
    expect(bench.partition(PLC_INDEX).state).toBe("paused");
    send(frame(PLC_INDEX, abi.COMMAND_START, 9));
    bench.pass(20);
    expect(replies()).toEqual([{ number: 9, result: abi.REPLY_WRONG_STATE }]);
  });

  test("commands nobody else: not itself, not one that is not there", () => {
    for (const [partition, result] of [
      [LINUX_INDEX, abi.REPLY_NOT_ALLOWED],
      [2, abi.REPLY_NO_SUCH_PARTITION],
      [0xff, abi.REPLY_NO_SUCH_PARTITION],
    ] as const) {
      send(frame(partition, abi.COMMAND_STOP, partition));
      bench.pass(20);
      expect(replies()).toEqual([{ number: partition, result }]);
    }
    expect(bench.partition(LINUX_INDEX).state).toBe("running");
  });

  test("without controls commands nobody, and may ask for tags all the same", () => {
    bench = new Bench({ ...STANDARD, partitions: [{ ...LINUX, telemetry: true }, PLC] });
    guest = bench.openInterrupts(0);
    for (const command of [
      abi.COMMAND_START,
      abi.COMMAND_STOP,
      abi.COMMAND_RESTART,
      abi.COMMAND_PAUSE,
      abi.COMMAND_RESUME,
      0,
      77,
    ]) {
      send(frame(PLC_INDEX, command, command));
      bench.pass(20);
      expect(replies()).toEqual([{ number: command, result: abi.REPLY_NOT_ALLOWED }]);
    }
    send(frame(PLC_INDEX, abi.COMMAND_TAGS, 1));
    bench.pass(20);
    expect(replies(), "it has none").toEqual([{ number: 1, result: abi.REPLY_WRONG_STATE }]);
    expect(bench.partition(PLC_INDEX)).toMatchObject({ state: "running", restarts: 0 });
  });

  test("types nothing into another one's console, and makes no frame of another kind", () => {
    for (const kind of [abi.FRAME_CONSOLE, abi.FRAME_EVENT, abi.FRAME_REPLY])
      send(encodeFrame({ kind, partition: PLC_INDEX, payload: Uint8Array.of(1, 2, 3, 4, 5) }));
    bench.pass(50);
    expect(bench.guest(3).load(GUEST_UART + 0x18, 4)).toMatchObject({ value: 0x90n }); // UARTFR: RXFE, TXFE
    expect(replies()).toEqual([]);
  });

  test("has as many commands carried out as it sends, one after the other, and the host's in between", () => {
    const told: unknown[] = [];
    for (let n = 0; n < 20; n++) {
      send(frame(PLC_INDEX, n % 2 === 0 ? abi.COMMAND_PAUSE : abi.COMMAND_RESUME, n));
      if (n === 10) expect(bench.command(LINUX_INDEX, abi.COMMAND_RESUME)).toBe(abi.REPLY_WRONG_STATE);
    }
    bench.pass(200);
    told.push(...bench.frames.filter(({ kind }) => kind === abi.FRAME_REPLY).map((reply) => decodeReply(reply)));
    expect(told.filter((each) => (each as { result: number }).result === abi.REPLY_OK)).toHaveLength(20);
  });

  test("keeps nobody from commanding, however much it sends", () => {
    const flood = frame(PLC_INDEX, abi.COMMAND_RESUME, 5);
    for (let n = 0; n < 30; n++) {
      for (let k = 0; k < 20; k++) send(flood);
      expect(bench.command(LINUX_INDEX, abi.COMMAND_RESUME)).toBe(abi.REPLY_WRONG_STATE);
    }
    expect(bench.partition(PLC_INDEX).state).toBe("running");
  });

  test("that sends noise is not heard, and is heard again behind it", () => {
    let noise = 7;
    for (let n = 0; n < 5000; n++) {
      noise = (Math.imul(noise, 1103515245) + 12345) >>> 0;
      send(Uint8Array.of(noise >>> 24));
      if (n % 20 === 0) bench.pass(3);
    }
    bench.pass(1000);
    expect(replies()).toEqual([]);
    send(frame(PLC_INDEX, abi.COMMAND_PAUSE, 3));
    bench.pass(20);
    expect(replies()).toEqual([{ number: 3, result: abi.REPLY_OK }]);
  });

  test("that has stopped commands nobody any more, by what it has left behind either", () => {
    for (let n = 0; n < 100; n++) send(frame(PLC_INDEX, n % 2 === 0 ? abi.COMMAND_PAUSE : abi.COMMAND_RESUME, n));
    expect(bench.command(LINUX_INDEX, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    const { state } = bench.partition(PLC_INDEX);
    replies();
    bench.pass(2000);
    expect(replies()).toEqual([]);
    expect(bench.partition(PLC_INDEX).state).toBe(state);
    expect(bench.command(LINUX_INDEX, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    bench.pass(100);
    expect(replies().slice(1), "but for the answer to the start").toEqual([]);
  });
});
