// Scripts for U-Boot: byte for byte what mkimage makes, and hostile ones refused.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { readScript, writeScript } from "../../tools/firmware/script-image.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-script-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([1, 2, 3, 4, 511, 5000])("%i bytes of script: what mkimage -T script makes of it", (length) => {
  const [text, image] = [join(folder, "text"), join(folder, "boot.scr")];
  const script = "echo hello\n".repeat(500).slice(0, length);
  writeFileSync(text, script);
  execFileSync("mkimage", ["-A", "arm64", "-O", "linux", "-T", "script", "-C", "none", "-n", "axv", "-d", text, image], {
    env: { ...process.env, SOURCE_DATE_EPOCH: "0" },
  });
  expect(Buffer.from(writeScript("axv", script)).toString("hex")).toBe(readFileSync(image).toString("hex"));
  expect(readScript(readFileSync(image))).toEqual({ script });
});

describe("what is no script is told", () => {
  const good = writeScript("x".repeat(40), "echo hello\n");
  const changed = (at: number, isMended = true): Uint8Array => {
    const bytes = good.slice();
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const view = new DataView(bytes.buffer);
    if (isMended) {
      view.setUint32(24, crc32(bytes.subarray(64)));
      view.setUint32(4, 0);
      view.setUint32(4, crc32(bytes.subarray(0, 64)));
    }
    return bytes;
  };
  test.each<[Uint8Array, RegExp]>([
    [good.subarray(0, 70), /no legacy image/],
    [changed(0), /no legacy image/],
    [changed(33, false), /header has another CRC-32/],
    [changed(30), /no script/],
    [changed(12), /ends within its script/],
    [good.subarray(0, good.length - 1), /ends within its script/],
    [changed(75, false), /script has another CRC-32/],
    [changed(64), /longer than it says/],
  ])("%#", (bytes, why) => {
    expect(readScript(bytes)).toMatch(why);
  });
});
