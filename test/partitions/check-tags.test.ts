// Tags of a partition, and channels that carry them, at their edges: all that is said, in whole.
import { describe, expect, test } from "vitest";
import { checkTagChannels, checkTags } from "../../partitions/check/tags.ts";
import type { ChannelRequest, PartitionRequest } from "../../partitions/request.ts";
import { TAGS_MAX } from "../../partitions/tags/schema.ts";
import type { WrittenTag } from "../../partitions/tags/schema.ts";
import { channelBytes, placeInImage, TAG_IMAGE_MAX, wantedTags } from "../../partitions/tags/table.ts";
import { alignUp } from "../../partitions/units.ts";
import { TAG_WRITES_BATCH_MAX, TAG_WRITES_ENTRIES } from "../../rtos-guests/channel/tagWritesLayout.ts";
import { channel, reported, request } from "./reported.ts";

const tag = (name: string, type: WrittenTag["type"], more: Partial<WrittenTag> = {}): WrittenTag =>
  ({ name, type, access: "ro", ...more }) as WrittenTag;
const tagged = (name: string, tags: readonly WrittenTag[], more: Partial<PartitionRequest> = {}): PartitionRequest =>
  request(name, { tags: [...tags] }, more);

describe("tags", () => {
  /** Whether it is fine, and what is said. */
  const said = (...tags: readonly WrittenTag[]): string[] => {
    const partition = tagged("a", tags);
    let fine = true;
    const found = reported((findings) => (fine = checkTags(partition, wantedTags(partition), findings)));
    expect(fine).toBe(found.length === 0);
    return found;
  };
  const range = (place: string, why: string): string => `partitions.a.tags.${place} AXV-P122 the range ${why}`;

  test("have names that differ, in C too", () => {
    expect(said(tag("A", "f32"), tag("B", "f32"))).toEqual([]);
    expect(said(tag("A", "f32"), tag("B", "f32"), tag("A", "i8"))).toEqual([
      'partitions.a.tags.2 AXV-P120 there are two tags "A" in this partition: give one of them another name',
    ]);
    expect(said(tag("A_x", "f32"), tag("A", { x: "f32" }))).toEqual([
      'partitions.a.tags.1.type.x AXV-P121 "A.x" and "A_x" are both A_x in C: give one of them another name',
    ]);
    expect(reported((findings) => checkTags(request("a", {}), [], findings))).toEqual([]);
  });

  test("have registers of their own, but for structures, and clients that are addresses, where they may be written", () => {
    expect(said(tag("A", { x: "f32" }, { register: 5 }), tag("B", "f32", { register: 9 }))).toEqual([
      "partitions.a.tags.0.register AXV-P127 a structure has no register of its own: its fields have: take \"register\" away, " +
        "or write its fields as tags",
    ]);
    expect(said(tag("A", "f32", { clients: [] }))).toEqual([
      'partitions.a.tags.0.clients AXV-P124 nobody writes a tag that can only be read: take "clients" away, or write `access: ' +
        'rw`',
    ]);
    const clients = (...list: string[]): string[] => said(tag("A", "f32", { access: "rw", clients: list }));
    expect(clients("192.168.1.10", "192.168.1.0/24", "10.0.0.0/32", "fd00::1", "fd00::/8", "::/128", "0.0.0.0/0")).toEqual([]);
    expect(clients("10.0.0.1", "10.0.0.0/33", "fd00::/129", "host", "", "fd00::/64")).toEqual(
      [[1, "10.0.0.0/33"], [2, "fd00::/129"], [3, "host"], [4, ""]].map(([n, client]) =>
        `partitions.a.tags.0.clients.${n} AXV-P125 ${client} is no address and no network: write 192.168.1.10, 192.168.1.0/24 ` +
        "or fd00::1"),
    );
  });

  test("that are no numbers have neither range nor deadband", () => {
    expect(said(tag("A", "bool"), tag("B", "string[8]", { deadband: 0 }))).toEqual([]);
    expect(said(tag("A", "bool", { range: [0, 1], deadband: 1 }), tag("B", { s: "string[8]" }, { range: [1, 0] }))).toEqual([
      'partitions.a.tags.0.range AXV-P123 a tag of type bool has no range: take "range" away',
      'partitions.a.tags.0.deadband AXV-P123 a tag of type bool has no deadband: take "deadband" away',
      'partitions.a.tags.1.range AXV-P123 a tag of type string[8] has no range: take "range" away',
    ]);
  });

  test("have a range of their type's", () => {
    const of = (type: string, low: number, high: number): string[] => said(tag("A", type, { range: [low, high] }));
    expect([of("u8", 0, 255), of("i8", -128, 127), of("u8", 7, 7), of("f32", -0.5, 0.25), of("f64", -1e300, 1e300),
      of("u64", 0, 2 ** 53 - 1), of("i64", -(2 ** 53 - 1), 0), of("u8[4]", 0, 255)].flat()).toEqual([]);
    expect(of("u8", 8, 7)).toEqual([range("0.range", "ends at 7, before it begins at 8: write the smaller one first")]);
    const part = "write a part of 0 to 255, or another type";
    expect(of("u8", -1, 7)).toEqual([range("0.range", `of -1 to 7 is not u8's: ${part}`)]);
    expect(of("u8", 0, 256)).toEqual([range("0.range", `of 0 to 256 is not u8's: ${part}`)]);
    expect(of("u8[2]", 0, 256)).toEqual([range("0.range", `of 0 to 256 is not u8[2]'s: ${part}`)]);
    const whole = range("0.range", "of a whole number begins or ends at a fraction, or beyond 2^53: write whole numbers");
    expect([of("u8", 0.5, 7), of("u8", 0, 6.5), of("u64", 0, 2 ** 53), of("i64", -(2 ** 53), 0)]).toEqual(Array(4).fill([whole]));
    expect(of("f32", -1e39, 0)[0]).toMatch(/^partitions\.a\.tags\.0\.range AXV-P122 the range of -1e\+39 to 0 is not f32's/);
  });

  const most = TAG_WRITES_BATCH_MAX - TAG_WRITES_ENTRIES - 4;
  test("that may be written fit into one write", () => {
    const writable = (type: string): string[] => said(tag("A", type, { access: "rw" }));
    const [fits, not] = [Math.floor(most / 8), Math.floor(most / 8) + 1];
    expect(writable(`f64[${fits}]`)).toEqual([]);
    expect(writable(`f64[${not}]`)).toEqual([
      `partitions.a.tags.0 AXV-P137 "A" takes ${not * 8} bytes, and one write to its guest holds ${most}: nobody could ever ` +
        `write it: give it at most ${fits} elements, make several tags of it, or \`access: ro\``,
    ]);
    expect(writable(`u8[${most}]`)).toEqual([]);
    expect(writable(`u8[${most + 1}]`)).toHaveLength(1);
    expect(said(tag("A", `f64[${not}]`))).toEqual([]);
  });

  test("are as many as an image has room for, by number and by size", () => {
    const many = (count: number, type: string): WrittenTag[] => Array.from({ length: count }, (_, n) => tag(`T${n}`, type));
    expect(said(...many(TAGS_MAX, "u8"))).toEqual([]);
    const remedy = "take some away, or make them smaller";
    expect(said(...many(TAGS_MAX + 1, "u8"))).toEqual([
      `partitions.a.tags AXV-P128 ${TAGS_MAX + 1} tags are in this partition, and an image has room for ${TAGS_MAX}: ${remedy}`,
    ]);
    const largest = many(7, "f64[1024]");
    const sized = (elements: number): WrittenTag[] => [...largest, tag("Rest", `f64[${elements}]`)];
    const sizeOf = (tags: readonly WrittenTag[]): number => placeInImage(wantedTags(tagged("a", tags))).size;
    const elements = Array.from({ length: 1024 }, (_, n) => n + 1).filter((n) => sizeOf(sized(n)) <= TAG_IMAGE_MAX).at(-1) ?? 0;
    expect(sizeOf(sized(elements))).toBe(TAG_IMAGE_MAX);
    expect(said(...sized(elements))).toEqual([]);
    expect(said(...sized(elements + 1))).toEqual([
      `partitions.a.tags AXV-P128 these tags take ${sizeOf(sized(elements + 1))} bytes, and an image has room for 64K: ${remedy}`,
    ]);
  });
});

describe("channels that carry tags", () => {
  const said = (partitions: readonly PartitionRequest[], ...channels: readonly ChannelRequest[]): string[] =>
    reported((findings) => checkTagChannels(partitions, channels, findings));
  const carrier = (name: string, one: string, two: string, size?: number): ChannelRequest =>
    channel(name, { between: [one, two], carries: "tags", ...(size === undefined ? {} : { size }) });
  const a = tagged("a", [tag("A", "f32")]);
  const written = tagged("a", [tag("A", "f32", { access: "rw" })]);
  const [b, c] = [request("b", {}), request("c", { tags: [] })];

  test("have one end that has tags", () => {
    expect(said([a, b], carrier("t", "a", "b"))).toEqual([]);
    expect(said([a, b], channel("t", { between: ["b", "c"] }))).toEqual([]);
    expect(said([b, c], carrier("t", "b", "c"))).toEqual([
      'channels.t.carries AXV-P132 "t" is to carry tags, and neither "b" nor "c" has any: give one of them `tags:`, or take ' +
        "`carries: tags` away",
    ]);
    expect(said([a, { ...a, name: "b" }], carrier("t", "a", "b"))).toEqual([
      'channels.t.carries AXV-P133 "t" is to carry tags, and both "a" and "b" have some: give each of them a channel of its ' +
        "own, to a partition without tags",
    ]);
    expect(said([b], carrier("t", "b", "nobody"))).toEqual([]);
    expect(said([b, { ...c, tagsBroken: true }], carrier("t", "b", "c"))).toEqual([]);
  });

  test("have room for them", () => {
    const written = tagged("a", [tag("A", "f32", { access: "rw" }), tag("B", "f64[400]")]);
    const bytes = channelBytes({ ...placeInImage(wantedTags(written)), tags: wantedTags(written) });
    const needed = alignUp(bytes, 0x1000);
    expect(needed).toBeGreaterThan(0x1000);
    expect(said([written, b], carrier("t", "a", "b", bytes))).toEqual([]);
    const small = (size: string): string[] => [
      `channels.t (key) AXV-P134 the tags that "t" carries take ${needed / 1024}K, and it has ${size}: give it \`size: ` +
        `${needed / 1024}K\``,
    ];
    expect(said([written, b], carrier("t", "a", "b"))).toEqual(small("4K"));
    expect(said([written, b], carrier("t", "a", "b", bytes - 1))).toEqual(small(`${bytes - 1} bytes`));
    const large = tagged("a", Array.from({ length: 9 }, (_, n) => tag(`T${n}`, "f64[1024]")));
    expect(said([large, b], carrier("t", "a", "b"))).toEqual([]);
  });

  test("are one of a partition's; without, they are sent over the link, if there is room, and nobody writes them", () => {
    const add = "add a channel between it and linux, with `carries: tags`";
    expect(said([a, b])).toEqual([]);
    expect(said([written, b])).toEqual([
      `partitions.a.tags (key) AXV-P136 no channel carries the tags of "a": they can be read over the link, and written by ` +
        `nobody: ${add}`,
    ]);
    const large = (name: string): PartitionRequest =>
      tagged(name, Array.from({ length: 4 }, (_, n) => tag(`T${n}`, "f64[1024]")));
    expect(said([large("a"), large("b")])).toEqual([
      'partitions.b.tags (key) AXV-P136 no channel carries the tags of "b", and they are too large to be sent over the link: ' +
        `nobody sees them: ${add}`,
    ]);
    expect(said([a, b, c], carrier("t", "a", "b"), carrier("u", "a", "c"))).toEqual([
      'partitions.a.tags (key) AXV-P135 "a" has one tag image, and "t" and "u" are to carry it: take `carries: tags` away from ' +
        "all but one",
    ]);
  });
});
