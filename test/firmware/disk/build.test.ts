// axv-part build --disk: the image of a whole disk beside a system's image.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inspectFile } from "../../../tools/firmware/inspect/inspect.ts";
import { newKey } from "../../../tools/firmware/keys/folder.ts";
import { BUNDLE } from "../../bundle.ts";
import { axvPart } from "../../output/axvPart.ts";
import { PEAK } from "../../peak.ts";

let folder = "";
const at = (name: string): string => join(folder, name);
const system = (board: string): string => `board: ${board}\npartitions:\n  plc: { guest: plc, cpus: [1] }\n`;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-disk-build-"));
  writeFileSync(at("line.yaml"), system("qemu-aarch64"));
  newKey(at("keys"), "plant", "rsa2048");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const slots = (name: string): unknown[] => {
  const found = inspectFile(at(name));
  return found.kind === "disk"
    ? found.parts.flatMap(({ contents }) => (contents.what === "slot" ? [contents.system] : []))
    : [];
};

test("both slots hold the image, or with --fit the FIT; always the same bytes, and the file has holes", () => {
  const first = axvPart(folder, "build", "line.yaml", "--disk", "disk.img");
  expect(first.stdout).toContain(
    "disk.img: a disk with the image, which U-Boot starts unchecked (with --fit it looks first), in both slots\n",
  );
  expect(slots("disk.img")).toMatchObject([{ kind: "image" }, { kind: "image" }]);
  const { size, blocks } = statSync(at("disk.img"));
  expect(size).toBe(256 * 2 ** 20);
  expect(blocks * 512).toBeLessThan(4 * statSync(at("build/line/image.bin")).size);

  const signed = axvPart(folder, "build", "line.yaml", "--fit", "--disk", "signed.img", "--json");
  expect(JSON.parse(signed.stdout)).toMatchObject({ disk: "signed.img", signed_by: ["plant"], unchanged: false });
  expect(slots("signed.img")).toMatchObject([{ kind: "fit" }, { kind: "fit" }]);
  const again = axvPart(folder, "build", "line.yaml", "--fit", "--disk", "again.img", "--json");
  expect(again.status).toBe(0);
  expect(spawnSync("cmp", [at("signed.img"), at("again.img")]).status).toBe(0);
  const third = axvPart(folder, "build", "line.yaml", "--fit", "--disk", "again.img", "--json");
  expect(JSON.parse(third.stdout)).toMatchObject({ unchanged: true });
});

test("of a board with a GiB of disk it takes as little memory as without one", () => {
  writeFileSync(at("rk.yaml"), system("roc-rk3568-pc").replace("guest: plc", "guest: plc, accepts: [providers]"));
  const peak = (...more: string[]): number => {
    const script = `process.on("exit", () => process.stderr.write("peak " + ${PEAK} + "\\n"))`;
    const { stderr } = spawnSync(
      process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(script)}`, BUNDLE, "build", "rk.yaml", ...more],
      { cwd: folder, encoding: "utf8" },
    );
    return Number(/peak (\d+)/.exec(stderr)?.[1]);
  };
  peak();
  const without = peak();
  const withDisk = peak("--disk", "rk.img");
  expect(statSync(at("rk.img")).size).toBe(2 ** 30);
  expect(withDisk - without).toBeLessThan(64 * 1024);
});

describe("nothing is written", () => {
  const refusal = (...parameters: readonly string[]): string => {
    const { stderr, status } = axvPart(folder, "build", ...parameters);
    expect(status).toBe(1);
    return stderr;
  };

  test("for a board without a layout", () => {
    writeFileSync(at("versal.yaml"), system("xlnx-versal-virt"));
    expect(refusal("versal.yaml", "--disk", "v.img")).toMatch(/^axv-part: the board "xlnx-versal-virt" does not say how/);
    expect([existsSync(at("v.img")), existsSync(at("build/versal/image.bin"))]).toEqual([false, false]);
  });

  test("that is larger than a slot", () => {
    mkdirSync(at("boards/tiny"), { recursive: true });
    writeFileSync(
      at("boards/tiny/board.yaml"),
      "extends: qemu-aarch64\n" +
        "layout: { table: gpt, sectors: 65536, slots: { sectors: 512 }, boot: { sectors: 8192 }, load: 0x48000000 }\n",
    );
    writeFileSync(at("large.bin"), new Uint8Array(0x10_0000).fill(1));
    const large = "{ guest: bare-metal, image: large.bin, load: 0x40000000, cpus: [2], memory: 2M }";
    writeFileSync(at("tiny.yaml"), `${system("tiny")}  large: ${large}\n`);
    expect(refusal("tiny.yaml", "--disk", "t.img")).toMatch(/the system has \d+ bytes, and a slot .* "tiny" 1048576: make/);
    expect(existsSync(at("t.img"))).toBe(false);
  });

  test("over what is read, or another output, or a device", () => {
    const before = readFileSync(at("line.yaml"), "utf8");
    expect(refusal("line.yaml", "--disk", "line.yaml")).toMatch(/and line.yaml is read for it/);
    expect(readFileSync(at("line.yaml"), "utf8")).toBe(before);
    expect(refusal("line.yaml", "--disk", "build/line/image.bin")).toMatch(/the disk image would be written to/);
    symlinkSync("/dev/null", at("card"));
    expect(refusal("line.yaml", "--disk", "card")).toMatch(/card is a device, and stays as it is: name a file/);
    expect(refusal("line.yaml", "--disk", "/dev/null")).toMatch(/is a device, and stays as it is/);
    expect(refusal("line.yaml", "--disk", "x.img", "-o", "-")).toMatch(/cannot go to standard output here/);
  });
});
