// Where memory is placed, and what is said when there is none: requests that just fit, and ones that do not.
import { describe, expect, test } from "vitest";
import { IMAGE_RING_BYTES, MAILBOX_SIZE } from "../../core/abi.ts";
import type { Aarch64Board } from "../../boards/schema.ts";
import { highest, highestWithout } from "../../partitions/plan/gaps.ts";
import { memoryIpa, memorySize, placeMemory } from "../../partitions/plan/memory.ts";
import type { MemoryPlan } from "../../partitions/plan/memory.ts";
import type { ChannelRequest, PartitionRequest } from "../../partitions/request.ts";
import { GIB, MIB, PAGE } from "../../partitions/units.ts";
import type { Span } from "../../partitions/units.ts";
import { channel, profile, qemu, reported, request } from "../partitions/reported.ts";

type Fields = PartitionRequest["fields"];

const RAM = 0x4000_0000;
/** Of one bank, so large, in whose first 2 MiB the image is. */
const of = (size: number, more: Partial<Aarch64Board> = {}): Aarch64Board => ({ ...qemu, ram: [{ base: RAM, size }], ...more });
const IMAGE = { base: RAM, size: 2 * MIB };

interface Placed extends MemoryPlan {
  readonly said: string[];
}
function placed(
  board: Aarch64Board, partitions: readonly PartitionRequest[], channels: readonly ChannelRequest[] = [], image = IMAGE,
): Placed {
  let plan: MemoryPlan | undefined;
  const said = reported((findings) => (plan = placeMemory(board, image, partitions, channels, findings)));
  if (plan === undefined) throw new Error("nothing was planned");
  return { ...plan, said };
}
const sized = (name: string, size: number, more: Fields = {}): PartitionRequest => request(name, { memory: { size }, ...more });
const at = (name: string, address: number, size: number): PartitionRequest =>
  sized(name, size, { memory: { size, at: address } });
const coloured = (name: string, size: number, ...colours: number[]): PartitionRequest =>
  sized(name, size, { cache: { colours } });
const hexes = (spans: ReadonlyMap<string, Span>): Record<string, string> =>
  Object.fromEntries([...spans].map(([name, { base, size }]) => [name, `${base.toString(16)} ${size / MIB}M`]));
const ask = "ask for less, here or in another partition";
const exhausted = (place: string, wanted: string, total: string, largest: string): string =>
  `${place} AXV-P030 no ${wanted} are left: the board has ${total} of RAM, less what the hypervisor and the other partitions ` +
  `have: the largest stretch left here is ${largest}; ${ask}`;

