// Every mistake of the catalogue, in a file of its own (bad/*.yaml): where exactly it is reported, that all mistakes of a
// file come at once and in order, and (bad/*.txt) how it reads.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../../tools/plan/diagnostics.ts";
import { plain } from "../../tools/run/paint.ts";
import { here, places, plan, planText } from "./systems.ts";

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  "bad-key": ["3:3 AXV-P009", "4:59 AXV-P009", "5:3 AXV-P009", "6:3 AXV-P009"],
  "bad-name": ["3:3 AXV-P007", "4:3 AXV-P007", "5:3 AXV-P007", "7:3 AXV-P007", "7:3 AXV-P085"],
  "bad-share": [
    "6:17 AXV-P006",
    "7:12 AXV-P006",
    "8:26 AXV-P006",
    "8:39 AXV-P006",
    "12:23 AXV-P006",
    "13:26 AXV-P006",
    "13:40 AXV-P006",
    "17:23 AXV-P006",
    "17:27 AXV-P004",
    "18:5 AXV-P005",
    "19:38 AXV-P006",
    "19:54 AXV-P006",
  ],
  "bad-value": [
    "1:8 AXV-P006",
    "5:11 AXV-P006",
    "6:13 AXV-P006",
    "7:15 AXV-P006",
    "8:17 AXV-P006",
    "9:16 AXV-P006",
    "10:14 AXV-P006",
    "11:12 AXV-P006",
    "14:12 AXV-P006",
    "15:21 AXV-P006",
    "15:31 AXV-P006",
    "15:42 AXV-P006",
    "16:15 AXV-P006",
    "17:10 AXV-P006",
    "19:29 AXV-P006",
    "19:42 AXV-P006",
  ],
  "bad-text": ["3:3 AXV-P007", "4:58 AXV-P006", "4:73 AXV-P006", "5:59 AXV-P006"],
  "cmdline-too-long": ["3:56 AXV-P006", "4:56 AXV-P093"],
  "bandwidth-with": ["8:5 AXV-P046", "13:5 AXV-P047"],
  "bandwidth-without-pmu": ["6:5 AXV-P048"],
  "budget-too-small": ["3:52 AXV-P049", "4:55 AXV-P049"],
  "channel-colours": ["3:15 AXV-P082", "4:15 AXV-P082", "7:3 AXV-P085", "10:11 AXV-P044"],
  "channel-to-itself": ["5:35 AXV-P016"],
  "colours-exhausted": ["3:39 AXV-P036"],
  "colours-not-identity": ["7:23 AXV-P042", "11:30 AXV-P043", "11:47 AXV-P042"],
  "colours-taken": ["5:49 AXV-P028", "5:49 AXV-P028"],
  "colours-with-dma": ["7:20 AXV-P069", "7:29 AXV-P069", "8:23 AXV-P041"],
  "colours-with-dma-dsu": ["7:15 AXV-P069", "8:23 AXV-P041"],
  "console-deaf": ["4:17 AXV-P065"],
  "cpu-taken": ["5:18 AXV-P020", "8:12 AXV-P020"],
  "device-taken": ["6:15 AXV-P069", "6:24 AXV-P069", "6:33 AXV-P021", "12:9 AXV-P069", "13:9 AXV-P021"],
  "direct-no-housekeeper": ["3:33 AXV-P038"],
  "direct-shared-pcpu": ["4:31 AXV-P020"],
  "dma-reaches-all": ["9:15 AXV-P069", "9:29 AXV-P069"],
  "dma-needs-identity": [
    "7:15 AXV-P040",
    "7:15 AXV-P069",
    "7:24 AXV-P040",
    "7:24 AXV-P069",
    "11:15 AXV-P040",
    "11:15 AXV-P069",
    "16:15 AXV-P069",
  ],
  "duplicate-key": ["6:3 AXV-P003", "9:5 AXV-P003"],
  "entry-outside": ["3:59 AXV-P056", "4:22 AXV-P065", "4:60 AXV-P056"],
  "everything-at-once": [
    "1:8 AXV-P010",
    "4:12 AXV-P011",
    "7:15 AXV-P040",
    "7:15 AXV-P069",
    "7:24 AXV-P040",
    "7:24 AXV-P069",
    "7:33 AXV-P040",
    "7:33 AXV-P069",
    "8:17 AXV-P006",
    "11:12 AXV-P020",
    "11:15 AXV-P014",
    "12:5 AXV-P025",
    "12:5 AXV-P025",
    "12:29 AXV-P024",
    "12:29 AXV-P031",
    "13:15 AXV-P021",
    "13:24 AXV-P023",
    "13:24 AXV-P040",
    "13:24 AXV-P069",
    "14:15 AXV-P006",
    "15:12 AXV-P050",
    "17:35 AXV-P013",
    "17:43 AXV-P004",
  ],
  "gic-not-for-guest": ["3:23 AXV-P058"],
  "image-granule": ["3:54 AXV-P064"],
  "image-isa": ["3:45 AXV-P054", "4:47 AXV-P054"],
  "image-missing": ["3:44 AXV-P050", "3:75 AXV-P050"],
  "image-needed": ["3:18 AXV-P057"],
  "image-not-as-profile": ["3:40 AXV-P051", "4:56 AXV-P051", "5:42 AXV-P051", "6:40 AXV-P051"],
  "image-outside-ram": ["3:87 AXV-P055", "4:18 AXV-P065", "4:56 AXV-P055"],
  "image-twice": ["3:17 AXV-P083"],
  "image-unnamed": ["4:17 AXV-P082", "7:17 AXV-P082"],
  "image-unread": ["6:3 AXV-P085"],
  "image-unwritten": ["6:3 AXV-P084", "7:3 AXV-P084"],
  "image-says-itself": ["3:67 AXV-P059", "3:85 AXV-P059", "4:73 AXV-P059"],
  "image-too-large": ["7:12 AXV-P033", "12:12 AXV-P033", "17:12 AXV-P033"],
  "interrupt-reserved": ["3:40 AXV-P026", "3:43 AXV-P026"],
  "interrupt-taken": ["3:47 AXV-P069", "4:40 AXV-P022", "5:43 AXV-P022", "5:46 AXV-P022"],
  "ipa-beyond": ["4:97 AXV-P039"],
  "ipa-overlap": ["6:32 AXV-P025", "6:32 AXV-P025", "10:31 AXV-P025", "10:31 AXV-P025", "12:3 AXV-P085"],
  "mailbox-overlap": ["4:49 AXV-P025", "8:21 AXV-P025", "9:51 AXV-P006"],
  "memory-exhausted": ["4:54 AXV-P030"],
  "memory-overlap": ["12:11 AXV-P024", "16:30 AXV-P024"],
  misaligned: ["3:58 AXV-P032", "3:75 AXV-P032"],
  "missing-key": ["1:1 AXV-P005", "2:3 AXV-P005", "4:3 AXV-P005", "6:5 AXV-P005", "8:3 AXV-P005"],
  "no-spare-pcpu": ["5:11 AXV-P060"],
  "no-such-board": ["1:8 AXV-P010", "4:29 AXV-P020", "4:43 AXV-P021"],
  "no-ways": ["3:48 AXV-P045"],
  "not-coloured": ["3:3 AXV-P061", "3:47 AXV-P069", "5:3 AXV-P061"],
  "not-coloured-dsu": ["3:3 AXV-P061", "3:47 AXV-P069"],
  "not-for-guest": ["6:5 AXV-P052", "7:5 AXV-P052"],
  "not-utf8": ["3:62 AXV-P091"],
  nothing: ["1:1 AXV-P006"],
  "one-colour": ["3:49 AXV-P018"],
  "outside-ram": ["3:58 AXV-P031", "4:59 AXV-P031"],
  "page-shared": ["3:47 AXV-P069", "3:56 AXV-P069", "4:62 AXV-P069", "4:72 AXV-P023", "4:72 AXV-P069"],
  "pmu-no-housekeeper": ["6:5 AXV-P038"],
  "spares-exhausted": ["4:17 AXV-P082", "5:1 AXV-P034"],
  "timer-given": ["3:38 AXV-P062", "3:42 AXV-P062", "4:38 AXV-P027", "5:31 AXV-P004"],
  "too-many-channels": ["5:1 AXV-P063"],
  "too-many-partitions": ["2:1 AXV-P008", "7:28 AXV-P014", "8:28 AXV-P014", "9:28 AXV-P014", "10:28 AXV-P014", "11:28 AXV-P014"],
  "too-many-tables": ["3:45 AXV-P035", "8:5 AXV-P035"],
  controls: ["4:81 AXV-P077", "5:48 AXV-P077", "5:59 AXV-P013"],
  trial: ["4:16 AXV-P079", "6:57 AXV-P077"],
  telemetry: ["5:48 AXV-P076"],
  update: ["8:92 AXV-P182", "12:5 AXV-P182", "12:92 AXV-P013", "16:20 AXV-P006", "16:45 AXV-P006", "16:57 AXV-P006"],
  trust: ["4:38 AXV-P066", "5:58 AXV-P068"],
  "trust-gicv2": ["3:56 AXV-P067"],
  "unknown-board": ["1:8 AXV-P010", "3:29 AXV-P014"],
  "unknown-colour": ["3:49 AXV-P018", "4:49 AXV-P018"],
  "unknown-cpu": ["3:32 AXV-P014"],
  "unknown-device": ["3:47 AXV-P012", "3:56 AXV-P012", "3:66 AXV-P012"],
  "unknown-guest": ["3:17 AXV-P011", "3:85 AXV-P040", "3:85 AXV-P069", "4:17 AXV-P011"],
  "unknown-key": ["2:1 AXV-P004", "7:5 AXV-P004", "8:26 AXV-P004"],
  tags: [
    "6:5 AXV-P136",
    "7:37 AXV-P122",
    "8:9 AXV-P120",
    "8:38 AXV-P122",
    "9:40 AXV-P122",
    "10:9 AXV-P121",
    "10:41 AXV-P123",
    "10:59 AXV-P123",
    "11:40 AXV-P124",
    "11:41 AXV-P125",
    "12:65 AXV-P125",
    "13:61 AXV-P123",
    "13:79 AXV-P127",
  ],
  "tags-channels": ["3:33 AXV-P135", "3:40 AXV-P130", "4:35 AXV-P135", "8:3 AXV-P134", "9:40 AXV-P133"],
  "tags-of-nobody": ["6:40 AXV-P132"],
  "tags-lock-broken": ["3:33 AXV-P129"],
  "tags-many": ["7:5 AXV-P136", "8:7 AXV-P128"],
  "tags-broken": ["3:70 AXV-P006"],
  "tags-unwritable": ["9:9 AXV-P137", "11:40 AXV-P137"],
  "tags-moved": ["8:9 AXV-P131", "9:9 AXV-P131", "10:9 AXV-P126", "10:9 AXV-P130"],
  "tags-registers": ["8:9 AXV-P130", "9:9 AXV-P126", "12:9 AXV-P128"],
  "tags-value": [
    "7:17 AXV-P006",
    "7:28 AXV-P006",
    "7:38 AXV-P006",
    "7:50 AXV-P006",
    "7:64 AXV-P006",
    "7:75 AXV-P006",
    "7:90 AXV-P006",
    "8:26 AXV-P006",
  ],
  "unknown-partner": ["6:35 AXV-P013", "7:22 AXV-P013"],
  "unknown-spi": ["3:43 AXV-P015"],
  "unknown-ways": ["3:48 AXV-P019"],
  "ways-exhausted": ["4:47 AXV-P037"],
  "ways-taken": ["4:47 AXV-P029"],
  "yaml-tag": ["3:6 AXV-P002", "4:3 AXV-P002", "4:38 AXV-P002"],
  "yaml-version": ["1:1 AXV-P092"],
  "yaml-syntax": ["6:5 AXV-P002"],
};

