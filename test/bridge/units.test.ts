// The units that a maker installs on the PLC, as systemd itself reads them: of each, all that it knows how to check.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "axv-units-"));
afterAll(() => rmSync(folder, { recursive: true }));
const isThere = spawnSync("systemd-analyze", ["--version"]).status === 0;
const INSTALLED = "/opt/axv-bridge";

/** What it says of a unit whose programs are there, with `more` in it. */
function verified(unit: string, more = ""): string {
  const text = readFileSync(`industrial/bridge/${unit}`, "utf8");
  expect(text).toContain(`ExecStart=${INSTALLED}/bin/`);
  writeFileSync(join(folder, unit), `${text.replaceAll(INSTALLED, folder)}${more}`);
  return spawnSync("systemd-analyze", ["verify", "--man=no", join(folder, unit)], { encoding: "utf8" }).stderr;
}
mkdirSync(join(folder, "bin"));
for (const program of ["axv-commit", "node"]) {
  writeFileSync(join(folder, "bin", program), "#!/bin/sh\n");
  chmodSync(join(folder, "bin", program), 0o755);
}

test.skipIf(isThere)("there is no systemd-analyze here: they are not tried", (context) => context.skip());

test.runIf(isThere).each(["axv-bridge.service", "axv-commit.service"])("%s: nothing is wrong with it", (unit) => {
  expect(verified(unit)).not.toContain(unit);
  expect(verified(unit, "\n[Service]\nNone=1\n"), "what would be is told").toContain(unit);
});
