// Guests' images, by what is asked for and what is there: where each mistake is told, and how.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkImagePlace, imageFiles, readImages, standardImages } from "../../partitions/check/images.ts";
import type { StandardImages } from "../../partitions/check/images.ts";
import type { GuestImage } from "../../partitions/images/guest-image.ts";
import { displayPath } from "../../partitions/project.ts";
import type { PartitionRequest } from "../../partitions/request.ts";
import { KIB } from "../../partitions/units.ts";
import type { Profile } from "../../rtos-guests/profiles/schema.ts";
import { arm64Image, codeOf, elfFile } from "./imageFiles.ts";
import { profile, qemu, reported, request } from "./reported.ts";

type Fields = PartitionRequest["fields"];

const [linux, bare, plc] = [profile("linux"), profile("bare-metal"), profile("plc")];
const RET = 0xd65f_03c0;
const MEMORY = { size: 0x20_0000, ipa: 0x4000_0000 };
let folder = "";
let system = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-images-"));
  system = join(folder, "system.yaml");
  const files: Readonly<Record<string, Uint8Array>> = {
    raw: codeOf(...Array<number>(1024).fill(RET)),
    data: new Uint8Array(4 * KIB).fill(1),
    little: new Uint8Array(4 * KIB - 1).fill(1),
    kernel: arm64Image(0, 0x1000),
    elf: elfFile({ entry: 0x4000_0000n, segments: [{ paddr: 0x4000_0000, bytes: [1, 2, 3, 4] }] }),
    riscv: elfFile({ entry: 0n, machine: 243, segments: [{ paddr: 0, bytes: [1] }] }),
    disk: Uint8Array.of(1, 2, 3),
    pages16k: withGranule(4n),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
});
afterAll(() => rmSync(folder, { recursive: true }));

function withGranule(flags: bigint): Uint8Array {
  const image = arm64Image(0, 0x1000);
  new DataView(image.buffer).setBigUint64(24, flags, true);
  return image;
}

interface Read {
  readonly said: string[];
  /** Names of the partitions that have all that they need. */
  readonly found: string[];
  readonly entry: number | undefined;
}
function read(
  fields: Fields, guest: Profile = bare, standard: StandardImages = "as they are", more: Partial<PartitionRequest> = {},
): Read {
  let found: ReturnType<typeof readImages> = new Map();
  const asked = request("a", { memory: MEMORY, ...fields }, { profile: guest, ...more });
  const said = reported((findings) => (found = readImages(system, [asked], standard, findings, qemu)));
  const inFolder = (text: string): string => text.replaceAll(displayPath(folder), "…").replaceAll(folder, "…");
  return { said: said.map(inFolder), found: [...found.keys()], entry: found.get("a")?.image.entry };
}
const fine = { said: [], found: ["a"] };
const withFile = (guest: Profile, file: string | undefined): Profile =>
  ({ ...guest, image: { ...guest.image, file } }) as Profile;

