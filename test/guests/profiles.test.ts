// `guest:` and `image:` are enough: every profile of an RTOS, with an image of each format it takes, is planned on a board of
// each GIC it takes, and has in its address space what is built into it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { ImageFormat } from "../../partitions/images/guest-image.ts";
import { aarch64Plan } from "../aarch64.ts";
import type { Aarch64PlannedPartition as PlannedPartition } from "../../partitions/plan/plan.ts";
import { readRequest } from "../../partitions/request.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import type { Aarch64Profile as Profile } from "../../rtos-guests/profiles/schema.ts";
import { everyProfile } from "../../tools/guest/profiles.ts";
import { arm64Image, codeOf, elfFile } from "../partitions/imageFiles.ts";
import { plan } from "../partitions/systems.ts";

const RET = 0xd65f03c0;
const BOARDS = { 2: "qemu-aarch64-gicv2", 3: "qemu-aarch64" } as const;
/** GICC and GICV of QEMU's virt machine, as guests of GICv2 see the CPU interface. */
const GICC = 0x08010000;

const rtoses = everyProfile().filter((profile) => profile.isa === "aarch64").filter(({ image }) => image.file === undefined);

const folder = mkdtempSync(join(tmpdir(), "axv-profiles-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ramOf = ({ memory }: Profile): number => (typeof memory.ipa === "number" ? memory.ipa : 0);

/** What its entry has to be, and the image. */
function imageOf(profile: Profile, format: ImageFormat): { entry: number; bytes: Uint8Array } {
  const ram = ramOf(profile);
  const code = codeOf(RET, RET);
  switch (format) {
    case "raw":
      return { entry: profile.image.load ?? ram, bytes: code };
    case "elf":
      return {
        entry: ram + 0x1004,
        bytes: elfFile({ entry: BigInt(ram + 0x1004), segments: [{ paddr: ram + 0x1000, bytes: [...code] }] }),
      };
    case "riscv-image":
      throw new RangeError(`no image of AArch64 is a ${format}`);
    case "arm64-image": {
      const boundary = profile.image.load === undefined ? ram : profile.image.load - (profile.image.load % 0x200000);
      return { entry: boundary + 0x200000, bytes: arm64Image(0x200000, 4096) };
    }
  }
}

function planned(profile: Profile, gic: 2 | 3, image: Uint8Array): PlannedPartition {
  const file = join(folder, `${profile.name}.bin`);
  writeFileSync(file, image);
  const system = join(folder, `${profile.name}.yaml`);
  writeFileSync(system, `board: ${BOARDS[gic]}\npartitions:\n  rtos: { guest: ${profile.name}, cpus: [3], image: ${file} }\n`);
  const outcome = plan(system);
  expect(outcome.diagnostics).toEqual([]);
  const [partition] = outcome.system === undefined ? [] : aarch64Plan(outcome.system.plan).partitions;
  if (partition === undefined) throw new Error("nothing was planned");
  return partition;
}

test("there is one for each of the eight, and one for programs that are none of them", () => {
  expect(rtoses.map(({ name }) => name)).toEqual([
    "arceos", "bare-metal", "freertos", "nimbos", "nuttx", "rt-thread", "starry-os", "uniproton", "zephyr",
  ]);
});

const variants = rtoses.flatMap((profile) =>
  profile.gic.flatMap((gic) => profile.image.formats.map((format) => ({ name: profile.name, gic, format, profile }))),
);

describe.each(variants)("$name, $format, on a GICv$gic", ({ profile, gic, format }) => {
  const { entry, bytes } = imageOf(profile, format);
  const partition = planned(profile, gic, bytes);

  test("is entered where its format says, in the profile's memory", () => {
    expect(partition.entry).toBe(entry);
    expect(partition.regions[0]).toMatchObject({ kind: "ram", ipa: ramOf(profile), size: profile.memory.size });
  });

  test("has GIC and UART where they are built in, and the UART's interrupt", () => {
    expect(partition).toMatchObject({ gicd: 0x08000000, console: 0x09000000 });
    const builtIn = profile.machine?.console_spi;
    if (builtIn !== undefined) expect(partition.consoleInterrupt).toBe(32 + builtIn);
    if (gic === 3) expect(partition.gicr).toBe(0x080a0000);
    else expect(partition.regions).toContainEqual(expect.objectContaining({ ipa: GICC, size: 0x2000 }));
    const own = partition.interrupts.map(({ intid }) => intid);
    expect(own).toEqual(expect.arrayContaining([partition.consoleInterrupt, ...profile.spis.map((spi) => 32 + spi)]));
  });

  test("owns the timer that it ticks by", () => {
    expect(partition.ppis).toContain(profile.timer === "physical" ? 30 : 27);
  });

  test(profile.device_tree === undefined ? "has no device tree" : "has its device tree in x0", () => {
    if (profile.device_tree === undefined) expect(partition.argument).toBe(0);
    else expect(partition.loads.map(({ ipa }) => ipa)).toContain(partition.argument);
  });
});

test("two FreeRTOS partitions go together: what they read of SPI 0 takes it from nobody", () => {
  const image = join(folder, "freertos.bin");
  writeFileSync(image, codeOf(RET));
  const system = join(folder, "two.yaml");
  writeFileSync(
    system,
    `board: qemu-aarch64\npartitions:\n  one: { guest: freertos, cpus: [1], image: ${image} }\n  two: { guest: freertos, ` +
      `cpus: [2], image: ${image} }\n`,
  );
  const { system: planned } = plan(system);
  expect(
    planned &&
      aarch64Plan(planned.plan).partitions.map(({ probesPriority, interrupts }) => [
        probesPriority, interrupts.map(({ use }) => use),
      ]),
  ).toEqual([
    [true, ["console"]],
    [true, ["console"]],
  ]);
  const codes = plan(system).diagnostics.map(({ code, line, message }) => `${line} ${code} ${message}`);
  expect(codes).toEqual([
    expect.stringContaining('4 AXV-P065 what is typed into this console is not heard by interrupt: SPI 1'),
  ]);
});

test("SPIs of the profile are its own unless system.yaml lists others, or none: spis: []", () => {
  const fields = (written: string): readonly (readonly [number, string])[] | undefined => {
    const source = new YamlSource(
      "system.yaml",
      `board: qemu-aarch64\npartitions:\n  a: { guest: needy, cpus: [1]${written} }\n`,
    );
    const findings = new Findings(source);
    const [freertos] = rtoses.filter(({ name }) => name === "freertos");
    const shelf = { names: ["needy"], files: [], get: () => freertos && { ...freertos, name: "needy", spis: [0, 7] } };
    const [partition] = readRequest(source, boards(), () => shelf, findings).partitions;
    return partition?.fields.spis?.map(({ spi, trigger }) => [spi, trigger]);
  };
  expect(fields("")).toEqual([[0, "level"], [7, "level"]]);
  expect(fields(", spis: [40, { spi: 41, trigger: edge }]")).toEqual([[40, "level"], [41, "edge"]]);
  expect(fields(", spis: []")).toEqual([]);
});
