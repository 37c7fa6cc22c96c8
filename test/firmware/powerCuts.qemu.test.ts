// The power fails while a system is deployed, and comes back: Debian's unchanged U-Boot boots what is on the disk then, which it
// reads through QEMU's NBD client from a server of ours. It is the old system or the new one, whole. The FITs are signed, the
// guests in them a dozen instructions; a reset is the next boot, of the next disk.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFdt, writeFdt } from "../../partitions/devicetree/fdt.ts";
import { Load } from "../../partitions/images/contents.ts";
import { deploy, planDeployment } from "../../tools/firmware/deploy/deploy.ts";
import { copiesOn } from "../../tools/firmware/deploy/places.ts";
import type { Places } from "../../tools/firmware/deploy/places.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import { ofMemory } from "../../tools/firmware/fit/source.ts";
import { trusting } from "../../tools/firmware/keys/control.ts";
import { bootSteps, COPIES, otherSlot } from "../../tools/firmware/slots.ts";
import type { Slot, SlotState } from "../../tools/firmware/slots.ts";
import { assemble, UART } from "../run/bare-metal.ts";
import { diskIn, PLANT, RecordingDisk, withoutHistory } from "./deployDisks.ts";
import type { DiskStep } from "./deployDisks.ts";
import { CONTENTS, fitOf } from "./fits.ts";
import { NbdServer } from "./nbd/server.ts";
import type { Exported } from "./nbd/server.ts";
import { boardTree, UBoot } from "./uBoot.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-cuts-"));

/** An arm64 Image that says its name, which is the very end of it; with the first line that it receives it resets the board. */
const guest = (name: string, bytes: number): string => `
        b       start
        .word   0
        .quad   0, image_end, 0, 0, 0, 0
        .ascii  "ARM\\x64"
        .word   0
start:  mov     x0, #${UART}
        adr     x1, name
say:    ldrb    w2, [x1], #1
        strb    w2, [x0]
        cbnz    w2, say
wait:   ldr     w2, [x0, #0x18]         // UARTFR (PL011 TRM, DDI 0183): bit 4, RXFE: nothing received
        tbnz    w2, #4, wait
        ldr     w2, [x0]
        cmp     w2, #'\\n'
        b.ne    wait
        mov     w0, #0x84000000         // PSCI SYSTEM_RESET (DEN 0022)
        add     w0, w0, #9
        smc     #0
        .org    ${bytes}, '${name.slice(-1)}'       // of no two guests the same
name:   .asciz  "system ${name} runs\\n"
image_end:
`;
const RUNS = /system (\S+) runs\n/;

function system(name: string, bytes: number): Buffer {
  const contents = readFileSync(assemble(folder, guest(name, bytes)));
  return fitOf(new Load(contents.length, [{ at: 0, contents }]), [PLANT], { ...CONTENTS, name });
}

const OLD: Readonly<Record<Slot, Buffer>> = { a: system("old-a", 9_000), b: system("old-b", 12_000) };
const NEW = system("new", 15_000);
const NAMES = new Map([[OLD.a, "old-a"], [OLD.b, "old-b"], [NEW, "new"]]);

type Write = Extract<DiskStep, { kind: "write" }>;

/** What a deployment writes, a sector each. */
interface Writes {
  /** In the state: that the slot is not started any more. None where it was not. */
  readonly taken: readonly Write[];
  readonly slot: readonly Write[];
  /** That it is on trial. */
  readonly given: Write;
}

interface Deployed {
  readonly before: Buffer;
  readonly places: Places;
  readonly writes: Writes;
}

async function deployed(before: Buffer): Promise<Deployed> {
  const disk = new RecordingDisk(before);
  const plan = planDeployment(disk, ofMemory(NEW), [PLANT.known]);
  await deploy(disk, plan, ofMemory(NEW), () => undefined);
  const { places } = plan;
  const all = withoutHistory(disk.steps, places).filter((step) => step.kind === "write");
  const inSlot = ({ sector }: Write): boolean => sector < places.state.first;
  const given = all.at(-1);
  if (given === undefined) throw new Error("nothing was written");
  return { before, places, writes: { taken: all.slice(0, all.findIndex(inSlot)), slot: all.filter(inSlot), given } };
}

/** In part: its first bytes are there, and what was there before behind them. */
const torn = (write: Write, bytes = SECTOR / 2): Write => ({ ...write, bytes: write.bytes.subarray(0, bytes) });