describe("an image", () => {
  test("that nobody names, of a profile that brings none; and of a guest of which nothing is known", () => {
    expect(read({})).toMatchObject({
      said: ['partitions.a.guest AXV-P057 guest profile "bare-metal" brings no image of its own: name yours: `image: <file>`'],
      found: [],
    });
    let found: unknown;
    expect(reported((findings) => (found = readImages(system, [request("a", { image: "raw" })], "as they are", findings))))
      .toEqual([]);
    expect(found).toEqual(new Map());
  });

  test("is read from beside the system, or from where the profile has it, which may be a user's own", () => {
    expect(read({ image: "raw" })).toMatchObject(fine);
    expect(read({}, withFile(bare, join(folder, "raw")))).toMatchObject(fine);
    const missing = (place: string): string =>
      `partitions.a.${place} AXV-P050 the file …/none cannot be read: there is no such file: give the path of a file, relative ` +
      "to this one";
    expect(read({ image: "none" }).said).toEqual([missing("image")]);
    expect(read({}, withFile(bare, join(folder, "none"))).said).toEqual([missing("guest")]);
    expect(read({}, withFile(bare, "build/none")).said).toEqual([
      "partitions.a.guest AXV-P053 build/none is not built yet, so its size is not checked: `axv-part build` makes it",
    ]);
  });

  test("of the project is looked at as it is asked: all, none, or those of a set", () => {
    const ours = withFile(bare, "test/partitions/images/plc.bin");
    const of = (standard: StandardImages, fields: Fields = {}): string[] => {
      const { said, found } = read(fields, ours, standard);
      return [...said.map((text) => text.split(" ")[1] ?? ""), ...found];
    };
    expect(of("as they are")).toEqual(["a"]);
    expect(of("to be built")).toEqual([]);
    expect(of(new Set(["test/partitions/images/plc.bin"]))).toEqual(["a"]);
    expect(of(new Set(["other"]))).toEqual([]);
    expect(of("none")).toEqual([]);
    expect(of("to be built", { image: "raw" })).toEqual(["a"]);
    expect(of(new Set(), { image: "raw" })).toEqual(["a"]);
    expect(of("none", { image: "none" })).toEqual([]);
  });

  test("is what its profile takes, for the board's CPUs", () => {
    const taken = "give an arm64 `Image` or an ELF file or a raw binary with `load:` its address, as its build leaves it, not " +
      "compressed";
    expect(read({ image: "disk" }, bare, undefined, { memoryBroken: true }).said).toEqual([
      `partitions.a.image AXV-P051 disk is not what guest profile "bare-metal" takes: it has no header that says where it ` +
        `goes: ${taken}`,
    ]);
    expect(read({}, withFile(plc, join(folder, "elf"))).said).toEqual([
      'partitions.a.guest AXV-P051 …/elf is not what guest profile "plc" takes: it is an ELF file: give an arm64 `Image`, as ' +
        "its build leaves it, not compressed",
    ]);
    const loading = { ...plc, image: { ...plc.image, formats: ["elf", "raw"], load: 0x8000_0000 } } as Profile;
    expect(read({ image: "kernel" }, { ...loading, image: { ...loading.image, formats: ["elf"] } } as Profile).said[0]).toContain(
      "it is an arm64 `Image`: give an ELF file, as",
    );
    expect(read({ image: "raw", load: 0x4000_0000 }, { ...plc, image: { ...plc.image, formats: ["elf"] } } as Profile).said[0])
      .toContain("it is a file without a header: give an ELF file, as");
    expect(read({ image: "elf" }, { ...loading, image: { ...loading.image, formats: ["raw"] } } as Profile).said[0]).toContain(
      "it is an ELF file: give a raw binary for 0x80000000, as",
    );
    const isa = "is for RISC-V, and the board's CPUs are AArch64: give an image that is built for AArch64";
    expect(read({ image: "riscv" }).said).toEqual([`partitions.a.image AXV-P054 riscv ${isa}`]);
    expect(read({}, withFile(bare, join(folder, "riscv"))).said).toEqual([`partitions.a.guest AXV-P054 …/riscv ${isa}`]);
  });

  test("without a header goes where it is said, or else to the start of its memory", () => {
    expect(read({ image: "raw" }).entry).toBe(0x4000_0000);
    expect(read({ image: "raw", load: 0x4000_1000 }).entry).toBe(0x4000_1000);
    expect(read({ image: "raw", load: 0x4000_1000, entry: 0x4000_1004 }).entry).toBe(0x4000_1004);
    expect(read({ image: "raw" }, { ...bare, image: { ...bare.image, load: 0x4000_2000 } } as Profile).entry).toBe(0x4000_2000);
    expect(read({ image: "raw", memory: { size: 0x20_0000, ipa: "identity" } }).said[0]).toContain("it has no header that says");
    expect(read({ image: "kernel" }, plc).entry).toBe(0);
    expect(read({ image: "kernel", load: 0x4000_0000 }, plc).entry).toBe(0x4000_0000);
  });

  test("that says itself where it goes is not told so", () => {
    const itself = (key: string, format: string, what: string): string =>
      `partitions.a.${key} (key) AXV-P059 the image is ${format}, which says itself where it ${what}: remove "${key}"`;
    expect(read({ image: "elf", load: 0x4000_0000, entry: 0x4000_0000 })).toMatchObject({
      said: [itself("load", "an ELF file", "goes"), itself("entry", "an ELF file", "is entered")], found: ["a"],
    });
    expect(read({ image: "kernel", load: 0x4000_0000, entry: 0x4000_0000 }).said).toEqual([
      itself("entry", "an arm64 `Image`", "is entered"),
    ]);
    expect(read({ image: "raw", load: 0x4000_0000, entry: 0x4000_0000 }).said).toEqual([]);
  });

  test("in which no function returns is warned of, from 4 KiB on", () => {
    const warning = (place: string, name: string): string =>
      `partitions.a.${place} AXV-P186 ${name} does not look like code of AArch64: it has no header, and functions do not ` +
      "return in it as they do there: give the image as its build leaves it, not compressed; `axv-part guest probe` says what " +
      "a file is";
    expect(read({ image: "data" })).toMatchObject({ said: [warning("image", "data")], found: ["a"] });
    expect(read({}, withFile(bare, join(folder, "data"))).said).toEqual([warning("guest", "…/data")]);
    expect(read({ image: "little" })).toMatchObject(fine);
  });

  test("is for pages that the board's CPUs have", () => {
    const granule = (place: string, name: string): string =>
      `partitions.a.${place} AXV-P064 ${name} is a kernel for pages of 16K, and the pCPUs of qemu-aarch64 have 4K and 64K: it ` +
      "would stop without a word: give a kernel for pages of 4K or 64K";
    expect(read({ image: "pages16k" }).said).toEqual([granule("image", "pages16k")]);
    expect(read({}, withFile(bare, join(folder, "pages16k"))).said).toEqual([granule("guest", "…/pages16k")]);
    const asked = request("a", { memory: MEMORY, image: "pages16k" }, { profile: bare });
    expect(reported((findings) => readImages(system, [asked], "as they are", findings))).toEqual([]);
  });
});

