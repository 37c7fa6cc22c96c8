// Channels, telemetry, commands, updates of one partition, registers that are written first: all that is said of them, in whole.
import { describe, expect, test } from "vitest";
import { MAX_INITS } from "../../partitions/blob/layout.table.ts";
import { checkChannels, checkProcessImages, checkSpares } from "../../partitions/check/channels.ts";
import type { GuestImages } from "../../partitions/check/images.ts";
import { checkInit } from "../../partitions/check/init.ts";
import { checkTelemetry } from "../../partitions/check/telemetry.ts";
import { checkUpdateFits, checkUpdates } from "../../partitions/check/update.ts";
import type { ImagePart } from "../../partitions/images/formats.ts";
import type { ChannelRequest, PartitionRequest } from "../../partitions/request.ts";
import { CHANNELS_MAX } from "../../partitions/schema.ts";
import { channel, profile, qemu, reported, request } from "./reported.ts";

type Fields = PartitionRequest["fields"];

const plc = profile("plc");
const [writer, other, linux] = [
  request("plc", {}, { profile: plc }), request("other", {}, { profile: plc }),
  request("linux", {}, { profile: profile("linux") }),
];
const rtos = request("rtos", {}, { profile: profile("bare-metal") });
const PARTITIONS = [writer, other, linux, rtos];
const between = (name: string, one: string, two: string, carries?: "process-image" | "tags"): ChannelRequest =>
  channel(name, { between: [one, two], size: 0x1000, ...(carries && { carries }) });

describe("the ends of a channel", () => {
  const said = (...channels: readonly ChannelRequest[]): string[] =>
    reported((findings) => checkChannels(PARTITIONS, channels, findings));

  test("are there, and are two", () => {
    expect(said(between("c", "plc", "linux"), channel("broken", {}))).toEqual([]);
    expect(said(between("c", "plcs", "lin"))).toEqual([
      'channels.c.between.0 AXV-P013 there is no partition "plcs": did you mean "plc"?',
      'channels.c.between.1 AXV-P013 there is no partition "lin": write one of: plc, other, linux, rtos',
    ]);
    expect(said(between("c", "plc", "plc"))).toEqual([
      'channels.c.between.1 AXV-P016 both ends of the channel are "plc": name two different partitions',
    ]);
  });
});