describe("a partition's memory", () => {
  test("is what was asked for, or its profile's, unless what was asked for is no memory", () => {
    const linux = profile("linux");
    const own = { memory: { size: 4 * MIB, ipa: 0x8000_0000 } };
    const sizes = (fields: Fields, memoryBroken = false): unknown[] => {
      const asked = request("a", fields, { profile: linux, memoryBroken });
      return [memorySize(asked), memoryIpa(asked)];
    };
    expect(sizes(own)).toEqual([4 * MIB, 0x8000_0000]);
    expect(sizes({})).toEqual([linux.memory.size, "identity"]);
    expect(sizes({ memory: { size: 4 * MIB } })).toEqual([4 * MIB, "identity"]);
    expect(sizes(own, true)).toEqual([undefined, undefined]);
    expect([memorySize(request("a", {})), memoryIpa(request("a", {}))]).toEqual([undefined, undefined]);
  });

  test("goes round the image, up to RAM's end; largest first, in the order of the file among equals", () => {
    const { partitions, said } = placed(of(64 * MIB), [sized("a", 2 * MIB), sized("b", 32 * MIB), sized("c", 2 * MIB)]);
    expect(said).toEqual([]);
    expect(hexes(partitions)).toEqual({ b: "42000000 32M", a: "41e00000 2M", c: "41c00000 2M" });
    expect(placed(of(64 * MIB), [sized("a", 62 * MIB)]).said).toEqual([]);
    expect(placed(of(64 * MIB), [sized("a", 64 * MIB)]).said)
      .toEqual([exhausted("partitions.a.memory.size", "64M", "64M", "62M")]);
    expect(placed(of(16 * MIB), [request("a", {}, { profile: profile("plc") })]).said[0]).toBe(
      exhausted("partitions.a", "16M", "16M", "14M"),
    );
  });

  test("is aligned to as large a block as its size has, up to 1 GiB, where that can be", () => {
    const top = (size: number, ram: number): string | undefined =>
      hexes(placed(of(ram), [sized("a", size)]).partitions)["a"]?.split(" ")[0];
    expect(top(2 * MIB, 63 * MIB)).toBe("43c00000");
    expect(top(3 * MIB, 63 * MIB)).toBe("43c00000");
    expect(top(4 * MIB, 62 * MIB)).toBe("43800000");
    expect(top(6 * MIB, 62 * MIB)).toBe("43800000");
    expect(top(8 * MIB, 62 * MIB)).toBe("43000000");
    expect(top(GIB, 3 * GIB - 2 * MIB)).toBe("80000000");
    expect(top(2 * GIB, 4 * GIB - 2 * MIB)).toBe("80000000");
    expect(top(60 * MIB, 63 * MIB)).toBe("40200000");
  });

  test("is what is left of firmware's, and of two banks one has it", () => {
    const kept = of(64 * MIB, { reserved: [{ base: RAM + 48 * MIB, size: 16 * MIB, what: "TF-A" }] });
    expect(hexes(placed(kept, [sized("a", 16 * MIB)]).partitions)).toEqual({ a: "42000000 16M" });
    const banks = of(0, { ram: [{ base: RAM, size: 32 * MIB }, { base: 0x8000_0000, size: 16 * MIB }] });
    expect(hexes(placed(banks, [sized("a", 16 * MIB)]).partitions)).toEqual({ a: "80000000 16M" });
    expect(placed(banks, [sized("a", 32 * MIB)]).said).toEqual([exhausted("partitions.a.memory.size", "32M", "48M", "30M")]);
    // Whole blocks are meant: of 3 MiB, half of them before the first boundary of 2 MiB, one is left.
    const odd = of(0, { ram: [{ base: RAM, size: 2 * MIB }, { base: RAM + 3 * MIB, size: 4 * MIB }] });
    expect(placed(odd, [sized("a", 4 * MIB)]).said).toEqual([exhausted("partitions.a.memory.size", "4M", "6M", "2M")]);
    expect(placed(of(2 * MIB), [sized("a", 2 * MIB)]).said)
      .toEqual([exhausted("partitions.a.memory.size", "2M", "2M", "0 bytes")]);
  });

  test("is where it was asked for, or it is said what is there", () => {
    const board = of(64 * MIB, {
      ram: [{ base: RAM, size: 64 * MIB }, { base: 0x8000_0000, size: 16 * MIB }],
      reserved: [{ base: 0x43e0_0000, size: 2 * MIB, what: "TF-A" }],
    });
    const asked = [at("a", 0x8000_0000, 16 * MIB), at("b", 0x43c0_0000, 2 * MIB), sized("c", 2 * MIB)];
    const { partitions, said } = placed(board, asked);
    expect(said).toEqual([]);
    expect(hexes(partitions)).toEqual({ a: "80000000 16M", b: "43c00000 2M", c: "43a00000 2M" });
    const wrong = (...asked: readonly PartitionRequest[]): string[] => placed(board, asked).said;
    const over = (name: string, span: string, owner: string, theirs: string): string =>
      `partitions.${name}.memory.at AXV-P024 the memory ${span} overlaps ${owner} at ${theirs}: choose another \`at\`, or ` +
      "leave it out to have one chosen";
    expect(wrong(at("a", 0x8000_0000, 18 * MIB))).toEqual([
      "partitions.a.memory.at AXV-P031 the memory 0x80000000…0x81200000 is not all RAM of the board: stay inside " +
        "0x40000000…0x44000000 or 0x80000000…0x81000000",
    ]);
    expect(wrong(at("a", RAM, 2 * MIB))).toEqual([
      over("a", "0x40000000…0x40200000", "the hypervisor's image", "0x40000000…0x40200000"),
    ]);
    expect(wrong(at("a", 0x43c0_0000, 4 * MIB))).toEqual([
      over("a", "0x43c00000…0x44000000", "firmware's memory (TF-A)", "0x43e00000…0x44000000"),
    ]);
    expect(wrong(at("a", 0x8000_0000, 4 * MIB), at("b", 0x8020_0000, 2 * MIB))).toEqual([
      over("b", "0x80200000…0x80400000", 'partition "a"', "0x80000000…0x80400000"),
    ]);
  });
});