describe("an initial RAM disk", () => {
  const withDisk = (initrd: string | undefined): Profile =>
    ({ ...withFile(linux, join(folder, "kernel")), device_tree: { ...linux.device_tree, initrd } }) as Profile;

  test("is there where somebody asks for it", () => {
    expect(read({}, withDisk(undefined))).toMatchObject(fine);
    expect(read({ initrd: "disk" }, withDisk(undefined))).toMatchObject(fine);
    expect(read({}, withDisk(join(folder, "disk")))).toMatchObject(fine);
    const missing = (place: string): string =>
      `partitions.a.${place} AXV-P050 the file …/none cannot be read: there is no such file: give the path of a file, relative ` +
      "to this one";
    expect(read({ initrd: "none" }, withDisk(undefined))).toMatchObject({ said: [missing("initrd")], found: [] });
    expect(read({}, withDisk(join(folder, "none")))).toMatchObject({ said: [missing("guest")], found: [] });
    expect(read({}, withDisk("build/none"), "to be built")).toMatchObject({ said: [], found: [] });
    expect(read({ initrd: "disk" }, withDisk("build/none"), "to be built")).toMatchObject(fine);
  });

  test("is no use to a guest without a device tree, nor is a command line", () => {
    const use = (key: string): string =>
      `partitions.a.${key} (key) AXV-P052 a "bare-metal" guest has no use for "${key}": it takes no device tree: remove "${key}"`;
    expect(read({ image: "raw", initrd: "none", cmdline: "x" }).said).toEqual([use("initrd"), use("cmdline")]);
    expect(read({ image: "raw", cmdline: "x" })).toMatchObject({ said: [use("cmdline")], found: ["a"] });
  });

  test("is no larger than the memory, and of a memory that is not known 1 GiB", () => {
    const memory = { size: 2, ipa: 0x4000_0000 };
    expect(read({ initrd: "disk", memory }, withDisk(undefined)).said).toEqual([
      "partitions.a.guest AXV-P033 the image needs 1K of memory, and the partition has 2 bytes: give the partition more `memory`",
      "partitions.a.initrd AXV-P033 the initrd needs 1K of memory, and the partition has 2 bytes: give the partition more " +
        "`memory`",
    ]);
    expect(read({ initrd: "disk", memory: { ...memory, size: 64 } }, withDisk(undefined))).toMatchObject(fine);
    expect(read({ image: "raw", load: 0 }, bare, undefined, { memoryBroken: true })).toMatchObject(fine);
  });
});

