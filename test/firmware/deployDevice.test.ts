// axv-part deploy onto a device: one of Linux's loop devices, which only root can make.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { placesOn } from "../../tools/firmware/deploy/places.ts";
import { withTarget } from "../../tools/firmware/deploy/open.ts";
import { axvPart } from "../output/axvPart.ts";
import { BUNDLE } from "../bundle.ts";
import { diskWith, RecordingDisk, system } from "./deployDisks.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-device-"));
const image = join(folder, "disk.img");
const DISK = diskWith(system("plant-1.0", 10_000, 1));
writeFileSync(image, DISK);
writeFileSync(join(folder, "new.itb"), system("plant-1.1", 20_000, 2));

const attached = spawnSync("losetup", ["--find", "--show", image], { encoding: "utf8" });
const device = attached.status === 0 ? attached.stdout.trim() : "";
afterAll(() => {
  if (device !== "") execFileSync("losetup", ["--detach", device]);
  rmSync(folder, { recursive: true });
});

test.skipIf(device !== "")(
  `a device is not tried: losetup says ${String(attached.stderr).trim() || "nothing"}`,
  (context) => context.skip(),
);

describe.skipIf(device === "")("a device", () => {
  beforeEach(() => writeFileSync(device, DISK));
  const isAsBefore = (): boolean => readFileSync(device).equals(DISK);
  const answered = (answer: string, ...more: string[]): ReturnType<typeof axvPart> =>
    spawnSync(process.execPath, [BUNDLE, "deploy", device, "--fit", "new.itb", ...more], {
      cwd: folder, encoding: "utf8", input: answer,
    });

  test("is written after its name has been typed, and not after anything else", () => {
    const refusals = [["yes\n", /nothing is written to .*: write its name as the answer, or --yes/], ["", /have ended/]] as const;
    for (const [answer, told] of refusals) {
      const { status, stderr } = answered(answer);
      expect([status, stderr]).toEqual([1, expect.stringMatching(/Slot b of \/dev\/loop\d+ \(a disk, 16M\) is written/)]);
      expect(stderr).toMatch(told);
    }
    expect(isAsBefore()).toBe(true);
    const { status, stdout } = answered(`${device}\n`);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^slot b: plant-1.1, .*, written/)]);
    const rows = JSON.parse(axvPart(folder, "slots", device, "--json").stdout) as unknown;
    expect(rows).toMatchObject([{ version: "plant-1.0", state: "good" }, { version: "plant-1.1", state: "pending" }]);
  });

  test("is written without a question where --yes says so; --dry-run asks nothing", () => {
    expect(answered("", "--dry-run").stdout).toMatch(/^slot b: plant-1.1, .*would be written/);
    expect(isAsBefore()).toBe(true);
    expect(answered("", "--yes").stdout).toMatch(/^slot b: plant-1.1, .*, written/);
  });

  test("is backed up, and restored where --yes says so: both slots, and what starts", () => {
    expect(axvPart(folder, "backup", device, "plant.axv").stdout).toMatch(/^slot a: plant-1.0, /);
    expect(isAsBefore()).toBe(true);
    answered("", "--yes");
    const deployed = readFileSync(device);
    expect(axvPart(folder, "restore", "plant.axv", device).stderr).toMatch(/nothing is written to .* or --yes/);
    expect(readFileSync(device).equals(deployed)).toBe(true);
    expect(axvPart(folder, "restore", "plant.axv", device, "--yes").status).toBe(0);
    const rows = JSON.parse(axvPart(folder, "slots", device, "--json").stdout) as unknown;
    expect(rows).toMatchObject([{ version: "plant-1.0", state: "good", startsNext: true }, { version: "plant-1.0" }]);
    const history = JSON.parse(axvPart(folder, "slots", device, "--history", "--json").stdout) as { what: string }[];
    expect(history.map(({ what }) => what)).toContain("restored");
  });

  /** Such a one as a kernel finds in a table; this one may know no tables. */
  const withPartition = async (use: (node: string) => Promise<void>): Promise<void> => {
    const [{ first, sectors }, node] = [placesOn(new RecordingDisk(DISK)).slots.a, join(folder, "partition")];
    execFileSync("addpart", [device, "1", String(first), String(sectors)]);
    try {
      const numbers = readFileSync(`/sys/class/block/${device.slice("/dev/".length)}p1/dev`, "utf8").trim().split(":");
      execFileSync("mknod", [node, "b", ...numbers]);
      await use(node);
    } finally {
      rmSync(node, { force: true });
      execFileSync("delpart", [device, "1"]);
    }
  };

  test("is refused where it is but a partition", () =>
    withPartition(async (node) => {
      for (const access of ["read", "write"] as const)
        await expect(withTarget(node, access, () => 0)).rejects.toThrow(`it is a partition of ${device}: name the whole disk`);
    }));

  test("is refused while one of its partitions is mounted; its slots can be looked at", () =>
    withPartition(async (node) => {
      const place = join(folder, "mounted");
      mkdirSync(place);
      execFileSync("mkfs.ext4", ["-q", "-O", "^has_journal", node]);
      execFileSync("mount", ["-o", "ro", node, place]);
      try {
        for (const access of ["claim", "write"] as const)
          await expect(withTarget(device, access, () => 0)).rejects.toThrow("it is mounted, or in use otherwise: unmount it");
        expect(await withTarget(device, "read", ({ count }) => count * 512)).toBe(DISK.length);
      } finally {
        execFileSync("umount", [place]);
      }
    }));
});