describe("coloured memory", () => {
  test("is one stretch for all, as long as who is spread most needs, at a multiple of 2 MiB", () => {
    const two = [coloured("a", 2 * MIB, 0, 1), coloured("b", 4 * MIB, 2)];
    const { partitions, said } = placed(of(71 * MIB), two);
    expect(said).toEqual([]);
    // 1024 pages of one of 16 colours: 64 MiB.
    expect(hexes(partitions)).toEqual({ a: "40600000 16M", b: "40600000 64M" });
    expect(placed(of(65 * MIB), two).said).toEqual([
      "partitions.b.memory.size AXV-P036 4M of 1 of 16 colours spread over 64M of RAM, and the largest stretch left is 62M: " +
        "give it more colours or less memory",
    ]);
    expect(placed(of(65 * MIB), [...two].reverse()).said).toEqual([
      "partitions.b.memory.size AXV-P036 4M of 1 of 16 colours spread over 64M of RAM, and the largest stretch left is 62M: " +
        "give it more colours or less memory",
    ]);
    const equal = [coloured("a", 4 * MIB, 0), coloured("b", 4 * MIB, 1)];
    expect(placed(of(64 * MIB), equal).said[0]).toMatch(/^partitions\.a\.memory\.size AXV-P036 4M of 1 of 16/);
  });

  test("a channel of theirs keeps clear of others' colours, and a mailbox is of one's own", () => {
    const colours = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);
    const a = coloured("a", 2 * MIB, ...colours(0, 7));
    const b = coloured("b", 2 * MIB, ...colours(8, 14));
    const c = sized("c", 2 * MIB);
    const between = (one: string, two: string, size: number): ChannelRequest => channel("c", { between: [one, two], size });
    const place = (end: ChannelRequest): Placed => placed(of(64 * MIB), [a, b, c], [end]);
    const pages = (span: Span | undefined): number[] =>
      Array.from({ length: (span?.size ?? 0) / PAGE }, (_, n) => ((span?.base ?? 0) / PAGE + n) % 16);
    expect(pages(place(between("a", "c", 9 * PAGE)).channels.get("c"))).toEqual([15, ...colours(0, 7)]);
    expect(pages(place(between("a", "b", PAGE)).channels.get("c"))).toEqual([15]);
    expect(pages(place(between("c", "d", 2 * PAGE)).channels.get("c"))).toEqual([14, 15]);
    expect(place(between("a", "c", 10 * PAGE)).said).toEqual([
      'channels.c.size AXV-P044 a channel of 40K would take colours of the cache that belong to "b": make it smaller, or leave ' +
        "more colours side by side that are nobody's or its partners'",
    ]);
    const boxes = placed(of(64 * MIB), [a, b].map((each) =>
      ({ ...each, fields: { ...each.fields, mailbox: { ipa: 0x7000_0000 } } }))).mailboxes;
    expect([...boxes].map(([name, span]) => [name, ...pages(span)])).toEqual([["a", 7], ["b", 14]]);
  });
});