test("files that a system is made of: those that it names, beside it, and the project's, each of these once", () => {
  const asked = [request("a", { image: "x", initrd: "/y" }), request("b", {}, { profile: withFile(plc, "build/z") }),
    request("c", { image: "x" }, { profile: withFile(plc, "build/w") }), request("d", {}, { profile: withFile(plc, "build/z") })];
  expect(imageFiles("/s/system.yaml", asked)).toEqual(["/s/x", "/y", "/s/x", resolve("build/z")]);
  const kernel = withFile(linux, "build/k");
  const disk = (name: string, fields: Fields, initrd: string): PartitionRequest =>
    request(name, fields, { profile: { ...kernel, device_tree: { ...kernel.device_tree, initrd } } as Profile });
  const ours = [
    disk("a", { image: "x" }, "build/d"), disk("b", {}, "build/e"), disk("c", { initrd: "x" }, "build/f"), request("d", {}),
  ];
  expect(standardImages(ours)).toEqual(["build/d", "build/k", "build/e"]);
});

describe("the place of an image", () => {
  const RAM = { base: 0x4000_0000, size: 0x1000 };
  const image = (entry: number, ...parts: readonly (readonly [number, number])[]): GuestImage => ({
    format: "elf", movable: false, entry, end: 0, parts: parts.map(([at, size]) => ({ at, size, bytes: new Uint8Array() })),
  });
  const said = (of: GuestImage, fields: Fields = { image: "x" }, guest: Profile | undefined = undefined): string[] => {
    let fits = true;
    const found = reported((findings) =>
      (fits = checkImagePlace(request("a", fields, { profile: guest }), of, RAM, findings)));
    expect(fits).toBe(found.length === 0);
    return found;
  };
  const outside = (span: string): string =>
    `partitions.a.image AXV-P055 x has to be loaded at ${span}, and the partition's memory is at 0x40000000…0x40001000 (IPA): ` +
    "link it for that memory, or place the memory there: `memory: { size: …, ipa: … }`";
  const entry = (at: string, where: string): string =>
    `partitions.a.image AXV-P056 x is entered at ${at}, outside ${where}: look at its linker script's ENTRY`;

  test("is within the partition's memory, from its first byte to its last; what reaches beyond is told elsewhere", () => {
    expect(said(image(0x4000_0000, [0x4000_0000, 0x2000]))).toEqual([]);
    expect(said(image(0x4000_0fff, [0x4000_0000, 4], [0x4000_0fff, 1]))).toEqual([]);
    expect(said(image(0x4000_0000, [0x4000_0000, 4], [0x4000_1000, 4]))).toEqual([outside("0x40001000…0x40001004")]);
    expect(said(image(0x4000_0000, [0x3fff_ffff, 4]))).toEqual([outside("0x3fffffff…0x40000003")]);
    expect(said({ ...image(0, [0, 4]), movable: true })).toEqual([]);
    expect(said({ ...image(0x1000, [0x1000, 4]), movable: true })).toEqual([outside("0x40001000…0x40001004")]);
  });

  test("has its entry where something is loaded", () => {
    const loaded = "all that is loaded";
    expect(said(image(0x4000_0013, [0x4000_0010, 4]))).toEqual([]);
    expect(said(image(0x4000_0014, [0x4000_0010, 4]))).toEqual([entry("0x40000014", loaded)]);
    expect(said(image(0x4000_000f, [0x4000_0010, 4]))).toEqual([entry("0x4000000f", loaded)]);
    expect(said(image(0x4000_1000, [0x4000_0010, 0x2000]))).toEqual([
      entry("0x40001000", "the partition's memory at 0x40000000…0x40001000 (IPA)"),
    ]);
    expect(said({ ...image(8, [0, 4]), movable: true })).toEqual([entry("0x40000008", loaded)]);
  });

  test("is told where the image was named, or its guest, by its name", () => {
    const wrong = image(0, [0, 4]);
    expect(said(wrong, {}, withFile(plc, "build/z"))[0]).toMatch(/^partitions\.a\.guest AXV-P055 build\/z has/);
    expect(said(wrong, {})[0]).toMatch(/^partitions\.a\.guest AXV-P055 the image has/);
  });
});
