// The proof at its edges: of each rule a plan that just keeps it, and beside it one that is off by the least that there is.
import { describe, expect, test } from "vitest";
import { IMAGE_LINE_BYTES, IMAGE_RING_BYTES, MAILBOX_SIZE } from "../../core/abi.ts";
import { MAX_TAG_BYTES } from "../../partitions/blob/layout.table.ts";
import type {
  Aarch64Plan as Plan, PlannedDevice, PlannedLoad, Aarch64PlannedPartition as PlannedPartition, PlannedRegion, PlannedUpdate,
} from "../../partitions/plan/plan.ts";
import { prove } from "../../partitions/plan/prove.ts";
import { TAG_IMAGE_VALUES } from "../../rtos-guests/channel/tagImageLayout.ts";
import { rows, withPartition } from "./keptAndBroken.ts";
import { said } from "./said.ts";
import { here, plan, planText, sound } from "./systems.ts";

const PAGE = 0x1000;
const WORD = 8;
const IPA_END = 2 ** 40;
const RAM_END = 0x8000_0000;

const good = sound(plan(here("golden/system.yaml"))).plan;

const only = <Item>(items: readonly Item[], is: (item: Item) => boolean, change: (item: Item) => Partial<Item>): Item[] =>
  items.map((item) => (is(item) ? { ...item, ...change(item) } : item));
const withRegion = (of: Plan, name: string, region: string, change: (region: PlannedRegion) => Partial<PlannedRegion>): Plan =>
  withPartition(of, name, ({ regions }) => ({ regions: only(regions, (each) => each.name === region, change) }));
const withLoad = (of: Plan, name: string, load: string, change: (load: PlannedLoad) => Partial<PlannedLoad>): Plan =>
  withPartition(of, name, ({ loads }) => ({ loads: only(loads, (each) => each.name === load, change) }));
const withDevice = (name: string, change: (device: PlannedDevice) => Partial<PlannedDevice>): Plan =>
  withPartition(good, "linux", ({ devices }) => ({ devices: only(devices, (each) => each.name === name, change) }));
const partition = (of: Plan, name: string): PlannedPartition => {
  const found = of.partitions.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};
const regionOf = (of: Plan, name: string, region: string): PlannedRegion => {
  const found = partition(of, name).regions.find((each) => each.name === region);
  if (found === undefined) throw new Error(`no ${region}`);
  return found;
};

describe("a partition's address space", () => {
  const console = (at: number, telemetry = false): Plan => withPartition(good, "plc", () => ({ console: at, telemetry }));
  const memory = (change: Partial<PlannedRegion>): Plan => withRegion(good, "plc", "memory", () => change);
  const rights = (access: string): Plan => withRegion(good, "plc", "alarms", () => ({ access }));
  const whole = /^pages: "memory" of plc is not in whole pages$/m;
  rows([
    ["a console in the last page", {
      kept: console(IPA_END - PAGE),
      broken: console(IPA_END),
    }, /^windows: PL011 of plc is nowhere/m],
    ["and telemetry behind it", { kept: console(IPA_END - 2 * PAGE, true), broken: console(IPA_END - PAGE, true) },
      /^windows: PL011 of plc is nowhere/m],
    ["a console within a page", {
      kept: console(0x1000_0000),
      broken: console(0x1000_0008),
    }, /^windows: PL011 of plc is nowhere/m],
    ["a console below 0", { kept: console(0x1000_0000), broken: console(-PAGE) }, /^windows: PL011 of plc is nowhere/m],
    ["GICD ends where the console begins", { kept: console(0x0801_0000), broken: console(0x0800_f000) },
      /^windows: in the address space of plc, GICD and PL011 both have 0x800f000$/m],
    ["memory ends where IPAs do", { kept: memory({ ipa: IPA_END - 0x100_0000 }), broken: memory({ ipa: IPA_END - 0xff_f000 }) },
      /^reach: "memory" of plc is beyond 40 bits of IPA$/m],
    ["an IPA within a page", { kept: good, broken: memory({ ipa: 0x4000_0800 }) }, whole],
    ["a PA within a page", { kept: good, broken: memory({ pa: 0x5f00_0800 }) }, whole],
    ["an IPA below 0", { kept: good, broken: memory({ ipa: -PAGE }) }, whole],
    ["a size within a page", { kept: memory({ size: PAGE }), broken: memory({ size: PAGE + 1 }) }, whole],
    ["memory touches a channel", { kept: memory({ ipa: 0x4f00_0000 }), broken: memory({ ipa: 0x4f00_1000 }) },
      /^apart: in the address space of plc, "memory" and "process-image" both have 0x50000000$/m],
    ["rights that are none", {
      kept: rights("r"),
      broken: rights("z"),
    }, /^pages: "alarms" of plc has rights that are not known$/m],
    ["rights in another order", { kept: rights("w"), broken: rights("wr") }, /^pages: "alarms" of plc has rights/m],
    ["rights and more", { kept: rights(""), broken: rights("rwxz") }, /^pages: "alarms" of plc has rights/m],
    ["a device at its PA", {
      kept: withRegion(good, "linux", "rtc", ({ pa }) => ({ ipa: pa })),
      broken: withRegion(good, "linux", "rtc", () => ({ ipa: 0x0b00_0000 })),
    }, /^devicePlace: "rtc" of linux is not at its PA$/m],
    ["RAM may be executed", { kept: good, broken: rights("rx") }, /^execute: "alarms" of plc is no RAM, but executable$/m],
  ]);

  test("what windows have in common is said once, not again of the regions", () => {
    const both = console(0x0800_0000);
    const about = prove(both).filter(({ reason }) => reason.includes("GICD and PL011"));
    expect(about.map(({ promise }) => promise)).toEqual(["windows"]);
  });
});