/** What had been written when the power failed. Between two flushes the order is the disk's. */
const CUTS: Readonly<Record<string, (writes: Writes) => readonly Write[]>> = {
  "while the slot is taken": ({ taken }) => taken.map((write) => torn(write)),
  "when the slot has been taken": ({ taken }) => taken,
  "in the slot's first sector": ({ taken, slot }) => [...taken, ...slot.slice(0, 1).map((write) => torn(write))],
  "when the last sector alone is there": ({ taken, slot }) => [...taken, ...slot.slice(-1)],
  "when every second sector is there": ({ taken, slot }) => [...taken, ...slot.filter((_, n) => n % 2 === 0)],
  "when all but the first sector is there": ({ taken, slot }) => [...taken, ...slot.slice(1)],
  "in the slot's last sector": ({ taken, slot }) => [
    ...taken, ...slot.slice(0, -1), ...slot.slice(-1).map((write) => torn(write, 1)),
  ],
  "when the slot has been written": ({ taken, slot }) => [...taken, ...slot],
  "while the state's CRC is written": ({ taken, slot, given }) => [...taken, ...slot, torn(given, 4)],
  "while the state is written": ({ taken, slot, given }) => [...taken, ...slot, torn(given, 100)],
  "when all has been written": ({ taken, slot, given }) => [...taken, ...slot, given],
};

function after({ before, writes }: Deployed, cut: (writes: Writes) => readonly Write[]): Buffer {
  const disk = Buffer.from(before);
  for (const { sector, bytes } of cut(writes)) disk.set(bytes, sector * SECTOR);
  return disk;
}

const STATES: Readonly<Record<string, Partial<SlotState>>> = {
  "the second one is on trial": { order: ["b", "a"], status: { a: "good", b: "pending" }, tries: 2, booted: "b" },
  "the second one starts": { order: ["b", "a"], booted: "b" },
};

/** A disk with power. */
const served = (disk: Buffer): Exported => ({
  bytes: disk.length,
  read: (offset, length) => disk.subarray(offset, offset + length),
  write: (offset, bytes) => {
    disk.set(bytes, offset);
    return "done";
  },
});

let server: NbdServer;
let uBoot: UBoot;
beforeAll(async () => {
  const path = join(folder, "nbd");
  server = await NbdServer.start(path, served(diskIn(OLD, {})));
  const { root, ...tree } = readFdt(boardTree());
  // U-Boot's doc/device-tree-bindings/config.txt: nobody waits for a key.
  const config = { name: "config", path: "/config", properties: new Map([["bootdelay", Buffer.alloc(4)]]), children: [] };
  const board = writeFdt({ ...tree, root: { ...root, children: [...root.children, config] } });
  const control = join(folder, "control.dtb");
  writeFileSync(control, trusting(board, [PLANT.known]));
  uBoot = await UBoot.start(control, [
    ...["-blockdev", `driver=nbd,node-name=disk,server.type=unix,server.path=${path}`],
    ...["-device", "virtio-blk-device,drive=disk"],
  ]);
  await uBoot.until("a first start", () => RUNS.test(uBoot.said));
});
afterAll(async () => {
  await uBoot?.machine.stop();
  await server?.stop();
  rmSync(folder, { recursive: true });
});

/** What U-Boot and the system say, up to `end`. */
async function boot(exported: Exported, end = RUNS): Promise<string> {
  server.exported = exported;
  uBoot.send("reset");
  await uBoot.until(String(end), () => end.test(uBoot.said));
  return uBoot.said;
}

