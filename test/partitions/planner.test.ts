// Decisions of the planner that people rely on: where memory goes, who keeps house, which numbers interrupts get.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { NO_GICR, PARTITION_TRUSTED_SGI } from "../../partitions/blob/aarch64.table.ts";
import { PARTITION_AUTOSTART, PARTITION_DIRECT, PARTITION_OWN_CLOCK } from "../../partitions/blob/layout.table.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { writeBlob } from "../../partitions/blob/write.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { sharedCache } from "../../partitions/plan/cache.ts";
import type {
  Aarch64Plan as Plan, Aarch64PlannedPartition as PlannedPartition, PlannedRegion,
} from "../../partitions/plan/plan.ts";
import { POOL_TABLES, tablesFor } from "../../partitions/plan/tables.ts";
import { boards } from "../../partitions/shelf.ts";
import { aarch64Board } from "../aarch64.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { drawPlan } from "../../tools/plan/picture.ts";
import { formatPlan } from "../../tools/plan/report.ts";
import { plain } from "../../tools/run/paint.ts";
import { here, plan as planFile, planText, sound } from "./systems.ts";

const qemu = aarch64Board(boards().get("qemu-aarch64", new Findings(new YamlSource("none", ""))));

const planOf = (partitions: string, channels = "{}"): Plan =>
  sound(planText(`board: qemu-aarch64\npartitions: ${partitions}\nchannels: ${channels}\n`)).plan;

