// Verified boot for real: Debian's unchanged U-Boot, at EL2, has a key that it requires, refuses each FIT that is not as it was
// signed, and starts the one that is. One boot for all of them.
import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Load } from "../../partitions/images/contents.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { fitProduct } from "../../tools/firmware/fit/product.ts";
import { trusting } from "../../tools/firmware/keys/control.ts";
import { buildSystem } from "../../tools/plan/build.ts";
import { qemuArguments } from "../../tools/run/arguments.ts";
import { FirmwareChain } from "../../tools/run/firmware.ts";
import { prepare } from "../../tools/run/prepare.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";
import { twoPlcs } from "../system/systems.ts";
import { at, changed, CONTENTS, type Draft, fitOf, keyPair, ledAstray, mkimageFit, strings } from "./fits.ts";
import { boardTree, UBoot } from "./uBoot.ts";

/** Where the system's FIT is in memory, and from where on the others are. */
const SYSTEM_AT = 0x4800_0000;
const HOSTILE_AT = 0x5000_0000;
const HOSTILE_ROOM = 0x10_0000;
/** So much of the image that its header is there, by which U-Boot would start it. */
const HEAD_BYTES = 4096;

const mine = keyPair("plant", "rsa2048");
const foreign = keyPair("plant", "rsa2048");
/** Trusted as well, while one takes over from the other: one signature is enough. */
const old = keyPair("old", "rsa2048");
/** This board has not heard of it yet. */
const next = keyPair("next", "rsa4096");
const curve = keyPair("plant", "ecdsa256");
const folder = mkdtempSync(join(tmpdir(), "axv-boot-"));
const CONFIGURATION = "/configurations/conf-1";
const KERNEL = "/images/kernel-1";

interface Hostile {
  readonly fit: (good: Buffer, image: Load) => Buffer;
  readonly answer: RegExp;
  /** Behind the address. */
  readonly configuration?: string;
}

const FORGED = /Verifying Hash Integrity \.\.\. sha256,rsa2048:plant-  error!\s+Verification failed/;
const altered = (change: (root: Draft) => void) => (good: Buffer): Buffer => changed(good, change);

const HOSTILE: Readonly<Record<string, Hostile>> = {
  unsigned: { fit: (_, image) => fitOf(image, []), answer: /Integrity \.\.\. *error!\s+No 'signature' subnode found/ },
  "signed by another key of the same name": { fit: (_, image) => fitOf(image, [foreign]), answer: FORGED },
  "signed by ECDSA, which it does not know": { fit: (_, image) => fitOf(image, [curve]), answer: /Unknown signature algorithm/ },
  "a changed byte of the image": {
    fit: (good) => {
      const bytes = Buffer.from(good);
      bytes[good.length / 2] = (bytes[good.length / 2] ?? 0) ^ 1;
      return bytes;
    },
    answer: /sha256 error!\s+Bad hash value for 'hash-1' hash node in 'kernel-1' image node/,
  },
  "another image, with its hash": {
    fit: altered((root) => {
      const other = at(root, KERNEL).properties.get("data")?.slice().fill(0, HEAD_BYTES / 2) ?? new Uint8Array();
      at(root, KERNEL).properties.set("data", other);
      at(root, `${KERNEL}/hash-1`).properties.set("value", createHash("sha256").update(other).digest());
    }),
    answer: FORGED,
  },
  "another entry": {
    fit: altered((root) => void at(root, KERNEL).properties.set("entry", Buffer.from([0x40, 0x21, 0, 0]))),
    answer: FORGED,
  },
  "a second configuration, and that is asked for": {
    fit: altered((root) => {
      const configurations = at(root, "/configurations");
      configurations.children.push({ ...at(configurations, "conf-1"), name: "conf-2" });
    }),
    configuration: "#conf-2",
    answer: /Using 'conf-2' configuration\s+Verifying Hash Integrity \.\.\. .*-  error!/,
  },
  "a second image, to be loaded besides": {
    fit: altered((root) => {
      const images = at(root, "/images");
      images.children.push({ ...at(images, "kernel-1"), name: "loadable-1" });
      at(root, CONFIGURATION).properties.set("loadables", strings("loadable-1"));
    }),
    answer: FORGED,
  },
  "another image where a forged list of signed nodes does not lead": {
    fit: (good) => ledAstray(good, Buffer.alloc(HEAD_BYTES, 0xee)),
    answer: FORGED,
  },
  "names with a unit address before those without": {
    fit: altered((root) => {
      const images = at(root, "/images");
      images.children.unshift(...images.children.map((child) => ({ ...child, name: `${child.name}@1` })));
    }),
    answer: /Signature checking prevents use of unit addresses/,
  },
  "other bytes outside of the FIT": {
    fit: (_, image) => {
      const external = mkimageFit(folder, image, [mine], ["-E"]);
      external[external.length - 1] = (external.at(-1) ?? 0) ^ 1;
      return external;
    },
    answer: /Bad hash value for 'hash-1' hash node in 'kernel-1' image node/,
  },
  "only its first half": { fit: (good) => good.subarray(0, good.length / 2), answer: /Bad FIT kernel image format!/ },
  "for another board": {
    fit: (_, image) => fitOf(image, [mine], { ...CONTENTS, compatible: ["phytium,pe2204"] }),
    answer: /Could not find configuration node/,
  },
};

