// A new system on trial, from deploy to the end, in Debian's unchanged U-Boot: one whose guest never feeds its watchdog is reset
// until its tries are used up, and the old one runs again; one that is healthy and committed starts from then on.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Plan } from "../../partitions/plan/plan.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { TRIES } from "../../tools/firmware/slots.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";
import { axvPart } from "../output/axvPart.ts";

/** Debian's package u-boot-qemu. */
const U_BOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
const PATIENCE_MS = 150_000;
const POLL_MS = 100;
const folder = mkdtempSync(join(tmpdir(), "axv-trial-"));
const at = (name: string): string => join(folder, name);

/** A PLC guest whose overruns count for nothing: on an emulated board there are some at any time. */
const LENIENT = "lenient";
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
  mkdirSync(at("guests"));
  const profile = readFileSync("rtos-guests/profiles/plc.yaml", "utf8");
  const lenient = profile.replace("name: plc", `name: ${LENIENT}`).replace("name: overruns", "name: late");
  writeFileSync(at(`guests/${LENIENT}.yaml`), lenient);
  copyFileSync("build/plc/plc.bin", at("plc.bin"));
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

interface Board {
  readonly session: Session;
  /** All that the UART has said. */
  readonly said: () => string;
  readonly until: (what: string, condition: () => boolean) => Promise<void>;
}

async function withBoard(disk: string, system: string, work: (board: Board) => Promise<void>): Promise<void> {
  const { partitions } = JSON.parse(readFileSync(at(`build/${system}/plan.json`), "utf8")) as Plan;
  const machine = await startQemu([
    ...["-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a53", "-smp", "4", "-m", "1G", "-bios", U_BOOT],
    ...["-drive", `if=none,format=raw,id=disk,file=${disk}`, "-device", "virtio-blk-device,drive=disk"],
  ]);
  let said = "";
  machine.uart.on("data", (bytes: Buffer) => (said += bytes.toString("latin1")));
  const session = new Session(machine.uart, partitions);
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    const end = Date.now() + PATIENCE_MS;
    while (!condition()) {
      if (Date.now() > end) throw new Error(`waited in vain for ${what}: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  try {
    await work({ session, said: () => said, until });
  } finally {
    session.link.close();
    await machine.stop();
  }
}

const starts = (said: string): string[] => [...said.matchAll(/^axv: slot (. \(\w+\))/gm)].map(([, slot = ""]) => slot);
const scans = ({ session }: Board): bigint => session.monitor.named("plc")?.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;

test("one that never becomes healthy is reset, try after try, and then the old one runs", async () => {
  const lines: string[] = [];
  await withBoard(onTrial("deaf"), "deaf", async (board) => {
    board.session.on("line", ({ kind, text }) => kind === "event" && lines.push(text));
    await board.until("slot b", () => board.session.monitor.system?.slot === "b");
    expect(board.session.monitor.system?.update).toBe("pending");
    await board.until("slot a", () => board.session.monitor.system?.slot === "a");
    expect(starts(board.said())).toEqual(["b (pending)", "b (pending)", "b (pending)", "a (good)"]);
    expect(lines.filter((text) => text.includes("slot b is on trial, and has not become healthy"))).toHaveLength(TRIES);
    const before = scans(board);
    await board.until("scans", () => scans(board) > before + 100n);
    expect(board.session.monitor.system?.update).toBe("none");
  });
});

test("one that is healthy is committed, on the disk and to the hypervisor, and starts from then on", async () => {
  const disk = onTrial("new");
  await withBoard(disk, "new", async (board) => {
    await board.until("health", () => board.session.monitor.system?.update === "healthy");
    expect(board.session.monitor.system?.slot).toBe("b");
    expect(axvPart(folder, "slots", disk, "--commit")).toMatchObject({ status: 0 });
    await board.session.link.commit();
    await board.until("the commit", () => board.session.monitor.system?.update === "committed");
    await expect(board.session.link.commit()).rejects.toThrow("present state");
  });
  await withBoard(disk, "new", async (board) => {
    await board.until("the slot", () => board.session.monitor.system !== undefined);
    expect(board.session.monitor.system).toMatchObject({ slot: "b", update: "none" });
    expect(starts(board.said())).toEqual(["b (good)"]);
    await board.until("scans", () => scans(board) > 100n);
  });
});
