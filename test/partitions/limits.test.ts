// Numbers at their limits: the last one that is legal is planned, the next one is a mistake at its place, and none takes long.
import { describe, expect, test } from "vitest";
import { places, planText } from "./systems.ts";

/** Of CPU time: far more than any of these takes, and far less than the loops of some did. */
const SOON_MS = 30_000;

function soon(text: string): ReturnType<typeof planText> {
  const before = process.cpuUsage();
  const outcome = planText(text);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(SOON_MS);
  return outcome;
}

const partition = (fields: string): string => `board: qemu-aarch64\npartitions:\n  a: { guest: linux, cpus: [1], ${fields} }\n`;

describe("addresses in a partition end where the pCPUs' guest addresses do, at 2^40", () => {
  test("ipa + size = 2^40 is legal", () => {
    const { system } = planText(partition("memory: { size: 256M, ipa: 0xfff0000000 }"));
    expect(system?.plan.partitions[0]?.regions[0]).toMatchObject({ ipa: 0xfff0000000, size: 0x10000000 });
  });

  test.each([
    ["one page more", "memory: { size: 262148K, ipa: 0xfff0000000 }", "3:63 AXV-P039"],
    ["another 128 MiB", "memory: { size: 256M, ipa: 0xfff8000000 }", "3:60 AXV-P039"],
    ["a beginning behind it", "memory: { size: 256M, ipa: 0x10000000000 }", "3:60 AXV-P006"],
    ["48 bits and more", "memory: { size: 256M, ipa: 0x1000000000000 }", "3:60 AXV-P006"],
    ["a mailbox behind it", "mailbox: { ipa: 0x10000000000 }", "3:49 AXV-P006"],
  ])("%s is not", (_, fields, place) => {
    expect(places(planText(partition(fields)))).toEqual([place]);
  });

  test("a board with fewer bits has fewer", () => {
    // test-small-pa: 32 bits of physical address.
    const text = (ipa: string): string =>
      partition(`memory: { size: 256M, ipa: ${ipa} }`).replace("qemu-aarch64", "test-small-pa");
    expect(places(planText(text("0xf0000000")))).toEqual([]);
    expect(places(planText(text("0xf0200000")))).toEqual(["3:60 AXV-P039"]);
  });
});

describe("at once", () => {
  test.each([
    ["a size that no loop ends with", "memory: { size: 99999999G, at: 0x60000000, ipa: 0x40000000 }", ["AXV-P006"]],
    ["one of 48 bits", "memory: { size: 0x1000000000000, at: 0x60000000, ipa: 0x40000000 }", ["AXV-P006"]],
    ["one that no double holds", "memory: 99999999999999999999999999999999G", ["AXV-P006"]],
    ["the largest size", "memory: 1024G", ["AXV-P030"]],
    ["the same page by page", "memory: { size: 1024G, at: 0x60001000, ipa: 0x40000000 }", ["AXV-P031", "AXV-P032", "AXV-P039"]],
    ["20,000 pCPUs", `memory: 256M }\n  b: { guest: plc, cpus: [${"1, ".repeat(20_000)}2]`, ["AXV-P006"]],
    ["20,000 devices", `devices: [${"rtc, ".repeat(20_000)}rtc]`, ["AXV-P006"]],
    ["a name of a million letters", `memory: 256M }\n  b: { guest: ${"x".repeat(1_000_000)}, cpus: [2]`, ["AXV-P011"]],
  ])("%s", (_, fields, expected) => {
    expect(soon(partition(fields)).diagnostics.map(({ code }) => code)).toEqual(expected);
  });

  const many = (entry: (n: number) => string): string =>
    Array.from({ length: 20_000 }, (_, n) => `  p${n}: ${entry(n)}\n`).join("");
  test.each([
    ["20,000 partitions", `board: qemu-aarch64\npartitions:\n${many((n) => `{ guest: linux, cpus: [${n}] }`)}`, ["2:1 AXV-P008"]],
    ["20,000 channels", `${partition("memory: 256M")}channels:\n${many(() => "{ between: [a, a] }")}`, ["4:1 AXV-P063"]],
    ["20,000 keys", `${partition("memory: 256M")}${many(() => "1").replaceAll("  p", "p")}`, 20_000],
  ])("%s", (_, text, expected) => {
    const found = places(soon(text));
    if (typeof expected === "number") expect(found).toHaveLength(expected);
    else expect(found).toEqual(expected);
  });
});
