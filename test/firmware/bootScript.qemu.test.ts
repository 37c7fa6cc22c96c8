// boot.scr in Debian's unchanged U-Boot: on each disk it does what `bootSteps` says, to the byte that it writes. What is in the
// slots starts nowhere, so that each of them is tried, and the script comes back: one boot is enough for all disks.
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Layout } from "../../boards/layout.ts";
import { placeDisk } from "../../partitions/plan/disk.ts";
import { bootScript } from "../../tools/firmware/boot-script.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import type { Extent } from "../../tools/firmware/disk/sectors.ts";
import { writeFat16 } from "../../tools/firmware/disk/fat16.ts";
import { MBR_TYPES, writeMbr } from "../../tools/firmware/disk/mbr.ts";
import { writeScript } from "../../tools/firmware/script-image.ts";
import { bootSteps, COPIES, STATE_BYTES } from "../../tools/firmware/slots.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { until } from "../patience.ts";
import { CASES, HOSTILE, NO_TREE, READ_ONLY } from "./slotCases.ts";
import type { Copies } from "./slotCases.ts";
import { writeDisk } from "./disk/disks.ts";

/** Debian's package u-boot-qemu. */
const U_BOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
const PROMPT = "=> ";
/** So often a key is pressed, until U-Boot looks. */
const KEY_MS = 50;
const LAYOUT: Layout = {
  table: "mbr", sectors: 32_768, reserved: [], slots: { sectors: 64 }, boot: { sectors: 8192 }, load: 0x4800_0000,
};
const plan = placeDisk(LAYOUT);
if ("key" in plan) throw new Error(plan.message);
const script = writeScript("boot.scr", bootScript(plan, LAYOUT.load, 0x4020_0000, { start: "bootm" }));

const folder = mkdtempSync(join(tmpdir(), "axv-boot-script-"));
const fileOf = (index: number): string => join(folder, `${index}.img`);

function makeDisk(index: number, copies: Copies): void {
  const { boot, state } = plan as Exclude<typeof plan, { key: string }>;
  const fat = writeFat16(boot.size, boot.base, index, "boot", [{ name: "boot.scr", bytes: script }]);
  writeDisk(fileOf(index), LAYOUT.sectors, [
    writeMbr(index, [{ type: MBR_TYPES.fat16, boots: true, first: boot.base, sectors: boot.size }]),
    ...fat.map(({ sector, bytes }): Extent => ({ sector: boot.base + sector, bytes })),
    ...copies.map((bytes, copy): Extent => ({ sector: state.base + (COPIES[copy] ?? 0), bytes })),
  ]);
}

function copiesOf(index: number): Copies {
  const { state } = plan as Exclude<typeof plan, { key: string }>;
  const file = openSync(fileOf(index), "r");
  const [first, second] = COPIES.map((sector) => {
    const bytes = new Uint8Array(STATE_BYTES);
    readSync(file, bytes, 0, STATE_BYTES, (state.base + sector) * SECTOR);
    return bytes;
  });
  closeSync(file);
  return [first as Uint8Array, second as Uint8Array];
}

/** What the script has said on each disk. */
const said: string[] = [];
/** What the tree says of the slot that would have had it last. */
const trees: string[] = [];

