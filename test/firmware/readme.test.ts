// The steps of the boards' READMEs, done: what is written to a card by them leaves firmware alone, and is what was meant.
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Board } from "../../boards/schema.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { placeDisk } from "../../partitions/plan/disk.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { MIB } from "../../partitions/units.ts";
import type { Span } from "../../partitions/units.ts";
import { diskImage } from "../../tools/firmware/disk/image.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import { COPIES } from "../../tools/firmware/slots.ts";
import { writeTogether } from "../../tools/output/write.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-readme-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** As the boards', but for what data has: 168 MiB instead of a GiB. */
const SECTORS = 168 * 2048;
const CARD_SECTORS = SECTORS + 5000;

const boardNamed = (name: string): Board => {
  const board = boards().get(name, new Findings(new YamlSource("none", "")));
  if (board?.layout === undefined) throw new Error(name);
  return { ...board, layout: { ...board.layout, sectors: SECTORS } };
};

/** Commands under a heading that begin so. */
function commandsIn(name: string, heading: string, begin: RegExp): string[] {
  const text = readFileSync(`boards/${name}/README.md`, "utf8");
  const section = new RegExp(`### ${heading}[^]*?(?=\\n##|$)`).exec(text)?.[0] ?? "";
  return section.split("\n").flatMap((line) => (begin.test(line.trim()) ? [line.trim()] : []));
}

const FIRMWARE = Buffer.alloc(SECTOR, "firmware");
const OWN = Buffer.alloc(SECTOR, "a user's own");

describe.each(["roc-rk3568-pc", "orangepi-5-plus", "phytium-pi", "daoli-plc"])("%s", (name) => {
  const board = boardNamed(name);
  const plan = board.layout && placeDisk(board.layout);
  if (plan === undefined || "key" in plan) throw new Error(name);
  const [image, card] = [join(folder, `${name}.img`), join(folder, name)];
  const system = Buffer.alloc(3 * MIB, "system");
  const content = { length: system.length, chunks: () => [system] };
  writeTogether(new Map([[image, diskImage(board, { start: "bootm", content })]]));
  const file = openSync(card, "w+");
  ftruncateSync(file, CARD_SECTORS * SECTOR);
  const fill = ({ base, size }: Span, bytes: Buffer): void =>
    void writeSync(file, Buffer.alloc(size * SECTOR, bytes), 0, size * SECTOR, base * SECTOR);
  const read = (from: string, { base, size }: Span): Buffer => {
    const bytes = Buffer.alloc(size * SECTOR);
    const opened = openSync(from, "r");
    readSync(opened, bytes, 0, bytes.length, base * SECTOR);
    closeSync(opened);
    return bytes;
  };
  const run = (commands: readonly string[]): void => {
    for (const command of commands) {
      // That it has reached the disk nobody waits for here.
      const words = command.replace("/dev/sdX", card).replace("disk.img", image).replace(",fsync", "").split(" ");
      const [program = "", ...parameters] = words;
      execFileSync(program === "sgdisk" ? "/usr/sbin/sgdisk" : program, parameters, { cwd: folder, stdio: "ignore" });
    }
  };
  const expectFirmware = (): void => {
    for (const { base, size } of plan.reserved)
      expect(read(card, { base, size }).equals(Buffer.alloc(size * SECTOR, FIRMWARE))).toBe(true);
  };
  for (const range of plan.reserved) fill(range, FIRMWARE);

  test("first installation: all of the disk, and firmware as it was", () => {
    const commands = commandsIn(name, "First installation", /^(dd|sgdisk) /);
    expect(commands.length).toBeGreaterThan(1);
    run([...commands, ...(plan.table.length > 1 ? [`sgdisk -e /dev/sdX`] : [])]);
    expectFirmware();
    for (const part of [plan.a, plan.b, plan.state, plan.boot]) expect(read(card, part).equals(read(image, part))).toBe(true);
    expect(spawnSync("/usr/sbin/sfdisk", ["--verify", card], { encoding: "utf8" }).stdout).toContain("No errors detected.");
  });

  test("recovery on a PC: slot a and the state, and all else as it was", () => {
    const others = [plan.b, plan.boot, ...(plan.data === undefined ? [] : [plan.data])];
    const spoilt = { base: plan.a.base, size: 100 };
    for (const range of [spoilt, plan.state, ...others.map(({ base }) => ({ base, size: 10 }))]) fill(range, OWN);
    const before = others.map((part) => read(card, { ...part, size: 10 }));
    run(commandsIn(name, "Recovery", /^dd /));
    expectFirmware();
    for (const part of [plan.a, plan.state]) expect(read(card, part).equals(read(image, part))).toBe(true);
    expect(others.map((part) => read(card, { ...part, size: 10 }))).toEqual(before);
    closeSync(file);
  });

  test("recovery at the prompt: slot a and both copies of the state, by way of the memory that slots are read to", () => {
    const load = `0x${(board.layout?.load ?? 0).toString(16)}`;
    const lines = commandsIn(name, "Recovery", /^=> /);
    const written = lines.flatMap((line) => [...line.matchAll(/ write (\S+) (\S+) (\S+)(?:;|$)/g)]);
    expect(written.map(([, from, to, count]) => [from, Number(to), count])).toEqual([
      [load, plan.a.base, "${n}"],
      ...COPIES.map((copy) => [load, plan.state.base + copy, "1"]),
    ]);
  });
});
