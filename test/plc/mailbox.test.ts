// The PLC guest with a mailbox: what it leaves there (core/abi.ts, MAILBOX_*), and that it makes no hypercall any more. The
// hypervisor's part is played by the tests.
import { beforeEach, describe, expect, test } from "vitest";
import {
  MAILBOX_CONSOLE, MAILBOX_CONSOLE_BYTES, MAILBOX_CONSOLE_HEAD, MAILBOX_CONSOLE_TAIL, MAILBOX_DOORBELLS, MAILBOX_MAGIC,
  MAILBOX_PUBLISHED, MAILBOX_SIZE, MAILBOX_TAGS, MAILBOX_VERSION, MAILBOX_WATCHDOG,
} from "../../core/abi.ts";
import { HYPERCALL_DOORBELL, HYPERCALL_MAILBOX, HYPERCALL_VERSION } from "../../arch/aarch64/calls.ts";
import {
  PLC_TAG_CYCLE_AVG, PLC_TAG_EXEC_RECENT, PLC_TAG_OVERRUNS, PLC_TAG_SCANS, PROCESS_IMAGE_SCANS,
} from "../../rtos-guests/plc/abi.ts";
import { readValue } from "../../industrial/tags/value.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { layoutSum } from "../../partitions/tags/table.ts";
import {
  TAG_IMAGE_MAGIC, TAG_IMAGE_SEQUENCE, TAG_IMAGE_SIZE, TAG_IMAGE_TABLE, TAG_IMAGE_TIME,
} from "../../rtos-guests/channel/tagImageLayout.ts";
import { plan, sound } from "../partitions/systems.ts";
import { type Access, ChannelMemory } from "./channelMemory.ts";
import { CHANNEL_IPA, MAILBOX_IPA, SimulatedCpu, SimulatedGuest } from "./simulatedGuest.ts";

let channel: ChannelMemory;
let cpu: SimulatedCpu;
let mailbox: ChannelMemory;
let guest: SimulatedGuest;
beforeEach(async () => {
  channel = new ChannelMemory(CHANNEL_IPA);
  cpu = new SimulatedCpu(channel);
  mailbox = cpu.giveMailbox();
  guest = await SimulatedGuest.boot(cpu);
});

const tag = (index: number): bigint => mailbox.u64(MAILBOX_TAGS + 8 * index);

/** As the housekeeper: takes what has been printed. */
function printed(): string {
  const head = mailbox.u32(MAILBOX_CONSOLE_HEAD);
  let text = "";
  for (let k = mailbox.u32(MAILBOX_CONSOLE_TAIL); k !== head; k = (k + 1) >>> 0) {
    text += String.fromCharCode(mailbox.bytes[MAILBOX_CONSOLE + (k % MAILBOX_CONSOLE_BYTES)] ?? 0);
  }
  mailbox.store(MAILBOX_CONSOLE_TAIL, 32, BigInt(head));
  return text;
}

test("three hypercalls at its start: version, mailbox, and whether it has a channel; none in 5000 scans after", () => {
  expect(cpu.hypercalls.map(({ id }) => id)).toEqual([HYPERCALL_VERSION, HYPERCALL_MAILBOX, HYPERCALL_DOORBELL]);
  for (let i = 0; i < 5000; i++) guest.scan();
  expect(cpu.hypercalls).toHaveLength(3);
});

test("the watchdog is fed before the start can fail, and once a scan", () => {
  expect(mailbox.u64(MAILBOX_WATCHDOG)).toBe(1n);
  guest.scans(100);
  expect(mailbox.u64(MAILBOX_WATCHDOG)).toBe(101n);
});

test("a doorbell every 100 scans, on its own channel's word, after what it calls for is in memory", () => {
  guest.scans(1000);
  expect(mailbox.u32(MAILBOX_DOORBELLS)).toBe(10);
  expect(mailbox.bytes.subarray(MAILBOX_DOORBELLS + 4, MAILBOX_PUBLISHED).every((byte) => byte === 0)).toBe(true);
});

describe("tags", () => {
  test("each counts once it has been written, and not before", () => {
    guest.scans(100); // in its scan number 100 it takes the values of this round
    expect(mailbox.u32(MAILBOX_PUBLISHED) & 1).toBe(1); // those of the round before, in scans 1 … 17
    const seen: Access[] = [];
    mailbox.before = (access) => void seen.push(access);
    guest.scans(1 + PLC_TAG_EXEC_RECENT);
    expect(mailbox.u32(MAILBOX_PUBLISHED)).toBe((1 << (PLC_TAG_EXEC_RECENT + 1)) - 1);
    expect(tag(PLC_TAG_SCANS)).toBe(100n);
    expect(tag(PLC_TAG_OVERRUNS)).toBe(0n);
    const writes = seen.flatMap((access) => (access.kind === "write" ? [access.offset] : []));
    const first = writes.indexOf(MAILBOX_TAGS);
    expect(writes[first + 1]).toBe(MAILBOX_PUBLISHED);
  });

  test("they follow the guest", () => {
    guest.scans(511);
    expect(tag(PLC_TAG_SCANS)).toBe(500n);
    expect(tag(PLC_TAG_CYCLE_AVG)).toBe(1_000_000n);
  });
});