describe("the channel of a process image", () => {
  const said = (...channels: readonly ChannelRequest[]): string[] =>
    reported((findings) => checkProcessImages(PARTITIONS, channels, findings));
  const unnamed = (count: number, first: string): string =>
    `partitions.plc.guest AXV-P082 "plc" writes a process image, and none of its ${count} channels is said to carry it: so ` +
    `"${first}" does, the first by name: call the one that is to carry it "process-image", or give it \`carries: process-image\``;

  test("is its only one, or is called so, or said to be", () => {
    expect(said()).toEqual([]);
    expect(said(between("c", "plc", "linux"))).toEqual([]);
    expect(said(between("c", "plc", "linux"), between("d", "plc", "linux"))).toEqual([unnamed(2, "c")]);
    expect(said(between("c", "plc", "linux"), between("process-image", "plc", "linux"))).toEqual([]);
    expect(said(between("process-image", "plc", "linux"), between("z", "plc", "linux"))).toEqual([]);
    expect(said(between("c", "plc", "linux"), between("d", "plc", "linux", "process-image"))).toEqual([]);
    expect(said(between("c", "plc", "linux"), between("d", "plc", "linux", "tags"))).toEqual([]);
    expect(said(between("c", "linux", "rtos"), between("d", "linux", "rtos"))).toEqual([]);
  });

  test("is one", () => {
    expect(said(between("c", "plc", "linux", "process-image"), between("d", "plc", "rtos", "process-image"))).toEqual([
      'partitions.plc.guest AXV-P083 "plc" writes one process image, and "c" and "d" are both to carry it: take `carries: ' +
        "process-image` away from all but one",
    ]);
  });

  test("is written by somebody, and read by somebody, as far as that is known", () => {
    const unwritten = (a: string, b: string): string =>
      `channels.c (key) AXV-P084 nobody writes the process image that "c" carries: neither "${a}" nor "${b}" does: let one of ` +
      "its ends be the PLC, or give the channel another name";
    const reader = request("reader", {}, { profile: { ...profile("linux"), process_image: "reads" } });
    const last = request("last", {}, { profile: { ...profile("linux"), process_image: "reads" } });
    const of = (one: ChannelRequest): string[] =>
      reported((findings) => checkProcessImages([...PARTITIONS, reader, last], [one], findings));
    expect(of(between("c", "reader", "last", "process-image"))).toEqual([unwritten("reader", "last")]);
    expect(of(between("c", "reader", "rtos", "process-image"))).toEqual([]);
    expect(of(between("c", "plc", "reader", "process-image"))).toEqual([]);
    expect(of(between("c", "plc", "other", "process-image"))).toEqual([
      'channels.c (key) AXV-P085 nobody reads the process image that "c" carries: "plc" and "other" only write theirs: let one ' +
        "of its ends be a guest that reads it, such as linux",
    ]);
    expect(of(between("c", "plc", "rtos", "process-image"))).toEqual([]);
    expect(of(between("c", "plc", "nobody", "process-image"))).toEqual([]);
  });

  test("nothing is said of more channels than there can be", () => {
    const many = (count: number): ChannelRequest[] =>
      Array.from({ length: count }, (_, n) => between(`c${100 + n}`, "plc", "linux"));
    expect(said(...many(CHANNELS_MAX))).toEqual([unnamed(CHANNELS_MAX, "c100")]);
    expect(said(...many(CHANNELS_MAX + 1))).toEqual([]);
    const spares = (channels: number, available: number): string[] => reported((findings) =>
      checkSpares({ ...qemu, spare_spis: [200, 199 + available] }, PARTITIONS.slice(0, 3), many(channels), findings));
    expect(spares(2, 7)).toEqual([]);
    expect(spares(2, 6)).toEqual([
      "channels (key) AXV-P034 consoles and channels need 7 spare SPIs, and the board has 6: describe fewer channels: each " +
        "takes two",
    ]);
    expect(spares(CHANNELS_MAX, 1)).toHaveLength(1);
    expect(spares(CHANNELS_MAX + 1, 1)).toEqual([]);
  });
});

describe("who reads along and commands", () => {
  const said = (partitions: readonly PartitionRequest[], trial = { healthyAfter: 1000, commitWithin: 2000 }): string[] =>
    reported((findings) => checkTelemetry({ board: qemu, version: undefined, partitions, channels: [], trial }, findings));

  test("is one", () => {
    expect(said([request("a", { telemetry: true }), request("b", { telemetry: false }), request("c", {})])).toEqual([]);
    const taken = (name: string): string =>
      `partitions.${name}.telemetry (key) AXV-P076 "a" already reads along what leaves by the UART, and there is one such ` +
      "stream: remove it from one of the two";
    expect(said(["a", "b", "c"].map((name) => request(name, { telemetry: true })))).toEqual([taken("b"), taken("c")]);
  });

  test("commands others that are there, by its second UART", () => {
    const a = (fields: Fields): readonly PartitionRequest[] => [request("a", fields), request("b", {})];
    expect(said(a({ telemetry: true, controls: ["b"], commits: true }))).toEqual([]);
    expect(said(a({ controls: [], commits: false }))).toEqual([]);
    expect(said(a({ telemetry: true, controls: ["b", "a", "abc"] }))).toEqual([
      'partitions.a.controls.1 AXV-P077 "a" is to command itself: remove it: a guest restarts by PSCI SYSTEM_RESET',
      'partitions.a.controls.2 AXV-P013 there is no partition "abc": write one of: a, b',
    ]);
    expect(said(a({ controls: ["b"], commits: true }))).toEqual([
      'partitions.a.commits AXV-P077 "a" has no second UART by which it could commit: give it `telemetry: true`',
      'partitions.a.controls (key) AXV-P077 "a" has no second UART by which it could command others: give it `telemetry: true`',
    ]);
  });

  test("has time to commit after it can be healthy", () => {
    expect(said([], { healthyAfter: 30_000_000, commitWithin: 30_000_001 })).toEqual([]);
    expect(said([], { healthyAfter: 30_000_000, commitWithin: 30_000_000 })).toEqual([
      "commit_within AXV-P079 a system on trial is healthy after 30000 ms at the earliest, and would have to be committed " +
        "before: write a longer `commit_within`, or a shorter `healthy_after`",
    ]);
  });
});

