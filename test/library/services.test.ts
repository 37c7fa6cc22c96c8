// axv.h's services, by mailbox and by hypercall. By mailbox it leaves byte for byte what its AssemblyScript twin leaves.
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  CONSOLE_WRITE_MAX, MAILBOX_CONSOLE, MAILBOX_CONSOLE_BYTES, MAILBOX_CONSOLE_HEAD, MAILBOX_CONSOLE_TAIL,
  MAILBOX_DOORBELL_COUNT, MAILBOX_DOORBELLS, MAILBOX_MAGIC, MAILBOX_PUBLISHED, MAILBOX_TAGS, MAILBOX_VERSION,
  MAILBOX_WATCHDOG, TAG_MAX,
} from "../../core/abi.ts";
import {
  HYPERCALL_CONSOLE_WRITE, HYPERCALL_DOORBELL, HYPERCALL_MAILBOX, HYPERCALL_TAG_PUBLISH, HYPERCALL_VERSION,
  HYPERCALL_WATCHDOG_FEED, SMCCC_INVALID_PARAMETER, SMCCC_NOT_SUPPORTED,
} from "../../arch/aarch64/calls.ts";
import { ChannelMemory } from "../plc/channelMemory.ts";
import { Pairs } from "./pairs.ts";
import type { NativePeer } from "./nativePeer.ts";
import { CHANNEL_BYTES } from "./peer.ts";
import { BASE, instantiateEnds } from "./wasmPeer.ts";

const SEED = 3;
const VERSION_1_1 = 0x1_0001n;
const AXV_OK = "0";
const AXV_NO_HYPERVISOR = "-11";
const AXV_NO_MAILBOX = "-12";

let pairs: Pairs;
let native: NativePeer;
beforeAll(async () => {
  pairs = await Pairs.create();
  native = pairs.native[0];
});
afterAll(() => pairs.stop());
beforeEach(() => {
  native.ask("calls");
  pairs.begin([]);
});

/** x0 of the next hypercalls. */
function answers(...results: (bigint | number)[]): void {
  for (const result of results) native.ask(`result ${BigInt.asUintN(64, BigInt(result)).toString(16)}`);
}

/** The hypercalls since the last look: function, then x1 … x7. */
function calls(): { id: number; x: bigint[] }[] {
  const made = native.ask("calls").split(" ").filter((one) => one !== "");
  return made.map((one) => {
    const [id = "", x = ""] = one.split(":");
    return { id: Number(`0x${id}`), x: x.split(",").map((value) => BigInt(`0x${value}`)) };
  });
}

const hex = (text: string): string => Buffer.from(text, "latin1").toString("hex");

describe("axv_open", () => {
  test.each([
    ["this interface", VERSION_1_1, AXV_OK],
    ["a later minor version", 0x1_0005n, AXV_OK],
    ["another major version", 0x2_0000n, AXV_NO_HYPERVISOR],
    ["nobody who knows the call", SMCCC_NOT_SUPPORTED, AXV_NO_HYPERVISOR],
  ] as const)("%s", (_, version, result) => {
    answers(version);
    expect(native.ask("open")).toBe(result);
    expect(calls()).toEqual([{ id: HYPERCALL_VERSION, x: [0n, 0n, 0n, 0n, 0n, 0n, 0n] }]);
  });
});

