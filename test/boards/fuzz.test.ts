// Spoilt device trees: none of them crashes or hangs what reads it, or takes more memory than there is for it, and each that is
// no board is refused with a code and a sentence. Real ones are spoilt in test/boards/debian.qemu.test.ts. Here a tenth of them;
// AXV_FUZZ_TREES=100000 tries all.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { e2000qPath } from "./e2000q.ts";
import { holdFuzzed, PATIENCE_MS, SMALL } from "./fuzzRun.ts";
import { blobOf } from "./trees.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-trees-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("small trees, spoilt", { timeout: PATIENCE_MS }, async () => {
  const [v3, v2] = ["v3.dtb", "v2.dtb"].map((name) => join(folder, name)) as [string, string];
  writeFileSync(v3, blobOf({}, "/memreserve/ 0x40000000 0x10000;"));
  writeFileSync(
    v2,
    blobOf({
      gic: `gic: interrupt-controller@f9010000 { compatible = "arm,gic-400"; #interrupt-cells = <3>; interrupt-controller;
        reg = <0 0xf9010000 0 0x10000>, <0 0xf9020000 0 0x20000>, <0 0xf9040000 0 0x20000>, <0 0xf9060000 0 0x20000>;
        interrupts = <1 9 0xf04>; };`,
      reserved:
        "reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; t@50000000 { reg = <0 0x50000000 0 0x1000>; }; };",
    }),
  );
  // The E2000's shape, which takes longer, now and then.
  await holdFuzzed(SMALL, [v3, v2, v3, v2, v3, v2, e2000qPath("phytium-pi")]);
});
