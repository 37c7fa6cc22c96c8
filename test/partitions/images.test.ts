// Guests' images: where the parts go in a guest's memory, and images that are not built yet.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { readImages, standardImages } from "../../partitions/check/images.ts";
import type { GuestImages } from "../../partitions/check/images.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { isFault, readGuestImage } from "../../partitions/images/guest-image.ts";
import { DEVICE_TREE_MAX, layoutBoot } from "../../partitions/plan/boot.ts";
import type { PartitionRequest } from "../../partitions/request.ts";
import { profiles } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { BLOCK, MIB } from "../../partitions/units.ts";
import { arm64Image, codeOf, elfFile, rules } from "./imageFiles.ts";
import { planText, sound } from "./systems.ts";

describe("boot layout", () => {
  const images = (image: Uint8Array, load: number | undefined, initrd: number | undefined): GuestImages => {
    const read = readGuestImage(image, rules(load));
    if (isFault(read)) throw new Error(JSON.stringify(read));
    return { image: read, initrd: initrd === undefined ? undefined : new Uint8Array(initrd) };
  };
  const RAM = 0x40000000;

  test("initrd behind the image with its bss, device tree behind the initrd, 2 MiB apart", () => {
    expect(layoutBoot(images(arm64Image(0x80000, 3 * MIB, 100), undefined, 5 * MIB), true, RAM)).toEqual({
      image: [{ offset: 0x80000, size: 100 }],
      entry: 0x80000,
      initrd: { offset: 4 * MIB, size: 5 * MIB },
      deviceTree: { offset: 10 * MIB },
      needed: 10 * MIB + DEVICE_TREE_MAX,
    });
  });

  test("without initrd and device tree, the image needs its own size", () => {
    expect(layoutBoot(images(arm64Image(0, 3 * MIB, 100), undefined, undefined), false, RAM)).toEqual({
      image: [{ offset: 0, size: 100 }],
      entry: 0,
      initrd: undefined,
      deviceTree: undefined,
      needed: 3 * MIB,
    });
    expect(BLOCK).toBe(2 * MIB);
  });

  test("what has addresses of its own is placed by them", () => {
    expect(layoutBoot(images(codeOf(1, 2), RAM + 0x8000, undefined), false, RAM)).toMatchObject({
      image: [{ offset: 0x8000, size: 8 }],
      entry: 0x8000,
      needed: 0x8008,
    });
    const elf = elfFile({ entry: 0x40001014n, segments: [{ paddr: 0x40001010, bytes: [1, 2, 3, 4, 5], memorySize: 64 }] });
    expect(layoutBoot(images(elf, undefined, undefined), true, RAM)).toMatchObject({
      image: [{ offset: 0x1000, size: 0x50 }],
      entry: 0x1014,
      deviceTree: { offset: 2 * MIB },
    });
  });
});

describe("a planned ELF image", () => {
  test("without the zeros of its bss and its gaps, which it has at each start", () => {
    const elf = elfFile({
      entry: 0x40000000n,
      segments: [
        { paddr: 0x40000000, bytes: [1, 2, 3, 4, 5, 6, 7, 8], memorySize: 106 * MIB },
        { paddr: 0x47000000, bytes: [1, 2, 3, 4] },
      ],
    });
    const file = join(mkdtempSync(join(tmpdir(), "axv-image-")), "bss.elf");
    writeFileSync(file, elf);
    const { plan, loads } = sound(
      planText(
        "board: qemu-aarch64\npartitions:\n  rtos: { guest: zephyr, cpus: [1], memory: { size: 128M, ipa: 0x40000000 }, " +
          `image: ${file} }\n`,
      ),
    );
    rmSync(dirname(file), { recursive: true });
    expect(plan.partitions[0]?.loads).toMatchObject([
      { ipa: 0x40000000, size: 106 * MIB, zeros: 64 },
      { ipa: 0x47000000, size: 4 },
    ]);
    expect(loads.map(({ length }) => length)).toEqual([64 + 4096, 64]);
    expect(plan.image.size).toBeLessThan(2 * MIB);
  });

  test("is one load from a whole page on, its bss as zeros, entered where it says", () => {
    const { plan, loads } = sound(
      planText(
        "board: qemu-aarch64\npartitions:\n  rtos: { guest: zephyr, cpus: [1], memory: { size: 2M, ipa: 0x40000000 }, " +
          "image: ../images/rtos.elf }\n",
      ),
    );
    expect(plan.partitions[0]).toMatchObject({ entry: 0x40000004, argument: 0 });
    expect(plan.partitions[0]?.loads).toEqual([
      { name: "image", source: expect.any(Number) as number, ipa: 0x40000000, size: 0x1030 },
    ]);
    expect(loads[0]?.length).toBe(0x1040);
    expect(loads[0]?.bytes().subarray(0x1010, 0x1014)).toEqual(new Uint8Array([5, 6, 0, 0]));
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
    tagsBroken: false,
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