describe("channels, mailboxes, new images", () => {
  const box = { mailbox: { ipa: 0x7000_0000 } };

  test("are in what memory leaves, from the top down; who has a mailbox, and how large", () => {
    const [plc, linux] = [profile("plc"), profile("linux")];
    const partitions = [
      request("plc", { memory: { size: 2 * MIB } }, { profile: plc }),
      request("linux", { memory: { size: 2 * MIB } }, { profile: linux }),
      request("asked", { memory: { size: 2 * MIB }, ...box }, { profile: linux }),
      request("bringer", { memory: { size: 2 * MIB } }, { profile: linux }),
      request("new", { memory: { size: 2 * MIB }, update: { key: "", from: "bringer", size: MIB, version: 0 } }),
    ];
    const channels = [channel("c", { size: 2 * PAGE, between: ["plc", "linux"] }), channel("d", {})];
    const made = placed(of(64 * MIB), partitions, channels);
    expect(made.said).toEqual([]);
    const top = 0x4400_0000 - 10 * MIB;
    expect([...made.channels]).toEqual([["c", { base: top - 2 * PAGE, size: 2 * PAGE }]]);
    const ring = MAILBOX_SIZE + IMAGE_RING_BYTES;
    expect([...made.mailboxes]).toEqual([
      ["plc", { base: top - 3 * PAGE, size: MAILBOX_SIZE }],
      ["asked", { base: top - 4 * PAGE, size: MAILBOX_SIZE }],
      ["bringer", { base: top - 4 * PAGE - ring, size: ring }],
    ]);
    // In whole blocks where that can be.
    expect(made.staging).toEqual({ base: top - 4 * MIB, size: 2 * MIB });
    expect(placed(of(64 * MIB), partitions.slice(0, 4)).staging).toBeUndefined();
  });

  test("for which nothing is left", () => {
    const full = [sized("a", 62 * MIB, box)];
    expect(placed(of(64 * MIB), full).said).toEqual([exhausted("partitions.a", "4K", "64M", "0 bytes")]);
    const one = channel("c", { between: ["a", "b"], size: PAGE });
    expect(placed(of(64 * MIB), [sized("a", 62 * MIB)], [one]).said).toEqual([
      exhausted("channels.c.size", "4K", "64M", "0 bytes"),
    ]);
    const update = { update: { key: "", from: "b", size: MIB, version: 0 } };
    expect(placed(of(64 * MIB), [sized("a", 62 * MIB, update)]).said).toEqual([
      exhausted("partitions.a.update.size", "2M", "64M", "0 bytes"),
    ]);
    expect(placed(of(64 * MIB), [sized("a", 60 * MIB, update)]).said).toEqual([]);
  });

  test("new images are of whole pages where no blocks are left, and nobody's", () => {
    const update = { update: { key: "", from: "b", size: MIB, version: 0 } };
    const image = { base: RAM, size: MIB };
    const { staging, said } = placed(of(63 * MIB), [sized("a", 60 * MIB, update)], [], image);
    expect([staging, said]).toEqual([undefined, [exhausted("partitions.a.update.size", "2M", "63M", "0 bytes")]]);
    const beside = (size: number): Span | undefined => {
      const own = { update: { ...update.update, size } };
      return placed(of(64 * MIB), [sized("a", 60 * MIB, own)], [], { base: RAM, size: PAGE }).staging;
    };
    expect(beside(MIB)).toEqual({ base: RAM + 2 * MIB, size: 2 * MIB });
    expect(beside(1.5 * MIB)).toEqual({ base: RAM + MIB, size: 3 * MIB });
    expect(beside(2 * MIB - PAGE)).toEqual({ base: RAM + 2 * PAGE, size: 4 * MIB - 2 * PAGE });
    expect(beside(2 * MIB)).toBeUndefined();
  });
});

describe("the highest place", () => {
  const span = (from: number, pages: number): Span => ({ base: from * PAGE, size: pages * PAGE });

  test("as well aligned as can be, even where that is lower", () => {
    const gaps = [span(0, 8), span(9, 3)];
    expect(highest(gaps, PAGE, PAGE, PAGE)).toEqual(span(11, 1));
    expect(highest(gaps, PAGE, PAGE, 2 * PAGE)).toEqual(span(10, 1));
    expect(highest(gaps, PAGE, PAGE, 4 * PAGE)).toEqual(span(4, 1));
    expect(highest(gaps, 8 * PAGE, PAGE, 16 * PAGE)).toEqual(span(0, 8));
    expect(highest([span(9, 3)], 3 * PAGE, PAGE, 4 * PAGE)).toEqual(span(9, 3));
    expect(highest([span(9, 3)], 3 * PAGE, 2 * PAGE, 4 * PAGE)).toBeUndefined();
    expect(highest(gaps, 9 * PAGE, PAGE, PAGE)).toBeUndefined();
    expect(highest([], PAGE, PAGE, PAGE)).toBeUndefined();
  });

  const CACHE = { level: 2, sets: 256, ways: 4, line: 64, colours: 4, wayGroups: 0 };
  test("without a colour: down to a gap's beginning, in the next gap, and of more pages than there are colours", () => {
    const place = (gaps: readonly Span[], pages: number, ...avoided: number[]): unknown =>
      highestWithout(gaps, pages * PAGE, CACHE, new Set(avoided));
    expect(place([span(1, 4)], 1, 1, 2, 3)).toEqual(span(4, 1));
    expect(place([span(1, 3)], 1, 1, 2, 3)).toBeUndefined();
    expect(place([span(0, 4), span(5, 2)], 1, 1, 2, 3)).toEqual(span(0, 1));
    expect(place([span(0, 9)], 5)).toEqual(span(4, 5));
    expect(place([span(0, 9)], 5, 0)).toBeUndefined();
    expect(place([{ base: 0, size: 2 * PAGE + 8 }], 1)).toEqual(span(1, 1));
  });
});