const partition = (plan: Plan, name: string): PlannedPartition => {
  const found = plan.partitions.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

const ram = (plan: Plan, name: string): { pa: number; ipa: number } => {
  const region = partition(plan, name).regions.find(({ kind }) => kind === "ram");
  return { pa: region?.pa ?? -1, ipa: region?.ipa ?? -1 };
};

test("a guest prints as it starts where its profile says so, and its own command line does not keep it quiet", () => {
  const prints = (guest: string): boolean => partition(planOf(`{ a: { ${guest}, cpus: [0], memory: 64M } }`), "a").prints;
  expect(prints("guest: plc")).toBe(true);
  expect(prints("guest: linux")).toBe(true);
  expect(prints("guest: linux, cmdline: console=ttyAMA0 ro")).toBe(true);
  expect(prints("guest: linux, cmdline: console=ttyAMA0 quiet")).toBe(false);
  expect(prints("guest: linux, cmdline: root=/dev/vda")).toBe(false);
  expect(prints("guest: bare-metal, image: ../images/plc.bin")).toBe(false);
});

describe("which channel is which", () => {
  const PARTITIONS =
    "{ plc: { guest: plc, cpus: [3] }, rtos: { guest: bare-metal, image: ../images/plc.bin, cpus: [2], memory: 4M }, linux: " +
      "{ guest: linux, cpus: [0], memory: 64M } }";
  const LINES = [
    "zebra: { between: [rtos, plc] }",
    "process-image: { between: [linux, plc] }",
    "alarms: { between: [rtos, plc], size: 8K }",
    "recipes: { between: [rtos, linux] }",
  ];
  const planned = (lines: readonly string[]): Plan => planOf(PARTITIONS, `{ ${lines.join(", ")} }`);
  const numbers = (plan: Plan, name: string): string[] =>
    partition(plan, name).channels.map((end) => `${end.name} ${end.ipa.toString(16)}`);

  test("does not depend on the order of lines: nothing of the plan does", () => {
    expect(planned([...LINES].reverse())).toEqual(planned(LINES));
  });

  test("the process image is the PLC's first channel, the others follow by their names", () => {
    expect(numbers(planned(LINES), "plc")).toEqual(["process-image 50000000", "alarms 50001000", "zebra 50003000"]);
    expect(numbers(planned(LINES), "rtos")).toEqual(["alarms 50000000", "recipes 50002000", "zebra 50003000"]);
  });

  test("or the one that is said to carry it, or the only one", () => {
    const said = planned([...LINES, "b: { between: [plc, linux], carries: process-image }"]);
    expect(numbers(said, "plc")[0]).toBe("b 50000000");
    const carriers = ({ partitions }: Plan): string[] =>
      partitions.flatMap(({ name, channels }) => channels.filter((end) => end.carriesImage).map((end) => `${name}: ${end.name}`));
    expect(carriers(said)).toEqual(["plc: b", "linux: b"]);
    expect(carriers(planned(LINES))).toEqual(["plc: process-image", "linux: process-image"]);
    expect(carriers(planned(["link: { between: [linux, plc] }", "x: { between: [linux, rtos] }"]))).toEqual([
      "plc: link",
      "linux: link",
    ]);
  });

  test.each([
    ["its only one", "{ x: { between: [a, b] } }", ["x"]],
    ["the first of several by name", "{ w: { between: [a, linux] }, x: { between: [b, d] }, y: { between: [b, linux] } }", ["x"]],
    ["one that somebody reads", "{ x: { between: [a, linux] } }", []],
    ["that of one end alone, whose own it is", "{ process-image: { between: [a, linux] }, x: { between: [a, d] } }", ["x"]],
  ])("nobody reads what two guests that only write it have found to be theirs: %s", (_, channels, unread) => {
    const guests = ["a", "b", "d"].map((name, cpu) => `${name}: { guest: plc, cpus: [${cpu}] }`).join(", ");
    const linux = "linux: { guest: linux, cpus: [3], memory: 64M }";
    const { diagnostics } = planText(`board: qemu-aarch64\npartitions: { ${guests}, ${linux} }\nchannels: ${channels}\n`);
    const found = diagnostics.filter(({ code }) => code === "AXV-P085");
    expect(found.map(({ message }) => /that "(.*?)" carries/.exec(message)?.[1])).toEqual(unread);
  });

  test("of a guest that the project knows nothing of, both are believed", () => {
    for (const between of ["[rtos, linux]", "[rtos, plc]"]) {
      expect(
        planText(
          `board: qemu-aarch64\npartitions: ${PARTITIONS}\nchannels: { process-image: { between: ${between} } }\n`,
        ).diagnostics.filter(({ code }) => /P08[45]/.test(code)),
      ).toEqual([]);
    }
  });
});

describe("memory", () => {
  test("is given from the top of RAM down, the largest first, aligned to its own size", () => {
    const plan = planOf(
      "{ a: { guest: plc, cpus: [0], memory: 16M }, b: { guest: linux, cpus: [1], memory: 256M }, c: { guest: linux, cpus: " +
        "[2], memory: 128M } }",
    );
    expect(ram(plan, "b").pa).toBe(0x70000000);
    expect(ram(plan, "c").pa).toBe(0x68000000);
    expect(ram(plan, "a").pa).toBe(0x67000000);
  });

  test("what cannot be aligned to its size any more is aligned as well as it can be, to 2 MiB at least", () => {
    const plan = planOf("{ a: { guest: linux, cpus: [0], memory: 768M } }");
    expect(ram(plan, "a").pa).toBe(0x50000000);
    const odd = planOf("{ a: { guest: linux, cpus: [0], memory: 1000M } }");
    expect(ram(odd, "a").pa).toBe(0x41000000);
  });

  test("who says where gets it, and the others go round it", () => {
    const plan = planOf(
      "{ a: { guest: plc, cpus: [0], memory: { size: 16M, at: 0x7f000000 } }, b: { guest: linux, cpus: [1], memory: 512M } }",
    );
    expect(ram(plan, "a").pa).toBe(0x7f000000);
    expect(ram(plan, "b").pa).toBe(0x50000000);
  });

  test("is at IPA = PA for Linux and at the IPA of its profile for the PLC guest, unless the file says otherwise", () => {
    const plan = planOf(
      "{ a: { guest: plc, cpus: [0] }, b: { guest: linux, cpus: [1] }, c: { guest: plc, cpus: [2], memory: { size: 16M, " +
        "ipa: identity } } }",
    );
    expect(ram(plan, "a").ipa).toBe(0x40000000);
    expect(ram(plan, "b").ipa).toBe(ram(plan, "b").pa);
    expect(ram(plan, "c").ipa).toBe(ram(plan, "c").pa);
  });
});

describe("housekeeping", () => {
  test("is on a spare pCPU where there is one", () => {
    expect(planOf("{ a: { guest: plc, cpus: [0, 1] }, b: { guest: linux, cpus: [3] } }").housekeeper).toBe(2);
  });

  test("else on the first pCPU of a partition that is not real-time", () => {
    expect(planOf("{ a: { guest: plc, cpus: [0, 1] }, b: { guest: linux, cpus: [3, 2] } }").housekeeper).toBe(3);
  });

  test("else, with a warning, on the first pCPU of all", () => {
    const outcome = planText("board: qemu-aarch64\npartitions: { a: { guest: plc, cpus: [2, 0, 1, 3] } }\n");
    expect(sound(outcome).plan.housekeeper).toBe(2);
    expect(outcome.diagnostics).toMatchObject([{ code: "AXV-P060", severity: "warning" }]);
  });
});

describe("housekeeping is never", () => {
  test("on a direct partition's pCPU, nor on one whose bandwidth is limited, but rather on a real-time one", () => {
    const outcome = planText(
      "board: qemu-aarch64\npartitions:\n" +
        "  a: { guest: linux, cpus: [0], memory: 64M, interrupts: direct }\n" +
        "  b: { guest: linux, cpus: [1], memory: 64M, bandwidth: { budget: 1M, period: 1ms } }\n" +
        "  c: { guest: plc, cpus: [3, 2] }\n",
    );
    expect(sound(outcome).plan.housekeeper).toBe(3);
    expect(outcome.diagnostics).toMatchObject([{ code: "AXV-P060", line: 5 }]);
  });

  test("on a real-time partition's pCPU while another one can have it", () => {
    const plan = planOf(
      "{ a: { guest: plc, cpus: [0] }, b: { guest: linux, cpus: [1], interrupts: direct }, c: { guest: plc, cpus: [2], " +
        "interrupts: direct }, d: { guest: linux, cpus: [3], memory: 64M } }",
    );
    expect(plan.housekeeper).toBe(3);
  });
});

describe("colours", () => {
  const coloured =
    "{ a: { guest: plc, cpus: [0], cache: { colours: [0, 1, 2] } }, b: { guest: plc, cpus: [1], memory: 20M, cache: " +
      "{ colours: 8-15 } }, c: { guest: linux, cpus: [2], memory: 64M } }";
  const planned = (): Plan => planOf(coloured, "{ d: { between: [a, c], size: 16K } }");

  test("all coloured partitions take their pages from the same stretch, at a multiple of 2 MiB", () => {
    const plan = planned();
    expect(partition(plan, "a").regions[0]).toMatchObject({ ipa: 0x40000000, size: 0x1000000, colours: [0, 1, 2] });
    expect(partition(plan, "b").regions[0]).toMatchObject({ size: 0x1400000, colours: [8, 9, 10, 11, 12, 13, 14, 15] });
    expect(ram(plan, "a").pa).toBe(ram(plan, "b").pa);
    expect(ram(plan, "a").pa % 0x200000).toBe(0);
  });

  test("the stretch is as long as the one that is spread most needs it, and nobody else's", () => {
    const plan = planned();
    // 16 MiB of 3 of 16 colours: 4096 pages, 1366 rounds of 64 KiB, in whole 2 MiB.
    const { pa } = ram(plan, "a");
    expect(pa).toBe(0x80000000 - 0x5600000);
    for (const { regions } of plan.partitions)
      for (const region of regions.filter(({ colours, kind }) => colours === undefined && kind !== "device"))
        expect(region.pa + region.size).toBeLessThanOrEqual(pa);
  });

  test("a mailbox has a colour of its partition", () => {
    const plan = planned();
    for (const name of ["a", "b"]) {
      const { regions } = partition(plan, name);
      const mailbox = regions.find(({ kind }) => kind === "mailbox");
      expect(regions[0]?.colours).toContain(((mailbox?.pa ?? 0) / 4096) % 16);
    }
  });

  test("a channel keeps clear of the colours of those that it does not concern", () => {
    const plan = planned();
    const channel = partition(plan, "a").regions.find(({ kind }) => kind === "channel");
    for (const page of [0, 1, 2, 3]) expect(((channel?.pa ?? 0) / 4096 + page) % 16).toBeLessThan(8);
  });

  test("the blob has a bit for each", () => {
    const { blob } = sound(planText(`board: qemu-aarch64\npartitions: ${coloured}\n`));
    const { header, records } = readBlob(blob);
    expect(header["colourCount"]).toBe(16);
    expect(records["Region"]?.map(({ colours }) => colours)).toEqual([0b111, 0, 0xff00, 0, 0]);
    const uncoloured = sound(planText("board: qemu-aarch64\npartitions: { a: { guest: plc, cpus: [0] } }\n"));
    expect(readBlob(uncoloured.blob).header["colourCount"]).toBe(0);
  });

  test("a cache with more colours than the blob has bits has 32 of ours; one with other than a power of two has fewer", () => {
    const of = (sets: number): number =>
      sharedCache({
        ...qemu,
        cpus: { ...qemu.cpus, caches: [{ level: 3, kind: "unified", sets, ways: 16, line: 64 }] },
      }).colours;
    expect([64, 512, 1024, 2048, 4096, 192, 32].map(of)).toEqual([1, 8, 16, 32, 32, 1, 1]);
    expect(of(64 * 12)).toBe(4);
  });
});

describe("way groups and bandwidth", () => {
  test("go into the blob: a bit for each group, and refills for each vCPU", () => {
    const { blob, plan } = sound(
      planText(
        "board: test-dsu\npartitions:\n" +
          "  a: { guest: plc, cpus: [0], cache: { ways: [1, 2] } }\n" +
          "  b: { guest: linux, cpus: [1, 2], devices: [virtio0], bandwidth: { budget: 100K, period: 2ms } }\n",
      ),
    );
    const { machine, records } = readBlob(blob);
    const [a, b] = records["Partition"] ?? [];
    expect(a).toMatchObject({ clusterWays: 0b110, bandwidthRefills: 0, bandwidthMicroseconds: 0 });
    expect(b).toMatchObject({ clusterWays: 0, bandwidthRefills: 800, bandwidthMicroseconds: 2000 });
    expect(partition(plan, "b").bandwidth).toEqual({ budget: 102400, refills: 800, periodMicroseconds: 2000 });
    expect(machine).toMatchObject({ refillEvent: 0x11 });
    expect(records["Cpu"]?.map(({ pmuInterrupt }) => pmuInterrupt)).toEqual([23, 23, 23, 23]);
  });

  test("a partition with the PMU on a board that has not wired it has no PPI for it", () => {
    const { plan, deviceTrees } = sound(
      planText("board: test-no-pmu\npartitions: { a: { guest: linux, cpus: [0], pmu: true } }\n"),
    );
    expect(partition(plan, "a").ppis).toEqual([27, 30]);
    expect(deviceTrees.get("a")?.()).not.toContain("armv8-pmuv3");
  });
});

describe("GICv2", () => {
  const gicv2 = (): ReturnType<typeof sound> => sound(planFile(here("golden/gicv2.yaml")));

  test("a guest's GICC is the virtual CPU interface, or with direct interrupts the physical one without GICC_DIR", () => {
    const { plan } = gicv2();
    const window = (name: string): unknown => partition(plan, name).regions.find(({ kind }) => kind === "interface");
    expect(window("linux")).toMatchObject({ ipa: 0x08010000, pa: 0x08040000, size: 0x2000 });
    expect(window("direct-linux")).toMatchObject({ ipa: 0x08010000, pa: 0x08010000, size: 0x1000 });
  });

  test("the blob has its parts, an interface for each pCPU, and no redistributors", () => {
    const { machine, records } = readBlob(gicv2().blob);
    expect(machine).toMatchObject({ gicVersion: 2, gicc: 0x08010000n, gich: 0x08030000n, gicv: 0x08040000n });
    expect(records["Cpu"]?.map((cpu) => [cpu["gicr"], cpu["interface"]])).toEqual([0, 1, 2, 3].map((n) => [0n, n]));
    expect(records["Partition"]?.map(({ gicr }) => gicr)).toEqual([BigInt(NO_GICR), BigInt(NO_GICR)]);
    expect(records["Partition"]?.map(({ flags }) => flags)).toEqual([
      PARTITION_AUTOSTART,
      PARTITION_AUTOSTART + PARTITION_DIRECT,
    ]);
  });
});

describe("bare-metal", () => {
  const placed = (text: string): { image: number | undefined; entry: number } => {
    const { loads, entry } = partition(planOf(`{ a: { guest: bare-metal, cpus: [0], ${text} } }`), "a");
    return { image: loads[0]?.ipa, entry };
  };

  test.each([
    ["raw, at the start of its memory", "image: ../images/loop.bin", 0x40000000, 0x40000000],
    ["raw, where its memory is", "image: ../images/loop.bin, memory: { size: 2M, ipa: 0x80000000 }", 0x80000000, 0x80000000],
    ["raw, linked for another address", "image: ../images/loop.bin, load: 0x40080000", 0x40080000, 0x40080000],
    ["raw, entered elsewhere", "image: ../images/loop.bin, load: 0x40080000, entry: 0x40080004", 0x40080000, 0x40080004],
    ["an ELF file, by its addresses", "image: ../images/rtos.elf", 0x40000000, 0x40000004],
    ["an Image, by its text_offset", "image: ../images/old-kernel.Image", 0x40080000, 0x40080000],
  ])("%s", (_, text, image, entry) => {
    expect(placed(text)).toEqual({ image, entry });
  });

  test("a raw one whose memory is at IPA = PA has to say where it is linked", () => {
    const outcome = planText(
      "board: qemu-aarch64\npartitions: { a: { guest: bare-metal, cpus: [0], image: ../images/loop.bin, memory: { size: " +
        "2M, ipa: identity } } }\n",
    );
    expect(outcome.diagnostics.map(({ code }) => code)).toEqual(["AXV-P051"]);
  });
});

test("a mailbox is where it was asked for; a guest that is not real-time gets one by asking", () => {
  const plan = planOf(
    "{ a: { guest: plc, cpus: [0], mailbox: { ipa: 0x70000000 } }, b: { guest: linux, cpus: [1], memory: 64M, mailbox: " +
      "{ ipa: 0x10000000 } }, c: { guest: linux, cpus: [2], memory: 64M } }",
  );
  expect(plan.partitions.map(({ mailbox }) => mailbox)).toEqual([0x70000000, 0x10000000, 0]);
  expect(partition(plan, "a").regions).toContainEqual(
    expect.objectContaining({ kind: "mailbox", ipa: 0x70000000, size: 0x1000 }),
  );
});

describe("a mailbox that nobody has placed, at its guest's place, where something else is,", () => {
  test.each([
    ["bare-metal, image: ../images/plc.bin", "300M", "0x50000000", "0x52c00000"],
    ["bare-metal, image: ../images/plc.bin", "{ size: 16M, ipa: 0x50000000 }", "0x50000000", "0x51000000"],
    ["freertos, image: ../images/rtos.elf", "512M", "0x60000000", "0x70000000"],
    ["linux, mailbox: { ipa: 0x10000000 }", "{ size: 64M, ipa: 0x10000000 }", undefined, undefined],
  ])("%s with memory: %s is said to be at its default, and what moves it", (guest, memory, place, free) => {
    const partitions = `{ a: { guest: ${guest}, cpus: [1], memory: ${memory} } }`;
    const { diagnostics } = planText(`board: qemu-aarch64\npartitions: ${partitions}\n`);
    const found = diagnostics.find(({ code }) => code === "AXV-P025");
    const said = `${found?.message ?? ""} = ${found?.remedy ?? ""}`;
    if (place === undefined || free === undefined) return expect(said).not.toContain("default");
    expect(said).toContain(`overlaps the default place of the mailbox at ${place}`);
    expect(said).toContain(`write \`mailbox: { ipa: ${free} }\`, or another place that the guest has mapped, or less memory`);
  });

  test("can be put where that says", () => {
    const bare = "guest: bare-metal, image: ../images/plc.bin, cpus: [1], memory: 300M";
    const plan = planOf(`{ a: { ${bare}, mailbox: { ipa: 0x52c00000 } } }`);
    expect(partition(plan, "a").mailbox).toBe(0x52c00000);
  });
});

test("controls names the partitions that one may command, whatever their order", () => {
  const plan = planOf(
    "{ a: { guest: linux, cpus: [0], memory: 64M, telemetry: true, controls: [c, b] }, b: { guest: plc, cpus: [1] }, c: " +
      "{ guest: plc, cpus: [2] } }",
  );
  expect(plan.partitions.map(({ controls }) => controls)).toEqual([[2, 1], [], []]);
  expect(Number(readBlob(writeBlob(plan)).records["Partition"]?.[0]?.["controls"])).toBe(0b110);
  expect(formatPlan(plan, plain)).toContain("It may start, stop, restart and pause c, b.");
});

describe("a tag image", () => {
  const tags = (count: number): string => `tags: [{ name: A, type: "f64[${count}]" }]`;

  test("that no channel carries is behind the mailbox's page, which anybody with tags has", () => {
    const plan = planOf(
      `{ a: { guest: plc, cpus: [0], mailbox: { ipa: 0x70000000 }, ${tags(600)} }, b: { guest: linux, cpus: [1], memory: ` +
        `64M, ${tags(1)} } }`,
    );
    expect(partition(plan, "a").tagImage).toEqual({ ipa: 0x70001000, size: 64 + 4800, overLink: true });
    expect(partition(plan, "a").regions).toContainEqual(
      expect.objectContaining({ kind: "mailbox", ipa: 0x70000000, size: 0x3000 }),
    );
    const { mailbox, tagImage } = partition(plan, "b");
    expect(tagImage).toEqual({ ipa: mailbox + 0x1000, size: 72, overLink: true });
  });

  test("and may be written has room for the rings, although nobody writes there", () => {
    const several = Array.from({ length: 4 }, (_, n) => `{ name: A${n}, type: "f64[100]", access: rw }`);
    const plan = planOf(`{ a: { guest: plc, cpus: [0], tags: [${several.join(", ")}] } }`);
    expect(partition(plan, "a").regions).toContainEqual(expect.objectContaining({ kind: "mailbox", size: 0x3000 }));
  });

  test("is in the channel that carries it", () => {
    const plan = planOf(
      `{ a: { guest: plc, cpus: [0], ${tags(1)} }, b: { guest: linux, cpus: [1], memory: 64M } }`,
      "{ c: { between: [a, b], carries: tags } }",
    );
    const { tagImage, channels, regions } = partition(plan, "a");
    expect(tagImage).toEqual({ ipa: channels[0]?.ipa, size: 72, overLink: true });
    expect(regions).toContainEqual(expect.objectContaining({ kind: "mailbox", size: 0x1000 }));
    expect(partition(plan, "b").tagImage).toBeNull();
  });

  const many = (count: number): string =>
    `tags: [${Array.from({ length: count }, (_, n) => `{ name: T${n}, type: "f64[1024]" }`).join(", ")}]`;
  test("is sent as long as there is room for its copy: the first ones of the file", () => {
    const plan = planOf(
      `{ a: { guest: plc, cpus: [0], ${many(4)} }, b: { guest: plc, cpus: [1], ${many(4)} }, c: { guest: plc, cpus: [2], ` +
        `${many(1)} } }`,
    );
    expect(plan.partitions.map(({ tagImage }) => tagImage?.overLink)).toEqual([true, false, true]);
  });
});

describe("what a guest leaves its guest code for", () => {
  const exitsOf = (text: string, board = "qemu-aarch64"): unknown => {
    const { plan } = sound(planText(`board: ${board}\npartitions: { a: { ${text} } }\n`));
    return plan.partitions[0]?.exits;
  };
  const FREERTOS = "guest: freertos, image: ../images/loop.bin, cpus: [1]";
  const PMR = "writes of ICC_PMR_EL1 (it masks by priority in every critical section)";

  test("direct: what is trapped of what its profile says; and nothing of that once it is trusted", () => {
    expect(exitsOf(`${FREERTOS}, interrupts: direct`)).toEqual([PMR, "console output"]);
    expect(exitsOf(`${FREERTOS}, interrupts: direct, trust: [sgi]`)).toEqual(["console output"]);
    expect(exitsOf(`${FREERTOS}, interrupts: direct`, "qemu-aarch64-gicv2")).toEqual(["console output"]);
    expect(exitsOf("guest: plc, cpus: [1], interrupts: direct")).toEqual([]);
  });

  test("injected: every interrupt besides", () => {
    expect(exitsOf(FREERTOS)).toEqual(["every interrupt", "console output"]);
    expect(exitsOf("guest: linux, cpus: [1]")).toEqual([
      "every interrupt",
      "SGIs (to wake and to interrupt its other CPUs)",
      "console output",
    ]);
  });

  test("of a program that no profile knows: nobody knows", () => {
    expect(exitsOf("guest: bare-metal, image: ../images/loop.bin, cpus: [1], interrupts: direct")).toBe(null);
    expect(exitsOf("guest: bare-metal, image: ../images/loop.bin, cpus: [1]")).toEqual(["every interrupt"]);
  });
});

test("`trust: [sgi]` is said in the blob, in plan and picture", () => {
  const { plan, blob } = sound(
    planText("board: qemu-aarch64\npartitions: { a: { guest: plc, cpus: [1], interrupts: direct, trust: [sgi] } }\n"),
  );
  expect(readBlob(blob).records["Partition"]?.map(({ flags }) => flags)).toEqual([
    PARTITION_AUTOSTART + PARTITION_DIRECT + PARTITION_TRUSTED_SGI,
  ]);
  expect(formatPlan(plan, plain)).toMatch(
    /a is trusted with its SGIs: it can interrupt every pCPU at any time, end other partitions' interrupts/,
  );
  expect(drawPlan(plan)).toContain("direct interrupts · trusted with SGIs");
});

test("a guest with a device tree has room for a random seed in it, on one page, wherever its command line ends", () => {
  for (const cmdline of ["quiet", "x".repeat(2000)]) {
    const { plan, blob, loads } = sound(
      planText(
        "board: qemu-aarch64\npartitions: { a: { guest: linux, cpus: [0], image: ../images/kernel.Image, initrd: " +
          `../images/initrd.cpio, cmdline: ${cmdline} }, b: { guest: plc, cpus: [1] } }\n`,
      ),
    );
    const [linux] = plan.partitions;
    const tree = loads[linux?.loads.findIndex(({ name }) => name === "device tree") ?? -1]?.bytes() ?? new Uint8Array();
    const at = (linux?.seed ?? 0) - (linux?.argument ?? 0);
    expect(at).toBeGreaterThan(12);
    expect(at).toBeLessThan(4096 - 64);
    expect(at % 4).toBe(0);
    expect(tree.subarray(at, at + 64)).toEqual(new Uint8Array(64));
    // FDT_PROP and its length before it (Devicetree Specification 5.4).
    expect([...tree.subarray(at - 12, at - 4)]).toEqual([0, 0, 0, 3, 0, 0, 0, 64]);
    expect(readBlob(blob).records["Partition"]?.map(({ seed }) => seed)).toEqual([BigInt(linux?.seed ?? 0), 0n]);
  }
});

test("`clock: own` is said in the blob; by default all partitions have one clock", () => {
  const text =
    "board: qemu-aarch64\npartitions: { a: { guest: plc, cpus: [0], clock: own }, b: { guest: plc, cpus: [1] }, c: { guest: " +
      "plc, cpus: [2], clock: shared } }\n";
  const { blob } = sound(planText(text));
  const flags = readBlob(blob).records["Partition"]?.map((record) => record["flags"]);
  expect(flags).toEqual([PARTITION_AUTOSTART + PARTITION_OWN_CLOCK, PARTITION_AUTOSTART, PARTITION_AUTOSTART]);
});

describe("translation tables", () => {
  const region = (ipa: number, size: number, colours?: readonly number[]): PlannedRegion => ({
    ...{ name: "", ipa, pa: ipa, size, kind: "ram", access: "rwx" },
    ...(colours && { colours }),
  });
  const MIB = 0x100000;

  test.each<[string, PlannedRegion[], number]>([
    ["none for whole GiB", [region(0x40000000, 1024 * MIB)], 0],
    ["one for blocks within a GiB", [region(0x40000000, 512 * MIB), region(0x60000000, 2 * MIB)], 1],
    ["one more where a block begins with pages", [region(0x401ff000, 3 * MIB)], 3],
    ["one for each 2 MiB of colours, and for the GiB", [region(0x40000000, 64 * MIB, [0])], 33],
  ])("%s", (_, regions, tables) => {
    expect(tablesFor(regions)).toBe(tables);
  });

  test("are as many as the hypervisor has", () => {
    const pool = /const POOL_TABLES: u32 = (\d+);/.exec(readFileSync("core/tables.ts", "utf8"))?.[1];
    expect(POOL_TABLES).toBe(Number(pool));
  });

  test("128 MiB of coloured memory fit beside Linux with its devices", () => {
    planOf(
      "{ a: { guest: plc, cpus: [0], memory: 64M, cache: { colours: 0-7 } }, b: { guest: plc, cpus: [1], memory: 64M, " +
        "cache: { colours: 8-15 } }, c: { guest: linux, cpus: [2], memory: 256M, devices: [virtio0, rtc] } }",
      "{ d: { between: [a, c] } }",
    );
  });
});

describe("interrupts", () => {
  const planned = (): Plan => planOf(
    "{ a: { guest: plc, cpus: [0] }, b: { guest: linux, cpus: [1], devices: [virtio3] } }",
    "{ c: { between: [b, a] }, d: { between: [a, b] } }",
  );

  test("spare SPIs go to consoles first, then to doorbells, in the order of the file", () => {
    const plan = planned();
    expect(plan.partitions.map(({ consoleInterrupt }) => consoleInterrupt)).toEqual([232, 233]);
    expect(partition(plan, "b").channels).toMatchObject([
      { name: "c", interrupt: 234, doorbell: 235, peer: 0 },
      { name: "d", interrupt: 237, doorbell: 236, peer: 0 },
    ]);
    expect(partition(plan, "a").channels).toMatchObject([
      { name: "c", interrupt: 235, doorbell: 234, peer: 1 },
      { name: "d", interrupt: 236, doorbell: 237, peer: 1 },
    ]);
  });

  test("a device's SPI keeps its number and its trigger", () => {
    const plan = planned();
    expect(partition(plan, "b").interrupts[0]).toEqual({ intid: 51, trigger: "edge", use: "virtio3" });
  });
});

describe("address space", () => {
  test("channels of the PLC guest follow one another from 0x50000000, in the order of the file", () => {
    const plan = planOf(
      "{ a: { guest: plc, cpus: [0] }, b: { guest: linux, cpus: [1] } }",
      "{ c: { between: [b, a], size: 8K }, d: { between: [a, b] } }",
    );
    expect(partition(plan, "a").channels.map(({ ipa, size }) => [ipa, size])).toEqual([
      [0x50000000, 0x2000],
      [0x50002000, 0x1000],
    ]);
  });

  test("devices that share a page are mapped once", () => {
    const plan = planOf("{ a: { guest: linux, cpus: [0], devices: [virtio9, virtio0, virtio1, virtio31] } }");
    expect(partition(plan, "a").regions.slice(1)).toEqual([
      {
        name: "virtio0, virtio1, virtio9",
        ipa: 0x0a000000,
        pa: 0x0a000000,
        size: 0x2000,
        kind: "device",
        access: "rw",
      },
      { name: "virtio31", ipa: 0x0a003000, pa: 0x0a003000, size: 0x1000, kind: "device", access: "rw" },
    ]);
  });
});