describe("entry, device tree and loads", () => {
  const entry = (at: number): Plan => withPartition(good, "plc", () => ({ entry: at }));
  const argument = (at: number): Plan => withPartition(good, "plc", () => ({ argument: at }));
  const load = (change: Partial<PlannedLoad>): Plan => withLoad(good, "plc", "image", () => change);
  const { source } = partition(good, "plc").loads[0] ?? { source: 0 };
  const initrd = (change: (load: PlannedLoad) => Partial<PlannedLoad>): Plan => withLoad(good, "linux", "initrd", change);
  const target = /^loadTarget: image of plc is not in its RAM$/m;
  const own = /^loadSource: image of plc is copied from what is not its own/m;
  const zeros = /^loadSource: the zeros of image of plc do not begin in it, at a multiple of 64$/m;
  rows([
    ["an entry at RAM's last byte", { kept: entry(0x40ff_ffff), broken: entry(0x4100_0000) }, /^entry: plc is entered outside/m],
    ["an entry at RAM's first byte", { kept: entry(0x4000_0000), broken: entry(0x3fff_ffff) }, /^entry: plc is entered outside/m],
    ["RAM that is not executable", { kept: good, broken: withRegion(good, "plc", "memory", () => ({ access: "rw" })) },
      /^entry: plc is entered outside its RAM$/m],
    ["a device tree at RAM's end", {
      kept: argument(0x40ff_ffff),
      broken: argument(0x4100_0000),
    }, /^argument: the device tree of plc/m],
    ["no device tree", { kept: argument(0), broken: argument(4) }, /^argument: the device tree of plc is outside its RAM$/m],
    ["a load at RAM's end", { kept: load({ ipa: 0x40ff_ffc0 }), broken: load({ ipa: 0x40ff_ffc0, size: 65 }) }, target],
    ["a load in a channel", { kept: good, broken: load({ ipa: 0x5000_0000 }) }, target],
    ["a load within a line", { kept: load({ ipa: 0x4000_0040 }), broken: load({ ipa: 0x4000_0020 }) },
      /^loadTarget: image of plc does not begin at a multiple of 64$/m],
    ["its bytes in the image", { kept: load({ source }), broken: load({ source: source - 64 }) }, own],
    ["within a line of the image", { kept: good, broken: load({ source: source + 32 }) }, own],
    ["the first load behind the blob", { kept: good, broken: { ...good, image: { ...good.image, loadsFrom: source } } },
      /^loadSource: image of linux is copied from what is not its own in the image$/m],
    ["loads touch", {
      kept: initrd(() => ({ ipa: 0x6000_0080 })), broken: initrd(() => ({ ipa: 0x6000_0040 })),
    }, /^loadTarget: image of linux and initrd of linux both have 0x60000040$/m],
    ["zeros begin at the end", { kept: load({ zeros: 64 }), broken: load({ zeros: 128 }) }, zeros],
    ["zeros begin within a line", { kept: load({ size: 128, zeros: 64 }), broken: load({ size: 128, zeros: 96 }) }, zeros],
    ["the image ends", {
      kept: withLoad(good, "old-linux", "device tree", () => ({ source: good.image.size - 1728 })),
      broken: withLoad(good, "old-linux", "device tree", () => ({ source: good.image.size - 1664 })),
    }, /^imageSize: device tree of old-linux is copied from behind the image$/m],
  ]);

  test("of zeros the image has one page: what comes next may begin behind it", () => {
    const zeroed = (next: number): Plan =>
      withLoad(withLoad(good, "old-linux", "image", () => ({ size: 0x8000, zeros: 0x40 })), "old-linux", "initrd",
        () => ({ source: (partition(good, "old-linux").loads[0]?.source ?? 0) + next }));
    const words = /^loadSource: initrd of old-linux is copied from what is not its own/m;
    expect(said(zeroed(0x1040))).not.toMatch(words);
    expect(said(zeroed(0x1000))).toMatch(words);
  });
});