describe("by hypercall", () => {
  beforeEach(() => {
    answers(VERSION_1_1);
    native.ask("open");
    calls();
  });

  test("the mailbox's IPA, or none", () => {
    answers(0x5000_1000, SMCCC_NOT_SUPPORTED, 0);
    expect([native.ask("mailbox"), native.ask("mailbox"), native.ask("mailbox")]).toEqual(["50001000", "0", "0"]);
    expect(calls().map(({ id }) => id)).toEqual([HYPERCALL_MAILBOX, HYPERCALL_MAILBOX, HYPERCALL_MAILBOX]);
  });

  test("doorbell, tag and watchdog: their arguments, and what comes back", () => {
    answers(0, SMCCC_INVALID_PARAMETER, 0, SMCCC_INVALID_PARAMETER, 0, SMCCC_NOT_SUPPORTED);
    expect(native.ask("doorbell 2")).toBe(AXV_OK);
    expect(native.ask("doorbell 9")).toBe(String(SMCCC_INVALID_PARAMETER));
    expect(native.ask("tag 31 fedcba9876543210")).toBe(AXV_OK);
    expect(native.ask("tag 32 1")).toBe(String(SMCCC_INVALID_PARAMETER));
    expect(native.ask("feed")).toBe(AXV_OK);
    expect(native.ask("feed")).toBe(String(SMCCC_NOT_SUPPORTED));
    expect(calls().map(({ id, x: [x1, x2] }) => [id, x1, x2])).toEqual([
      [HYPERCALL_DOORBELL, 2n, 0n],
      [HYPERCALL_DOORBELL, 9n, 0n],
      [HYPERCALL_TAG_PUBLISH, 31n, 0xfedc_ba98_7654_3210n],
      [HYPERCALL_TAG_PUBLISH, 32n, 1n],
      [HYPERCALL_WATCHDOG_FEED, 0n, 0n],
      [HYPERCALL_WATCHDOG_FEED, 0n, 0n],
    ]);
  });

  /** What console calls have printed. */
  const text = (made: ReturnType<typeof calls>): string =>
    made.map(({ x: [count = 0n, ...words] }) => {
      const bytes = Buffer.alloc(CONSOLE_WRITE_MAX);
      words.forEach((word, n) => bytes.writeBigUInt64LE(word, 8 * n));
      expect(bytes.subarray(Number(count)).every((byte) => byte === 0)).toBe(true);
      return bytes.toString("latin1", 0, Number(count));
    }).join("");

  test("the console: as many calls as it takes", () => {
    const line = "0123456789".repeat(10);
    answers(48, 48, 4);
    expect(native.ask(`print ${hex(line)}`)).toBe("100");
    const made = calls();
    expect(made.map(({ id, x: [count] }) => [id, count])).toEqual([
      [HYPERCALL_CONSOLE_WRITE, 48n],
      [HYPERCALL_CONSOLE_WRITE, 48n],
      [HYPERCALL_CONSOLE_WRITE, 4n],
    ]);
    expect(text(made)).toBe(line);
  });

  test("the console is full: what was taken is told, and no more is tried", () => {
    answers(48, 5, 0);
    expect(native.ask(`print ${hex("x".repeat(100))}`)).toBe("53");
    expect(calls()).toHaveLength(3);
    answers(SMCCC_NOT_SUPPORTED);
    expect(native.ask(`print ${hex("x")}`)).toBe("0");
    expect(native.ask("print ")).toBe("0");
  });
});