describe("updates of one partition", () => {
  const update = (from: string, size = 0x10_0000): Fields => ({ update: { key: "00", from, size, version: 0 } });
  const said = (...partitions: readonly PartitionRequest[]): string[] =>
    reported((findings) => checkUpdates(partitions, findings));

  test("are of one, and somebody else brings them", () => {
    expect(said(request("a", update("b")), request("b", {}))).toEqual([]);
    expect(said(request("a", update("a")))).toEqual([
      'partitions.a.update.from AXV-P182 "a" is to bring its own image: name another partition',
    ]);
    expect(said(request("a", update("bc")), request("b", {}))).toEqual([
      'partitions.a.update.from AXV-P013 there is no partition "bc": did you mean "b"?',
    ]);
    const second = (name: string): string =>
      `partitions.${name}.update (key) AXV-P182 "a" is already updated by itself, and the hypervisor has room for one that is: ` +
      "remove it from one of the two";
    expect(said(request("a", update("b")), request("b", update("a")), request("c", update("a"))))
      .toEqual([second("b"), second("c")]);
  });

  const RAM = 0x4000_0000;
  const part = (at: number, size: number): ImagePart => ({ at, size, bytes: new Uint8Array(4) });
  const images = (parts: readonly ImagePart[], initrd?: number): GuestImages => ({
    image: { format: "raw", parts, entry: RAM, end: Math.max(0, ...parts.map(({ at, size }) => at + size)), movable: false },
    initrd: initrd === undefined ? undefined : new Uint8Array(initrd),
  });
  const fits = (size: number, of: GuestImages, guest = plc, bytes = 0x100_0000): string[] =>
    reported((findings) => checkUpdateFits(request("a", update("b", size), { profile: guest }), of, RAM, bytes, findings));

  test("fit where the image is: as large as that, up to what comes behind it", () => {
    const one = images([part(RAM + 0x1000, 0x3000)]);
    const wrong = (size: string, room: string): string[] => [
      `partitions.a.update.size AXV-P183 new images of up to ${size} are no use for "a": its image has 12K now, and ${room} ` +
        "fit there: write a size between these two",
    ];
    expect([0x3000, 0xff_f000].flatMap((size) => fits(size, one))).toEqual([]);
    expect(fits(0x2000, one)).toEqual(wrong("8K", "16380K"));
    expect(fits(0x100_0000, one)).toEqual(wrong("16M", "16380K"));
    // With a device tree, and with an initrd in front of it, from the next 2 MiB on.
    expect(fits(0x20_0000, one, profile("linux"))).toEqual(wrong("2M", "2044K"));
    expect(fits(0x1f_f000, one, profile("linux"))).toEqual([]);
    expect(fits(0x20_0000, images([part(RAM + 0x1000, 0x3000)], 0x10))).toEqual(wrong("2M", "2044K"));
    expect(fits(0x20_0000, images([part(RAM + 0x1000, 0x3000)], 0x10), profile("linux"))).toEqual(wrong("2M", "2044K"));
  });

  test("are of an image in one piece", () => {
    expect(fits(0x10_0000, images([part(RAM, 0x40), part(RAM + 0x80_0000, 0x40)]))).toEqual([
      'partitions.a.update (key) AXV-P182 the image of "a" is in 2 pieces, and one is replaced as a whole: link it without ' +
        'large holes',
    ]);
    const none = reported((findings) =>
      checkUpdateFits(request("a", {}, { profile: plc }), images([part(RAM, 0x40)]), RAM, 0x1000, findings));
    expect(none).toEqual([]);
  });
});