describe("devices", () => {
  const window = (base: number, size: number): Plan => withDevice("virtio8", () => ({ windows: [{ base, size }] }));
  const second = (base: number): Plan => withDevice("rtc", ({ windows }) => ({ windows: [windows[0], { base, size: 4 }] }));
  const quiesce = (pa: number): Plan => withDevice("virtio8", () => ({ quiesce: { pa, value: 0 } }));
  const mapped = /^devicePlace: not all registers of virtio8 are in linux$/m;
  const register = /^quiesce: what silences virtio8 is no register of a device of linux$/m;
  rows([
    ["registers at the end of a page", { kept: window(0x0a00_1e00, 0x200), broken: window(0x0a00_1e00, 0x201) }, mapped],
    ["registers at its beginning", { kept: window(0x0a00_0000, 4), broken: window(0x09ff_fffc, 8) }, mapped],
    ["registers in RAM", { kept: good, broken: window(0x6000_0000, 4) }, mapped],
    ["a second window", { kept: second(0x0a00_0000), broken: second(0x0a00_2000) },
      /^devicePlace: not all registers of rtc are in linux$/m],
    ["another device's interrupt", {
      kept: withDevice("virtio8", () => ({ interrupts: [{ intid: 48, trigger: "edge" }] })),
      broken: withDevice("virtio8", () => ({ interrupts: [{ intid: 48, trigger: "edge" }, { intid: 50, trigger: "edge" }] })),
    }, /^lineOwner: not all interrupts of virtio8 are those of linux$/m],
    ["its interrupt, but level", {
      kept: good, broken: withDevice("virtio8", () => ({ interrupts: [{ intid: 56, trigger: "level" }] })),
    }, /^lineOwner: not all interrupts of virtio8/m],
    ["a register at a page's end silences it", { kept: quiesce(0x0a00_1ffc), broken: quiesce(0x0a00_2000) }, register],
    ["and one at its beginning", { kept: quiesce(0x0a00_0000), broken: quiesce(0x09ff_fffc) }, register],
    ["no part of one", { kept: quiesce(0x0a00_1ff8), broken: quiesce(0x0a00_1ffa) }, register],
    ["nor RAM", { kept: good, broken: quiesce(0x6000_0000) }, register],
  ]);
});

