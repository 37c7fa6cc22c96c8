// A new system on trial, from deploy to the end, in Debian's unchanged U-Boot: one whose guest never feeds its watchdog is reset
// until its tries are used up, and the old one runs again; one that is healthy and committed starts from then on.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TRIES } from "../../tools/firmware/slots.ts";
import { axvPart } from "../output/axvPart.ts";
import { LENIENT, withBoard, writeLenientGuest } from "./trialBoard.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-trial-"));
const at = (name: string): string => join(folder, name);

const planOf = (name: string): string => at(`build/${name}/plan.json`);
const withPlc = (more: string, times: string): string => `
board: qemu-aarch64
${times}
partitions:
  plc: { guest: ${LENIENT}, image: plc.bin, cpus: [1], memory: 16M, watchdog: 30s }
${more}
`;
/** It does nothing at all: `b .` */
const DEAF = "  deaf: { guest: bare-metal, image: deaf.bin, cpus: [3], memory: 2M, watchdog: 30s }";

beforeAll(() => {
  writeLenientGuest(folder);
  writeFileSync(at("deaf.bin"), Uint8Array.of(0, 0, 0, 0x14));
  writeFileSync(at("old.yaml"), withPlc("", ""));
  writeFileSync(at("deaf.yaml"), withPlc(DEAF, "healthy_after: 500ms\ncommit_within: 3s"));
  writeFileSync(at("new.yaml"), withPlc("", "healthy_after: 500ms\ncommit_within: 600s"));
  for (const parameters of [["old.yaml", "--disk", "disk.img"], ["deaf.yaml"], ["new.yaml"]])
    expect(axvPart(folder, "build", ...parameters, "--fit", "--unsigned")).toMatchObject({ status: 0 });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A disk on which that system is on trial in slot b. */
function onTrial(name: string): string {
  const disk = at(`${name}.img`);
  copyFileSync(at("disk.img"), disk);
  const slot = (): unknown => JSON.parse(axvPart(folder, "slots", disk, "--json").stdout);
  expect(axvPart(folder, "deploy", disk, "--fit", `build/${name}/image.itb`)).toMatchObject({ status: 0 });
  expect(slot()).toMatchObject([{ state: "good" }, { state: "pending", tries: TRIES, startsNext: true }]);
  return disk;
}

const starts = (said: string): string[] => [...said.matchAll(/^axv: slot (. \(\w+\))/gm)].map(([, slot = ""]) => slot);

test("one that never becomes healthy is reset, try after try, and then the old one runs", async () => {
  const lines: string[] = [];
  await withBoard(onTrial("deaf"), planOf("deaf"), async (board) => {
    board.session.on("line", ({ kind, text }) => kind === "event" && lines.push(text));
    await board.until("slot b", () => board.session.monitor.system?.slot === "b");
    expect(board.session.monitor.system?.update).toBe("pending");
    await board.until("slot a", () => board.session.monitor.system?.slot === "a");
    expect(starts(board.said())).toEqual(["b (pending)", "b (pending)", "b (pending)", "a (good)"]);
    expect(lines.filter((text) => text.includes("slot b is on trial, and has not become healthy"))).toHaveLength(TRIES);
    const before = board.scans();
    await board.until("scans", () => board.scans() > before + 100n);
    expect(board.session.monitor.system?.update).toBe("none");
  });
});

test("one that is healthy is committed, on the disk and to the hypervisor, and starts from then on", async () => {
  const disk = onTrial("new");
  await withBoard(disk, planOf("new"), async (board) => {
    await board.until("health", () => board.session.monitor.system?.update === "healthy");
    expect(board.session.monitor.system?.slot).toBe("b");
    expect(axvPart(folder, "slots", disk, "--commit")).toMatchObject({ status: 0 });
    await board.session.link.commit();
    await board.until("the commit", () => board.session.monitor.system?.update === "committed");
    await expect(board.session.link.commit()).rejects.toThrow("present state");
  });
  await withBoard(disk, planOf("new"), async (board) => {
    await board.until("the slot", () => board.session.monitor.system !== undefined);
    expect(board.session.monitor.system).toMatchObject({ slot: "b", update: "none" });
    expect(starts(board.said())).toEqual(["b (good)"]);
    await board.until("scans", () => board.scans() > 100n);
  });
});