/** Boots it, and compares all that is seen with the model of boot.scr. Gives back the slot that has started. */
async function startsWhole(disk: Buffer, places: Places, allowed: readonly Buffer[]): Promise<Slot> {
  const expected = Buffer.from(disk);
  let starts: Slot | undefined;
  for (const step of bootSteps(await copiesOn(new RecordingDisk(disk), places))) {
    if (step.kind === "write") expected.set(step.bytes, (places.state.first + COPIES[step.copy]) * SECTOR);
    else if (starts === undefined) starts = step.slot;
    if (starts !== undefined) break;
  }
  if (starts === undefined) throw new Error("nothing starts");
  const { first } = places.slots[starts];
  const whole = allowed.find((fit) => disk.subarray(first * SECTOR).subarray(0, fit.length).equals(fit));
  const said = await boot(served(disk));
  const tried = [...said.matchAll(/^axv: slot ([ab]) \(/gm)].map(([, slot]) => slot);
  expect([said, tried, RUNS.exec(said)?.[1]]).toEqual([said, [starts], whole && NAMES.get(whole)]);
  expect(disk.equals(expected)).toBe(true);
  return starts;
}

const cases = Object.entries(STATES).flatMap(([where, state]) => Object.keys(CUTS).map((cut) => [where, cut, state] as const));

test.each(cases)("where %s, and the power fails %s", async (_, cut, state) => {
  const update = await deployed(diskIn(OLD, state));
  const kept = otherSlot(update.writes.slot[0]?.sector === update.places.slots.a.first ? "a" : "b");
  const starts = await startsWhole(after(update, CUTS[cut] ?? (() => [])), update.places, [OLD[kept], OLD[otherSlot(kept)], NEW]);
  if (cut === "when all has been written") expect(starts).toBe(otherSlot(kept));
});

test("a new system that is never committed starts three times, and then the old one again", async () => {
  const update = await deployed(diskIn(OLD, {}));
  const disk = after(update, ({ taken, slot, given }) => [...taken, ...slot, given]);
  for (const starts of ["b", "b", "b", "a"]) expect(await startsWhole(disk, update.places, [OLD.a, NEW])).toBe(starts);
});

test("what is half a system is not started, whatever the state says: U-Boot refuses it, and the old one runs", async () => {
  const update = await deployed(diskIn(OLD, {}));
  const disk = after(update, ({ taken, slot, given }) => [...taken, ...slot.filter((_, n) => n !== 9), given]);
  const said = await boot(served(disk));
  expect(said).toMatch(/axv: slot b \(pending\)[^]*Bad Data Hash[^]*axv: slot b does not start[^]*system old-a runs/);
});

const PROMPT = /\n=> $/;

/** More than U-Boot keeps of what it has read. */
const UNCACHED = "virtio read ${loadaddr} 0 100";

/** Boots from a disk that ends. Then it is there again: QEMU's client tries to connect whenever something is to be read. */
async function startsNothing(ending: Exported, disk: Buffer): Promise<void> {
  expect(await boot(ending, PROMPT)).not.toContain("Starting kernel");
  expect(server.exported).toBe(GONE);
  server.exported = served(disk);
  while (!(await uBoot.answer(UNCACHED)).includes("OK"));
}

/** Whoever connects is left as soon as he asks for something. */
const GONE: Exported = { bytes: diskIn(OLD, {}).length, read: () => undefined, write: () => undefined };

describe("from a disk that ends while the machine boots nothing starts; when it is there again, what it holds:", () => {
  /** Where the half of an answer is the last that it gives, if so many sectors are asked for. */
  const ends: Readonly<Record<string, (places: Places) => { readonly first: number; readonly sectors: number }>> = {
    "in its table": () => ({ first: 1, sectors: 1 }),
    "in the state": ({ state }) => ({ first: state.first, sectors: 1 }),
    "in the middle of a slot": ({ slots }) => slots.b,
  };

  test.each(Object.entries(ends))("%s", async (_, where) => {
    const update = await deployed(diskIn(OLD, {}));
    const disk = after(update, ({ taken, slot, given }) => [...taken, ...slot, given]);
    const { first, sectors } = where(update.places);
    const whole = served(disk);
    const read = (offset: number, length: number): Uint8Array | undefined => {
      if (offset !== first * SECTOR || length !== sectors * SECTOR) return whole.read(offset, length);
      server.exported = GONE;
      return whole.read(offset, length / 2);
    };
    await startsNothing({ ...whole, read }, disk);
    expect(await startsWhole(disk, update.places, [NEW])).toBe("b");
  });

  test("while boot.scr counts a try", async () => {
    const update = await deployed(diskIn(OLD, {}));
    const disk = after(update, ({ taken, slot, given }) => [...taken, ...slot, given]);
    const write = (offset: number, bytes: Uint8Array): undefined => {
      disk.set(bytes.subarray(0, SECTOR / 2), offset);
      server.exported = GONE;
    };
    await startsNothing({ ...served(disk), write }, disk);
    expect(await startsWhole(disk, update.places, [NEW])).toBe("b");
  });
});
