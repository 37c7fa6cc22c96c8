// What a run with firmware puts beside the image, without starting it: tools/run/firmware.ts. That U-Boot starts it is in
// test/firmware/boot.qemu.test.ts.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readFdt } from "../../partitions/devicetree/fdt.ts";
import { Load } from "../../partitions/images/contents.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { newKey, rotateKey } from "../../tools/firmware/keys/folder.ts";
import { planFile } from "../../tools/plan/file.ts";
import { FirmwareChain, U_BOOTS } from "../../tools/run/firmware.ts";
import { twoPlcs } from "../system/systems.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-firmware-"));
  file = join(folder, "press.yaml");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function planOf(board: string): Plan {
  writeFileSync(file, twoPlcs({ board }));
  const { system } = planFile(file, "none");
  if (system === undefined) throw new Error("no plan");
  return system.plan;
}

const AARCH64 = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
const RISCV64 = "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin";

test("another firmware there is not", () => {
  expect(() => new FirmwareChain("uefi", file, undefined)).toThrow(
    'there is no firmware "uefi": write u-boot, or leave --firmware out',
  );
});

test("its files stand beside the image, wherever that goes", () => {
  const inFolder = (at: string): object => ({ program: AARCH64, control: join(at, "control.dtb"), disk: join(at, "boot.img") });
  expect(new FirmwareChain("u-boot", file, undefined).files).toEqual(inFolder(join(folder, "build/press")));
  expect(new FirmwareChain("u-boot", file, join(folder, "out/image.bin")).files).toEqual(inFolder(join(folder, "out")));
});

describe("it is signed", () => {
  const signedBy = (): string => new FirmwareChain("u-boot", file, undefined).signedBy;
  const keys = (): string => join(folder, "keys");

  test("by the keys beside the system's file, or by one of this run", () => {
    expect(signedBy()).toBe(`a key of this run alone, for there is no ${keys()}`);
    mkdirSync(keys());
    newKey(keys(), "plant", "ecdsa256");
    expect(signedBy()).toBe(`plant of ${keys()}`);
    rotateKey(keys(), "next", undefined);
    expect(signedBy()).toBe(`plant and next of ${keys()}`);
  });

  test("which U-Boot for RISC-V does not look at", () => {
    const chain = new FirmwareChain("u-boot", file, undefined);
    chain.inspect(planOf("qemu-riscv64"));
    expect(chain.signedBy).toBe(
      `a key of this run alone, for there is no ${keys()}; Debian's U-Boot for RISC-V checks the hash in it, and no signature`,
    );
  });
});

describe("what the plan must be of", () => {
  test("a board that QEMU's virt is", () => {
    const chain = new FirmwareChain("u-boot", file, undefined);
    for (const board of ["xlnx-zcu102", "roc-rk3568-pc"])
      expect(() => chain.inspect({ ...planOf("qemu-aarch64"), board })).toThrow(
        `there is no U-Boot for QEMU's "${board}", but for QEMU's virt: choose the board qemu-aarch64 or qemu-riscv64, or ` +
          "leave --firmware out",
      );
  });

  test("each ISA has its own program; only that of AArch64 has keys of its own", () => {
    const at = join(folder, "build/press");
    const chain = new FirmwareChain("u-boot", file, undefined);
    chain.inspect(planOf("qemu-aarch64"));
    expect(chain.files).toEqual({ program: AARCH64, control: join(at, "control.dtb"), disk: join(at, "boot.img") });
    chain.inspect(planOf("qemu-riscv64"));
    expect(chain.files).toEqual({ program: RISCV64, control: undefined, disk: join(at, "boot.img") });
  });

  test("one whose device tree tells the boards apart", () => {
    const plan = planOf("qemu-aarch64");
    const chain = new FirmwareChain("u-boot", file, undefined);
    expect(() => chain.inspect({ ...plan, firmwareTree: { ...plan.firmwareTree, matches: [] } })).toThrow(/qemu-aarch64/);
  });

  test("a U-Boot that is not installed is told by its package", () => {
    const program = join(folder, "u-boot.bin");
    const spy = vi.spyOn(U_BOOTS, "aarch64", "get").mockReturnValue({ program, verifies: true });
    expect(() => new FirmwareChain("u-boot", file, undefined).inspect(planOf("qemu-aarch64"))).toThrow(
      `${program} is not installed. Install it with: apt-get install u-boot-qemu`,
    );
    spy.mockRestore();
  });
});

describe("where it writes", () => {
  test("nothing that is read, and nothing that is somebody else's", () => {
    const control = join(folder, "control.dtb");
    const disk = join(folder, "boot.img");
    const chain = new FirmwareChain("u-boot", file, join(folder, "image.bin"));
    expect(() => chain.claimMore([control])).toThrow(
      `U-Boot's device tree would be written to ${control}, and ${control} is read for it: choose another place`,
    );
    expect(() => chain.claimMore([disk])).toThrow(
      `U-Boot's disk would be written to ${disk}, and ${disk} is read for it: choose another place`,
    );
    chain.claimMore([]);
    expect(chain.files).toEqual({ program: AARCH64, control, disk });
    writeFileSync(disk, "mine");
    expect(() => chain.claimMore([])).toThrow("what is there does not come from axv-part");
  });

  test("a device tree only where there is one", () => {
    const control = join(folder, "control.dtb");
    const chain = new FirmwareChain("u-boot", file, join(folder, "image.bin"));
    chain.inspect(planOf("qemu-riscv64"));
    chain.claimMore([control]);
    expect(chain.files).toEqual({ program: RISCV64, control: undefined, disk: join(folder, "boot.img") });
  });
});

describe("what it writes", () => {
  const image = new Load(4096, [{ at: 0, contents: new Uint8Array(64) }]);

  test("on AArch64 the machine's own device tree, that trusts the key, and a disk; nothing of it is left elsewhere", () => {
    const temporary = join(folder, "tmp");
    mkdirSync(temporary);
    vi.stubEnv("TMPDIR", temporary);
    const chain = new FirmwareChain("u-boot", file, undefined);
    const plan = planOf("qemu-aarch64");
    chain.inspect(plan);
    const written = chain.writeMore(plan, image);
    const { control = "", disk } = chain.files;
    expect([...written.keys()]).toEqual([control, disk]);
    const { root } = readFdt(written.get(control) as Uint8Array);
    const [memory] = root.children.filter(({ name }) => name.startsWith("memory"));
    const bytes = memory?.properties.get("reg") ?? new Uint8Array();
    expect(Buffer.from(bytes).readBigUInt64BE(8), "bytes of RAM, as the board has").toBe(1024n * 1024n * 1024n);
    const signature = root.children.find(({ name }) => name === "signature");
    expect(signature?.children.map(({ name }) => name)).toEqual(["key-this-run"]);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("on RISC-V a disk alone", () => {
    const chain = new FirmwareChain("u-boot", file, undefined);
    const plan = planOf("qemu-riscv64");
    chain.inspect(plan);
    expect([...chain.writeMore(plan, image).keys()]).toEqual([chain.files.disk]);
  });
});