describe("the console", () => {
  test("lines come through, a line a second, however often the ring goes round", () => {
    expect(printed()).toBe("plc: started, 1000 scans a second\r\n");
    for (let second = 0; second < 60; second++) {
      guest.scans(1000);
      expect(printed()).toMatch(/^plc: scans=\d+030 overruns=0 .* measured=\d+\.\d{3}\r\n$|^plc: scans=30 .*\r\n$/);
    }
    expect(mailbox.u32(MAILBOX_CONSOLE_HEAD)).toBeGreaterThan(MAILBOX_CONSOLE_BYTES * 2);
  });

  test("nobody takes it: the ring fills to the last byte, nothing in it is overwritten, and the scan goes on", () => {
    guest.scans(60_000);
    const full = mailbox.u32(MAILBOX_CONSOLE_HEAD) - mailbox.u32(MAILBOX_CONSOLE_TAIL);
    expect(full).toBe(MAILBOX_CONSOLE_BYTES);
    expect(channel.u64(PROCESS_IMAGE_SCANS)).toBe(60_000n);
    expect(printed()).toMatch(/^plc: started, 1000 scans a second\r\nplc: scans=30 /);
    guest.scans(2000);
    expect(printed()).toMatch(/plc: scans=\d+030 .*\r\n$/);
  });

  test("a panic is printed there too, and the watchdog no longer fed", () => {
    printed();
    const fed = mailbox.u64(MAILBOX_WATCHDOG);
    guest.panic(1n, 2n, 3n);
    expect(printed()).toBe("plc: panic esr=0x1 elr=0x2 far=0x3\r\n");
    expect(mailbox.u64(MAILBOX_WATCHDOG)).toBe(fed);
  });
});

describe("a mailbox that it cannot use is left alone, and hypercalls do its work", () => {
  const isUsed = async (give: (other: SimulatedCpu) => void): Promise<boolean> => {
    const other = new SimulatedCpu(new ChannelMemory(CHANNEL_IPA));
    give(other);
    const there = await SimulatedGuest.boot(other);
    const before = other.mailbox?.bytes.slice();
    other.hypercalls.length = 0;
    there.scan();
    const fed = other.takeHypercalls().fed;
    const touched = Buffer.compare(other.mailbox?.bytes ?? Buffer.alloc(0), before ?? Buffer.alloc(0)) !== 0;
    expect(touched).toBe(fed === 0);
    return touched;
  };

  test("none, another magic, another version", async () => {
    expect(await isUsed(() => undefined)).toBe(false);
    expect(await isUsed((other) => other.giveMailbox().store(0, 32, BigInt(MAILBOX_MAGIC + 1)))).toBe(false);
    expect(await isUsed((other) => other.giveMailbox().store(MAILBOX_VERSION, 32, 2n))).toBe(false);
    expect(await isUsed((other) => void other.giveMailbox())).toBe(true);
  });

  test("an IPA that this guest has not mapped", async () => {
    for (const ipa of [0n, 0x4000_0000n, CHANNEL_IPA - 0x1000n, 0x5100_0000n, 0x1_5000_1000n]) {
      expect(await isUsed((other) => void other.giveMailbox(ipa))).toBe(false);
    }
  });

  test("without a channel it stands where the channel would, and that is not touched as one", async () => {
    const alone = new SimulatedCpu(channel);
    alone.hasChannel = false;
    const own = alone.giveMailbox();
    channel.before = ({ kind }) => expect(kind).toMatch(/^order/);
    (await SimulatedGuest.boot(alone)).scans(200);
    expect(own.u64(MAILBOX_WATCHDOG)).toBe(201n);
    expect(own.u32(MAILBOX_DOORBELLS)).toBe(0);
  });
});

test("the mailbox of this file is one that the guest has mapped", () => {
  expect(MAILBOX_IPA - CHANNEL_IPA).toBe(0x1000n);
});

describe("its process values", () => {
  const demo = sound(plan("partitions/examples/demo.yaml"));
  const [table] = demo.tags.table;
  if (table === undefined) throw new Error("the demo has no tags");
  const imageIn = (memory: ChannelMemory): Record<string, TagValue> => {
    const view = new DataView(memory.bytes.buffer, MAILBOX_SIZE);
    return Object.fromEntries(table.tags.map(({ name, offset, type }) => [name, readValue(view, offset, type)]));
  };

  test("are those that the demo lists: its image is one of that table", async () => {
    const other = new SimulatedCpu(new ChannelMemory(CHANNEL_IPA));
    const memory = other.giveMailbox(MAILBOX_IPA, table.size);
    const there = await SimulatedGuest.boot(other);
    there.scans(500);
    expect([
      memory.u32(MAILBOX_SIZE),
      memory.u32(MAILBOX_SIZE + TAG_IMAGE_TABLE),
      memory.u32(MAILBOX_SIZE + TAG_IMAGE_SIZE),
    ]).toEqual([TAG_IMAGE_MAGIC, layoutSum(table), table.size]);
    const shown = imageIn(memory);
    expect(shown).toMatchObject({ Scans: 500, Inputs: 1, "Furnace.Setpoint": 40_000 });
    expect(shown["Furnace.Temperature"]).toBeGreaterThan(20_000);
    expect(shown["Furnace.Heater"]).toBeGreaterThan(0);
    const before = memory.u64(MAILBOX_SIZE + TAG_IMAGE_TIME);
    there.scan();
    expect(memory.u64(MAILBOX_SIZE + TAG_IMAGE_TIME)).toBeGreaterThan(before);
    expect(memory.u32(MAILBOX_SIZE + TAG_IMAGE_SEQUENCE) % 2).toBe(0);
  });

  test("are nowhere when the image behind its mailbox is of another size, or there is none", async () => {
    for (const bytes of [0, table.size + 8]) {
      const other = new SimulatedCpu(new ChannelMemory(CHANNEL_IPA));
      const memory = other.giveMailbox(MAILBOX_IPA, bytes);
      (await SimulatedGuest.boot(other)).scans(10);
      expect(memory.bytes.subarray(MAILBOX_SIZE).every((byte) => byte === 0)).toBe(true);
    }
  });
});
