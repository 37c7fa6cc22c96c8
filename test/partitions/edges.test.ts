// What only just fits, and what only just does not.
import { describe, expect, test } from "vitest";
import { readBlob } from "../../partitions/blob/read.ts";
import { MIB } from "../../partitions/units.ts";
import { places, planText, sound } from "./systems.ts";

const system = (board: string, ...lines: string[]): string => [`board: ${board}`, ...lines, ""].join("\n");

describe("devices that share a page which is not the first of both", () => {
  const owners = (wide: string, narrow: string): string =>
    system(
      "test-devices",
      "partitions:",
      `  a: { guest: plc, cpus: [0], devices: [${wide}] }`,
      `  b: { guest: plc, cpus: [1], devices: [${narrow}] }`,
    );

  test.each([["wide", "narrow"], ["narrow", "wide"]])("%s and %s cannot be in two partitions", (one, other) => {
    expect(places(planText(owners(one, other)))).toEqual(["4:41 AXV-P023"]);
  });

  test("and are mapped together in one", () => {
    const { plan } = sound(
      planText(system("test-devices", "partitions:", "  a: { guest: plc, cpus: [0], devices: [wide, narrow] }")),
    );
    expect(plan.partitions[0]?.regions.filter(({ kind }) => kind === "device")).toMatchObject([{ pa: 0x0b000000, size: 0x3000 }]);
  });
});

test("two devices of one partition may share an interrupt line, which it has once; two partitions may not", () => {
  const { plan, blob } = sound(
    planText(system("test-devices", "partitions:", "  a: { guest: plc, cpus: [0], devices: [rtc, twin] }")),
  );
  expect(plan.partitions[0]?.interrupts.filter(({ intid }) => intid === 32 + 2)).toHaveLength(1);
  expect(readBlob(blob).records["Interrupt"]?.filter(({ line }) => line === 34)).toHaveLength(1);
  const parted = system(
    "test-devices",
    "partitions:",
    "  a: { guest: plc, cpus: [0], devices: [rtc] }",
    "  b: { guest: plc, cpus: [1], devices: [twin] }",
  );
  expect(places(planText(parted))).toEqual(["4:41 AXV-P022"]);
});

describe("spare SPIs", () => {
  const withChannels = (count: number, third = ""): string => {
    const channels = Array.from({ length: count }, (_, n) => `  c${n}: { between: [a, b], size: 4K }`);
    return system(
      "qemu-aarch64",
      `partitions: { a: { guest: plc, cpus: [0] }, b: { guest: plc, cpus: [1] }${third} }`,
      "channels:",
      ...channels,
    );
  };

  test("all of them can be used: the last one rings", () => {
    const spares = 223 - 200 + 1;
    const outcome = planText(withChannels((spares - 2) / 2));
    expect(outcome.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    const { partitions } = sound(outcome).plan;
    const used = partitions.flatMap(({ consoleInterrupt, channels }) => [
      consoleInterrupt,
      ...channels.map(({ doorbell }) => doorbell),
    ]);
    expect([...new Set(used)].sort((one, other) => one - other)).toEqual(Array.from({ length: spares }, (_, n) => 32 + 200 + n));
  });

  test("one more of them does not fit", () => {
    expect(places(planText(withChannels(12)))).toContain("3:1 AXV-P034");
    expect(places(planText(withChannels(11, ", c: { guest: plc, cpus: [2] }")))).toContain("3:1 AXV-P034");
  });

  test.each([
    [199, []],
    [200, ["2:50 AXV-P026"]],
    [223, ["2:50 AXV-P026"]],
    [224, ["2:50 AXV-P015"]],
  ])("SPI %i as a partition's own", (spi, expected) => {
    expect(places(planText(system("qemu-aarch64", `partitions: { a: { guest: plc, cpus: [0], spis: [${spi}] } }`)))).toEqual(
      expected,
    );
  });
});

describe("memory", () => {
  // 1 GiB from 0x40000000 on; the image is at 0x40200000 and takes less than 62 MiB.
  const around = (size: string): string =>
    system(
      "qemu-aarch64",
      "partitions:",
      "  low: { guest: linux, cpus: [0], memory: { size: 448M, at: 0x44000000 } }",
      "  high: { guest: linux, cpus: [1], memory: { size: 444M, at: 0x64400000 } }",
      `  between: { guest: plc, cpus: [2], memory: ${size} }`,
    );

  test("a gap that it fits exactly is taken", () => {
    const { plan } = sound(planText(around("68M")));
    expect(plan.partitions[2]?.regions.find(({ kind }) => kind === "ram")).toMatchObject({ pa: 0x60000000, size: 68 * MIB });
  });

  test("and 2 MiB more do not fit", () => {
    expect(places(planText(around("70M")))).toContain("5:45 AXV-P030");
  });
});