/** Codes that no file can show: what shows them instead. */
const SHOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  "AXV-P001": "below: a system.yaml that is not there",
  "AXV-P017": "test/boards/shelf.test.ts: boards that extend one another",
  "AXV-P181": "riscv64.test.ts: partitions on a board of RISC-V",
  "AXV-P184": "riscv64.test.ts",
  "AXV-P185": "riscv64.test.ts",
  "AXV-P186": "files.test.ts: a file without a header in which no function returns",
  "AXV-P053": "images.test.ts: an image that is not built yet",
  "AXV-P094": "text.test.ts: a board whose devices have much to say",
  "AXV-P140": "test/bridge/settings.test.ts: files for the bridge",
  "AXV-P141": "test/bridge/settings.test.ts",
  "AXV-P142": "test/bridge/settings.test.ts",
  "AXV-P143": "test/bridge/settings.test.ts",
  "AXV-P144": "test/bridge/settings.test.ts",
  "AXV-P095": "board-facts.test.ts: boards of a user's own",
  "AXV-P078": "board-facts.test.ts: boards of a user's own",
  "AXV-P096": "board-facts.test.ts",
  "AXV-P110": "firmware.test.ts: writes of `init:`",
  "AXV-P111": "firmware.test.ts",
  "AXV-P112": "firmware.test.ts",
  "AXV-P113": "firmware.test.ts: more of it than there is room for",
  "AXV-P097": "board-facts.test.ts: a profile of a user's own",
  "AXV-P098": "test/boards/shelf.test.ts: boards that extend one another in a circle",
  "AXV-P166": "test/boards/boardCommand.test.ts",
  "AXV-P170": "test/devicetree/board-tree/share.test.ts: a tree that is not there, or is none",
  "AXV-P171": "test/devicetree/board-tree/share.test.ts: a tree that is not there, or is none",
  "AXV-P172": "test/devicetree/board-tree/share.test.ts: a device that the tree has not",
  "AXV-P173": "test/devicetree/board-tree/share.test.ts: one that is in another partition's",
  "AXV-P174": "test/devicetree/board-tree/golden/undecided.txt",
  "AXV-P175": "test/devicetree/board-tree/golden/impossible.txt",
  "AXV-P176": "test/devicetree/board-tree/golden/impossible.txt",
  "AXV-P183": "update.test.ts: an image that does not fit where the old one is",
  "AXV-P177": "test/devicetree/board-tree/share.test.ts: more registers than the hypervisor has room for",
  "AXV-P178": "test/devicetree/board-tree/golden/gmac0-to-rtos.txt",
  "AXV-P179": "test/devicetree/board-tree/share.test.ts: each interrupt has its own trigger",
  "AXV-P180": "test/devicetree/board-tree/share.test.ts: what firmware does by SCMI",
  "AXV-P090": "prove.test.ts: plans that the planner does not make",
};

