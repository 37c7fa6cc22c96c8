// What a manifest keeps from being deployed: what nobody we know has signed, what is another file, for another board, or older.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CodedError } from "../../industrial/link/coded-error.ts";
import { deploy, planDeployment } from "../../tools/firmware/deploy/deploy.ts";
import { startsNext } from "../../tools/firmware/deploy/state.ts";
import { updateBeside } from "../../tools/firmware/deploy/update.ts";
import { ofMemory } from "../../tools/firmware/fit/source.ts";
import { manifestKeysOf, manifestSignersOf, newKey, revokeKey, rotateKey, signersOf } from "../../tools/firmware/keys/folder.ts";
import { readManifest, writeManifest } from "../../tools/firmware/manifest/manifest.ts";
import { manifestBeside } from "../../tools/firmware/manifest/product.ts";
import { readFit } from "../../tools/firmware/fit/read.ts";
import { axvPart } from "../output/axvPart.ts";
import { diskWith, RecordingDisk, system } from "./deployDisks.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-manifest-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const keys = at("keys");
newKey(keys, "line", "ecdsa256");
newKey(keys, "updates", "ed25519");

const BOARD = "linux,dummy-virt";
const [OLD, NEW] = [system("plant 1.1.0", 5000, 1), system("plant 1.2.0", 6000, 2)];

interface Made {
  readonly fit: Buffer;
  readonly version: string;
  readonly board: string;
  readonly of: Buffer;
}
/** A FIT and its manifest, as somebody might make them; `of`: what that is of. */
function made({ fit = NEW, version = "1.2.0", board = BOARD, of = fit }: Partial<Made>): string {
  const files = new Map([["image.itb", { size: of.length, sha256: createHash("sha256").update(of).digest() }]]);
  const path = at("new.itb");
  writeFileSync(path, fit);
  writeFileSync(manifestBeside(path), writeManifest({ version, board, files }, manifestSignersOf(keys)));
  return path;
}

/** The code of what refuses it, or what starts next. */
async function outcome(path: string, disk = diskWith(OLD), older = false): Promise<string> {
  const recorded = new RecordingDisk(disk);
  const fit = ofMemory(readFileSync(path));
  try {
    const plan = planDeployment(recorded, fit, undefined, updateBeside(path, keys, older));
    await deploy(recorded, plan, fit, () => undefined);
    return startsNext(recorded, plan.places) ?? "nothing";
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    expect(recorded.steps).toEqual([]);
    return `${String(error.code)} ${error.message}`;
  }
}

test("a newer system, signed, for this board, is taken", async () => {
  expect(await outcome(made({}))).toBe("b");
});

describe("refused, and nothing is written:", () => {
  test.each<[string, Partial<Made>, RegExp]>([
    ["an older one", { fit: system("plant 1.0.9", 5000, 3), version: "1.0.9" }, /DOWNGRADE .* version 1.0.9, and 1.1.0 is here/],
    ["the same one", { fit: system("plant 1.1.0", 5000, 3), version: "1.1.0" }, /AXV_MANIFEST_DOWNGRADE/],
    ["one for another board", { board: "phytium,pi" }, /AXV_MANIFEST_BOARD .*phytium,pi/],
    ["another FIT", { of: OLD }, /AXV_MANIFEST_FILE image.itb is not the one that the manifest is of: it has/],
    ["a version that the FIT does not say", { version: "1.3.0" }, /it is version 1.2.0, and not 1.3.0/],
    ["a FIT that says no version", { fit: system("plant", 5000, 3) }, /it is version of none, and not 1.2.0/],
  ])("%s", async (_, change, message) => expect(await outcome(made(change))).toMatch(message));

  test("one without a manifest", async () => {
    const path = made({});
    rmSync(manifestBeside(path));
    expect(await outcome(path)).toMatch(/AXV_DEPLOY_NO_MANIFEST .*keys has a key for manifests, and .*new.manifest cannot/);
  });

  test("one whose manifest was changed, or signed by another key", async () => {
    const path = made({});
    const bytes = readFileSync(manifestBeside(path));
    bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60);
    writeFileSync(manifestBeside(path), bytes);
    expect(await outcome(path)).toMatch(/AXV_MANIFEST_(SIGNATURE|MALFORMED)/);
    made({});
    rotateKey(keys, "updates-2", "ed25519");
    revokeKey(keys, "updates");
    expect(await outcome(path)).toMatch(/AXV_MANIFEST_UNKNOWN_KEY/);
  });
});

test("an older one, and the same, is taken where it is asked for; and what comes to a disk that says no version", async () => {
  const older = { fit: system("plant 1.0.9", 5000, 3), version: "1.0.9" };
  expect(await outcome(made(older), diskWith(OLD), true)).toBe("b");
  expect(await outcome(made(older), diskWith(system("plant", 5000, 1)))).toBe("b");
});

test("keys for manifests and for images are counted by themselves", () => {
  expect(signersOf(keys).map(({ algorithm }) => algorithm)).toEqual(["ecdsa256"]);
  expect(() => newKey(keys, "third", "ed25519")).toThrow("updates-2 is active: axv-part keys rotate NAME");
  expect(manifestSignersOf(keys)).toHaveLength(1);
});

test("build --fit leaves one beside the FIT, the same each time, and wants a version for it", () => {
  const yaml = (version: string): string => `board: qemu-aarch64\n${version}partitions:\n  plc: { guest: plc, cpus: [1] }\n`;
  writeFileSync(at("line.yaml"), yaml(""));
  const { stderr, status } = axvPart(folder, "build", "line.yaml", "--fit");
  expect([status, stderr]).toEqual([1, expect.stringMatching(/line.yaml has no version, which its manifest tells: write one/)]);
  writeFileSync(at("line.yaml"), yaml("version: 1.4.0\n"));
  expect(axvPart(folder, "build", "line.yaml", "--fit").stdout).toMatch(/image.manifest: its version, board and hash, signed/);
  const fit = readFileSync(at("build/line/image.itb"));
  const manifest = readManifest(readFileSync(at("build/line/image.manifest")), manifestKeysOf(keys));
  expect(manifest).toMatchObject({ version: "1.4.0", board: BOARD });
  expect(manifest.files.get("image.itb")).toEqual({
    size: fit.length, sha256: new Uint8Array(createHash("sha256").update(fit).digest()),
  });
  expect(readFit(ofMemory(fit)).configurations.get("conf-1")?.description).toBe("line 1.4.0");

  writeFileSync(at("disk.img"), diskWith(OLD, "gpt", 8192));
  const deployed = axvPart(folder, "deploy", "disk.img", "--fit", "build/line/image.itb", "--keys", "keys", "--dry-run");
  expect(deployed.stdout).toMatch(/^slot b: line 1.4.0, .*would be written/);
});

