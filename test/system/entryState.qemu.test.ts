// The state of the machine at entry is firmware's affair: whatever it leaves at EL2, guests come to run as if it had left nothing
// (entry.S, arch/aarch64/boot.ts). What there may be is done first, all at once (assembly/firmwareLeaves.S).
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Plan } from "../../partitions/plan/plan.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { beforeImage } from "../../tools/build/pack.ts";
import { assemble } from "../run/bare-metal.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { BOARDS, INTERRUPTS, twoPlcs } from "./systems.ts";
import type { Interrupts } from "./systems.ts";

const PAGE = 4096;
/** B, and the offset in words that it has (C6.2.26). */
const BRANCH = 0x1400_0000;
const OFFSET = 0x03ff_ffff;
const SOURCE = readFileSync(join(import.meta.dirname, "assembly", "firmwareLeaves.S"), "utf8");

let system: BootedSystem | undefined;
afterEach(async () => system?.stop());

/** The image, which begins with that: its first instruction goes there, and that goes on where the image would have begun. */
const dirtied = (version: number, defines: string) => (image: Uint8Array, { image: { base } }: Plan): Uint8Array => {
  const folder = mkdtempSync(join(tmpdir(), "axv-entry-"));
  const code0 = new DataView(image.buffer, image.byteOffset).getUint32(0, true);
  expect(code0 & ~OFFSET).toBe(BRANCH);
  const entry = base + beforeImage("aarch64", image) + (code0 & OFFSET) * 4;
  const stub = readFileSync(assemble(folder, `#define GIC_VERSION ${version}\n#define ENTRY ${entry}\n${defines}${SOURCE}`));
  rmSync(folder, { recursive: true });
  const at = Math.ceil(image.length / PAGE) * PAGE;
  const whole = new Uint8Array(at + stub.length);
  whole.set(image);
  whole.set(stub, at);
  new DataView(whole.buffer).setUint32(0, BRANCH | (at / 4), true);
  new DataView(whole.buffer).setBigUint64(16, BigInt(whole.length), true);
  return whole;
};

async function scansOf(board: string, interrupts: Interrupts, defines = "", qemu: readonly string[] = []): Promise<void> {
  const alter = dirtied(board.endsWith("gicv2") ? 2 : 3, defines);
  const booted = await BootedSystem.boot("entry-state", twoPlcs({ board, interrupts }), { alter, qemu });
  system = booted;
  const scans = (name: string): bigint => booted.partition(name).tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
  await booted.until("scans of both", () => scans("first") > 100n && scans("second") > 100n);
}

test.each(BOARDS.flatMap((board) => INTERRUPTS.map((interrupts) => [board, interrupts] as const)))(
  "%s, %s: both guests scan",
  (board, interrupts) => scansOf(board, interrupts),
);

test("HCR_EL2.E2H, where it can be set: the same", () =>
  scansOf("qemu-aarch64", "injected", "#define E2H\n", ["-cpu", "cortex-a76"]));
