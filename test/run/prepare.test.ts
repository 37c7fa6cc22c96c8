// What a run needs of a system that is built already: tools/run/prepare.ts.
import { closeSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Plan } from "../../partitions/plan/plan.ts";
import { displayPath } from "../../partitions/project.ts";
import { bootsOf } from "../../tools/linux/disk.ts";
import { boardOf, prepareBuilt } from "../../tools/run/prepare.ts";

let folder: string;
let image: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-prepare-"));
  image = join(folder, "image.bin");
  writeFileSync(image, "an image");
});
afterEach(() => rmSync(folder, { recursive: true }));

const planFor = (board: string): Plan => ({ board }) as Plan;
const isOpen = (): boolean =>
  readdirSync("/proc/self/fd").some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === image;
    } catch {
      return false; // the folder's own, closed by now
    }
  });

test.each([
  ["qemu-aarch64", "build/core/core.elf"],
  ["qemu-riscv64", "build/core-riscv64/core-riscv64.elf"],
])("for %s: the image, open, the core's symbols, and a disk beside the image", async (board, elf) => {
  const said: string[] = [];
  const plan = planFor(board);
  const system = await prepareBuilt(join(folder, "lines/press.yaml"), { image, plan }, (line) => said.push(line));
  expect({ ...system, board: system.board.name, opened: readFileSync(system.opened, "utf8") }).toEqual({
    title: "press.yaml", plan, board, image, opened: "an image", disk: join(folder, "disk.img"), elf,
  });
  closeSync(system.opened);
  expect(said).toEqual([`the image is ${displayPath(image)}`]);
  expect(bootsOf(readFileSync(system.disk))).toBe(0);
  expect(readdirSync(folder).sort(), "nothing half made is left").toEqual(["disk.img", "image.bin"]);
});

test("a disk that is there stays as it is", async () => {
  writeFileSync(join(folder, "disk.img"), "mine");
  const { opened, disk } = await prepareBuilt(join(folder, "a.yaml"), { image, plan: planFor("qemu-aarch64") }, () => {});
  closeSync(opened);
  expect(readFileSync(disk, "utf8")).toBe("mine");
});

test("where no disk can be made, the image is not left open", async () => {
  mkdirSync(join(folder, `disk.img.${process.pid}`));
  const built = { image, plan: planFor("qemu-aarch64") };
  await expect(prepareBuilt(join(folder, "a.yaml"), built, () => {})).rejects.toThrow("EISDIR");
  expect(isOpen()).toBe(false);
});

test("a board that QEMU is not, or that has gone meanwhile, cannot be emulated", async () => {
  for (const name of ["roc-rk3568-pc", "gone"]) {
    const message =
      `the board ${name} cannot be emulated: boot its image on the board, and attach with axv-part console PARTITION --serial ` +
      "DEVICE";
    await expect(prepareBuilt(join(folder, "a.yaml"), { image, plan: planFor(name) }, () => {})).rejects.toThrow(message);
  }
  expect(isOpen()).toBe(false);
});

test("a board of a user's own stands beside the system's file", () => {
  mkdirSync(join(folder, "boards/mine"), { recursive: true });
  writeFileSync(join(folder, "boards/mine/board.yaml"), "extends: qemu-aarch64\n");
  expect(boardOf({ board: "mine" }, join(folder, "a.yaml")).name).toBe("mine");
  expect(() => boardOf({ board: "mine" }, "a.yaml")).toThrow("the board mine cannot be emulated");
});