describe("by mailbox", () => {
  /** The file is the mailbox. */
  function give(magic = MAILBOX_MAGIC, version = 1): void {
    pairs.file.store32(0, magic);
    pairs.file.store32(MAILBOX_VERSION, version);
    answers(VERSION_1_1);
    native.ask("open");
    calls();
  }

  test("what is no mailbox is not used, and services stay hypercalls", () => {
    for (const [magic, version] of [[MAILBOX_MAGIC + 1, 1], [MAILBOX_MAGIC, 0], [MAILBOX_MAGIC, 2]] as const) {
      give(magic, version);
      expect(native.ask("use 0")).toBe(AXV_NO_MAILBOX);
      native.ask("feed");
      expect(calls()).toHaveLength(1);
    }
    give();
    expect(native.ask(`use ${CHANNEL_BYTES}`)).toBe(AXV_NO_MAILBOX); // NULL: it could not be mapped
  });

  test("no hypercall is left but for a doorbell that the mailbox has no word for", () => {
    give();
    expect(native.ask("use 0")).toBe(AXV_OK);
    for (const command of ["feed", "tag 0 1", "doorbell 7", `print ${hex("x")}`]) native.ask(command);
    expect(calls()).toEqual([]);
    answers(SMCCC_INVALID_PARAMETER);
    expect(native.ask(`doorbell ${MAILBOX_DOORBELL_COUNT}`)).toBe(String(SMCCC_INVALID_PARAMETER));
    expect(calls()).toHaveLength(1);
    expect(native.ask(`tag ${TAG_MAX} 1`)).toBe(String(SMCCC_INVALID_PARAMETER));
  });

  test("each service on its own words", () => {
    give();
    native.ask("use 0");
    native.ask("feed");
    native.ask("doorbell 3");
    native.ask("tag 31 fedcba9876543210");
    expect(native.ask(`print ${hex("abc")}`)).toBe("3");
    const expected = Buffer.alloc(CHANNEL_BYTES);
    expected.writeUInt32LE(MAILBOX_MAGIC, 0);
    expected.writeUInt32LE(1, MAILBOX_VERSION);
    expected.writeBigUInt64LE(1n, MAILBOX_WATCHDOG);
    expected.writeUInt32LE(1, MAILBOX_DOORBELLS + 12);
    expected.writeUInt32LE(0x8000_0000, MAILBOX_PUBLISHED);
    expected.writeBigUInt64LE(0xfedc_ba98_7654_3210n, MAILBOX_TAGS + 8 * 31);
    expected.write("abc", MAILBOX_CONSOLE);
    expected.writeUInt32LE(3, MAILBOX_CONSOLE_HEAD);
    expect(pairs.file.read(0, CHANNEL_BYTES)).toEqual(expected);
  });

  type Act =
    | { readonly kind: "feed" }
    | { readonly kind: "doorbell"; readonly channel: number }
    | { readonly kind: "tag"; readonly tag: number; readonly value: bigint }
    | { readonly kind: "print"; readonly bytes: Uint8Array }
    | { readonly kind: "take"; readonly count: number }; // the housekeeper

  const act: fc.Arbitrary<Act> = fc.oneof(
    fc.constant({ kind: "feed" } as const),
    fc.nat(MAILBOX_DOORBELL_COUNT - 1).map((channel) => ({ kind: "doorbell", channel }) as const),
    fc
      .record({ tag: fc.nat(TAG_MAX - 1), value: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }) })
      .map((one) => ({ kind: "tag", ...one }) as const),
    {
      weight: 3,
      arbitrary: fc.uint8Array({ minLength: 1, maxLength: 900, size: "max" }).map((bytes) => ({ kind: "print", bytes }) as const),
    },
    fc.nat(MAILBOX_CONSOLE_BYTES).map((count) => ({ kind: "take", count }) as const),
  );

  test("whatever is done, and wherever the console stands: C and AssemblyScript leave the same bytes", async () => {
    let cut = 0;
    const memory = new ChannelMemory(BASE);
    const twin = await instantiateEnds(memory.hooks());
    fc.assert(
      fc.property(fc.array(act, { maxLength: 25, size: "max" }), fc.constantFrom(0, 5000, 0xffff_fff0), (acts, count) => {
        memory.bytes.fill(0);
        memory.store(0, 32, BigInt(MAILBOX_MAGIC));
        memory.store(MAILBOX_VERSION, 32, 1n);
        memory.store(MAILBOX_CONSOLE_HEAD, 32, BigInt(count));
        memory.store(MAILBOX_CONSOLE_TAIL, 32, BigInt(count));
        pairs.file.write(0, memory.bytes);
        give();
        expect([native.ask("use 0"), twin.mailboxIs(BASE)]).toEqual([AXV_OK, 1]);
        for (const one of acts) {
          if (one.kind === "feed") [native.ask("feed"), twin.mailboxFeed(BASE)];
          else if (one.kind === "doorbell") [native.ask(`doorbell ${one.channel}`), twin.mailboxDoorbell(BASE, one.channel)];
          else if (one.kind === "tag")
            [native.ask(`tag ${one.tag} ${one.value.toString(16)}`), twin.mailboxTag(BASE, one.tag, one.value)];
          else if (one.kind === "print") {
            new Uint8Array(twin.memory.buffer, twin.bufferStart()).set(one.bytes);
            const taken = twin.mailboxConsole(BASE, one.bytes.length);
            expect(Number(native.ask(`print ${Buffer.from(one.bytes).toString("hex")}`))).toBe(taken);
            if (taken < one.bytes.length) cut++;
          } else {
            const waiting = (memory.u32(MAILBOX_CONSOLE_HEAD) - memory.u32(MAILBOX_CONSOLE_TAIL)) >>> 0;
            const tail = (memory.u32(MAILBOX_CONSOLE_TAIL) + Math.min(one.count, waiting)) >>> 0;
            memory.store(MAILBOX_CONSOLE_TAIL, 32, BigInt(tail));
            pairs.file.store32(MAILBOX_CONSOLE_TAIL, tail);
          }
          expect(Buffer.compare(pairs.file.read(0, CHANNEL_BYTES), memory.bytes)).toBe(0);
        }
      }),
      { numRuns: 200, seed: SEED },
    );
    expect(cut).toBeGreaterThan(20); // else the console was never full
  });

  test("a tail that cannot be, as if ahead of the head: nothing is printed over what waits", () => {
    give();
    native.ask("use 0");
    pairs.file.store32(MAILBOX_CONSOLE_TAIL, 1);
    expect(native.ask(`print ${hex("abc")}`)).toBe("0");
  });
});
