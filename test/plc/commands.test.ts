// Commands to the PLC guest through its channel, sent as the peer would: bytes written by hand, after the layouts in
// rtos-guests/channel/commands.ts and ringLayout.ts.
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { PROCESS_IMAGE_SCANS, PROCESS_IMAGE_SETPOINT } from "../../rtos-guests/plc/abi.ts";
import {
  ANSWER_BYTES, ANSWER_CORRUPT, ANSWER_DONE, ANSWER_MALFORMED, ANSWER_OUT_OF_RANGE, ANSWER_UNKNOWN, ANSWERS_RING,
  COMMANDS_CAPACITY, COMMANDS_RING, PLC_COMMAND_NONE, PLC_COMMAND_SETPOINT,
} from "../../rtos-guests/channel/commands.ts";
import { RING_DATA, RING_HEAD, RING_LINE, RING_TAIL } from "../../rtos-guests/channel/ringLayout.ts";
import { HISTOGRAM_BYTES, HISTOGRAM_EXECUTION } from "../../rtos-guests/channel/timing.ts";
import { ChannelMemory } from "./channelMemory.ts";
import { CHANNEL_IPA, SimulatedCpu, SimulatedGuest } from "./simulatedGuest.ts";

let channel: ChannelMemory;
let guest: SimulatedGuest;
beforeEach(async () => {
  channel = new ChannelMemory(CHANNEL_IPA);
  guest = await SimulatedGuest.boot(new SimulatedCpu(channel));
});

const head = (ring: number): number => channel.u32(ring + RING_HEAD);
const tail = (ring: number): number => channel.u32(ring + RING_TAIL);
const at = (ring: number, count: number): number => ring + RING_DATA + (count % COMMANDS_CAPACITY);

function sendWords(...words: number[]): void {
  let position = head(COMMANDS_RING);
  for (const word of words) {
    channel.store(at(COMMANDS_RING, position), 32, BigInt(word));
    position += 4;
  }
  channel.store(COMMANDS_RING + RING_HEAD, 32, BigInt(position));
}

const command = (kind: number, value: number): void => sendWords(8, kind, value);

/** The next answer: kind, result, scan. */
function answer(): number[] {
  const position = tail(ANSWERS_RING);
  expect(head(ANSWERS_RING) - position).toBeGreaterThan(0);
  expect(channel.u32(at(ANSWERS_RING, position))).toBe(ANSWER_BYTES);
  channel.store(ANSWERS_RING + RING_TAIL, 32, BigInt(position + 16));
  return [4, 8, 12].map((offset) => channel.u32(at(ANSWERS_RING, position + offset)));
}

const setpoint = (): number => channel.u32(PROCESS_IMAGE_SETPOINT);
const WORKING = 60_000; // with a part that has been there for 0.5 s

test("the rings lie behind the timing, one behind the other, each on cache lines of its own", () => {
  expect(COMMANDS_RING).toBeGreaterThanOrEqual(HISTOGRAM_EXECUTION + HISTOGRAM_BYTES);
  expect(ANSWERS_RING).toBeGreaterThanOrEqual(COMMANDS_RING + RING_DATA + COMMANDS_CAPACITY);
  expect([COMMANDS_RING % RING_LINE, ANSWERS_RING % RING_LINE]).toEqual([0, 0]);
});

test("a setpoint is in force in the scan that takes it, and answered", () => {
  guest.scans(600);
  expect(setpoint()).toBe(WORKING);
  command(PLC_COMMAND_SETPOINT, 45_000);
  guest.scan();
  expect(setpoint()).toBe(45_000);
  expect(answer()).toEqual([PLC_COMMAND_SETPOINT, ANSWER_DONE, 601]);
});

test.each([
  ["colder than ambient", PLC_COMMAND_SETPOINT, 19_999, ANSWER_OUT_OF_RANGE],
  ["hotter than the heater can", PLC_COMMAND_SETPOINT, 90_001, ANSWER_OUT_OF_RANGE],
  ["negative", PLC_COMMAND_SETPOINT, 0x8000_0000, ANSWER_OUT_OF_RANGE],
  ["another kind", 77, 45_000, ANSWER_UNKNOWN],
] as const)("refused, and nothing changes: %s", (_, kind, value, result) => {
  guest.scans(600);
  command(kind, value);
  guest.scan();
  expect(answer()).toEqual([kind, result, 601]);
  guest.scans(10);
  expect(setpoint()).toBe(WORKING);
});