describe("bad files", () => {
  test.each(Object.entries(EXPECTED))("%s", async (name, expected) => {
    const outcome = plan(here(`bad/${name}.yaml`));
    expect(places(outcome)).toEqual(expected);
    const errors = outcome.diagnostics.filter(({ severity }) => severity === "error");
    expect(outcome.system === undefined).toBe(errors.length > 0);
    const { file, text } = outcome.source;
    const shown = outcome.diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic, file, text, plain)}\n`);
    await expect(shown.join("\n")).toMatchFileSnapshot(`bad/${name}.txt`);
  });

  test("are all in the table", () => {
    const files = readdirSync(here("bad")).filter((file) => file.endsWith(".yaml"));
    expect(files.map((file) => file.replace(".yaml", "")).sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  test("show every code of the catalogue", () => {
    const catalogue = readFileSync("partitions/diagnostics/catalogue.ts", "utf8").match(/AXV-P\d{3}/g) ?? [];
    const shown = Object.values(EXPECTED)
      .flat()
      .map((place) => place.replace(/^.* /, ""));
    expect(new Set([...shown, ...Object.keys(SHOWN_ELSEWHERE)])).toEqual(new Set(catalogue));
    expect(new Set(catalogue).size).toBe(catalogue.length);
  });
});

describe("a diagnostic", () => {
  test("of a file that is not there", () => {
    const { system, diagnostics } = plan("no/such/system.yaml");
    expect(system).toBeUndefined();
    expect(diagnostics).toMatchObject([{ code: "AXV-P001", file: "no/such/system.yaml", line: 1, column: 1 }]);
    expect(diagnostics[0]?.message).toBe("no/such/system.yaml cannot be read: there is no such file");
  });

  test("of what an anchor stands for is at the anchor's value", () => {
    const text =
      "board: qemu-aarch64\npartitions:\n  a: { guest: plc, cpus: &mine [1, 9] }\n  b: { guest: plc, cpus: *mine }\n";
    expect(places(planText(text))).toEqual(["3:33 AXV-P020", "3:36 AXV-P014", "3:36 AXV-P014"]);
  });

  test("of an anchor that is nowhere is a mistake of the YAML", () => {
    expect(planText("board: *nowhere\n").diagnostics.map(({ code }) => code)).toEqual(["AXV-P002"]);
  });

  test("keeps tabs, so that its marker stands under the word", () => {
    const shown = formatDiagnostic(
      { code: "AXV-P000", severity: "error", message: "m", remedy: "r", file: "f", line: 1, column: 3 },
      "f",
      "\t\tword: 1\r\n",
      plain,
    );
    expect(shown.split("\n")).toEqual(["f:1:3: error: m [AXV-P000]", "  1 | \t\tword: 1", "    | \t\t^^^^", "    = r"]);
  });
});
