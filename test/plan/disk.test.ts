// Where the parts of a disk are: clear of one another, of the table and of firmware, on boards that are shipped and on any other.
import { describe, expect, test } from "vitest";
import type { Layout } from "../../boards/layout.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { placeDisk, sectorsText, STATE_SECTORS } from "../../partitions/plan/disk.ts";
import type { DiskPlan } from "../../partitions/plan/disk.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { contains, overlaps } from "../../partitions/units.ts";
import type { Span } from "../../partitions/units.ts";
import { Random } from "../hostile/random.ts";

const layouts = new Map(
  boards().names.flatMap((name) => {
    const layout = boards().get(name, new Findings(new YamlSource("none", "")))?.layout;
    return layout === undefined ? [] : [[name, layout] as const];
  }),
);

const written = ({ table, a, b, state, boot, data }: DiskPlan): Span[] =>
  [...table, a, b, state, boot, ...(data === undefined ? [] : [data])];

function expectSound(layout: Layout, placed: DiskPlan): void {
  const spans = [...written(placed), ...placed.reserved];
  for (const [index, one] of spans.entries()) {
    expect(contains({ base: 0, size: layout.sectors }, one)).toBe(true);
    const over = spans.slice(index + 1).find((other) => overlaps(one, other));
    expect(over === undefined ? "" : `${sectorsText(one)} over ${sectorsText(over)}`).toBe("");
  }
  expect(placed.reserved).toEqual(layout.reserved.map(({ first, sectors }) => ({ base: first, size: sectors })));
  // Back to back, so that an MBR, which has one partition for all three, says how large a slot is.
  const slot = Math.ceil(layout.slots.sectors / 2048) * 2048;
  expect([placed.a.size, placed.b.size, placed.state.size]).toEqual([slot, slot, STATE_SECTORS]);
  expect([placed.b.base, placed.state.base]).toEqual([placed.a.base + slot, placed.a.base + 2 * slot]);
  for (const { base } of [placed.a, placed.b, placed.state, placed.boot, placed.data ?? placed.a]) expect(base % 2048).toBe(0);
  expect((placed.data?.size ?? 0) % 2048).toBe(0);
}

test.each([...layouts])("on %s", (_, layout) => {
  const placed = placeDisk(layout);
  if ("key" in placed) throw new Error(placed.message);
  expectSound(layout, placed);
});

const sectors = (name: string): Record<string, string> => {
  const layout = layouts.get(name);
  const placed = layout && placeDisk(layout);
  if (placed === undefined || "key" in placed) throw new Error(name);
  const { a, b, state, boot, data } = placed;
  const spans = Object.entries({ a, b, state, boot, data });
  return Object.fromEntries(spans.map(([key, span]) => [key, span ? sectorsText(span) : ""]));
};

describe("by eye", () => {
  test("ROC-RK3568-PC: clear of sectors 64 and 16384", () => {
    expect(sectors("roc-rk3568-pc")).toEqual({
      a: "sectors 32768 to 163839", b: "sectors 163840 to 294911", state: "sectors 294912 to 296959",
      boot: "sectors 296960 to 329727", data: "sectors 329728 to 2095103",
    });
  });

  test("Phytium Pi: slot a at 4 MiB, where the maker's FIT is, behind the firmware at 0", () => {
    expect(sectors("phytium-pi")).toEqual({
      a: "sectors 8192 to 131071", b: "sectors 131072 to 253951", state: "sectors 253952 to 255999",
      boot: "sectors 256000 to 288767", data: "sectors 288768 to 2097151",
    });
  });
});

test("on any other board it is so, or is refused", () => {
  const random = new Random(2026);
  let [placed, refused] = [0, 0];
  const reserved = (disk: number): Layout["reserved"] =>
    Array.from({ length: random.below(5) }, () => ({
      first: random.below(random.chance(1, 2) ? 40_000 : disk),
      sectors: 1 + random.below(random.pick([1, 100, 20_000])),
      what: "x",
    }));
  for (let round = 0; round < 5_000; round++) {
    const disk = random.pick([32_768, 524_288, 2_097_152]) + random.below(5000);
    const layout: Layout = {
      table: random.pick(["gpt", "mbr"] as const),
      sectors: disk,
      reserved: reserved(disk),
      slots: {
        sectors: 1 + random.below(Math.floor(disk / 2)),
        first: random.chance(1, 3) ? random.pick([random.below(disk), random.below(100) * 2048]) : undefined,
      },
      boot: { sectors: 8192 + random.below(20_000) },
      load: 0,
    };
    const found = placeDisk(layout);
    if ("key" in found) {
      expect(found.message).not.toContain("undefined");
      refused += 1;
      continue;
    }
    placed += 1;
    expectSound(layout, found);
  }
  expect(Math.min(placed, refused)).toBeGreaterThan(500);
});
