// Guests' images: what a header says, where the parts go in a guest's memory, and images that are not built yet.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readImages, standardImages } from "../../partitions/check/images.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { parseArm64Image } from "../../partitions/images/arm64-image.ts";
import { DEVICE_TREE_MAX, layoutBoot } from "../../partitions/plan/boot.ts";
import type { PartitionRequest } from "../../partitions/request.ts";
import { profiles } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { BLOCK, MIB } from "../../partitions/units.ts";
import { here } from "./systems.ts";

const image = (name: string): Uint8Array => readFileSync(here(`images/${name}`));

describe("arm64 Image (booting.rst)", () => {
  test("text_offset and image_size are taken from its header", () => {
    expect(parseArm64Image(image("kernel.Image"))).toEqual({ textOffset: 0, size: 30 * MIB });
    expect(parseArm64Image(image("old-kernel.Image"))).toEqual({ textOffset: 0x80000, size: 2 * MIB });
  });

  test("an image_size of 0 is a kernel before 3.17: text_offset is 0x80000, whatever the header says", () => {
    const bytes = image("plc.bin").slice();
    bytes.fill(0, 8, 24);
    expect(parseArm64Image(bytes)).toEqual({ textOffset: 0x80000, size: bytes.length });
  });

  test("a file longer than its image_size counts whole", () => {
    const bytes = new Uint8Array(4 * MIB);
    bytes.set(image("plc.bin"));
    expect(parseArm64Image(bytes)).toEqual({ textOffset: 0, size: 4 * MIB });
  });

  test.each([
    [[0x7f, 0x45, 0x4c, 0x46], "it is an ELF file"],
    [[0x1f, 0x8b], "it is compressed with gzip"],
    [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "it is compressed with xz"],
    [[0x28, 0xb5, 0x2f, 0xfd], "it is compressed with zstd"],
    [[0xd0, 0x0d, 0xfe, 0xed], "it is a device tree blob"],
    [[0x27, 0x05, 0x19, 0x56], "it is a U-Boot uImage"],
    [[0], "it is something else"],
  ])("what begins with %j is refused: %s", (start, why) => {
    const bytes = new Uint8Array(100);
    bytes.set(start);
    expect(parseArm64Image(bytes)).toBe(`${why}, not an arm64 Image ("ARM\\x64" at byte 56)`);
  });
});

describe("boot layout", () => {
  const images = (textOffset: number, size: number, initrd: number | undefined): Parameters<typeof layoutBoot>[0] => ({
    image: { bytes: new Uint8Array(100), header: { textOffset, size } },
    initrd: initrd === undefined ? undefined : new Uint8Array(initrd),
  });

  test("initrd behind the image with its bss, device tree behind the initrd, 2 MiB apart", () => {
    expect(layoutBoot(images(0x80000, 3 * MIB, 5 * MIB), true)).toEqual({
      image: { offset: 0x80000, size: 100 },
      initrd: { offset: 4 * MIB, size: 5 * MIB },
      deviceTree: { offset: 10 * MIB },
      needed: 10 * MIB + DEVICE_TREE_MAX,
    });
  });

  test("without initrd and device tree, the image needs its own size", () => {
    expect(layoutBoot(images(0, 3 * MIB, undefined), false)).toEqual({
      image: { offset: 0, size: 100 },
      initrd: undefined,
      deviceTree: undefined,
      needed: 3 * MIB,
    });
    expect(BLOCK).toBe(2 * MIB);
  });
});

describe("images that the build makes", () => {
  const source = new YamlSource("system.yaml", "partitions:\n  a:\n    guest: linux\n    cpus: [0]\n");
  const linux = profiles().get("linux", new Findings(source));
  if (linux?.device_tree === undefined) throw new Error("the profile of linux has no device tree");
  const missing = {
    ...linux,
    image: { ...linux.image, file: "build/none/Image" },
    device_tree: { ...linux.device_tree, initrd: "build/none/initrd" },
  };
  const request: PartitionRequest = {
    name: "a",
    path: ["partitions", "a"],
    fields: { guest: "linux", cpus: [0] },
    profile: missing,
    memoryBroken: false,
  };

  test("are named, so that somebody can make them", () => {
    expect(standardImages([request, request])).toEqual(["build/none/Image", "build/none/initrd"]);
    expect(standardImages([{ ...request, fields: { ...request.fields, image: "mine" } }])).toEqual([
      "build/none/initrd",
    ]);
  });

  test("are no mistake while they are not there, but a warning", () => {
    const findings = new Findings(source);
    expect(readImages("system.yaml", [request], "as they are", findings).size).toBe(0);
    expect(findings.hasErrors).toBe(false);
    expect(findings.sorted).toMatchObject([
      {
        code: "AXV-P053",
        severity: "warning",
        line: 3,
        column: 12,
        message: "build/none/Image is not built yet, so its size is not checked",
      },
      { code: "AXV-P053", severity: "warning", line: 3, column: 12 },
    ]);
  });

  test("are not looked at when they are about to be made", () => {
    const findings = new Findings(source);
    expect(readImages("system.yaml", [request], "to be built", findings).size).toBe(0);
    expect(findings.sorted).toEqual([]);
  });
});
