// A new image for one partition, brought by Debian in the partition beside it. On RISC-V: riscv64Demo.qemu.test.ts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "vitest";
import { BootedSystem } from "./bootedSystem.ts";
import { updateThePlc } from "./updateSteps.ts";
import { linuxBesidePlc, makeUpdate } from "./updateSystem.ts";

let folder: string;
let system: BootedSystem | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-update-"));
});
afterEach(async () => {
  await system?.stop();
  rmSync(folder, { recursive: true });
});

test("the PLC scans on while Linux brings it an image, runs it after a restart, and after a rollback the old one", async () => {
  const { text, bytes } = await makeUpdate(folder, "aarch64", linuxBesidePlc());
  system = await BootedSystem.boot("update", text);
  await updateThePlc(system, bytes);
});