describe("mailboxes, tag images and telemetry", () => {
  const tagged = sound(planText("board: qemu-aarch64\npartitions:\n" +
    "  a: { guest: plc, image: ../images/plc.bin, cpus: [1], tags: [{ name: Level, type: f32 }] }\n" +
    "  b: { guest: plc, image: ../images/plc.bin, cpus: [2] }\n" +
    "channels: { c: { between: [a, b], size: 8K } }\n")).plan;
  const { mailbox, tagImage } = partition(tagged, "a");
  const image = (change: Partial<NonNullable<PlannedPartition["tagImage"]>>): Plan =>
    withPartition(tagged, "a", () => ({ tagImage: tagImage && { ...tagImage, ...change } }));
  const channel = regionOf(tagged, "a", "c");
  const box = regionOf(tagged, "a", "mailbox");
  const least = TAG_IMAGE_VALUES + WORD;
  const place = /^tagImage: the tag image of a is not where it has memory for it$/m;
  const looked = /^mailbox: the mailbox of a is not where the hypervisor looks for it$/m;

  test("are sound", () => {
    expect(tagImage?.ipa).toBe(mailbox + PAGE);
    expect(prove(tagged)).toEqual([]);
  });

  rows([
    ["a tag image behind the mailbox's page", {
      kept: image({ size: least }), broken: image({ ipa: mailbox, size: least }),
    }, place],
    ["one that ends where the mailbox does", {
      kept: image({ ipa: box.ipa + box.size - least, size: least }),
      broken: image({ ipa: box.ipa + box.size - least + WORD, size: least }),
    }, place],
    ["one in a channel, from its beginning", {
      kept: image({ ipa: channel.ipa, size: least }), broken: image({ ipa: channel.ipa - WORD, size: least }),
    }, place],
    ["one in a channel, to its end", {
      kept: image({ ipa: channel.ipa + channel.size - least, size: least }),
      broken: image({ ipa: channel.ipa + channel.size - least + WORD, size: least }),
    }, place],
    ["one in RAM", { kept: tagged, broken: image({ ipa: regionOf(tagged, "a", "memory").ipa }) }, place],
    ["one without values", { kept: image({ size: least }), broken: image({ size: TAG_IMAGE_VALUES }) }, place],
    ["one of no whole words", { kept: image({ size: least }), broken: image({ size: least + 4 }) }, place],
    ["one within a word", { kept: image({ size: least }), broken: image({ ipa: mailbox + PAGE + 4, size: least }) }, place],
    ["a mailbox of more than its page, for tags", {
      kept: tagged, broken: image({ ipa: channel.ipa, size: least }),
    }, looked],
    ["two mailboxes", {
      kept: tagged,
      broken: withPartition(tagged, "a", ({ regions }) => ({ regions: [...regions, { ...box, ipa: 0x7000_0000 }] })),
    }, looked],
    ["room for copies", {
      kept: image({ overLink: true, size: MAX_TAG_BYTES }), broken: image({ overLink: true, size: MAX_TAG_BYTES + WORD }),
    }, new RegExp(`^tagImage: tag images of ${MAX_TAG_BYTES + WORD} bytes are to be copied$`, "m")],
    ["what is not sent is not copied", {
      kept: image({ overLink: false, size: MAX_TAG_BYTES + WORD }), broken: image({ overLink: true, size: MAX_TAG_BYTES + WORD }),
    }, /^tagImage: tag images of \d+ bytes are to be copied$/m],
    ["one reader of telemetry", { kept: good, broken: withPartition(good, "plc", () => ({ telemetry: true })) },
      /^telemetry: linux and plc cannot read along$/m],
    ["who has a console", { kept: good, broken: withPartition(good, "linux", () => ({ console: 0 })) },
      /^telemetry: linux cannot read along$/m],
  ]);
});