beforeAll(async () => {
  const cases = [...Object.values(CASES), ...HOSTILE, NO_TREE, READ_ONLY];
  cases.forEach((copies, index) => makeDisk(index, copies));
  const drives = cases.flatMap((copies, index) => [
    ...["-drive", `if=none,format=raw,id=d${index},file=${fileOf(index)}${copies === READ_ONLY ? ",readonly=on" : ""}`],
    ...["-device", `virtio-blk-device,drive=d${index},bus=virtio-mmio-bus.${index}`],
  ]);
  const machine = await startQemu([
    ...["-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a53", "-m", "1G", "-bios", U_BOOT],
    ...drives,
  ]);
  try {
    let output = "";
    machine.uart.on("data", (bytes: Buffer) => (output += bytes.toString("latin1")));
    const prompt = async (line: string): Promise<string> => {
      output = "";
      machine.uart.write(line);
      await until(`the prompt behind ${line}`, () => output.slice(line.length).includes(PROMPT), {
        meanwhile: () => line === "" && machine.uart.write("\n"),
        pollMs: KEY_MS,
        seen: () => output,
      });
      return output;
    };
    await prompt("");
    await prompt("setenv devtype virtio\n");
    for (const [index, copies] of cases.entries()) {
      await prompt(`setenv axv_fdt ${copies === NO_TREE ? "${scriptaddr}" : ""}\n`);
      await prompt(`setenv devnum ${index}\n`);
      await prompt(`load virtio ${index}:1 \${scriptaddr} boot.scr\n`);
      said.push((await prompt("source ${scriptaddr}\n")) + (await prompt("printenv strange\n")));
      trees.push(await prompt("fdt print /chosen axv,slot\n"));
    }
  } finally {
    await machine.stop();
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(Object.entries(CASES).map(([name, copies], index) => [name, copies, index] as const))("%s", (_, copies, index) => {
  const steps = bootSteps(copies);
  const expected: [Uint8Array, Uint8Array] = [copies[0].slice(), copies[1].slice()];
  for (const step of steps) if (step.kind === "write") expected[step.copy] = step.bytes;
  const text = said[index] ?? "";
  const tried = [...text.matchAll(/^axv: slot ([ab]) \(/gm)].map(([, slot]) => slot);
  expect([text, tried]).toEqual([text, steps.flatMap((step) => (step.kind === "start" ? [step.slot] : []))]);
  expect(text).toContain("axv: neither slot starts");
  expect(copiesOf(index).map((bytes) => Buffer.from(bytes).toString("latin1"))).toEqual(
    expected.map((bytes) => Buffer.from(bytes).toString("latin1")),
  );
});

test("the tree that is handed over says which slot it is, and whether it is on trial", () => {
  const expected = Object.values(CASES).flatMap((copies, index) => {
    const last = bootSteps(copies).findLast((step) => step.kind === "start");
    return last?.kind === "start" ? [[index, `axv,slot = "${last.slot}", "${last.status}"`]] : [];
  });
  expect(expected.some(([, says]) => String(says).includes("pending"))).toBe(true);
  expect(expected).toEqual(expected.map(([index]) => [index, /axv,slot = .*/.exec(trees[Number(index)] ?? "")?.[0].trimEnd()]));
  for (const text of said.slice(0, -2)) expect(text).not.toContain("the device tree takes no slot");
});

test("what is no variable of ours is not taken from any state", () => {
  for (const text of said) expect(text).toContain('"strange" not defined');
});

test("nothing that stands in the slot state is run", () => {
  const texts = said.slice(Object.keys(CASES).length, -2);
  expect(texts).toHaveLength(HOSTILE.length);
  for (const text of texts) {
    expect(text).not.toMatch(/^RUN/m);
    expect(text).toMatch(/^axv: slot b \(good\)[^]*^axv: neither slot starts/m);
  }
});

test("a system on trial that cannot be told so does not start; a good one does", () => {
  const text = said.at(-2) ?? "";
  expect([...text.matchAll(/^axv: the device tree takes no slot/gm)]).toHaveLength(2);
  expect([...text.matchAll(/^axv: slot ([ab]) does not start/gm)].map(([, slot]) => slot)).toEqual(["a"]);
  expect(text).toMatch(/slot b \(pending\)[^]*slot a \(good\)[^]*Wrong Image[^]*slot a does not start/);
});

test("a system on trial does not start uncounted: where the state cannot be written, the other one does", () => {
  expect(bootSteps(READ_ONLY)[0]).toMatchObject({ kind: "write", needed: true });
  const text = said.at(-1) ?? "";
  expect(text).toContain("axv: the slot state cannot be written");
  expect([...text.matchAll(/^axv: slot ([ab]) \(/gm)].map(([, slot]) => slot)).toEqual(["a"]);
  expect(copiesOf(said.length - 1)).toEqual(READ_ONLY);
});
