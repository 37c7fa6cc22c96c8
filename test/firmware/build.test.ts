// axv-part build --fit: what stands beside the image, and when nothing does.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFit } from "../../tools/firmware/fit/read.ts";
import { fitProduct } from "../../tools/firmware/fit/product.ts";
import { ofMemory } from "../../tools/firmware/fit/source.ts";
import { checkHash, checkSignatures } from "../../tools/firmware/fit/verify.ts";
import { newKey, publicKeysOf, revokeKey, rotateKey, signersOf } from "../../tools/firmware/keys/folder.ts";
import { buildSystem } from "../../tools/plan/build.ts";
import { axvPart } from "../output/axvPart.ts";

let folder = "";
const at = (name: string): string => join(folder, name);
const system = (board: string): string => `board: ${board}\npartitions:\n  plc: { guest: plc, cpus: [1] }\n`;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-fit-build-"));
  writeFileSync(at("line.yaml"), system("qemu-aarch64"));
  newKey(at("keys"), "first", "rsa2048");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes of an image that no guest asked for. */
const OVERHEAD_MAX = 96 * 1024;

test("the FIT holds the image that is beside it, for the board's compatible, signed by all active keys", () => {
  const { stdout } = axvPart(folder, "build", "line.yaml", "--fit");
  expect(stdout.split("\n").slice(1)).toEqual(["build/line/image.itb: signed by first", ""]);
  const bytes = readFileSync(at("build/line/image.itb"));
  const image = readFileSync(at("build/line/image.bin"));
  const plan = JSON.parse(readFileSync(at("build/line/plan.json"), "utf8")) as {
    image: { base: number };
    partitions: { loads: { size: number }[] }[];
  };
  const loaded = plan.partitions.flatMap(({ loads }) => loads).reduce((sum, { size }) => sum + size, 0);
  expect(image.length - loaded, "the core, the blob and what aligns loads").toBeLessThan(OVERHEAD_MAX);
  const fit = readFit(ofMemory(bytes));
  const kernel = fit.images.get("kernel-1");
  // Behind what is zero at first: where booti would put the image, too, by the text_offset in its header.
  const address = plan.image.base + Number(image.readBigUInt64LE(8)) - 0x20_0000;
  expect(kernel).toMatchObject({ arch: "arm64", load: address, entry: address });
  const { base = 0, size = 0 } = kernel?.data ?? {};
  expect(bytes.subarray(base, base + size).equals(image)).toBe(true);
  if (kernel !== undefined) checkHash(ofMemory(bytes), kernel);
  const [configuration] = fit.configurations.values();
  expect(configuration).toMatchObject({ description: "line", compatible: ["linux,dummy-virt"] });
  if (configuration !== undefined)
    expect(checkSignatures(fit, configuration, publicKeysOf(at("keys"))).map(({ name }) => name)).toEqual(["first"]);
  expect(bytes.length - image.length).toBeLessThan(2048);
});

test("while a key takes over from another it is signed by both; nothing is written again that is there", () => {
  rotateKey(at("keys"), "second", "rsa2048");
  const first = JSON.parse(axvPart(folder, "build", "line.yaml", "--fit", "--json").stdout) as unknown;
  expect(first).toMatchObject({ fit: "build/line/image.itb", signed_by: ["first", "second"], unchanged: false });
  const again = JSON.parse(axvPart(folder, "build", "line.yaml", "--fit", "--json").stdout) as unknown;
  expect(again).toMatchObject({ unchanged: true });
  revokeKey(at("keys"), "second");
});

test("--unsigned says that it is, and needs no keys", () => {
  writeFileSync(at("other.yaml"), system("qemu-aarch64"));
  const { stdout, status } = axvPart(folder, "build", "other.yaml", "--fit", "--unsigned");
  expect(stdout).toContain("other/image.itb: not signed: U-Boot refuses it where a key is required");
  expect(status).toBe(0);
});

/** Why nothing is built. */
async function refusal(name: string): Promise<string> {
  const { inspect, claimMore, writeMore } = fitProduct(at(name), at("build/line/image.bin"), signersOf(at("keys")));
  const built = buildSystem(at(name), undefined, () => {}, () => "built", inspect, claimMore, writeMore);
  const why: unknown = await built.catch((error: unknown) => error);
  return why instanceof Error ? why.message.replaceAll(`${folder}/`, "") : String(why);
}

describe("nothing is built where", () => {
  test("there are no keys; or what is asked for makes no sense", () => {
    writeFileSync(at("fresh.yaml"), system("qemu-aarch64"));
    const said = (...options: string[]): string => axvPart(folder, "build", "fresh.yaml", ...options).stderr;
    expect(said("--fit", "-k", "nowhere")).toContain("nowhere holds no keys");
    expect(said("--unsigned")).toContain("write --fit, too");
    expect(said("--fit", "-o", "-")).toContain("the FIT cannot go to standard output here: name a file");
    expect(existsSync(at("build/fresh"))).toBe(false);
  });

  test("the FIT would replace a file of somebody else's", async () => {
    const path = at("build/line/image.itb");
    const before = readFileSync(path);
    writeFileSync(path, "mine");
    expect(await refusal("line.yaml")).toContain("the FIT would be written to build/line/image.itb, and what is there does not");
    expect(readFileSync(path, "utf8")).toBe("mine");
    writeFileSync(path, before);
    expect(await refusal("line.yaml")).toBe("built");
  });

  test("the board does not say what U-Boot knows it by", async () => {
    writeFileSync(at("zcu.yaml"), system("xlnx-zcu102"));
    expect(await refusal("zcu.yaml")).toContain('the board "xlnx-zcu102" does not say by what `compatible` U-Boot knows it: add');
  });
});