describe("a new image for one partition", () => {
  const KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  const asked = (of: string): string => "board: qemu-aarch64\npartitions:\n" +
    "  linux: { guest: linux, image: ../images/kernel.Image, initrd: ../images/initrd.cpio, cpus: [0], memory: 64M" +
    `${of === "linux" ? `, update: { key: ${KEY}, from: plc, size: 1M }` : ""} }\n` +
    "  plc: { guest: plc, image: ../images/plc.bin, cpus: [3], memory: 16M" +
    `${of === "plc" ? `, update: { key: ${KEY}, from: linux, size: 1M }` : ""} }\n`;
  const base = sound(planText(asked("plc"))).plan;
  const ofLinux = sound(planText(asked("linux"))).plan;
  const update = (change: Partial<PlannedUpdate>, of = base): Plan => {
    if (of.update === undefined) throw new Error("no update was planned");
    return { ...of, update: { ...of.update, ...change } };
  };
  const MIB = 0x10_0000;
  const memory = regionOf(base, "linux", "memory");
  const plc = regionOf(base, "plc", "memory");
  const image = base.image.base + base.image.size;
  const ring = base.update?.ring ?? 0;
  const tags = (ipa: number): Plan => withPartition(base, "linux", () => ({ tagImage: { ipa, size: 64, overLink: false } }));
  const pages = /^update: the memory for new images is not whole pages of RAM that firmware leaves$/m;
  const behind = /^update: the ring for new images is not behind the mailbox of linux$/m;
  const [initrd] = partition(ofLinux, "linux").loads.filter(({ name }) => name === "initrd");
  const [kernel] = partition(ofLinux, "linux").loads;
  const room = (initrd?.ipa ?? 0) - (kernel?.ipa ?? 0);
  const itself = /^update: a partition is updated by itself, or one of the two is not there$/m;

  test("is sound", () => {
    expect([base, ofLinux].map((plan) => prove(plan))).toEqual([[], []]);
  });

  rows([
    ["memory to RAM's end", {
      kept: update({ staging: RAM_END - 2 * MIB }), broken: update({ staging: RAM_END - 2 * MIB + PAGE }),
    }, pages],
    ["memory within a page", { kept: base, broken: update({ staging: (base.update?.staging ?? 0) + 64 }) }, pages],
    ["memory of no whole pages", { kept: base, broken: update({ size: MIB - 64 }) }, pages],
    ["no memory", { kept: update({ size: PAGE }), broken: update({ size: 0 }) }, pages],
    ["memory that firmware keeps", {
      kept: { ...base, reserved: [{ base: (base.update?.staging ?? 0) + 2 * MIB, size: PAGE, what: "x" }] },
      broken: { ...base, reserved: [{ base: (base.update?.staging ?? 0) + 2 * MIB - PAGE, size: PAGE, what: "x" }] },
    }, pages],
    ["memory behind the hypervisor's image", { kept: update({ staging: image }), broken: update({ staging: image - PAGE }) },
      /^update: .*(the hypervisor's image.*the memory for new images|the memory for new images.*the hypervisor's image)/m],
    ["memory ahead of a partition's", {
      kept: update({ staging: memory.pa - 2 * MIB }), broken: update({ staging: memory.pa - 2 * MIB + PAGE }),
    }, /^update: the memory for new images and "memory" of linux both have 0x[0-9a-f]+$/m],
    ["memory behind a partition's", {
      kept: base, broken: update({ staging: plc.pa + plc.size - PAGE }),
    }, /^update: "memory" of plc and the memory for new images both have 0x[0-9a-f]+$/m],
    ["a partition brings its own", { kept: base, broken: update({ bringer: 1 }) }, itself],
    ["nobody brings it", { kept: base, broken: update({ bringer: 2 }) }, itself],
    ["it is for nobody, of whom nothing more is said", {
      kept: base, broken: update({ partition: 2 }),
    }, /^update: a partition is updated by itself, or one of the two is not there$(?![^]*^update)/m],
    ["it is for nobody", { kept: base, broken: update({ partition: 2 }) }, itself],
    ["the ring begins behind the mailbox's page", { kept: base, broken: update({ ring: ring - IMAGE_LINE_BYTES }) }, behind],
    ["the ring ends in the mailbox", { kept: base, broken: update({ ring: ring + IMAGE_LINE_BYTES }) }, behind],
    ["the ring is in RAM", { kept: base, broken: update({ ring: memory.ipa + MAILBOX_SIZE }) }, behind],
    ["the ring begins within a line", {
      kept: withRegion(base, "linux", "mailbox", ({ size }) => ({ size: size + PAGE })),
      broken: withRegion(update({ ring: ring + 8 }), "linux", "mailbox", ({ size }) => ({ size: size + PAGE })),
    }, behind],
    ["tags behind the ring", { kept: tags(ring + IMAGE_RING_BYTES), broken: tags(ring + IMAGE_RING_BYTES - WORD) }, behind],
    ["tags ahead of the ring", { kept: tags(ring - 64), broken: tags(ring - 64 + WORD) }, behind],
    ["to the end of its RAM", { kept: update({ size: 16 * MIB }), broken: update({ size: 16 * MIB + PAGE }) },
      /^update: a new image of 16781312 bytes does not fit into plc$/m],
    ["an image outside RAM", { kept: base, broken: withLoad(base, "plc", "image", () => ({ ipa: 0x4100_0000 })) },
      /^update: a new image of 1048576 bytes does not fit into plc$/m],
    ["up to its initrd", { kept: update({ size: room }, ofLinux), broken: update({ size: room + PAGE }, ofLinux) },
      /^update: a new image of linux would lie over its initrd$/m],
    ["with an initrd ahead of it", {
      kept: withLoad(ofLinux, "linux", "image", () => ({ ipa: (initrd?.ipa ?? 0) + (initrd?.size ?? 0) })),
      broken: withLoad(ofLinux, "linux", "image", () => ({ ipa: (initrd?.ipa ?? 0) + (initrd?.size ?? 0) - 1 })),
    }, /^update: a new image of linux would lie over its initrd$/m],
    ["an image in RAM, and not in what is ahead of it", {
      kept: base, broken: withLoad(base, "plc", "image", () => ({ ipa: 0x3fff_f000 })),
    }, /^update: a new image of 1048576 bytes does not fit into plc$/m],
    ["in place of an image", { kept: base, broken: withPartition(base, "plc", () => ({ loads: [] })) },
      /^update: plc has no image that a new one could replace$/m],
    ["of what is first", { kept: base, broken: withLoad(base, "plc", "image", () => ({ name: "initrd" })) },
      /^update: plc has no image that a new one could replace$/m],
    ["a mailbox of more than a page, for who brings it", { kept: base, broken: update({ bringer: 1 }) },
      /^mailbox: the mailbox of linux is not where the hypervisor looks for it$/m],
  ]);
});