test("records that are no commands are answered and passed over", () => {
  sendWords(4, 1);
  sendWords(0);
  sendWords(12, 1, 2, 3);
  command(PLC_COMMAND_SETPOINT, 50_000);
  guest.scans(4);
  const results = [answer(), answer(), answer(), answer()].map(([kind, result]) => [kind, result]);
  expect(results).toEqual([
    [PLC_COMMAND_NONE, ANSWER_MALFORMED],
    [PLC_COMMAND_NONE, ANSWER_MALFORMED],
    [PLC_COMMAND_NONE, ANSWER_MALFORMED],
    [PLC_COMMAND_SETPOINT, ANSWER_DONE],
  ]);
});

test("one command a scan, however many wait", () => {
  for (let i = 0; i < 20; i++) command(PLC_COMMAND_SETPOINT, 30_000 + i);
  for (let i = 1; i <= 20; i++) {
    guest.scan();
    expect(tail(COMMANDS_RING)).toBe(12 * i);
  }
});

test("answers that nobody takes are lost; commands are carried out all the same", () => {
  guest.scans(600);
  for (let i = 0; i < 100; i++) {
    command(PLC_COMMAND_SETPOINT, 30_000 + i);
    guest.scan();
    expect(setpoint()).toBe(30_000 + i);
  }
  expect(head(ANSWERS_RING) - tail(ANSWERS_RING)).toBe(COMMANDS_CAPACITY);
});

describe("a peer that writes what it likes", () => {
  test("a head that cannot be: said, dropped, and the next command is taken again", () => {
    channel.store(COMMANDS_RING + RING_HEAD, 32, 0xdead_bee0n);
    guest.scan();
    expect(answer()).toEqual([PLC_COMMAND_NONE, ANSWER_CORRUPT, 1]);
    expect(tail(COMMANDS_RING)).toBe(0xdead_bee0);
    command(PLC_COMMAND_SETPOINT, 50_000);
    guest.scan();
    expect(answer()).toEqual([PLC_COMMAND_SETPOINT, ANSWER_DONE, 2]);
  });

  test("a length that reaches beyond what was sent", () => {
    sendWords(0xffff_fffd, 1, 2);
    guest.scan();
    expect(answer()).toEqual([PLC_COMMAND_NONE, ANSWER_CORRUPT, 1]);
  });

  test("a new life finds whatever there is, and works", async () => {
    channel.bytes.fill(0xa5);
    const again = await SimulatedGuest.boot(new SimulatedCpu(channel));
    again.scans(700);
    expect(channel.u64(PROCESS_IMAGE_SCANS)).toBe(700n);
    expect(tail(COMMANDS_RING) % 4).toBe(0);
  });

  test("garbage everywhere, all the time: every scan is made, in its place, and the image is the guest's", () => {
    /** What the guest ever writes: image and timing, its tail, its answers with their head. */
    const isGuests = (offset: number): boolean =>
      offset < COMMANDS_RING || offset === COMMANDS_RING + RING_TAIL || offset === ANSWERS_RING + RING_HEAD ||
      (offset >= ANSWERS_RING + RING_DATA && offset < ANSWERS_RING + RING_DATA + COMMANDS_CAPACITY);
    let made = 0n;
    let corrupt = 0;
    const hit = fc.record({
      offset: fc.nat(COMMANDS_RING + 0x500 - 4).map((offset) => offset & ~3),
      value: fc.bigInt({ min: 0n, max: 0xffff_ffffn }),
    });
    const counts = fc.record({
      offset: fc.constantFrom(
        COMMANDS_RING + RING_HEAD,
        COMMANDS_RING + RING_TAIL,
        ANSWERS_RING + RING_HEAD,
        ANSWERS_RING + RING_TAIL,
      ),
      value: fc.oneof(fc.nat(600).map(BigInt), fc.bigInt({ min: 0n, max: 0xffff_ffffn })),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(hit, counts), { maxLength: 30 }), (writes) => {
        // Before every access of the guest's, not only between its scans.
        const waiting = writes.slice();
        channel.before = (access) => {
          if (access.kind === "write") expect(isGuests(access.offset)).toBe(true);
          const write = waiting.pop();
          if (write !== undefined) channel.store(write.offset, 32, write.value);
        };
        for (let i = 0; i < 3; i++) {
          guest.scan();
          made++;
        }
        channel.before = () => undefined;
        guest.scan();
        made++;
        expect(channel.u64(PROCESS_IMAGE_SCANS)).toBe(made);
        const last = (head(ANSWERS_RING) - 16) >>> 0;
        if (channel.u32(at(ANSWERS_RING, last)) === ANSWER_BYTES && channel.u32(at(ANSWERS_RING, last + 8)) === ANSWER_CORRUPT)
          corrupt++;
      }),
      { numRuns: 2000, seed: 3 },
    );
    expect(corrupt).toBeGreaterThan(20); // else the garbage hit nothing
  });
});
