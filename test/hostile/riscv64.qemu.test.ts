// Every attempt on RISC-V, made in earnest, in QEMU: a hostile guest on two harts makes them all, one behind the other,
// beside the PLC guest, which goes on as if nobody were there. (In virtual time QEMU's harts take turns, and one that waits for
// another one in firmware keeps it waiting.)
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import type { PartitionRecord } from "../../industrial/live/monitor.ts";
import type { Riscv64Plan } from "../../partitions/plan/plan.ts";
import { PLC_TAG_SCANS } from "../../rtos-guests/plc/abi.ts";
import { buildProgram, pathsOf } from "../../tools/build/index.ts";
import { CORE_RISCV64, PLC_RISCV64 } from "../../tools/build/programs.ts";
import { planFile } from "../../tools/plan/file.ts";
import { soundSystem } from "../../tools/plan/show.ts";
import { riscv64Plan } from "../riscv64.ts";
import { BootedSystem } from "../system/bootedSystem.ts";
import { Monitor } from "./qemu/monitor.ts";
import { FETCH_GUEST_PAGE, LOAD_GUEST_PAGE } from "./riscv64/attempt.ts";
import type { Attempt, Step } from "./riscv64/attempt.ts";
import { ATTEMPTS } from "./riscv64/attempts/index.ts";
import { assembleGuest, imageWith } from "./riscv64/image.ts";
import { targetOf } from "./riscv64/target.ts";
import type { Target } from "./riscv64/target.ts";

const [NEIGHBOUR, HOSTILE, PROGRESS] = ["plc", "hostile", "progress"];
const MODES = ["direct", "injected"] as const;
type Mode = (typeof MODES)[number];
const yamlOf = (image: string, mode: Mode): string => `
board: qemu-riscv64
partitions:
  # On hart 0: whoever takes a number out of range for the first one, hits it.
  ${NEIGHBOUR}: { guest: plc, cpus: [0], interrupts: direct, on_failure: stop }
  ${HOSTILE}:
    { guest: plc, image: ${image}, cpus: [1, 2], memory: 16M, interrupts: ${mode}, devices: [rtc], on_failure: stop }
channels:
  process-image: { between: [${HOSTILE}, ${NEIGHBOUR}] }
  ${PROGRESS}: { between: [${HOSTILE}, ${NEIGHBOUR}] }
`;

/** Of the PLC guest, what is constant: text and rodata, and where they are in its memory (rtos-guests/plc/riscv64/layout.h). */
const CONSTANT_BYTES = 0xc000;
const PLC_OFFSET = 0x20_0000;
/** Of the hypervisor's image: its first page has what the packer has written, and at least so much of it is text. */
const [TEXT_FROM, TEXT_TO] = [0x1000, 0x8000];
/** The APLIC's registers of a source: sourcecfg and target. */
const SOURCE_REGISTERS = [0x0000, 0x3000];
const SCANS = 20n;

/** Of a step that was answered wrongly: what guest.S prints. */
const WRONG = /0{13}bad ((?:[0-9a-f]{16} ){5})/g;
const DONE = "000000000000d04e";

interface Made {
  readonly attempt: Attempt;
  readonly step: Step;
}
const scansOf = (record: PartitionRecord): bigint => record.tag(PLC_TAG_SCANS) ?? 0n;
const stepsOn = (target: Target): Made[] =>
  ATTEMPTS.filter(({ when }) => when?.(target) ?? true).flatMap((attempt) =>
    attempt.steps(target).map((step) => ({ attempt, step })));

