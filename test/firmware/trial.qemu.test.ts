// A new system on trial, from deploy to the end, in Debian's unchanged U-Boot: one whose guest never feeds its watchdog is reset
// until its tries are used up, and the old one runs again; one that is healthy and committed starts from then on.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BOARD_ISAS } from "../../boards/isa.ts";
import type { BoardIsa } from "../../boards/isa.ts";
import { TRIES } from "../../tools/firmware/slots.ts";
import { axvPart } from "../output/axvPart.ts";
import { changeState, LENIENT, withBoard, writeLenientGuest } from "./trialBoard.ts";

const root = mkdtempSync(join(tmpdir(), "axv-trial-"));
const folderOf = (isa: BoardIsa): string => join(root, isa);
const planOf = (isa: BoardIsa, name: string): string => join(folderOf(isa), `build/${name}/plan.json`);

const withPlc = (isa: BoardIsa, more: string, times: string): string => `
board: qemu-${isa}
${times}
partitions:
  plc: { guest: ${LENIENT}, image: plc.bin, cpus: [1], memory: 16M, watchdog: 30s }
${more}
`;
const DEAF = "  deaf: { guest: bare-metal, image: deaf.bin, cpus: [3], memory: 2M, watchdog: 30s }";
/** It does nothing at all: a branch, or a jump, to itself. */
const TO_ITSELF: Readonly<Record<BoardIsa, readonly number[]>> = { aarch64: [0, 0, 0, 0x14], riscv64: [0x6f, 0, 0, 0] };
/** boot.scr counts them, the same on each board: where that has been seen, one is enough. */
const TRIES_LEFT: Readonly<Record<BoardIsa, number>> = { aarch64: TRIES, riscv64: 1 };

beforeAll(() => {
  for (const isa of BOARD_ISAS) {
    const folder = folderOf(isa);
    mkdirSync(folder);
    writeLenientGuest(folder, isa);
    writeFileSync(join(folder, "deaf.bin"), Uint8Array.from(TO_ITSELF[isa]));
    writeFileSync(join(folder, "old.yaml"), withPlc(isa, "", ""));
    writeFileSync(join(folder, "deaf.yaml"), withPlc(isa, DEAF, "healthy_after: 500ms\ncommit_within: 3s"));
    writeFileSync(join(folder, "new.yaml"), withPlc(isa, "", "healthy_after: 500ms\ncommit_within: 600s"));
    build(isa, "old", "--disk", "disk.img");
  }
});
afterAll(() => rmSync(root, { recursive: true }));

const build = (isa: BoardIsa, name: string, ...parameters: readonly string[]): void =>
  expect(axvPart(folderOf(isa), "build", `${name}.yaml`, "--fit", "--unsigned", ...parameters)).toMatchObject({ status: 0 });

/** A disk on which that system is on trial in slot b, for so many tries. */
async function onTrial(isa: BoardIsa, name: string, tries = TRIES): Promise<string> {
  const folder = folderOf(isa);
  const disk = join(folder, `${name}.img`);
  build(isa, name);
  copyFileSync(join(folder, "disk.img"), disk);
  expect(axvPart(folder, "deploy", disk, "--fit", `build/${name}/image.itb`)).toMatchObject({ status: 0 });
  const slots: unknown = JSON.parse(axvPart(folderOf(isa), "slots", disk, "--json").stdout);
  expect(slots).toMatchObject([{ state: "good" }, { state: "pending", tries: TRIES, startsNext: true }]);
  if (tries !== TRIES) await changeState(disk, (state) => ({ ...state, tries }));
  return disk;
}

const starts = (said: string): string[] => [...said.matchAll(/^axv: slot (. \(\w+\))/gm)].map(([, slot = ""]) => slot);

test.each(BOARD_ISAS)("one that never becomes healthy is reset, try after try, and then the old one runs, on %s", async (isa) => {
  const tries = TRIES_LEFT[isa];
  const lines: string[] = [];
  // What telemetry has said, not what it says when somebody looks: a busy machine looks late.
  const systems = new Set<string>();
  await withBoard(await onTrial(isa, "deaf", tries), planOf(isa, "deaf"), async (board) => {
    board.session.on("line", ({ kind, text }) => kind === "event" && lines.push(text));
    board.session.on("system", ({ slot, update }) => systems.add(`${slot} ${update}`));
    await board.until("slot a", () => board.session.monitor.system?.slot === "a");
    expect(starts(board.said()), board.said()).toEqual([...Array<string>(tries).fill("b (pending)"), "a (good)"]);
    expect(lines.filter((text) => text.includes("slot b is on trial, and has not become healthy"))).toHaveLength(tries);
    const before = board.scans();
    await board.until("scans", () => board.scans() > before + 100n);
    systems.delete("b failed"); // said before the reset, if there is time for it
    expect([...systems]).toEqual(["b pending", "a none"]);
  });
});

test("one that is healthy is committed, on the disk and to the hypervisor, and starts from then on", async () => {
  const isa = "aarch64"; // on RISC-V: riscv64Boot.qemu.test.ts
  const disk = await onTrial(isa, "new");
  await withBoard(disk, planOf(isa, "new"), async (board) => {
    await board.until("health", () => board.session.monitor.system?.update === "healthy");
    expect(board.session.monitor.system?.slot).toBe("b");
    expect(axvPart(folderOf(isa), "slots", disk, "--commit")).toMatchObject({ status: 0 });
    await board.session.link.commit();
    await board.until("the commit", () => board.session.monitor.system?.update === "committed");
    await expect(board.session.link.commit()).rejects.toThrow("present state");
  });
  await withBoard(disk, planOf(isa, "new"), async (board) => {
    await board.until("the slot", () => board.session.monitor.system !== undefined);
    expect(board.session.monitor.system).toMatchObject({ slot: "b", update: "none" });
    expect(starts(board.said()), board.said()).toEqual(["b (good)"]);
    await board.until("scans", () => board.scans() > 100n);
  });
});
