// An image in a FIT is proven like one alone; what else U-Boot would do with the FIT has to be that and nothing else.
import { describe, expect, test } from "vitest";
import { Load } from "../../partitions/images/contents.ts";
import { frameOf } from "../../tools/firmware/fit/frame.ts";
import { CONTENTS, fitOf, keyPair } from "../firmware/fits.ts";
import { unpack } from "../../tools/prove/fit.ts";
import { prove } from "../../tools/prove/prove.ts";
import { reportOf } from "../../tools/prove/report.ts";
import { formatReport } from "../../tools/prove/show.ts";
import { plain } from "../../tools/run/paint.ts";
import { COLOURED, CORE, imageOf, KNOWN } from "./bench.ts";

const IMAGE = imageOf(COLOURED);
const WORKS = keyPair("works", "rsa2048");

const packed = (contents: Partial<typeof CONTENTS> = {}, image = IMAGE): Buffer =>
  fitOf(new Load(image.length, [{ at: 0, contents: image }]), [WORKS], { ...CONTENTS, ...contents });

function proven(bytes: Uint8Array): ReturnType<typeof reportOf> {
  const { image, packed: fit } = unpack("a.itb", bytes);
  return reportOf(prove(image, CORE, KNOWN, fit), CORE);
}
const saidOf = (bytes: Uint8Array): string => {
  const { proven: isProven, checks } = proven(bytes);
  const { verdict, findings = [] } = checks.find(({ id }) => id === "fit") ?? {};
  expect(isProven).toBe(verdict === "holds");
  return findings.join("; ");
};

describe("an image in a FIT", () => {
  test("is proven, and its FIT is in the report", () => {
    const report = proven(packed());
    expect(report.proven).toBe(true);
    expect(report.fit).toMatchObject({ configurations: ["conf-1"], compatible: ["linux,dummy-virt"], keys: ["works"] });
    expect(report.image.bytes).toBe(IMAGE.length);
    expect(formatReport(report, plain)).toContain("…'s keys  works (U-Boot checks them)\n");
    expect(formatReport(report, plain)).toMatch(/  fit +holds +the FIT holds this image alone/);
  });

  test.each<[string, Buffer, string]>([
    ["for another address", packed({ address: 0x4060_0000 }), "load of kernel-1 is 0x40600000, and .* 0x40200000; entry"],
    ["for another board, too", packed({ compatible: [...CONTENTS.compatible, "a,b"] }), "conf-1 is for a,b, too"],
    ["for every board", packed({ compatible: [] }), "conf-1 is for every board|conf-1 is for , too"],
    ["for another architecture", packed({ arch: "arm" }), "arch of kernel-1 is arm, not arm64"],
    ["with something behind it", Buffer.concat([packed(), Buffer.alloc(4)]), "4 bytes are behind it"],
    ["with another hash", otherHash(), "the SHA-256 of kernel-1 is another one"],
  ])("%s is refused", (_, bytes, words) => expect(saidOf(bytes)).toMatch(new RegExp(words)));

  test("that is another image is refused, as it is without a FIT", () => {
    const other = IMAGE.slice();
    other[0x2000] = 1 ^ (other[0x2000] ?? 0);
    const { checks } = proven(packed({}, other));
    expect(checks.filter(({ verdict }) => verdict === "broken").map(({ id }) => id)).toEqual(["core"]);
    const text = new TextEncoder().encode("no image, but a few words of text ".repeat(32));
    expect(() => unpack("a.itb", packed({}, text))).toThrow(/a.itb is no image of a system: it is text/);
    expect(() => unpack("a.itb", packed().subarray(0, 5000))).toThrow(/the FIT is cut off/);
    expect(() => unpack("a.itb", frameOf(CONTENTS, Buffer.alloc(32), []).bytes)).toThrow(/it is empty/);
  });
});

/** A byte of the image, which is what the hash is of. */
function otherHash(): Buffer {
  const bytes = packed();
  const hash = bytes.indexOf("hash-1");
  const at = bytes.indexOf(Buffer.from([0, 0, 0, 3, 0, 0, 0, 32]), hash) + 12;
  bytes[at] = 1 ^ (bytes[at] ?? 0);
  return bytes;
}