const said = new Map<string, string>();
let uBoot: UBoot;
let plan: Plan;

beforeAll(async () => {
  const file = join(folder, "line.yaml");
  writeFileSync(file, twoPlcs());
  const fit = fitProduct(file, join(folder, "build/line/image.bin"), [next.signer, mine.signer]);
  let image = new Uint8Array();
  await buildSystem(file, undefined, () => {}, (built) => {
    plan = built.plan;
    image = readFileSync(built.image);
  }, fit.inspect, fit.claimMore, fit.writeMore);
  const head = new Load(HEAD_BYTES, [{ at: 0, contents: image.subarray(0, HEAD_BYTES) }]);
  const good = fitOf(head, [mine]);
  const loaders = Object.values(HOSTILE).flatMap((hostile, index) => {
    const path = join(folder, `${index}.itb`);
    writeFileSync(path, hostile.fit(good, head));
    return ["-device", `loader,file=${path},addr=${HOSTILE_AT + index * HOSTILE_ROOM},force-raw=on`];
  });
  const control = join(folder, "control.dtb");
  writeFileSync(control, trusting(boardTree(), [old.known, mine.known]));
  uBoot = await UBoot.start(control, [...loaders, "-device", `loader,file=${fit.path},addr=${SYSTEM_AT},force-raw=on`]);
  await uBoot.prompt();
  for (const [index, [name, { configuration = "" }]] of Object.entries(HOSTILE).entries()) {
    const address = `0x${(HOSTILE_AT + index * HOSTILE_ROOM).toString(16)}`;
    said.set(name, await uBoot.answer(`bootm ${address}${configuration} - \${fdtcontroladdr}`));
  }
});

afterAll(async () => {
  await uBoot?.machine.stop();
  rmSync(folder, { recursive: true });
});

describe("refused by U-Boot, with the reason", () => {
  test.each(Object.entries(HOSTILE))("%s", (name, { answer }) => {
    expect(said.get(name)).toMatch(answer);
    expect(said.get(name)).not.toMatch(/Starting kernel|Loading Kernel Image/);
  });
});

test("as it was signed it starts, by a new key, too, that this board does not know; and both partitions scan", async () => {
  const session = new Session(uBoot.machine.uart, plan.partitions);
  uBoot.send(`bootm 0x${SYSTEM_AT.toString(16)} - \${fdtcontroladdr}`);
  const scans = (name: string): bigint => session.monitor.named(name)?.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
  await uBoot.until("scans of both partitions", () => scans("first") > 100n && scans("second") > 100n);
  session.link.close();
  expect(uBoot.said).toContain("sha256,rsa4096:next- sha256,rsa2048:plant+ OK"); // behind what it says of the old key
  expect(uBoot.said).toMatch(/Verifying Hash Integrity \.\.\. sha256\+ OK/);
});

test("run --firmware u-boot: from the disk to both partitions, nobody typing anything, signed by a key of this run", async () => {
  const file = join(folder, "chain.yaml");
  writeFileSync(file, twoPlcs());
  const chain = new FirmwareChain("u-boot", file, undefined);
  expect(chain.signedBy).toContain("a key of this run alone");
  const inspect = (each: Plan): void => chain.inspect(each);
  const claimMore = (taken: readonly string[]): void => chain.claimMore(taken);
  const system = await prepare(file, () => {}, undefined, inspect, claimMore, (each, image) => chain.writeMore(each, image));
  closeSync(system.opened);
  // A disk has room for two systems, of which a file takes as much as there is.
  const { size, blocks } = statSync(chain.files.disk);
  expect(blocks * 512).toBeLessThan(size / 4);
  const { partitions } = system.plan;
  const machine = await startQemu(qemuArguments({ ...system, partitions, firmware: chain.files }));
  const whole = new UBoot(machine);
  const session = new Session(machine.uart, partitions);
  try {
    const scans = (name: string): bigint => session.monitor.named(name)?.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
    await whole.until("scans of both partitions", () => scans("first") > 100n && scans("second") > 100n);
    expect(whole.said).toMatch(
      /Found U-Boot script \/boot.scr[^]*axv: slot a \(good\)[^]*sha256,rsa2048:this-run\+ OK[^]*sha256\+ OK[^]*axv: image at 0x/,
    );
  } finally {
    session.link.close();
    await machine.stop();
  }
});

test("there is no other firmware, and none for another machine", () => {
  const file = join(folder, "chain.yaml");
  expect(() => new FirmwareChain("uefi", file, undefined)).toThrow('there is no firmware "uefi": write u-boot');
  const other = { ...plan, board: "xlnx-zcu102" };
  expect(() => new FirmwareChain("u-boot", file, undefined).inspect(other)).toThrow("no U-Boot for QEMU's \"xlnx-zcu102\"");
});
