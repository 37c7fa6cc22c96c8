// Images as they are built are proven, whatever is in them; and the report says what it has to.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { packSystem } from "../../tools/plan/build.ts";
import { prove } from "../../tools/prove/prove.ts";
import { reportOf } from "../../tools/prove/report.ts";
import { formatReport } from "../../tools/prove/show.ts";
import { plain } from "../../tools/run/paint.ts";
import { COLOURED, CORE, GICV2, imageOf, KNOWN, MIXED } from "./bench.ts";

/** Without what follows from the bytes of core and guests, and from how the blob is laid out. */
const masked = (text: string): string =>
  text.replace(/\b[0-9a-f]{64}\b/g, "<hash>")
    .replace(/version \d+, CRC-32 0x[0-9a-f]{8}/, "version <n>, CRC-32 <sum>")
    .replace(/(bytes {5}).*/, "$1<size>")
    .replace(/(0x40200000…)0x[0-9a-f]{8}/, "$1<end>");

const reported = (image: Uint8Array): ReturnType<typeof reportOf> => reportOf(prove(image, CORE, KNOWN), CORE);

describe("an image as it is built", () => {
  test.each([["mixed", MIXED], ["coloured", COLOURED], ["GICv2", GICV2]])("%s: all checks hold", (_, yaml) => {
    const { checks, proven } = reported(imageOf(yaml));
    expect(checks.filter(({ verdict }) => verdict !== "holds")).toEqual([]);
    expect(proven).toBe(true);
    expect(checks.length).toBeGreaterThan(20);
  });

  test("is reported as it is, each time in the same words", async () => {
    const image = imageOf(MIXED);
    const text = formatReport(reported(image), plain);
    expect(formatReport(reported(image), plain)).toBe(text);
    await expect(`${masked(text)}\n`).toMatchFileSnapshot("golden/mixed.txt");
    await expect(`${masked(formatReport(reported(imageOf(GICV2)), plain))}\n`).toMatchFileSnapshot("golden/gicv2.txt");
  });

  test("a shipped example is, too", async () => {
    const image = await packSystem("partitions/examples/coloured.yaml", () => undefined);
    await expect(`${masked(formatReport(reported(image), plain))}\n`).toMatchFileSnapshot("golden/coloured.txt");
  });

  test("the report is plain data", () => {
    const report = reported(imageOf(MIXED));
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    const slots = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `virtio${n}`);
    expect(report.dma).toEqual([{ partition: "net", devices: slots }]);
    expect(report.devices.filter(({ silenced }) => silenced).map(({ name }) => name)).toEqual(["virtio0", "virtio1"]);
    expect(report.shared.map(({ between, why }) => [...between, why])).toEqual([
      ["plc", "log", "channel"], ["net", "plc", "channel"],
      ...["net", "plc", "log"].map((name) => [name, "the hypervisor", "mailbox"]),
    ]);
    expect(report.tool.version).toBe((JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version);
  });
});