describe.each(MODES)("a hostile guest, interrupts: %s, beside the PLC guest", (mode) => {
  let folder: string;
  let monitor: Monitor | undefined;
  let booted: BootedSystem;
  let target: Target;
  let made: readonly Made[];
  let plan: Riscv64Plan;

  /** Of a step: its attempt, and the how manieth of it. */
  const nameOf = (n: number): string => {
    const { attempt } = made[n] ?? expect.unreachable();
    return `${attempt.name}, step ${n - made.findIndex((one) => one.attempt === attempt)}`;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "axv-hostile-riscv64-"));
    await buildProgram(PLC_RISCV64);
    await buildProgram(CORE_RISCV64);
    const guest = assembleGuest(folder);
    const image = join(folder, "hostile.bin");
    const yaml = yamlOf(image, mode);
    const file = join(folder, "hostile.yaml");
    writeFileSync(file, yaml);
    writeFileSync(image, imageWith(guest, [], 0));
    plan = riscv64Plan(soundSystem(planFile(file)).plan);
    target = targetOf(plan, HOSTILE, NEIGHBOUR);
    made = stepsOn(target);
    const regions = plan.partitions.find(({ name }) => name === HOSTILE)?.regions ?? [];
    const progress = regions.find(({ name }) => name === PROGRESS)?.ipa ?? 0;
    writeFileSync(image, imageWith(guest, made.map(({ step }) => step), progress));
    const place = Monitor.place();
    booted = await BootedSystem.boot(`hostile-riscv64-${mode}`, yaml, { qemu: place.qemu });
    // Whenever it has failed it is started again, at once.
    booted.session.link.on("event", ({ partition, code }) => {
      if (partition === booted.index(HOSTILE) && code === abi.EVENT_STOPPED) void booted.session.link.command(partition, "start");
    });
    monitor = await Monitor.connect(place.folder);
    await booted.until("scans", () => scansOf(booted.partition(NEIGHBOUR)) > 0n);
    await booted.until("all attempts", () => booted.printed(HOSTILE).includes(DONE));
  });
  afterAll(async () => {
    monitor?.close();
    await booted?.stop();
    rmSync(folder, { recursive: true });
  });

  test("every step is answered as the architecture has it", () => {
    const wrong = [...booted.printed(HOSTILE).matchAll(WRONG)].map(([, text = ""]) => {
      const [number = "", a0, exceptions, scause, stval] = text.trim().split(" ");
      return `${nameOf(Number.parseInt(number, 16))}: a0 ${a0}, exceptions ${exceptions}, scause ${scause}, stval ${stval}`;
    });
    expect(wrong).toEqual([]);
  });

  test("its partition fails by accesses to what it has not, and by nothing else", () => {
    const faults = booted.partition(HOSTILE).events.filter(({ code }) => code === abi.EVENT_FAULT);
    const due = made.flatMap(({ step: { answer, at = 0 } }) => (answer.kind === "fails" ? [{ cause: answer.ec, at }] : []));
    expect(faults.map(({ b }) => b.toString(16))).toEqual(due.map(({ at }) => at.toString(16)));
    // QEMU 7.2 calls a fetch whose table cannot be read a load.
    const allowed = (cause: number): number[] => (cause === FETCH_GUEST_PAGE ? [cause, LOAD_GUEST_PAGE] : [cause]);
    faults.forEach(({ a, b }, n) => expect(allowed(due[n]?.cause ?? 0), b.toString(16)).toContain(Number(a)));
  });

  test("its neighbour goes on, without an exit, and has lost nothing", async () => {
    const neighbour = booted.partition(NEIGHBOUR);
    expect(neighbour.events.filter(({ code }) => code !== abi.EVENT_STARTED)).toEqual([]);
    const before = scansOf(neighbour);
    await booted.until("more scans", () => scansOf(neighbour) > before + SCANS);
    expect(neighbour.sinceReady.exits).toBe(0);
    expect([neighbour.telemetry?.state, neighbour.telemetry?.restarts]).toEqual(["running", 0]);
    expect(neighbour.held).toBe(0n);
  });

  test("nothing of its neighbour's, and of the hypervisor's, has changed", async () => {
    const look = monitor ?? expect.unreachable();
    const text = readFileSync(pathsOf(CORE_RISCV64).binary).subarray(TEXT_FROM, TEXT_TO);
    expect(await look.memory(plan.image.base + TEXT_FROM, TEXT_TO - TEXT_FROM)).toEqual(text);
    const constants = readFileSync(pathsOf(PLC_RISCV64).binary).subarray(0, CONSTANT_BYTES);
    expect(await look.memory(target.neighbour + PLC_OFFSET, CONSTANT_BYTES)).toEqual(constants);
    // The PLC guest takes its timer's interrupt alone: its sources are as its start leaves them, inactive, as nobody's is.
    const registersOf = (source: number): Promise<number[]> =>
      Promise.all(SOURCE_REGISTERS.map((base) => look.word(plan.aplic.base + base + 4 * source)));
    const untouched = await registersOf(plan.aplic.sources);
    for (const source of target.foreignSources) expect(await registersOf(source), `source ${source}`).toEqual(untouched);
  });
});
