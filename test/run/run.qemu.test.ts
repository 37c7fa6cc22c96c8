// axv-part run with the real QEMU: what a fake board cannot show.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const AXV_PART = join(import.meta.dirname, "../../tools/axv-part.ts");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-run-qemu-"));
  for (const name of ["one", "two"]) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "line.yaml"), `board: qemu-aarch64\npartitions:\n  ${name}: { guest: plc, cpus: [3] }\n`);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...parameters: readonly string[]): Promise<{ status: number | null; output: string }> {
  const child: ChildProcess = spawn(process.execPath, [AXV_PART, "run", ...parameters], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, XDG_RUNTIME_DIR: folder },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (bytes: Buffer) => (output += bytes.toString()));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, output };
}

test("a machine that is not the image's board: ends at once, with what the hypervisor says of it", async () => {
  const { status, output } = await run("one/line.yaml", "--", "-machine", "gic-version=2");
  expect(status).toBe(1);
  expect(output).toMatch(/refused to start anything. It said:\n {2}axv: pCPU 0x0+: GIC version: planned 0x0*3, found 0x0*2\n/);
});

test("two runs at once of files of one name: each boots its own", async () => {
  const runs = await Promise.all(["one", "two"].map((name) => run(`${name}/line.yaml`, "--for", "1s")));
  expect(runs.map(({ status }) => status)).toEqual([0, 0]);
  for (const [index, name] of ["one", "two"].entries())
    expect(runs[index]?.output).toMatch(new RegExp(`^${name} +│ plc: started`, "m"));
});
