// A partition that can get a new image while the others run on: what system.yaml says of it, and what the plan makes of that.
import { expect, test } from "vitest";
import { MAILBOX_SIZE, IMAGE_RING_BYTES } from "../../core/abi.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { prove } from "../../partitions/plan/prove.ts";
import { places, planText, sound } from "./systems.ts";

const KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const system = (size: string, more = ""): string => `board: qemu-aarch64
partitions:
  linux: { guest: linux, image: ../images/kernel.Image, initrd: ../images/initrd.cpio, cpus: [0], memory: 64M${more} }
  plc:
    guest: plc
    image: ../images/plc.bin
    cpus: [3]
    memory: 16M
    update: { key: ${KEY}, from: linux, size: ${size}, version: 7 }
`;

test("RAM for two images is nobody's, and who brings them has a ring behind its mailbox", () => {
  const { plan, blob } = sound(planText(system("1M")));
  const { update, partitions } = plan;
  if (update === undefined) throw new Error("no update was planned");
  const [linux] = partitions;
  const mailbox = linux?.regions.find(({ kind }) => kind === "mailbox");
  expect(mailbox?.size).toBe(MAILBOX_SIZE + IMAGE_RING_BYTES);
  expect(update).toMatchObject({ partition: 1, bringer: 0, size: 0x10_0000, key: KEY, version: 7 });
  expect(update.ring).toBe((mailbox?.ipa ?? 0) + MAILBOX_SIZE);
  const staged = (pa: number, size: number): boolean => pa < update.staging + 2 * update.size && update.staging < pa + size;
  expect(partitions.flatMap(({ regions }) => regions).filter(({ pa, size }) => staged(pa, size))).toEqual([]);
  expect(prove(plan)).toEqual([]);
  const [record] = readBlob(blob).records["Update"] ?? [];
  expect(record).toMatchObject({ guest: "plc", partition: 1, bringer: 0, load: 3, version: 7, staging: BigInt(update.staging) });
  const key = Buffer.alloc(32);
  for (let n = 0; n < 4; n++) key.writeBigUInt64LE(BigInt(record?.[`key${n}`] ?? 0), 8 * n);
  expect(key.toString("hex")).toBe(KEY);
});

test("whose images nobody looks at, as a monitor and a bridge do not, is planned all the same", () => {
  const { plan } = sound(planText(system("1M"), "none"));
  expect(plan.update).toMatchObject({ partition: 1, bringer: 0 });
});

test("with tags of one's own the ring is behind their image", () => {
  const tagged = ", tags: [{ name: Level, type: f32 }]";
  const { plan } = sound(planText(system("1M", tagged)));
  const [linux] = plan.partitions;
  expect(plan.update?.ring).toBeGreaterThan(linux?.tagImage?.ipa ?? Infinity);
  expect(prove(plan)).toEqual([]);
});

test("nobody who asks for none has anything of it", () => {
  const { plan, blob } = sound(planText(system("1M").replace(/ {4}update: .*\n/, "")));
  expect(plan.update).toBeUndefined();
  expect(plan.partitions[0]?.mailbox).toBe(0);
  expect(readBlob(blob).records["Update"]).toEqual([]);
});

test("an image that does not fit where the old one is: behind the memory's end, or over an initrd", () => {
  const update = (from: string, size: string): string => `, update: { key: ${KEY}, from: ${from}, size: ${size} }`;
  const updatedLinux = system("1M", update("plc", "60M")).replace(/ {4}update: .*\n/, "");
  expect(places(planText(system("17M")))).toEqual([expect.stringMatching(/^9:\d+ AXV-P183$/)]);
  expect(places(planText(updatedLinux))).toEqual([expect.stringMatching(/^3:\d+ AXV-P183$/)]);
  expect(places(planText(updatedLinux.replace("60M", "1M")))).toEqual([]);
});