describe("registers that are written first", () => {
  const board = { ...qemu, init_registers: [
    { base: 0xfdd2_0000, size: 0x10, what: "CRU" }, { base: 0xfdd3_0000, size: 0x1000, what: "GRF" },
  ] };
  type Init = NonNullable<Fields["init"]>[number];
  const said = (...lists: readonly (readonly Init[])[]): string[] => reported((findings) =>
    checkInit(board, lists.map((init, n) => request("abc"[n] ?? "", { init: [...init] })), findings));
  const write = (reg: number, value = 0, mask = 0xffff_ffff): Init => ({ reg, value, mask });

  test("are ones that the board allows, whole", () => {
    expect(said([write(0xfdd2_0000), write(0xfdd2_000c), write(0xfdd3_0ffc)])).toEqual([]);
    const elsewhere = (reg: string): string =>
      `partitions.a.init.0.reg AXV-P110 qemu-aarch64 does not say that ${reg} may be written at first: use a register of ` +
      "0xfdd20000…0xfdd20010 or 0xfdd30000…0xfdd31000";
    expect(said([write(0xfdd2_0010)])).toEqual([elsewhere("0xfdd20010")]);
    expect(said([write(0xfdd2_000e)])).toEqual([elsewhere("0xfdd2000e")]);
    expect(reported((findings) => checkInit(qemu, [request("a", { init: [write(0xfdd2_0000)] })], findings))).toEqual([
      "partitions.a.init.0.reg AXV-P110 qemu-aarch64 does not say that 0xfdd20000 may be written at first: remove it: its " +
        "board.yaml has no `init_registers`",
    ]);
    expect(reported((findings) => checkInit(qemu, [request("a", {})], findings))).toEqual([]);
  });

  test("have bits of their masks alone", () => {
    expect(said([write(0xfdd2_0000, 0x8000_0001, 0x8000_0003)])).toEqual([]);
    expect(said([write(0xfdd2_0000, 0x8000_0001, 0x8000_0000)])).toEqual([
      "partitions.a.init.0.value AXV-P111 0x80000001 has bits that are not in the mask 0x80000000: add them to the mask, or " +
        "take them out of the value",
    ]);
  });

  test("have a bit in one way, whoever writes it", () => {
    const [at, twice] = [0xfdd2_0000, "that this writes: let both write the same, or only one"];
    expect(said([write(at, 1, 1), write(at, 0, 2)], [write(at, 1, 3), write(at + 4, 0, 1)])).toEqual([]);
    expect(said([write(at, 1, 1)], [write(at, 0, 2)], [write(at, 2, 2)])).toEqual([
      `partitions.c.init.0.value AXV-P112 "b" writes other values to bits of 0xfdd20000 ${twice}`,
    ]);
    expect(said([write(at + 8, 0x8000_0000, 0x8000_0000), write(at + 8, 0, 0x8000_0000)])).toEqual([
      `partitions.a.init.1.value AXV-P112 "a" writes other values to bits of 0xfdd20008 ${twice}`,
    ]);
  });

  test("are as many as there is room for", () => {
    const many = (count: number): Init[] => Array.from({ length: count }, () => write(0xfdd2_0000));
    expect(said(many(MAX_INITS - 1), many(1))).toEqual([]);
    expect(said(many(MAX_INITS - 1), many(3))).toEqual([
      `partitions.b.init.1 AXV-P113 ${MAX_INITS + 2} registers to write at first are more than the hypervisor has room for: ` +
        `describe at most ${MAX_INITS}, of all partitions`,
    ]);
  });
});
